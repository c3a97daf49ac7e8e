//! A checkpoint: as it is, and with its checksum made good. Checkpoints are trusted, so this asks only that what reads them
//! tells a damaged one by an error.
#![no_main]

use deepshift_train::{checkpoint_settings, checkpoint_weights};
use libfuzzer_sys::fuzz_target;
use safetensors::SafeTensors;

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    if let Some(bytes) = repaired(bytes) {
        check(&bytes);
    }
});

fn check(bytes: &[u8]) {
    if let Ok(settings) = checkpoint_settings(bytes) {
        let _ = settings.graph();
    }
    let _ = checkpoint_weights(bytes);
}

/// The same bytes with the checksum of settings and tensors, where they have one.
fn repaired(bytes: &[u8]) -> Option<Vec<u8>> {
    const KEY: &[u8] = b"\"crc32\":\"";
    let (_, header) = SafeTensors::read_metadata(bytes).ok()?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header.metadata().as_ref()?.get("settings")?.as_bytes());
    let file = SafeTensors::deserialize(bytes).ok()?;
    let mut tensors = file.tensors();
    tensors.sort_by(|left, right| left.0.cmp(&right.0));
    for (name, view) in &tensors {
        hasher.update(name.as_bytes());
        hasher.update(view.data());
    }
    let start = bytes.windows(KEY.len()).position(|part| part == KEY)? + KEY.len();
    let mut repaired = bytes.to_vec();
    repaired.get_mut(start..start + 8)?.copy_from_slice(format!("{:08x}", hasher.finalize()).as_bytes());
    Some(repaired)
}
