// An operand of an addition.

fn moved(quad: Quad, shift: u32) -> Lanes {
    return quad;
}
