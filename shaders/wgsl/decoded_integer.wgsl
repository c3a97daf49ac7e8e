// Products of activations with integer weights decoded from their codes: W = sign * 2^M, or 2^(M - 1) in layers of type
// PS.

fn term_weight(code: vec4<u32>, has_zero: bool) -> Lanes {
    let magnitude = code & vec4<u32>(MAGNITUDE);
    var size = vec4<i32>(1) << magnitude;
    if (!Q) {
        size = size >> vec4<u32>(1u);
    } else if (has_zero) {
        size = select(Lanes(), size, magnitude != vec4<u32>());
    }
    return select(size, -size, is_negative(code));
}

fn added(acc: Lanes, values: Lanes, k: u32, channel: u32) -> Lanes {
    var weight = term_weight(codes(k, channel, 0u), !Q);
    if (TERMS > 1u) {
        weight += term_weight(codes(k, channel, 1u), true);
    }
    return acc + values * weight;
}
