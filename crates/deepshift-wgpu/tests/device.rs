//! Lost devices, overlapping runs, layer times.

mod common;

use common::{cases, gpu};
use deepshift_core::reference::integer_logits;
use deepshift_core::{Input, Mode};
use deepshift_wgpu::{Error, Executor, Gpu, Options};

const INTEGER: Options = Options { mode: Mode::Integer, kernel: deepshift_core::Kernel::Dot };

#[test]
fn a_lost_device_is_said_and_a_new_one_goes_on() {
    if gpu().is_none() {
        return;
    }
    let model = cases::every_operation(0);
    let pictures = vec![9; 360];
    let expected = integer_logits(&model, Input::Pictures(&pictures)).expect("logits");
    pollster::block_on(async {
        let lost = Gpu::request().await.expect("a device");
        let executor = Executor::new(&lost, &model, INTEGER).await.expect("an executor");
        assert_eq!(executor.run(Input::Pictures(&pictures)).await.as_ref(), Ok(&expected));
        lost.lose();
        assert!(matches!(executor.run(Input::Pictures(&pictures)).await, Err(Error::DeviceLost(_))));
        assert!(matches!(Executor::new(&lost, &model, INTEGER).await.err(), Some(Error::DeviceLost(_))));
        let found = Gpu::request().await.expect("a device");
        let executor = Executor::new(&found, &model, INTEGER).await.expect("an executor");
        assert_eq!(executor.run(Input::Pictures(&pictures)).await, Ok(expected));
    });
}

#[test]
fn runs_may_overlap() {
    let Some(gpu) = gpu() else { return };
    let model = cases::every_operation(1);
    let executor = pollster::block_on(Executor::new(gpu, &model, INTEGER)).expect("an executor");
    std::thread::scope(|scope| {
        for thread in 0..4u8 {
            let (executor, model) = (&executor, &model);
            scope.spawn(move || {
                for run in 0..10 {
                    let count = 1 + usize::from(thread) % 3 + 15 * (run % 2);
                    let pictures: Vec<u8> =
                        (0..count * 360).map(|i| (i % 251) as u8 ^ (thread * 31)).collect();
                    let expected = integer_logits(model, Input::Pictures(&pictures)).expect("logits");
                    let logits = pollster::block_on(executor.run(Input::Pictures(&pictures)));
                    assert_eq!(logits, Ok(expected), "thread {thread}, run {run}");
                }
            });
        }
    });
}

#[test]
fn layer_times_name_the_nodes_in_order() {
    let Some(gpu) = gpu() else { return };
    let model = cases::every_operation(2);
    let executor = pollster::block_on(Executor::new(gpu, &model, INTEGER)).expect("an executor");
    let start = std::time::Instant::now();
    let clock = || start.elapsed().as_secs_f64() * 1e3;
    let times = pollster::block_on(executor.layer_times(Input::Pictures(&[7; 720]), clock)).expect("times");
    let nodes = &model.integer.as_ref().expect("an integer network").nodes;
    let places: Vec<usize> = times
        .iter()
        .map(|time| nodes.iter().position(|node| node.name == time.name).expect("a node of this name"))
        .collect();
    assert!(places.len() > 15 && places.is_sorted_by(|a, b| a < b), "{places:?}");
    assert!(times.iter().map(|time| time.milliseconds).sum::<f64>() > 0.0);
    // The repetitions have left the results as they were.
    let expected = integer_logits(&model, Input::Pictures(&[7; 360])).expect("logits");
    assert_eq!(pollster::block_on(executor.run(Input::Pictures(&[7; 360]))), Ok(expected));
}
