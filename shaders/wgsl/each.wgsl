// A function of each element.

const QUADS: u32 = 1u;
// Channels; the lanes of the last quad beyond them stay 0.
const CHANNELS: u32 = 4u;

@group(0) @binding(0) var<storage, read_write> y: array<Out>;
@group(0) @binding(2) var<storage, read> x: array<Quad>;

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
    let channel = index % QUADS;
    let used = vec4<u32>(4u * channel) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(CHANNELS);
    y[index] = finished(select(Lanes(), applied(lanes(x[index])), used), channel);
}
