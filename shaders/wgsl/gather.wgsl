// Values in other places, as two tables say: one entry for each channel of the output, then one for each of its pixels.

const IN_QUADS: u32 = 1u;
const IN_PIXELS: u32 = 1u;
const OUT_QUADS: u32 = 1u;
const OUT_PIXELS: u32 = 1u;
// Output channels; the lanes of the last quad beyond them stay 0.
const OUT_CHANNELS: u32 = 4u;

@group(0) @binding(0) var<storage, read_write> y: array<Quad>;
@group(0) @binding(2) var<storage, read> x: array<Quad>;
@group(0) @binding(3) var<storage, read> map: array<u32>;

// Both entries added up are the number of the input's value, channel after channel. The highest bit marks a zero.
fn value(picture: u32, pixel: u32, channel: u32) -> Scalar {
    let of_channel = map[min(channel, OUT_CHANNELS - 1u)];
    let of_pixel = map[OUT_CHANNELS + pixel];
    let used = ((of_channel | of_pixel) >> 31u) == 0u && channel < OUT_CHANNELS;
    let source = select(0u, of_channel + of_pixel, used);
    let channel_in = source / IN_PIXELS;
    let quad = (picture * IN_PIXELS + source % IN_PIXELS) * IN_QUADS + channel_in / 4u;
    return select(Scalar(), lanes(x[quad])[channel_in % 4u], used);
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
    let picture = index / OUT_QUADS / OUT_PIXELS;
    let pixel = index / OUT_QUADS % OUT_PIXELS;
    let channel = index % OUT_QUADS * 4u;
    y[index] = packed(Lanes(
        value(picture, pixel, channel),
        value(picture, pixel, channel + 1u),
        value(picture, pixel, channel + 2u),
        value(picture, pixel, channel + 3u),
    ));
}
