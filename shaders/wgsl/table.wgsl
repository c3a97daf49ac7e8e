// A function of i8 as 256 values, four in a word.

@group(0) @binding(3) var<storage, read> table: array<u32>;

fn entry(q: i32) -> i32 {
    let index = u32(q + 128);
    return extractBits(bitcast<i32>(table[index / 4u]), index % 4u * 8u, 8u);
}

fn applied(values: Lanes) -> Lanes {
    return Lanes(entry(values.x), entry(values.y), entry(values.z), entry(values.w));
}
