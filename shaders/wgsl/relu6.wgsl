// ReLU6 of float mode; `clamp` may lose NaN.

fn applied(values: Lanes) -> Lanes {
    let low = select(values, Lanes(), values < Lanes());
    return select(low, Lanes(6.0), low > Lanes(6.0));
}
