// A linear layer for one or a few vectors: neighbouring threads read neighbouring weights, and SPLIT of them share the
// sum of four output channels.

const IN_QUADS: u32 = 1u;
const OUT_QUADS: u32 = 1u;
// Threads of a workgroup along output channels and along the sum; their product is 64.
const LANES_OUT: u32 = 8u;
const SPLIT: u32 = 8u;
// Workgroups of a vector.
const TILES: u32 = 1u;

@group(0) @binding(0) var<storage, read_write> y: array<Out>;
@group(0) @binding(2) var<storage, read> x: array<Quad>;

var<workgroup> partial: array<Lanes, 64>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let tile = workgroup.x + workgroup.y * workgroups.x;
    let row = tile / TILES;
    let wanted = tile % TILES * LANES_OUT + thread % LANES_OUT;
    let channel = min(wanted, OUT_QUADS - 1u);
    let slice = thread / LANES_OUT;
    var sums = Lanes();
    for (var k = slice; k < IN_QUADS; k += SPLIT) {
        sums = multiplied_row(sums, entered(x[row * IN_QUADS + k]), k, channel);
    }
    partial[thread] = sums;
    workgroupBarrier();
    if (slice == 0u && wanted < OUT_QUADS && row * OUT_QUADS < arrayLength(&y)) {
        for (var other = 1u; other < SPLIT; other++) {
            sums += partial[thread + other * LANES_OUT];
        }
        y[row * OUT_QUADS + channel] = finished(sums, channel);
    }
}
