// Operations that only move values: each says where a channel of an output pixel comes from.

const IN_QUADS: u32 = 1u;
const OUT_QUADS: u32 = 1u;
// Output channels; the lanes of the last quad beyond them stay 0.
const OUT_CHANNELS: u32 = 4u;

@group(0) @binding(0) var<storage, read_write> y: array<Quad>;
@group(0) @binding(2) var<storage, read> x: array<Quad>;

// Input pixel and channel; `used` is false for zeros.
struct Source {
    pixel: u32,
    channel: u32,
    used: bool,
}

fn value(pixel: u32, channel: u32) -> Scalar {
    let source = source_of(pixel, min(channel, OUT_CHANNELS - 1u));
    let found = lanes(x[source.pixel * IN_QUADS + source.channel / 4u])[source.channel % 4u];
    return select(Scalar(), found, source.used && channel < OUT_CHANNELS);
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = (workgroup.x + workgroup.y * workgroups.x) * 64u + thread;
    if (index >= arrayLength(&y)) {
        return;
    }
    let pixel = index / OUT_QUADS;
    let channel = index % OUT_QUADS * 4u;
    y[index] = packed(Lanes(
        value(pixel, channel),
        value(pixel, channel + 1u),
        value(pixel, channel + 2u),
        value(pixel, channel + 3u),
    ));
}
