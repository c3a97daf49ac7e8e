//! The reference interpreter: slow, obvious, and the definition of what every executor computes.

mod float;
mod integer;
mod movement;
mod window;

pub use float::{float_logits, float_nodes, larger};
pub use integer::{integer_input, integer_logits, integer_nodes};
#[cfg(test)]
pub(crate) use movement::moved;
pub use window::{average_divisor, window};
