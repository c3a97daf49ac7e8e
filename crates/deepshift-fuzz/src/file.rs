//! The frame of a `.dshift` file, which no fuzzer would guess.

use deepshift_core::Model;
use deepshift_core::format::{MAGIC, PREFIX, SUFFIX, VERSION};

/// A file of this header and these tensors.
pub fn framed(header: &[u8], data: &[u8]) -> Vec<u8> {
    let mut bytes = [&MAGIC[..], &VERSION.to_le_bytes(), &(header.len() as u32).to_le_bytes()].concat();
    bytes.extend((data.len() as u64).to_le_bytes());
    bytes.extend(header);
    bytes.extend(data);
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// The model in a file whose frame is made good, where the reader takes it.
pub fn repaired(bytes: &[u8]) -> Option<Model> {
    let header_len = u32::from_le_bytes(*bytes.get(12..)?.first_chunk()?) as usize;
    let content = bytes.get(PREFIX..bytes.len().checked_sub(SUFFIX)?)?;
    let (header, data) = content.split_at_checked(header_len)?;
    Model::from_bytes(&framed(header, data)).ok()
}
