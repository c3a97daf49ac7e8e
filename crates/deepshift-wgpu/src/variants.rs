//! naga validates every shader that this crate puts together; no GPU is needed.

use crate::gpu::Traits;
use crate::program::dispatch;
use deepshift_core::{FixedPoint, Kernel, Mode, Model};
use deepshift_lowering::Network;
use deepshift_testing::{LayerSpec, ModelBuilder, cases};
use naga::valid::{Capabilities, ValidationFlags, Validator};
use std::collections::HashSet;

/// Collects shaders by their text and validates each once.
struct Checker {
    known: HashSet<String>,
    validator: Validator,
}

impl Checker {
    fn new() -> Self {
        // What WebGPU has without optional features.
        let validator = Validator::new(ValidationFlags::all(), Capabilities::empty());
        Self { known: HashSet::new(), validator }
    }

    fn network(&mut self, network: &Network, what: &str) {
        for [packed_dot, is_cpu] in [[true, false], [false, true]] {
            self.shaders(network, Traits { packed_dot, is_cpu }, what);
        }
    }

    fn shaders(&mut self, network: &Network, traits: Traits, what: &str) {
        for operation in &network.operations {
            for pictures in [1, 3, 16] {
                let shader = dispatch(network, operation, traits, pictures).shader;
                if self.known.insert(shader.text().into()) {
                    self.shader(shader.text(), &format!("{what}, {}", operation.name));
                }
            }
        }
    }

    fn shader(&mut self, text: &str, what: &str) {
        let module = match naga::front::wgsl::parse_str(text) {
            Ok(module) => module,
            Err(error) => panic!("{what}: {}", error.emit_to_string(text)),
        };
        if let Err(error) = self.validator.validate(&module) {
            panic!("{what}: {}", error.emit_to_string(text));
        }
    }

    fn model(&mut self, model: &Model, what: &str) {
        for kernel in Kernel::ALL {
            if model.integer.is_some() {
                let network = deepshift_lowering::network(model, Mode::Integer, kernel);
                self.network(&network.expect(what), what);
            }
            if kernel != Kernel::Shift {
                let network = deepshift_lowering::network(model, Mode::Float, kernel);
                self.network(&network.expect(what), what);
            }
        }
    }
}

#[test]
fn every_layer_in_every_coding() {
    let mut checker = Checker::new();
    for (what, conv, input) in cases::edge_shapes() {
        for (index, spec) in cases::specs().into_iter().enumerate() {
            // With and without rounding, i8 and wide.
            let fixed = (index % 2 == 0).then(|| FixedPoint::signed_8(3));
            let spec = LayerSpec { fixed, ..spec };
            checker.model(&cases::single(index as u64, conv.clone(), input, spec), what);
            let mut builder = ModelBuilder::new(index as u64, &[conv.in_channels]);
            let output = builder.linear(0, conv.in_channels, conv.out_channels, spec);
            checker.model(&builder.finish(output), "linear");
        }
    }
    assert!(checker.known.len() > 1_000, "{} shaders", checker.known.len());
}

#[test]
fn every_operation() {
    let mut checker = Checker::new();
    for seed in 0..8 {
        checker.model(&cases::every_operation(seed), "integer and float");
        checker.model(&cases::every_float_operation(seed), "float");
    }
    cases::every_movement().iter().for_each(|model| checker.model(model, "movements"));
    cases::alone().iter().for_each(|model| checker.model(model, "alone"));
    let text = |name: &str| checker.known.iter().any(|text| text.contains(name));
    for name in ["dot4I8Packed", "fn term_of", "fn entry", "map: array<u32>", "const ADAPTIVE: bool = true"] {
        assert!(text(name), "{name} was not among the shaders");
    }
}
