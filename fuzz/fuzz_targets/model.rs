//! Any bytes as a `.dshift` file: as they are, and with length and checksum made good so that the fuzzer gets beyond
//! the frame. Needs `cargo install cargo-fuzz` and a nightly toolchain; at the top of the repository:
//!
//! ```text
//! cargo +nightly fuzz run model fuzz/corpus/model fuzz/seeds/model -- -max_total_time=60 -max_len=65536
//! ```
#![no_main]

use deepshift_core::format::{PREFIX, SUFFIX};
use deepshift_core::reference::{float_logits, integer_logits};
use deepshift_core::{Input, Model};
use libfuzzer_sys::fuzz_target;

/// What a model may cost to be run.
const MOST_WORK: usize = 1 << 16;

fuzz_target!(|bytes: &[u8]| {
    let _ = Model::from_bytes(bytes);
    if let Some(Ok(model)) = made_good(bytes).map(|bytes| Model::from_bytes(&bytes)) {
        let written = model.to_bytes().expect("what was read can be written");
        assert_eq!(Model::from_bytes(&written).as_ref(), Ok(&model));
        run(&model);
    }
});

fn made_good(bytes: &[u8]) -> Option<Vec<u8>> {
    let header_len = u32::from_le_bytes(bytes.get(12..16)?.try_into().ok()?) as usize;
    let data_len = bytes.len().checked_sub(PREFIX + SUFFIX)?.checked_sub(header_len)?;
    let mut bytes = bytes.to_vec();
    bytes[16..24].copy_from_slice(&(data_len as u64).to_le_bytes());
    let end = bytes.len() - SUFFIX;
    let checksum = crc32fast::hash(&bytes[..end]);
    bytes[end..].copy_from_slice(&checksum.to_le_bytes());
    Some(bytes)
}

fn run(model: &Model) {
    let work = model.graph.multiply_accumulates().expect("the graph was checked") as usize;
    let inputs: usize = model.graph.input_shape().iter().product();
    let mut shapes = model.graph.shapes().expect("the graph was checked");
    if let Some(network) = &model.integer {
        shapes.extend(network.shapes(&model.graph).expect("the network was checked"));
    }
    let elements: usize = shapes.iter().map(|shape| shape.iter().product::<usize>()).sum();
    if work.saturating_add(elements) > MOST_WORK {
        return;
    }
    let picture: Vec<u8> = (0..inputs).map(|i| (i * 37) as u8).collect();
    let values: Vec<f32> = picture.iter().map(|&byte| f32::from(byte) / 40.0 - 3.0).collect();
    for input in [Input::Pictures(&picture), Input::Values(&values)] {
        let _ = float_logits(model, input);
        let _ = integer_logits(model, input);
    }
}
