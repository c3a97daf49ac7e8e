//! What the optimizers' states share for Burn's optimizer record.
//!
//! Burn's `RecordState` derive names paths that exist only inside Burn, so the states implement the trait by hand.

use burn::optim::StateSource;
use burn::tensor::{Device, Tensor};

/// Takes the tensor named `{prefix}.{leaf}` to `device`; none if it is absent or not of rank `D`.
pub(super) fn take_tensor<const D: usize>(
    source: &mut StateSource,
    prefix: &str,
    leaf: &str,
    device: &Device,
) -> Option<Tensor<D>> {
    let data = source.take_tensor(prefix, leaf)?;
    (data.rank() == D).then(|| Tensor::from_data(data, device))
}
