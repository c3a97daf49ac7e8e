// `(x - mean) * scale + offset` of each channel.

struct Norm {
    mean: vec4<f32>,
    scale: vec4<f32>,
    offset: vec4<f32>,
}

@group(0) @binding(1) var<storage, read> parameters: array<Norm>;

fn finished(values: Lanes, channel: u32) -> Out {
    let norm = parameters[channel];
    return (values - norm.mean) * norm.scale + norm.offset;
}
