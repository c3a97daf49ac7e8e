// Weights decoded exactly from their codes by writing the exponent's bits: s * 2^(M - BIAS). The channel exponent is
// part of the layer's scale.

// Magnitude M = 0 stands for this exponent in every term.
const EXPONENT: u32 = 112u;

fn term_weight(code: vec4<u32>, has_zero: bool) -> Lanes {
    let magnitude = code & vec4<u32>(MAGNITUDE);
    let sign = (code & vec4<u32>(MAGNITUDE + 1u)) << vec4<u32>(32u - BITS);
    let bits = sign | ((magnitude + vec4<u32>(EXPONENT)) << vec4<u32>(23u));
    if (has_zero) {
        return bitcast<Lanes>(select(vec4<u32>(), bits, magnitude != vec4<u32>()));
    }
    return bitcast<Lanes>(bits);
}

fn weight(k: u32, channel: u32) -> Lanes {
    var sum = term_weight(codes(k, channel, 0u), !Q);
    if (TERMS > 1u) {
        sum += term_weight(codes(k, channel, 1u), true);
    }
    return sum;
}
