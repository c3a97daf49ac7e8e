fn applied(values: Lanes) -> Lanes {
    return values * gates(values);
}
