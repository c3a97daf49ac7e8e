//! Functions of each element, in one table: a line here is all that a new one needs beside its form in Burn's training.

use serde::Serialize;

/// How ONNX writes a function.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OnnxForm {
    /// By the operator of this name.
    Operator(&'static str),
    /// `Clip` between these bounds.
    Clip([f32; 2]),
    /// The operand times the result of the operator of this name.
    Gated(&'static str),
}

/// What stands in a table's place for executors that are written in other languages: expressions of `x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expressions {
    /// WGSL, of four values `x: vec4<f32>` (`Lanes`); `gates(x)` is their sigmoid. NaN must stay NaN, which `min`, `max` and
    /// `clamp` do not promise.
    pub wgsl: &'static str,
    /// CUDA, of `float x`; functions further up in the table are there too, by their names.
    pub cuda: &'static str,
}

macro_rules! activations {
    ($($(#[$doc:meta])* $variant:ident $name:literal {
        value: $value:expr,
        derivative: $derivative:expr,
        clamp: $clamp:expr,
        wgsl: $wgsl:literal,
        cuda: $cuda:literal,
        onnx: $onnx:expr,
    })*) => {
        /// Functions of each element.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        pub enum Activation {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Activation {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name in files.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The function itself. NaN stays NaN, which `f32::max` and `f32::min` would lose.
            #[inline(always)]
            pub fn apply(self, x: f32) -> f32 {
                match self {
                    $(Self::$variant => $value(x),)*
                }
            }

            /// The function of each of `x`, in a loop of its own, so that vectors can compute it.
            #[inline(always)]
            pub fn map(self, x: &[f32], out: &mut [f32]) {
                match self {
                    $(Self::$variant => out.iter_mut().zip(x).for_each(|(out, &x)| *out = $value(x)),)*
                }
            }

            /// Its slope; where it has a corner, the slope above it.
            pub fn derivative(self, x: f32) -> f32 {
                match self {
                    $(Self::$variant => $derivative(x),)*
                }
            }

            /// The bounds of a function that does nothing but clamp, which integer mode does with the format of a value. Other
            /// functions are tables there.
            pub fn clamp(self) -> Option<[f32; 2]> {
                match self {
                    $(Self::$variant => $clamp,)*
                }
            }

            /// The same function in the languages of GPUs.
            pub fn expressions(self) -> Expressions {
                match self {
                    $(Self::$variant => Expressions { wgsl: $wgsl, cuda: $cuda },)*
                }
            }

            /// The same function in ONNX.
            pub fn onnx(self) -> OnnxForm {
                match self {
                    $(Self::$variant => $onnx,)*
                }
            }
        }
    };
}

activations! {
    /// `max(x, 0)`.
    Relu "relu" {
        value: at_least_zero,
        derivative: |x: f32| f32::from(x >= 0.0),
        clamp: Some([0.0, f32::INFINITY]),
        wgsl: "select(x, Lanes(), x < Lanes())",
        cuda: "x < 0.0f ? 0.0f : x",
        onnx: OnnxForm::Operator("Relu"),
    }
    /// `min(max(x, 0), 6)`.
    Relu6 "relu6" {
        value: |x| at_most_six(at_least_zero(x)),
        derivative: |x: f32| f32::from((0.0..6.0).contains(&x)),
        clamp: Some([0.0, 6.0]),
        wgsl: "select(select(x, Lanes(), x < Lanes()), Lanes(6.0), x > Lanes(6.0))",
        cuda: "clamped(x, 0.0f, 6.0f)",
        onnx: OnnxForm::Clip([0.0, 6.0]),
    }
    /// `1 / (1 + exp(-x))`.
    Sigmoid "sigmoid" {
        value: sigmoid,
        derivative: |x| sigmoid(x) * (1.0 - sigmoid(x)),
        clamp: None,
        wgsl: "gates(x)",
        cuda: "1.0f / (1.0f + expf(-x))",
        onnx: OnnxForm::Operator("Sigmoid"),
    }
    /// `x * sigmoid(x)`.
    Swish "swish" {
        value: |x: f32| x / (1.0 + (-x).exp()),
        derivative: |x| sigmoid(x) * (1.0 + x * (1.0 - sigmoid(x))),
        clamp: None,
        wgsl: "x * gates(x)",
        cuda: "x * sigmoid(x)",
        onnx: OnnxForm::Gated("Sigmoid"),
    }
    /// `x * min(max(x + 3, 0), 6) / 6`.
    HardSwish "hard_swish" {
        value: |x: f32| x * at_most_six(at_least_zero(x + 3.0)) / 6.0,
        derivative: |x: f32| if x < -3.0 { 0.0 } else if x < 3.0 { (2.0 * x + 3.0) / 6.0 } else { 1.0 },
        clamp: None,
        wgsl: "x * select(select(x + 3.0, Lanes(), x < Lanes(-3.0)), Lanes(6.0), x > Lanes(3.0)) / 6.0",
        cuda: "x * clamped(x + 3.0f, 0.0f, 6.0f) / 6.0f",
        onnx: OnnxForm::Operator("HardSwish"),
    }
}

#[inline(always)]
fn at_least_zero(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

// Written so that no compiler takes it for a minimum: that of relaxed SIMD may lose NaN.
#[inline(always)]
fn at_most_six(x: f32) -> f32 {
    if x < 6.0 || x.is_nan() { x } else { 6.0 }
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_keep_what_is_not_finite() {
        use Activation::{Relu, Relu6, Sigmoid, Swish};
        for activation in Activation::ALL {
            assert!(activation.apply(f32::NAN).is_nan(), "{activation:?}");
        }
        let infinite =
            |activation: Activation| [f32::NEG_INFINITY, f32::INFINITY].map(|x| activation.apply(x));
        assert_eq!(infinite(Relu), [0.0, f32::INFINITY]);
        assert_eq!(infinite(Relu6), [0.0, 6.0]);
        assert_eq!(infinite(Sigmoid), [0.0, 1.0]);
        assert!(infinite(Swish)[0].is_nan() && infinite(Swish)[1] == f32::INFINITY);
    }

    #[test]
    fn slopes_are_those_of_the_functions() {
        for activation in Activation::ALL {
            for x in [-7.3f32, -2.9, -0.6, 0.4, 1.7, 5.2, 8.1] {
                let h = 1.0 / 128.0;
                let slope = (activation.apply(x + h) - activation.apply(x - h)) / (2.0 * h);
                assert!((activation.derivative(x) - slope).abs() < 1e-3, "{activation:?} at {x}");
            }
        }
    }

    #[test]
    fn clamps_are_said_to_be_clamps() {
        for activation in Activation::ALL {
            let Some([lowest, highest]) = activation.clamp() else { continue };
            for x in [-9.0f32, -1.0, 0.0, 0.5, 5.9, 6.1, 100.0] {
                assert_eq!(activation.apply(x), x.clamp(lowest, highest), "{activation:?} at {x}");
            }
        }
    }

    #[test]
    fn whole_rows_are_mapped_like_single_values() {
        let x = [-3.0, 0.5, 7.0];
        for activation in Activation::ALL {
            let mut out = [0.0; 3];
            activation.map(&x, &mut out);
            assert_eq!(out, x.map(|x| activation.apply(x)));
        }
    }
}
