fn applied(values: Lanes) -> Lanes {
    return gates(values);
}
