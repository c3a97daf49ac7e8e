// Convolutions and linear layers as a matrix product with an implicit im2col: a thread computes four pixels and four or
// eight output channels in registers. With SPLIT > 1, threads of a workgroup share the input channels of their tile and
// add up at the end, for layers with too few tiles to fill a device.

const GROUP_IN_QUADS: u32 = 1u;
const GROUP_OUT_QUADS: u32 = 1u;
// Workgroups along the output channels of a group, and groups.
const TILES: u32 = 1u;
const GROUPS: u32 = 1u;
// Threads of a workgroup along output channels, pixels and input channels; their product is 64.
const LANES_OUT: u32 = 8u;
const LANES_PIXELS: u32 = 8u;
const SPLIT: u32 = 1u;
// Whether a thread computes eight output channels.
const TWO_QUADS: bool = false;

@group(0) @binding(0) var<storage, read_write> y: array<Out>;
@group(0) @binding(2) var<storage, read> x: array<Quad>;

struct Sums {
    left: Tile,
    right: Tile,
}

fn fetch(tap: Tap, quad: u32) -> Quad {
    let value = x[tap.first + quad];
    if (PADDED) {
        return entered(select(Quad(), value, tap.inside));
    }
    return entered(value);
}

fn store(sums: Tile, first_pixel: u32, pixels: u32, channel: u32) {
    let index = first_pixel * OUT_QUADS + channel;
    if (first_pixel < pixels) {
        y[index] = finished(sums.a, channel);
    }
    if (first_pixel + 1u < pixels) {
        y[index + OUT_QUADS] = finished(sums.b, channel);
    }
    if (first_pixel + 2u < pixels) {
        y[index + 2u * OUT_QUADS] = finished(sums.c, channel);
    }
    if (first_pixel + 3u < pixels) {
        y[index + 3u * OUT_QUADS] = finished(sums.d, channel);
    }
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let pixels = arrayLength(&y) / OUT_QUADS;
    let tile = workgroup.x + workgroup.y * workgroups.x;
    let group = tile / TILES % GROUPS;
    let quads = select(1u, 2u, TWO_QUADS);
    let in_group = (tile % TILES * LANES_OUT + thread % LANES_OUT) * quads;
    let first = min(in_group, GROUP_OUT_QUADS - 1u) + group * GROUP_OUT_QUADS;
    let second = min(in_group + 1u, GROUP_OUT_QUADS - 1u) + group * GROUP_OUT_QUADS;
    let first_pixel = (tile / (TILES * GROUPS) * LANES_PIXELS + thread / LANES_OUT % LANES_PIXELS) * 4u;
    let slice = thread / (LANES_OUT * LANES_PIXELS);

    let last = pixels - 1u;
    let a = place_of(min(first_pixel, last));
    let b = place_of(min(first_pixel + 1u, last));
    let c = place_of(min(first_pixel + 2u, last));
    let d = place_of(min(first_pixel + 3u, last));
    var left = Tile();
    var right = Tile();
    for (var down = 0u; down < KERNEL_HEIGHT; down++) {
        for (var across = 0u; across < KERNEL_WIDTH; across++) {
            let tap_a = tap_of(a, down, across);
            let tap_b = tap_of(b, down, across);
            let tap_c = tap_of(c, down, across);
            let tap_d = tap_of(d, down, across);
            let start = (down * KERNEL_WIDTH + across) * GROUP_IN_QUADS;
            for (var k = slice; k < GROUP_IN_QUADS; k += SPLIT) {
                let quad = group * GROUP_IN_QUADS + k;
                let seen = Quads(fetch(tap_a, quad), fetch(tap_b, quad), fetch(tap_c, quad), fetch(tap_d, quad));
                left = multiplied(left, seen, start + k, first);
                if (TWO_QUADS) {
                    right = multiplied(right, seen, start + k, second);
                }
            }
        }
    }
    let sums = summed(Sums(left, right), thread);
    if (slice == 0u && in_group < GROUP_OUT_QUADS) {
        store(sums.left, first_pixel, pixels, first);
    }
    if (TWO_QUADS && slice == 0u && in_group + 1u < GROUP_OUT_QUADS) {
        store(sums.right, first_pixel, pixels, second);
    }
}
