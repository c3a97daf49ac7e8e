//! What others must know of each operation, in one place.

use super::{Movement, Op, WeightKind};

/// What an operation is to those who do not compute it.
#[derive(Debug, Clone)]
pub struct Properties<'a> {
    /// How many operands it takes; `None` for any number from 1 on.
    pub operands: Option<usize>,
    /// Where its values come from.
    pub values: Values,
    /// Whether a positive factor of a channel of its operands becomes a factor of what is computed from that channel alone.
    pub lets_scale_through: bool,
    /// What is a layer with weights.
    pub layer: Option<Layer<'a>>,
}

/// Where the values of an operation come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// From the user.
    Given,
    /// They are computed; integer mode rounds them to a format of their own.
    Computed,
    /// They are the operand's, or zeros, in other places; integer mode keeps the format.
    Copied,
    /// They are the operand's: the operation is for training.
    Passed,
}

/// What convolutions and linear layers share.
#[derive(Debug, Clone, Copy)]
pub struct Layer<'a> {
    /// Float or shift.
    pub weight: &'a WeightKind,
    /// Whether there is a bias.
    pub bias: bool,
    /// Sizes whose product is the number of an output channel's weights.
    pub fan_in: [usize; 3],
}

impl Op {
    /// What others must know of it.
    pub fn properties(&self) -> Properties<'_> {
        let of = |operands: Option<usize>, values: Values, lets_scale_through: bool| Properties {
            operands,
            values,
            lets_scale_through,
            layer: None,
        };
        let layer = |weight, bias, fan_in| Properties {
            layer: Some(Layer { weight, bias, fan_in }),
            ..of(Some(1), Values::Computed, false)
        };
        match self {
            Self::Input(_) => of(Some(0), Values::Given, false),
            Self::Conv2d(conv) => {
                let fan_in = [conv.in_channels / conv.groups.max(1), conv.kernel[0], conv.kernel[1]];
                layer(&conv.weight, conv.bias, fan_in)
            }
            Self::Linear(linear) => layer(&linear.weight, linear.bias, [linear.in_features, 1, 1]),
            // A factor would go through it, but whoever scales channels makes BatchNorm do so itself.
            Self::BatchNorm(_) => of(Some(1), Values::Computed, false),
            Self::Activation(activation) => {
                let scales = activation.clamp() == Some([0.0, f32::INFINITY]);
                of(Some(1), Values::Computed, scales)
            }
            Self::MaxPool(_) => of(Some(1), Values::Copied, true),
            Self::AvgPool(_) | Self::AdaptiveAvgPool(_) => of(Some(1), Values::Computed, true),
            Self::Add | Self::Concat => of(None, Values::Computed, true),
            Self::Multiply => of(Some(2), Values::Computed, false),
            // A factor would go through all movements, but with others than flattening nobody has tried what it does to accuracy.
            Self::Move(movement) => of(Some(1), Values::Copied, *movement == Movement::Flatten),
            Self::Dropout(_) | Self::DropPath(_) => of(Some(1), Values::Passed, true),
        }
    }
}
