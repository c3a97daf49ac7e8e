use crate::file::repaired;
use deepshift_core::graph::{Op, Pool};
use deepshift_core::integer::IntegerOp;
use deepshift_core::reference::{float_logits, integer_logits};
use deepshift_core::{Input, Model};
use deepshift_cpu::{Executor, Isa, Kernel, Mode, Options};

/// What a model may cost to be run, in multiplications and elements.
const MOST_WORK: u64 = 1 << 17;

/// A `.dshift` file that is run where it is small: the reference interpreter and the kernels of every instruction set give
/// the same bits in integer mode, and as many logits in float mode.
pub fn run(bytes: &[u8]) -> bool {
    let Some(model) = repaired(bytes).filter(|model| work(model) <= MOST_WORK) else { return false };
    let elements = model.graph.input_shape().iter().product();
    let picture: Vec<u8> = (0..2 * elements).map(|i| (i * 37) as u8).collect();
    // The second input reaches both ends of every format.
    let values: Vec<f32> = (0..2 * elements).map(|i| value(i, elements)).collect();
    for input in [Input::Pictures(&picture), Input::Values(&values)] {
        compare_float(&model, input);
        compare_integer(&model, input);
    }
    true
}

fn value(index: usize, elements: usize) -> f32 {
    match (index < elements, index % 2) {
        (true, _) => (index % 61) as f32 / 10.0 - 3.0,
        (false, 0) => f32::MAX,
        (false, _) => f32::MIN,
    }
}

/// Of all nodes, also those that the logits do not need: the interpreter computes them too.
fn work(model: &Model) -> u64 {
    let shapes = model.graph.shapes().expect("the graph was checked");
    let float = model.graph.nodes.iter().zip(&shapes).map(|(node, shape)| {
        let each = match node.op {
            Op::MaxPool(pool) | Op::AvgPool(pool) => window(pool),
            _ => 1,
        };
        elements(shape).saturating_mul(each).saturating_add(node.op.multiply_accumulates(shape))
    });
    let float = float.fold(0, u64::saturating_add);
    let Some(network) = &model.integer else { return float };
    let shapes = network.shapes(&model.graph).expect("the network was checked");
    let integer = network.nodes.iter().zip(&shapes).map(|(node, shape)| {
        let each = match &node.op {
            IntegerOp::MaxPool(pool) | IntegerOp::AvgPool { pool, .. } => window(*pool),
            _ => 1,
        };
        elements(shape).saturating_mul(each)
    });
    integer.fold(float, u64::saturating_add)
}

fn elements(shape: &[usize]) -> u64 {
    shape.iter().product::<usize>() as u64
}

fn window(pool: Pool) -> u64 {
    (pool.kernel[0] as u64).saturating_mul(pool.kernel[1] as u64)
}

fn compare_float(model: &Model, input: Input) {
    let expected = float_logits(model, input).ok().map(|logits| logits.len());
    for kernel in Kernel::ALL {
        if let Some(executor) = executor(model, Mode::Float, kernel, Isa::Scalar) {
            let logits = executor.run_observed(input, &mut |_| ()).ok();
            assert_eq!(logits.map(|logits| logits.len()), expected, "{kernel}");
        }
    }
}

fn compare_integer(model: &Model, input: Input) {
    let expected = bits(integer_logits(model, input).ok());
    for isa in Isa::available() {
        for kernel in Kernel::ALL {
            if let Some(executor) = executor(model, Mode::Integer, kernel, isa) {
                assert_eq!(bits(executor.run_observed(input, &mut |_| ()).ok()), expected, "{isa} {kernel}");
            }
        }
    }
}

fn executor(model: &Model, mode: Mode, kernel: Kernel, isa: Isa) -> Option<Executor> {
    Executor::new(model, Options { mode, kernel, isa: Some(isa), threads: None }).ok()
}

fn bits(logits: Option<Vec<f32>>) -> Option<Vec<u32>> {
    logits.map(|logits| logits.iter().map(|logit| logit.to_bits()).collect())
}
