// `naive-multiply`: one output after the other with ordinary multiplications, weights `[output channel][tap][channel of
// the group]`. Nothing is shared between outputs; a thread has the four that are stored together.

const OUT_CHANNELS: u32 = 1u;
const GROUP_IN: u32 = 1u;
const GROUP_OUT: u32 = 1u;

@group(0) @binding(0) var<storage, read_write> y: array<Out>;
@group(0) @binding(2) var<storage, read> x: array<Quad>;
@group(0) @binding(3) var<storage, read> weights: array<Scalar>;

fn output(place: Place, channel: u32) -> Scalar {
    var sum = Scalar();
    for (var down = 0u; down < KERNEL_HEIGHT; down++) {
        for (var across = 0u; across < KERNEL_WIDTH; across++) {
            let tap = tap_of(place, down, across);
            if (tap.inside) {
                let start = ((channel * KERNEL_HEIGHT + down) * KERNEL_WIDTH + across) * GROUP_IN;
                for (var step = 0u; step < GROUP_IN; step++) {
                    let source = channel / GROUP_OUT * GROUP_IN + step;
                    sum += lanes(entered(x[tap.first + source / 4u]))[source % 4u] * weights[start + step];
                }
            }
        }
    }
    return sum;
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
    let place = place_of(index / OUT_QUADS);
    let channel = index % OUT_QUADS;
    var sums = Lanes();
    for (var lane = 0u; lane < 4u; lane++) {
        if (4u * channel + lane < OUT_CHANNELS) {
            sums[lane] = output(place, 4u * channel + lane);
        }
    }
    y[index] = finished(sums, channel);
}
