//! Optimizers that the original DeepShift offers and Burn lacks: RAdam, Ranger and Adadelta.
//!
//! Each has a configuration whose `build` gives the bare [`Optimizer`](burn::optim::Optimizer), for a parameter group,
//! and whose `init` gives a whole module's optimizer. The whole state, step counters included, goes through Burn's
//! optimizer record, so a restored optimizer continues bit-identically.

mod adadelta;
mod radam;
mod ranger;
mod record;
mod rectified;

pub use adadelta::{Adadelta, AdadeltaConfig, AdadeltaState};
pub use radam::{RAdam, RAdamConfig};
pub use ranger::{Ranger, RangerConfig, RangerState};
pub use rectified::RectifiedMoments;
