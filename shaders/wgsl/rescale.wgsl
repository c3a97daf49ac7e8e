// The end of integer operations, for four channels: `clamp(((acc >> p) * M + B) >> r, LOWEST, HIGHEST)`.

struct Rescale {
    multiplier: vec4<i32>,
    offset: vec4<i32>,
    pre_shift: vec4<u32>,
    post_shift: vec4<u32>,
}

const LOWEST: i32 = -128;
const HIGHEST: i32 = 127;

@group(0) @binding(1) var<storage, read> parameters: array<Rescale>;

// `channel` counts quads.
fn rescaled(acc: Lanes, channel: u32) -> Lanes {
    let rescale = parameters[channel];
    let scaled = (acc >> rescale.pre_shift) * rescale.multiplier + rescale.offset;
    return clamp(scaled >> rescale.post_shift, vec4<i32>(LOWEST), vec4<i32>(HIGHEST));
}

fn finished(acc: Lanes, channel: u32) -> Out {
    return stored(rescaled(acc, channel));
}
