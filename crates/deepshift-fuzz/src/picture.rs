use deepshift_core::Preprocessing;
use deepshift_data::{Labelling, PictureFiles, PictureInput};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;
use std::path::Path;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Few, so that what a decoder allocates beyond them is noticed.
const MAX_PIXELS: u64 = 1 << 24;

/// The file of a picture, decoded and cut to a network's input.
pub fn picture(bytes: &[u8]) -> bool {
    any_is_read(&[bytes])
}

/// A PNG file: as it is, with the checksums of its chunks made good, and with its pixel data packed.
pub fn png(bytes: &[u8]) -> bool {
    any_is_read(&[bytes, &repaired(bytes, <[u8]>::to_vec), &repaired(bytes, packed)])
}

fn any_is_read(files: &[&[u8]]) -> bool {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let class = folder.path().join("class");
    std::fs::create_dir(&class).expect("folders can be made there");
    for (number, bytes) in files.iter().enumerate() {
        std::fs::write(class.join(format!("{number}.jpg")), bytes).expect("files can be written there");
    }
    read(folder.path())
}

/// Whether the pictures in a folder can be read.
pub(crate) fn read(folder: &Path) -> bool {
    let Ok(files) = PictureFiles::open(folder, Labelling::Folders, input()) else { return false };
    let indices: Vec<u32> = (0..files.len()).collect();
    files.read(&indices, |_| ()).is_ok()
}

pub(crate) fn input() -> PictureInput {
    let preprocessing = Preprocessing::new(vec![0.5; 3], vec![0.5; 3]);
    PictureInput { shape: [3, 4, 5], preprocessing, max_pixels: MAX_PIXELS }
}

/// A PNG file with the same chunks and other checksums, the content of `IDAT` changed by `pixels`.
fn repaired(bytes: &[u8], pixels: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut file = SIGNATURE.to_vec();
    let mut rest = bytes.get(SIGNATURE.len()..).unwrap_or_default();
    while let Some((length, after)) = rest.split_first_chunk() {
        let Some((name, after)) = after.split_first_chunk::<4>() else { break };
        let length = (u32::from_be_bytes(*length) as usize).min(after.len());
        let (content, after) = after.split_at(length);
        let content = if name == b"IDAT" { pixels(content) } else { content.to_vec() };
        file.extend((content.len() as u32).to_be_bytes());
        let start = file.len();
        file.extend(name);
        file.extend(content);
        file.extend(crc32fast::hash(&file[start..]).to_be_bytes());
        rest = after.get(4..).unwrap_or_default();
    }
    file
}

fn packed(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(content).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}
