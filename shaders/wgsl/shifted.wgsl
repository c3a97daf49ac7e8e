// `shift`: every product is a left shift by the code and a sign; nothing is multiplied by a weight.

// What a code adds to the sums of four output channels. Magnitude M stands for a left shift by M in a layer of type Q,
// in either term, and by M - 1 in one of type PS, where M = 0 is zero.
fn term_of(code: vec4<u32>, values: Lanes, has_zero: bool) -> Lanes {
    let magnitude = code & vec4<u32>(MAGNITUDE);
    var shifts = magnitude;
    if (!Q) {
        shifts = max(magnitude, vec4<u32>(1u)) - vec4<u32>(1u);
    }
    let shifted = values << shifts;
    let signed = select(shifted, -shifted, is_negative(code));
    if (has_zero) {
        return select(Lanes(), signed, magnitude != vec4<u32>());
    }
    return signed;
}

// Adds one product for each of four output channels.
fn added(acc: Lanes, values: Lanes, k: u32, channel: u32) -> Lanes {
    var sums = acc + term_of(codes(k, channel, 0u), values, !Q);
    if (TERMS > 1u) {
        sums += term_of(codes(k, channel, 1u), values, true);
    }
    return sums;
}

fn multiplied_row(acc: Lanes, x: Quad, k: u32, channel: u32) -> Lanes {
    let values = lanes(x);
    var sums = acc;
    sums = added(sums, values.xxxx, 4u * k, channel);
    sums = added(sums, values.yyyy, 4u * k + 1u, channel);
    sums = added(sums, values.zzzz, 4u * k + 2u, channel);
    return added(sums, values.wwww, 4u * k + 3u, channel);
}

fn added_term(acc: Tile, values: Tile, code: vec4<u32>, has_zero: bool, lane: u32) -> Tile {
    return Tile(
        acc.a + term_of(code, Lanes(values.a[lane]), has_zero),
        acc.b + term_of(code, Lanes(values.b[lane]), has_zero),
        acc.c + term_of(code, Lanes(values.c[lane]), has_zero),
        acc.d + term_of(code, Lanes(values.d[lane]), has_zero),
    );
}

fn added_tile(acc: Tile, values: Tile, k: u32, lane: u32, channel: u32) -> Tile {
    var sums = added_term(acc, values, codes(4u * k + lane, channel, 0u), !Q, lane);
    if (TERMS > 1u) {
        sums = added_term(sums, values, codes(4u * k + lane, channel, 1u), true, lane);
    }
    return sums;
}

fn multiplied(acc: Tile, x: Quads, k: u32, channel: u32) -> Tile {
    let values = Tile(lanes(x.a), lanes(x.b), lanes(x.c), lanes(x.d));
    var sums = added_tile(acc, values, k, 0u, channel);
    sums = added_tile(sums, values, k, 1u, channel);
    sums = added_tile(sums, values, k, 2u, channel);
    return added_tile(sums, values, k, 3u, channel);
}
