//! The frame of a `.dshift` file, which no fuzzer would guess.

use deepshift_core::format::{MAGIC, PREFIX, SUFFIX, VERSION};
use deepshift_core::{Error, Model};
use serde::de::IgnoredAny;

/// Bytes of data that a header may want beyond those that are there.
const SPARE: usize = 4096;

/// A file of this header and these tensors.
pub fn framed(header: &[u8], data: &[u8]) -> Vec<u8> {
    let mut bytes = [&MAGIC[..], &VERSION.to_le_bytes(), &(header.len() as u32).to_le_bytes()].concat();
    bytes.extend((data.len() as u64).to_le_bytes());
    bytes.extend(header);
    bytes.extend(data);
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// The model in a file whose frame and amount of data are made good, where the reader takes it then.
pub fn repaired(bytes: &[u8]) -> Option<Model> {
    let content = bytes.get(PREFIX..bytes.len().checked_sub(SUFFIX)?)?;
    let mut values = serde_json::Deserializer::from_slice(content).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    let (header, data) = content.split_at(values.byte_offset());
    // Zeros for what another header wants more, and nothing of what it does not want.
    let mut data = [data, &[0; SPARE]].concat();
    match Model::from_bytes(&framed(header, &data)) {
        Err(error) => data.truncate(data.len().checked_sub(surplus(&error)?)?),
        model => return model.ok(),
    }
    Model::from_bytes(&framed(header, &data)).ok()
}

fn surplus(error: &Error) -> Option<usize> {
    let Error::BadFile { what, .. } = error else { return None };
    what.strip_suffix(" bytes too many")?.parse().ok()
}
