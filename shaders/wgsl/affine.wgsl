// The end of float layers, for four channels: `acc * scale + offset`. Lanes without a channel have a scale of 0 and stay 0,
// also where their sum is NaN because the input is not finite.

struct Affine {
    scale: vec4<f32>,
    offset: vec4<f32>,
}

@group(0) @binding(1) var<storage, read> parameters: array<Affine>;

// `channel` counts quads.
fn finished(acc: Lanes, channel: u32) -> Out {
    let affine = parameters[channel];
    return select(acc * affine.scale + affine.offset, Lanes(), affine.scale == Lanes());
}
