// Depthwise convolutions, and those whose groups do not fall on quads: a thread computes four output channels of a pixel.

const DEPTHWISE: bool = true;
const IN_CHANNELS: u32 = 1u;
const GROUP_IN: u32 = 1u;
const GROUP_OUT: u32 = 1u;

@group(0) @binding(0) var<storage, read_write> y: array<Out>;
@group(0) @binding(2) var<storage, read> x: array<Quad>;

fn value(first: u32, channel: u32, step: u32) -> Scalar {
    let source = min(channel / GROUP_OUT * GROUP_IN + step, IN_CHANNELS - 1u);
    return lanes(entered(x[first + source / 4u]))[source % 4u];
}

// What each of four output channels sees of its own group.
fn seen(first: u32, channel: u32, step: u32) -> Lanes {
    if (DEPTHWISE) {
        return lanes(entered(x[first + channel]));
    }
    return Lanes(
        value(first, 4u * channel, step),
        value(first, 4u * channel + 1u, step),
        value(first, 4u * channel + 2u, step),
        value(first, 4u * channel + 3u, step),
    );
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
    let channel = index % OUT_QUADS;
    let place = place_of(index / OUT_QUADS);
    var sums = Lanes();
    for (var down = 0u; down < KERNEL_HEIGHT; down++) {
        for (var across = 0u; across < KERNEL_WIDTH; across++) {
            let tap = tap_of(place, down, across);
            if (tap.inside) {
                let start = (down * KERNEL_WIDTH + across) * GROUP_IN;
                for (var step = 0u; step < GROUP_IN; step++) {
                    sums = added(sums, seen(tap.first, channel, step), start + step, channel);
                }
            }
        }
    }
    y[index] = finished(sums, channel);
}
