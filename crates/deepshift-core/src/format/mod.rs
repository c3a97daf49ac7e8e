//! The `.dshift` file: `docs/format.md` describes it byte by byte.
//!
//! ```text
//! offset  bytes  what
//! 0       8      "dshift\r\n"
//! 8       4      version, little-endian u32: 1
//! 12      4      H, length of the header, little-endian u32
//! 16      8      D, length of the data, little-endian u64
//! 24      H      header: JSON, UTF-8
//! 24+H    D      data: the tensors in the header's order, then tables and epilogues of the integer nodes
//! 24+H+D  4      CRC-32 (IEEE) of everything before, little-endian u32
//! ```

mod fields;
mod header;
mod json;
mod read;
mod write;

/// First bytes of every file; the line ending shows a transfer that changed line endings.
pub const MAGIC: [u8; 8] = *b"dshift\r\n";
/// The version this crate writes, and the only one it reads.
pub const VERSION: u32 = 1;
/// Longest header.
pub const MAX_HEADER: usize = 1 << 20;
/// Most rescalings of all epilogues together.
pub const MAX_RESCALES: usize = 1 << 24;
/// Bytes before the header.
pub const PREFIX: usize = 24;
/// Bytes after the data.
pub const SUFFIX: usize = 4;

/// CRC-32 (IEEE, as in zlib).
#[cfg(not(target_family = "wasm"))]
fn checksum(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// CRC-32 (IEEE, as in zlib), with one table instead of sixteen.
#[cfg(target_family = "wasm")]
fn checksum(bytes: &[u8]) -> u32 {
    const IEEE: crc::Crc<u32, crc::Table<1>> = crc::Crc::<u32, crc::Table<1>>::new(&crc::CRC_32_ISO_HDLC);
    IEEE.checksum(bytes)
}
