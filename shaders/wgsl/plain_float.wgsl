// Ordinary f32 weights, `[k][output channel]`.

const PLAIN_QUADS: u32 = 1u;

@group(0) @binding(3) var<storage, read> weights: array<vec4<f32>>;

fn weight(k: u32, channel: u32) -> Lanes {
    return weights[k * PLAIN_QUADS + channel];
}
