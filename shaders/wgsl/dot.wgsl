// `dot` in integer mode: the exact integer weights as i8, four steps of `k` in a word, `[k / 4][output quad][plane]`. A
// layer whose weights i8 does not hold has several planes: W = first + 256 * second + 65536 * third.

const PLANES: u32 = 1u;
const DOT_QUADS: u32 = 1u;

@group(0) @binding(3) var<storage, read> weights: array<vec4<u32>>;

fn dots(x: Quad, weight: vec4<u32>) -> Lanes {
    return Lanes(dot4(x, weight.x), dot4(x, weight.y), dot4(x, weight.z), dot4(x, weight.w));
}

fn multiplied_row(acc: Lanes, x: Quad, k: u32, channel: u32) -> Lanes {
    let first = (k * DOT_QUADS + channel) * PLANES;
    var sums = acc + dots(x, weights[first]);
    if (PLANES > 1u) {
        sums += dots(x, weights[first + 1u]) << vec4<u32>(8u);
    }
    if (PLANES > 2u) {
        sums += dots(x, weights[first + 2u]) << vec4<u32>(16u);
    }
    return sums;
}

fn added_plane(acc: Tile, x: Quads, weight: vec4<u32>, shift: u32) -> Tile {
    let by = vec4<u32>(shift);
    return Tile(
        acc.a + (dots(x.a, weight) << by),
        acc.b + (dots(x.b, weight) << by),
        acc.c + (dots(x.c, weight) << by),
        acc.d + (dots(x.d, weight) << by),
    );
}

fn multiplied(acc: Tile, x: Quads, k: u32, channel: u32) -> Tile {
    let first = (k * DOT_QUADS + channel) * PLANES;
    var sums = added_plane(acc, x, weights[first], 0u);
    if (PLANES > 1u) {
        sums = added_plane(sums, x, weights[first + 1u], 8u);
    }
    if (PLANES > 2u) {
        sums = added_plane(sums, x, weights[first + 2u], 16u);
    }
    return sums;
}
