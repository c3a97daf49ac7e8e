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
//!
//! Type DenseShift is not the original's: its weights are those of type Q, trained as `sign` and `scale` after Li et
//! al., "DenseShift" (ICCV 2023), see `docs/arithmetic.md`. In all else it is as type Q.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use deepshift_burn::shift::{ShiftConv2dConfig, ShiftOptions, ShiftType};
//!
//! let device = Device::flex().autodiff();
//! let options = ShiftOptions::new(ShiftType::PS).with_weight_bits(4);
//! let layer = ShiftConv2dConfig::new([16, 32], [3, 3], options).with_padding([1, 1]).init(&device);
//! let layer = layer.clamp_parameters(); // before every step, as the original does
//! let y = layer.forward(Tensor::<4>::ones([1, 16, 8, 8], &device));
//! assert_eq!(y.dims(), [1, 32, 8, 8]);
//! ```

mod circular;
mod conv2d;
mod linear;
pub(crate) mod ops;
mod options;
mod weight;

pub use conv2d::{PaddingMode, ShiftConv2d, ShiftConv2dConfig};
pub use linear::{ShiftLinear, ShiftLinearConfig};
pub(crate) use options::uniform;
pub use options::{Rounding, ShiftOptions, ShiftType, noise_seed};
pub(crate) use weight::INITIAL_DEVIATION;
