use crate::file::{framed, repaired};
use deepshift_core::report::Report;
use deepshift_core::{Kernel, Mode, Model};
use serde::de::IgnoredAny;

/// A `.dshift` file: as it is, and with length and checksum made good. What is read can be written and read again, and has
/// a report.
pub fn model(bytes: &[u8]) -> bool {
    let _ = Model::from_bytes(bytes);
    repaired(bytes).is_some_and(|model| {
        comes_back(&model);
        Report::new(&model, bytes.len()).expect("what was read has a report");
        true
    })
}

/// The header of a `.dshift` file that has no tensors. What is read is JSON for others too.
pub fn header(bytes: &[u8]) -> bool {
    let model = Model::from_bytes(&framed(bytes, &[]));
    model.is_ok_and(|model| {
        serde_json::from_slice::<IgnoredAny>(bytes).expect("what was read is JSON");
        comes_back(&model);
        true
    })
}

/// A model as an ONNX file.
pub fn onnx(bytes: &[u8]) -> bool {
    repaired(bytes).is_some_and(|model| deepshift_onnx::to_bytes(&model).is_ok())
}

/// A model as the operations that GPUs run.
pub fn lowering(bytes: &[u8]) -> bool {
    let Some(model) = repaired(bytes) else { return false };
    for mode in [Mode::Float, Mode::Integer] {
        for kernel in Kernel::ALL {
            let _ = deepshift_lowering::network(&model, mode, kernel);
        }
    }
    true
}

fn comes_back(model: &Model) {
    let written = model.to_bytes().expect("what was read can be written");
    assert_eq!(Model::from_bytes(&written).as_ref(), Ok(model));
}
