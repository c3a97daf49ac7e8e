//! The shipped models of digits, in both modes and with every kernel; those of photographs would keep an emulated GPU and
//! the reference interpreter busy for minutes.

use super::Suite;
use crate::Random;
use deepshift_core::{Input, Model};

/// Built in, because browsers have no files.
const FILES: [(&str, &[u8]); 2] = [
    ("mnist-conv", include_bytes!("../../../../web/models/mnist-conv.dshift")),
    ("mnist-fc", include_bytes!("../../../../web/models/mnist-fc.dshift")),
];

fn pictures(model: &Model, count: usize) -> Vec<u8> {
    let mut random = Random(5);
    let each: usize = model.graph.input_shape().iter().product();
    (0..count * each).map(|_| random.bits() as u8).collect()
}

/// Both modes of the networks for digits.
pub fn digits(suite: &Suite) {
    for (name, bytes) in FILES {
        let model = Model::from_bytes(bytes).expect(name);
        for count in [1, 2, 37] {
            suite.assert_exact(&model, Input::Pictures(&pictures(&model, count)), name);
        }
        suite.assert_close(&model, Input::Pictures(&pictures(&model, 5)), name);
    }
}
