// The end of float layers, for four channels: `acc * scale + offset`.

struct Affine {
    scale: vec4<f32>,
    offset: vec4<f32>,
}

@group(0) @binding(1) var<storage, read> parameters: array<Affine>;

// `channel` counts quads.
fn finished(acc: Lanes, channel: u32) -> Out {
    let affine = parameters[channel];
    return acc * affine.scale + affine.offset;
}
