//! The tests that every executor must pass.

pub mod float;
pub mod integer;
pub mod shipped;

use deepshift_core::reference::{float_logits, integer_logits};
use deepshift_core::{Input, Kernel, Mode, Model};

/// A way to run networks: an executor with what it chooses by itself, such as an instruction set.
pub trait Device {
    /// What it is called where a test fails.
    fn name(&self) -> String;

    /// Logits of each input, one after the other.
    ///
    /// # Errors
    /// What a user is told.
    fn run(&self, model: &Model, mode: Mode, kernel: Kernel, input: Input) -> Result<Vec<f32>, String>;
}

/// Devices, and how many cases they are tried with.
pub struct Suite {
    /// All of them must give the same.
    pub devices: Vec<Box<dyn Device>>,
    /// How many of the first ones random layers are tried on: those that start fast.
    pub fast: usize,
    /// Of the codings of a shape, each that has this distance from the one before.
    pub step: usize,
    /// Random layers.
    pub layers: u64,
    /// Random networks of every operation.
    pub networks: u64,
}

impl Suite {
    /// For devices that start at once: every case.
    pub fn thorough(devices: Vec<Box<dyn Device>>) -> Self {
        Self { fast: devices.len(), devices, step: 1, layers: 10_000, networks: 30 }
    }

    /// For devices that have to compile each kernel: enough that each coding meets each kind of shape.
    pub fn brief(devices: Vec<Box<dyn Device>>) -> Self {
        Self { fast: devices.len(), devices, step: 5, layers: 50, networks: 5 }
    }

    /// Asserts that every kernel gives the reference's logits, bit by bit.
    pub fn assert_exact(&self, model: &Model, input: Input, what: &str) {
        let expected = integer_logits(model, input).expect(what);
        for kernel in Kernel::ALL {
            for device in &self.devices {
                assert_exact(&**device, model, kernel, input, &expected, what);
            }
        }
    }

    /// Asserts that both kernels of float mode agree with the reference to 1e-5 of the largest logit.
    pub fn assert_close(&self, model: &Model, input: Input, what: &str) {
        let expected = float_logits(model, input).expect(what);
        for kernel in [Kernel::Dot, Kernel::NaiveMultiply] {
            for device in &self.devices {
                let logits = device.run(model, Mode::Float, kernel, input).expect(what);
                if let Some(index) = crate::cases::difference(&logits, &expected) {
                    let device = device.name();
                    panic!("{what} {kernel} {device}: {} instead of {}", logits[index], expected[index]);
                }
            }
        }
    }
}

/// Asserts that a kernel of a device gives exactly these logits.
fn assert_exact(
    device: &dyn Device,
    model: &Model,
    kernel: Kernel,
    input: Input,
    expected: &[f32],
    what: &str,
) {
    let name = device.name();
    let logits = device.run(model, Mode::Integer, kernel, input).expect(what);
    assert_eq!(logits.len(), expected.len(), "{what}: {kernel} {name}");
    let difference = logits.iter().zip(expected).position(|(got, expected)| got != expected);
    if let Some(index) = difference {
        panic!("{what}: {kernel} {name}: logit {index} is {} and not {}", logits[index], expected[index]);
    }
}

/// Writes the tests of an executor. `$suite` is a function or closure that gives its [`Suite`]; an attribute after it, such as
/// `ignore`, is that of every test.
#[macro_export]
macro_rules! conformance_tests {
    ($suite:expr $(, $attribute:meta)?) => {
        $crate::conformance_tests! { @write [$(#[$attribute])?] $suite;
            float_movements float::every_movement,
            float_layers float::single_layers,
            float_exponents float::extreme_exponents,
            float_networks float::whole_networks,
            float_not_finite float::not_finite_values,
            errors float::errors,
            integer_movements integer::every_movement,
            integer_edge_shapes integer::edge_shapes,
            integer_linear_layers integer::linear_layers,
            integer_random_layers integer::random_layers,
            integer_networks integer::whole_networks,
            integer_not_finite integer::not_finite_inputs,
            integer_wide_outputs integer::wide_outputs,
            integer_lanes_without_a_channel integer::lanes_without_a_channel,
            integer_extremes_of_the_proof integer::extremes_of_the_proof,
            integer_more_pictures_than_a_batch integer::more_pictures_than_a_batch,
            shipped_networks_for_digits shipped::digits,
        }
    };
    (@write $attributes:tt $suite:expr; $($name:ident $module:ident::$test:ident,)+) => {
        $($crate::conformance_tests! { @test $attributes $suite; $name $module::$test })+
    };
    (@test [$(#[$attribute:meta])*] $suite:expr; $name:ident $module:ident::$test:ident) => {
        #[test]
        $(#[$attribute])*
        fn $name() {
            let suite: $crate::Suite = ($suite)();
            $crate::conformance::$module::$test(&suite);
        }
    };
}
