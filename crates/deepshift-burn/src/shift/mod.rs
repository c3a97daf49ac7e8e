//! Linear and convolution layers whose weights are signed powers of two, as ordinary Burn modules.
//!
//! The arithmetic and the gradients are those of the original PyTorch layers, its deviations from the paper included:
//!
//! * the linear layer of type PS rounds neither its input nor its bias to fixed point; the linear layer of type Q rounds
//!   its input and not its bias; both convolutions round input and bias;
//! * rounding and clamping pass gradients unmasked, also out of range.
//!
//! Parameters have the original's names and PyTorch's layout, for the linear layer also: type Q has `weight`, type PS
//! has `shift` and `sign`, both may have `bias`. State dicts of the original therefore load by name, unchanged.

mod circular;
mod conv2d;
mod linear;
mod ops;
mod options;
mod weight;

pub use conv2d::{PaddingMode, ShiftConv2d, ShiftConv2dConfig};
pub use deepshift_core::ShiftType;
pub use linear::{ShiftLinear, ShiftLinearConfig};
pub(crate) use options::uniform;
pub use options::{Rounding, ShiftOptions, noise_seed};
