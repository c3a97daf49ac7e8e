//! A stranger's file cannot keep a program busy: work beyond the limit is refused before anything runs.

use deepshift::{Device, Error, Input, Model, Options, Runner};
use deepshift_core::graph::{GraphBuilder, Op};

fn model() -> Model {
    let mut builder = GraphBuilder::new("mean", &[1, 4, 4]);
    let mean = builder.op("mean", Op::AdaptiveAvgPool([1, 1]), &[0]);
    Model {
        graph: builder.finish(mean),
        tensors: Default::default(),
        integer: None,
        preprocessing: None,
        classes: Vec::new(),
        provenance: Default::default(),
    }
}

#[test]
fn a_runner_refuses_more_work_than_its_options_allow() {
    let steps = model().work(deepshift::Mode::Float).unwrap();
    for device in [Device::Auto, Device::Cpu, Device::Wgpu] {
        let options = Options { device, work_limit: steps - 1, ..Options::default() };
        let error = pollster::block_on(Runner::new(&model(), options)).err();
        let expected = deepshift_core::Error::Work { steps, limit: steps - 1 };
        assert_eq!(error, Some(Error::Core(expected)), "{device}");
    }
    let options = Options { device: Device::Cpu, work_limit: steps, ..Options::default() };
    let runner = pollster::block_on(Runner::new(&model(), options)).unwrap();
    assert_eq!(pollster::block_on(runner.run(Input::Values(&[2.0; 16]))), Ok(vec![2.0]));
    assert_eq!(Options::default().work_limit, Model::WORK_LIMIT);
}
