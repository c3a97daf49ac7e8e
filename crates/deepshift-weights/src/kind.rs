//! Which kind of file bytes are, by what they hold and never by a name.

use crate::{Error, Result};
use std::fmt;

/// The kinds that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Safetensors,
    /// A zip archive: of `torch.save` since PyTorch 1.6, or another.
    Zip,
    /// Of `torch.save` before that.
    Legacy,
    /// Of `pickle.dump`.
    Pickle,
}

/// A kind of file that holds no weights that can be read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreign {
    /// What it is, as in "it is a web page".
    pub what: &'static str,
    /// What to do, as in "it is a web page: get the file itself".
    pub advice: &'static str,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "it is {}: {}", self.what, self.advice)
    }
}

/// Bytes at an offset, and the kind that they tell.
type Magic = (usize, &'static [u8], &'static str, &'static str);

const UNPACK: &str = "unpack it and give the file of weights in it";
const NEEDED: &str = "give a state dict as .pth or .safetensors, or a .dshift file";
const KERAS: &str = "save its weights as .safetensors, by the names that PyTorch gives them";

const MAGICS: [Magic; 19] = [
    (
        0,
        b"dshift\r\n",
        "a .dshift file",
        "it knows its own network, so it takes the place of a state dict with --arch",
    ),
    (0, b"version https://git-lfs", "a Git LFS pointer and not the file itself", "run `git lfs pull`"),
    (0, b"\x1f\x8b", "a gzip file", UNPACK),
    (0, b"BZh", "a bzip2 file", UNPACK),
    (0, b"\xfd7zXZ\0", "an xz file", UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a zstd file", UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (0, b"Rar!", "a RAR archive", UNPACK),
    (257, b"ustar", "a tar archive (or of PyTorch before 0.1.10)", UNPACK),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes", KERAS),
    (0, b"\x93NUMPY", "a NumPy array", NEEDED),
    (4, b"TFL3", "a TensorFlow Lite network", NEEDED),
    (0, b"GGUF", "a GGUF file", NEEDED),
    (0, b"\x89PNG", "a picture", NEEDED),
    (0, b"\xff\xd8\xff", "a picture", NEEDED),
    (0, b"GIF8", "a picture", NEEDED),
    (0, b"%PDF", "a PDF document", NEEDED),
    (0, b"\x7fELF", "a program", NEEDED),
    (0, b"MZ\x90\0", "a program", NEEDED),
];

const EMPTY: Foreign = Foreign { what: "an empty file", advice: "get it again" };
const PAGE: Foreign = Foreign {
    what: "a web page and not the file itself",
    advice: "the address leads to a page about it, so get the file that the page links to",
};
const ONNX: Foreign = Foreign {
    what: "an ONNX file, which is not read",
    advice: "give the state dict that it was made from, as .pth or .safetensors",
};
const JSON: Foreign = Foreign { what: "JSON and holds no tensors", advice: NEEDED };
const TEXT: Foreign = Foreign { what: "a text and holds no tensors", advice: NEEDED };
pub(crate) const UNKNOWN: Foreign = Foreign { what: "no file of weights of any known kind", advice: NEEDED };
pub(crate) const TORCH_SCRIPT: Foreign = Foreign {
    what: "a TorchScript archive, which is a program",
    advice: "save its weights with torch.save(torch.jit.load(FILE).state_dict(), 'weights.pth')",
};
pub(crate) const KERAS_ARCHIVE: Foreign = Foreign { what: "a Keras archive", advice: KERAS };
pub(crate) const NPZ: Foreign = Foreign {
    what: "an .npz file of NumPy arrays",
    advice: "save them with safetensors.numpy.save_file(dict(numpy.load(FILE)), 'weights.safetensors')",
};
pub(crate) const OTHER_ZIP: Foreign =
    Foreign { what: "a zip archive that torch.save did not write", advice: UNPACK };

/// The largest header that the safetensors format allows.
const LONGEST_HEADER: u64 = 100_000_000;
/// PyTorch's old magic number, as protocols 2 and later write it, somewhere at the start.
const LEGACY: &[u8] = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19";

/// Which kind it is, of those that are read.
///
/// # Errors
/// [`Error::BadFile`] with what it is and what to do.
pub(crate) fn kind(bytes: &[u8]) -> Result<Kind> {
    let start = &bytes[..bytes.len().min(64)];
    match bytes {
        _ if is_safetensors(bytes) => Ok(Kind::Safetensors),
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Ok(Kind::Zip),
        _ if start.windows(LEGACY.len()).any(|part| part == LEGACY) => Ok(Kind::Legacy),
        [0x80, 2..=5, ..] => Ok(Kind::Pickle),
        _ => Err(Error::BadFile(foreign(bytes).unwrap_or(UNKNOWN).to_string())),
    }
}

fn is_safetensors(bytes: &[u8]) -> bool {
    let length = bytes.first_chunk().map(|&length| u64::from_le_bytes(length));
    length.is_some_and(|length| length <= LONGEST_HEADER) && bytes.get(8) == Some(&b'{')
}

/// A kind of file that people give in place of weights or networks, where it is one of those that hold none.
pub fn foreign(bytes: &[u8]) -> Option<Foreign> {
    let is = |&(offset, magic, ..): &Magic| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    if bytes.is_empty() {
        return Some(EMPTY);
    }
    if let Some((_, _, what, advice)) = MAGICS.into_iter().find(is) {
        return Some(Foreign { what, advice });
    }
    if is_onnx(bytes) {
        return Some(ONNX);
    }
    text(bytes)
}

/// Fields of an ONNX model: its version, a small number, and then the producer's name, the operator sets or the graph.
fn is_onnx(bytes: &[u8]) -> bool {
    matches!(bytes, [0x08, 1..=30, 0x12 | 0x1a | 0x3a | 0x42, ..])
}

fn text(bytes: &[u8]) -> Option<Foreign> {
    let start = &bytes[..bytes.len().min(1024)];
    // The last character may be cut.
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let text = text.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
        return None;
    }
    let is_page = ["<!doctype html", "<html", "<head", "<?xml"].iter().any(|tag| text.starts_with(tag));
    Some(match text.chars().next() {
        _ if is_page || text.contains("<html") => PAGE,
        Some('{' | '[') => JSON,
        _ => TEXT,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: &[u8]) -> String {
        kind(bytes).unwrap_err().to_string()
    }

    #[test]
    fn every_foreign_kind_has_a_sentence_of_its_own() {
        let tar = [&[0; 257][..], b"ustar", &[0; 250]].concat();
        for (bytes, expected) in [
            (&b""[..], "it is an empty file: get it again"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "run `git lfs pull`"),
            (b"\n <!DOCTYPE html><html>", "a web page"),
            (b"<?xml version='1.0'?><Error>", "a web page"),
            (b"\x1f\x8b\x08\0", "a gzip file: unpack it"),
            (&tar, "a tar archive"),
            (b"\x89HDF\r\n\x1a\n\0", "HDF5"),
            (b"\x08\x08\x12\x07pytorch", "an ONNX file"),
            (b"{\"weight_map\": {}}", "JSON"),
            (b"hello", "a text"),
            (b"dshift\r\n\0\0", "a .dshift file"),
            (b"\0\x01\x02\xff\xfe", "no file of weights of any known kind"),
            (b"\x93NUMPY\x01\0", "a NumPy array"),
        ] {
            assert!(message(bytes).contains(expected), "{expected}: {}", message(bytes));
        }
    }

    #[test]
    fn what_is_read_is_known_by_its_start() {
        // A header of 128 bytes begins as a pickle does.
        assert_eq!(kind(b"\x80\0\0\0\0\0\0\0{}"), Ok(Kind::Safetensors));
        assert_eq!(kind(b"\x80\x02}."), Ok(Kind::Pickle));
        assert_eq!(kind(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."), Ok(Kind::Legacy));
        assert_eq!(kind(b"PK\x03\x04"), Ok(Kind::Zip));
    }
}
