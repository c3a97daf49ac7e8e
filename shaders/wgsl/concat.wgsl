// One operand of a concatenation: it becomes channels START.. of the output. Operands follow each other, so that a quad
// which two of them share is read and written again.

const IN_QUADS: u32 = 1u;
const IN_CHANNELS: u32 = 1u;
const OUT_QUADS: u32 = 1u;
const START: u32 = 0u;
// Output quads that the operand touches in each pixel.
const TOUCHED: u32 = 1u;

@group(0) @binding(0) var<storage, read_write> y: array<Out>;
@group(0) @binding(2) var<storage, read> x: array<Quad>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = (workgroup.x + workgroup.y * workgroups.x) * 64u + thread;
    let pixel = index / TOUCHED;
    let quad = START / 4u + index % TOUCHED;
    if (pixel * OUT_QUADS >= arrayLength(&y)) {
        return;
    }
    var values = Lanes();
    if (4u * quad < START) {
        values = restored(y[pixel * OUT_QUADS + quad]);
    }
    for (var lane = 0u; lane < 4u; lane++) {
        let channel = 4u * quad + lane - START;
        if (4u * quad + lane >= START && channel < IN_CHANNELS) {
            let four = rescaled(lanes(x[pixel * IN_QUADS + channel / 4u]), channel / 4u);
            values[lane] = four[channel % 4u];
        }
    }
    y[pixel * OUT_QUADS + quad] = stored(values);
}
