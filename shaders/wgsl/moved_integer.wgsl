// An operand of an addition in the sum's unit.

fn moved(quad: Quad, shift: u32) -> Lanes {
    return lanes(quad) << vec4<u32>(shift);
}
