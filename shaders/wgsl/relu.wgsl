// ReLU of float mode; `max` may lose NaN, which is not below 0.

fn applied(values: Lanes) -> Lanes {
    return select(values, Lanes(), values < Lanes());
}
