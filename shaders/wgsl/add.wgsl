// The sum of up to six operands of one shape.

const OPERANDS: u32 = 2u;
const QUADS: u32 = 1u;
// Left shifts that bring integers to a common unit.
const SHIFT_0: u32 = 0u;
const SHIFT_1: u32 = 0u;
const SHIFT_2: u32 = 0u;
const SHIFT_3: u32 = 0u;
const SHIFT_4: u32 = 0u;
const SHIFT_5: u32 = 0u;

@group(0) @binding(0) var<storage, read_write> y: array<Out>;
@group(0) @binding(2) var<storage, read> x0: array<Quad>;
@group(0) @binding(3) var<storage, read> x1: array<Quad>;
@group(0) @binding(4) var<storage, read> x2: array<Quad>;
@group(0) @binding(5) var<storage, read> x3: array<Quad>;
@group(0) @binding(6) var<storage, read> x4: array<Quad>;
@group(0) @binding(7) var<storage, read> x5: array<Quad>;

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
    var sums = moved(x0[index], SHIFT_0);
    if (OPERANDS > 1u) {
        sums += moved(x1[index], SHIFT_1);
    }
    if (OPERANDS > 2u) {
        sums += moved(x2[index], SHIFT_2);
    }
    if (OPERANDS > 3u) {
        sums += moved(x3[index], SHIFT_3);
    }
    if (OPERANDS > 4u) {
        sums += moved(x4[index], SHIFT_4);
    }
    if (OPERANDS > 5u) {
        sums += moved(x5[index], SHIFT_5);
    }
    y[index] = finished(sums, index % QUADS);
}
