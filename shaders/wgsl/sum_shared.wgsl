// SPLIT threads of `gemm.wgsl` have parts of a sum.

var<workgroup> partial: array<Sums, 64>;

fn plus(one: Tile, other: Tile) -> Tile {
    return Tile(one.a + other.a, one.b + other.b, one.c + other.c, one.d + other.d);
}

fn summed(sums: Sums, thread: u32) -> Sums {
    partial[thread] = sums;
    workgroupBarrier();
    var total = sums;
    for (var other = 1u; other < SPLIT; other++) {
        let part = partial[(thread + other * (LANES_OUT * LANES_PIXELS)) % 64u];
        total = Sums(plus(total.left, part.left), plus(total.right, part.right));
    }
    return total;
}
