//! Layers per kernel family and instruction set on one thread, beside the `gemm` crate in f32: gathering, sums and
//! epilogues together. Elements per second are multiply-accumulates per second.
//!
//! `scripts/bench/kernels`
#![allow(missing_docs)]

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use deepshift_core::bits::pack;
use deepshift_core::graph::Conv2d;
use deepshift_core::{ShiftFormat, ShiftType, ShiftWeight};
use deepshift_cpu::bench::LayerBench;
use deepshift_cpu::{Isa, Kernel};
use std::time::Duration;

/// A convolution, its input and its output.
type Case = (&'static str, Conv2d, [usize; 3], [usize; 3]);

/// ResNet18's matrices as pixels x fan-in x channels, then MNIST's layers, then a depthwise one.
fn cases() -> Vec<Case> {
    let square = Conv2d::square;
    vec![
        ("3136x576x64", square(576, 64, 1), [576, 56, 56], [64, 56, 56]),
        ("784x1152x128", square(1152, 128, 1), [1152, 28, 28], [128, 28, 28]),
        ("196x2304x256", square(2304, 256, 1), [2304, 14, 14], [256, 14, 14]),
        ("49x4608x512", square(4608, 512, 1), [4608, 7, 7], [512, 7, 7]),
        ("resnet 3x3 64", square(64, 64, 3).padded(1), [64, 56, 56], [64, 56, 56]),
        ("mnist conv1", square(1, 20, 5), [1, 28, 28], [20, 24, 24]),
        ("mnist conv2", square(20, 50, 5), [20, 12, 12], [50, 8, 8]),
        ("mnist fc, 1 picture", square(800, 500, 1), [800, 1, 1], [500, 1, 1]),
        ("mnist fc, 16 pictures", square(800, 500, 1), [800, 16, 1], [500, 16, 1]),
        (
            "depthwise 3x3 96",
            Conv2d { groups: 96, ..square(96, 96, 3).padded(1) },
            [96, 28, 28],
            [96, 28, 28],
        ),
    ]
}

fn weight(shape: Vec<usize>, bits: u8) -> ShiftWeight {
    let format = ShiftFormat { shift_type: ShiftType::PS, bits };
    let count: usize = shape.iter().product();
    let (codes, sign) = ((1 << bits) - 1, 1 << (bits - 1));
    // The sign with magnitude 0 means nothing.
    let codes: Vec<u8> =
        (0..count).map(|i| (i * 7919 % codes) as u8).map(|code| code + u8::from(code == sign)).collect();
    ShiftWeight { shape, format, first: pack(&codes, bits), second: None, exponents: None }
}

fn layers(criterion: &mut Criterion) {
    for (name, conv, input, output) in cases() {
        let fan_in: usize = conv.weight_shape()[1..].iter().product();
        let pixels = output[1] * output[2];
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements((pixels * fan_in * output[0]) as u64));
        group.sample_size(10).warm_up_time(Duration::from_millis(200));
        group.measurement_time(Duration::from_millis(800));
        if conv.groups == 1 {
            product(&mut group, [pixels, fan_in, output[0]]);
        }
        for bits in [5, 4] {
            let weight = weight(conv.weight_shape(), bits);
            for isa in Isa::available() {
                // Only dot products depend on how large weights are.
                for kernel in Kernel::ALL.into_iter().filter(|&kernel| bits == 5 || kernel == Kernel::Dot) {
                    let layer = LayerBench::new(conv.clone(), [input, output], &weight, (kernel, isa));
                    let Ok(mut layer) = layer else { continue };
                    let name = format!("{kernel} {bits} bits {isa}");
                    group.bench_function(name, |bencher| bencher.iter(|| layer.run().len()));
                }
            }
        }
        group.finish();
    }
}

/// The product alone: no gathering, no epilogue.
fn product(group: &mut BenchmarkGroup<WallTime>, [height, depth, width]: [usize; 3]) {
    let rows = vec![0.5f32; height * depth];
    let weights = vec![0.25f32; width * depth];
    let mut out = vec![0f32; height * width];
    group.bench_function("gemm f32", |bencher| {
        bencher.iter(|| multiply(&rows, &weights, &mut out, [height, depth, width]));
    });
}

#[allow(unsafe_code)]
fn multiply(rows: &[f32], weights: &[f32], out: &mut [f32], [height, depth, width]: [usize; 3]) {
    assert!(rows.len() == height * depth && weights.len() == width * depth && out.len() == height * width);
    let [depth_stride, width_stride] = [depth as isize, width as isize];
    // SAFETY: three row-major matrices of the lengths just checked.
    unsafe {
        gemm::gemm(
            height,
            width,
            depth,
            out.as_mut_ptr(),
            1,
            width_stride,
            false,
            rows.as_ptr(),
            1,
            depth_stride,
            weights.as_ptr(),
            depth_stride,
            1,
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

criterion_group!(benches, layers);
criterion_main!(benches);
