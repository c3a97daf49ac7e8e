// `dot` in float mode: each weight is fetched once for all pixels of a tile.

fn added(acc: Lanes, values: Lanes, k: u32, channel: u32) -> Lanes {
    return acc + values * weight(k, channel);
}

fn multiplied_row(acc: Lanes, x: Quad, k: u32, channel: u32) -> Lanes {
    var sums = acc + x.x * weight(4u * k, channel);
    sums += x.y * weight(4u * k + 1u, channel);
    sums += x.z * weight(4u * k + 2u, channel);
    return sums + x.w * weight(4u * k + 3u, channel);
}

fn multiplied(acc: Tile, x: Quads, k: u32, channel: u32) -> Tile {
    let w0 = weight(4u * k, channel);
    let w1 = weight(4u * k + 1u, channel);
    let w2 = weight(4u * k + 2u, channel);
    let w3 = weight(4u * k + 3u, channel);
    return Tile(
        acc.a + x.a.x * w0 + x.a.y * w1 + x.a.z * w2 + x.a.w * w3,
        acc.b + x.b.x * w0 + x.b.y * w1 + x.b.z * w2 + x.b.w * w3,
        acc.c + x.c.x * w0 + x.c.y * w1 + x.c.z * w2 + x.c.w * w3,
        acc.d + x.d.x * w0 + x.d.y * w1 + x.d.z * w2 + x.d.w * w3,
    );
}
