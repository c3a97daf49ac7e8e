// The largest value, the sum or the mean of each window.

const IN_HEIGHT: u32 = 1u;
const IN_WIDTH: u32 = 1u;
const OUT_HEIGHT: u32 = 1u;
const OUT_WIDTH: u32 = 1u;
const QUADS: u32 = 1u;
const KERNEL_HEIGHT: u32 = 1u;
const KERNEL_WIDTH: u32 = 1u;
const STRIDE_DOWN: u32 = 1u;
const STRIDE_RIGHT: u32 = 1u;
const PADDING_DOWN: u32 = 0u;
const PADDING_RIGHT: u32 = 0u;
// The windows of PyTorch's adaptive_avg_pool2d instead.
const ADAPTIVE: bool = false;
const LARGEST: bool = false;

@group(0) @binding(0) var<storage, read_write> y: array<Out>;
@group(0) @binding(2) var<storage, read> x: array<Quad>;

// The part of a window inside the picture, and how many positions a mean counts: padding counts, what lies beyond it
// does not.
struct Span {
    start: u32,
    end: u32,
    count: u32,
}

fn span_of(index: u32, size: u32, windows: u32, kernel: u32, stride: u32, padding: u32) -> Span {
    if (ADAPTIVE) {
        let first = index * size / windows;
        let end = ((index + 1u) * size + windows - 1u) / windows;
        return Span(first, end, end - first);
    }
    let first = index * stride;
    let end = min(first + kernel, size + 2u * padding);
    return Span(max(first, padding) - padding, min(max(first + kernel, padding) - padding, size), end - first);
}

// NaN stays, as `max` may not leave it.
fn larger(result: Lanes, values: Lanes) -> Lanes {
    return select(result, select(values, result, result > values), result == result);
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
    let channel = index % QUADS;
    let pixel = index / QUADS;
    let within = pixel % (OUT_HEIGHT * OUT_WIDTH);
    let picture = pixel / (OUT_HEIGHT * OUT_WIDTH) * (IN_HEIGHT * IN_WIDTH);
    let rows = span_of(within / OUT_WIDTH, IN_HEIGHT, OUT_HEIGHT, KERNEL_HEIGHT, STRIDE_DOWN, PADDING_DOWN);
    let columns = span_of(within % OUT_WIDTH, IN_WIDTH, OUT_WIDTH, KERNEL_WIDTH, STRIDE_RIGHT, PADDING_RIGHT);
    var result = Lanes();
    if (LARGEST) {
        // Every window covers a pixel.
        result = lanes(x[(picture + rows.start * IN_WIDTH + columns.start) * QUADS + channel]);
    }
    for (var row = rows.start; row < rows.end; row++) {
        for (var column = columns.start; column < columns.end; column++) {
            let values = lanes(x[(picture + row * IN_WIDTH + column) * QUADS + channel]);
            if (LARGEST) {
                result = larger(result, values);
            } else {
                result += values;
            }
        }
    }
    if (MEAN) {
        result = mean(result, rows.count * columns.count);
    }
    y[index] = finished(result, channel);
}
