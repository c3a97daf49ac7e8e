//! What every executor must give, and what this one promises besides.

mod common;

use common::gpu;
use deepshift_core::reference::integer_logits;
use deepshift_core::{Input, Kernel, Mode};
use deepshift_cuda::{Executor, Options};
use deepshift_testing::cases::every_operation;

const INTEGER: Options = Options { mode: Mode::Integer, kernel: Kernel::Dot };

deepshift_testing::conformance_tests!(
    common::suite,
    ignore = "needs a GPU or its emulator: scripts/test-parts/cuda"
);

#[test]
#[ignore = "needs a GPU or its emulator: scripts/test-parts/cuda"]
fn runs_may_come_from_many_threads() {
    let model = every_operation(1);
    let executor = Executor::new(gpu(), &model, INTEGER).expect("an executor");
    std::thread::scope(|scope| {
        for thread in 0..4u8 {
            let (executor, model) = (&executor, &model);
            scope.spawn(move || {
                for round in 0..10 {
                    let count = 1 + usize::from(thread) % 3 + 15 * (round % 2);
                    let pictures: Vec<u8> =
                        (0..count * 360).map(|i| (i % 251) as u8 ^ (thread * 31)).collect();
                    let expected = integer_logits(model, Input::Pictures(&pictures)).expect("logits");
                    let logits = executor.run(Input::Pictures(&pictures));
                    assert_eq!(logits, Ok(expected), "thread {thread}, round {round}");
                }
            });
        }
    });
}

#[test]
#[ignore = "needs a GPU or its emulator: scripts/test-parts/cuda"]
fn layer_times_name_the_nodes_in_order() {
    let model = every_operation(2);
    let executor = Executor::new(gpu(), &model, INTEGER).expect("an executor");
    let times = executor.layer_times(Input::Pictures(&[7; 720])).expect("times");
    let nodes = &model.integer.as_ref().expect("an integer network").nodes;
    let places: Vec<usize> = times
        .iter()
        .map(|time| nodes.iter().position(|node| node.name == time.name).expect("a node of this name"))
        .collect();
    assert!(places.len() > 15 && places.is_sorted_by(|a, b| a < b), "{places:?}");
    assert!(times.iter().map(|time| time.milliseconds).sum::<f64>() > 0.0);
    // The repetitions have left the results as they were.
    let expected = integer_logits(&model, Input::Pictures(&[7; 360])).expect("logits");
    assert_eq!(executor.run(Input::Pictures(&[7; 360])), Ok(expected));
}
