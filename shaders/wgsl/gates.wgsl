// The sigmoid of float mode.

fn gates(values: Lanes) -> Lanes {
    // Beyond this exp overflows, which WGSL does not define.
    let low = select(values, Lanes(-80.0), values < Lanes(-80.0));
    let gates = Lanes(1.0) / (Lanes(1.0) + exp(-low));
    // All but 0 is 0 here, so that swish of minus infinity is NaN as everywhere.
    return select(gates, Lanes(), values < Lanes(-1e30));
}
