// The product of two operands; a second one of a single pixel serves the whole picture.

const QUADS: u32 = 1u;
// Pixels that share a gate.
const REPEAT: u32 = 1u;

@group(0) @binding(0) var<storage, read_write> y: array<Out>;
@group(0) @binding(2) var<storage, read> x: array<Quad>;
@group(0) @binding(3) var<storage, read> gate: array<Quad>;

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
    let gates = gate[index / (QUADS * REPEAT) * QUADS + index % QUADS];
    y[index] = finished(lanes(x[index]) * lanes(gates), index % QUADS);
}
