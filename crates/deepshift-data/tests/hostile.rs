//! Files that say much in few bytes: no data set takes more memory than its limits, and all of them are skipped or refused.

use deepshift_core::Preprocessing;
use deepshift_data::{Labelling, PictureFiles, PictureInput, cifar10, index_archive};
use peak_alloc::PeakAlloc;
use std::io::{Cursor, Write};
use std::path::Path;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Most pixels of a picture in this test.
const MAX_PIXELS: u64 = 1 << 24;
/// What one picture may take while it is decoded: the decoder's limit, and what its format keeps of each pixel besides.
const PICTURE: usize = 32 * MAX_PIXELS as usize;
const BATCH: usize = 64 << 20;

/// One test: a second one's allocations would be counted too.
#[test]
fn hostile_files_take_little_memory() {
    hostile_pictures();
    hostile_batches();
}

fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let result = work();
    (result, ALLOCATOR.peak_usage().saturating_sub(before))
}

fn hostile_pictures() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in pictures() {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let preprocessing = Preprocessing::new(vec![0.0; 3], vec![1.0; 3]);
    let input = PictureInput { shape: [3, 224, 224], preprocessing, max_pixels: MAX_PIXELS };
    let files = PictureFiles::open(folder.path(), Labelling::Folders, input).unwrap();
    let mut names: Vec<&str> = pictures().into_iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    assert_eq!(files.len() as usize, names.len());
    let mut failures = Vec::new();
    for index in 0..files.len() {
        let (result, peak) = peak_of(|| files.read(&[index], |_| ()));
        let name = names[index as usize];
        if peak >= PICTURE || result.is_ok() != name.starts_with("good") {
            failures.push(format!("{name}: {peak} bytes, {result:?}"));
        }
        // Where the limit is broken openly, it says so.
        if name.starts_with("large") {
            let message = result.map_or_else(|error| error.to_string(), |_| "it is read".into());
            if peak >= 1 << 20 || !message.contains("pixels, more than 16777216 in all") {
                failures.push(format!("{name}: {peak} bytes, {message}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Their names begin with what is expected of them, sorted: to be read, to be refused for their size, or to be refused.
fn pictures() -> Vec<(&'static str, Vec<u8>)> {
    const LARGE: u32 = 60_000;
    let side = 4096;
    vec![
        // Of any kind the largest that is allowed, and nothing of it there.
        ("cut.bmp", bmp(side, side)),
        ("cut.gif", gif(side, side)),
        ("cut.jpg", jpeg(&[(0xc0, side, side)])),
        ("cut.pgm", format!("P5 {side} {side} 65535\n").into_bytes()),
        ("cut.png", png(side, side, 1 << 10)),
        ("cut.ppm", format!("P3 {side} {side} 255\n0 0 0").into_bytes()),
        ("cut.progressive.jpg", jpeg(&[(0xc2, side, side)])),
        ("cut.qoi", qoi(side, side)),
        ("cut.tif", tiff(side, side, 1 << 30)),
        ("cut.webp", vp8l(side, side)),
        ("cut_lossy.webp", vp8(side, side)),
        ("good.png", png(side, side, side as usize * (1 + 6 * side as usize))),
        ("good_texts.png", with_texts(&png(16, 16, 16 * (1 + 6 * 16)))),
        ("large.bmp", bmp(LARGE, LARGE)),
        ("large.gif", gif(LARGE, LARGE)),
        ("large.jpg", jpeg(&[(0xc0, LARGE, LARGE)])),
        (
            "large.pam",
            format!("P7\nWIDTH {LARGE}\nHEIGHT {LARGE}\nDEPTH 4\nMAXVAL 65535\nTUPLTYPE RGB_ALPHA\nENDHDR\n")
                .into_bytes(),
        ),
        ("large.pbm", format!("P1 {LARGE} {LARGE}\n1").into_bytes()),
        ("large.png", png(LARGE, LARGE, 1000)),
        ("large.progressive.jpg", jpeg(&[(0xc2, LARGE, LARGE)])),
        ("large.qoi", qoi(LARGE, LARGE)),
        ("large.tif", tiff(LARGE, LARGE, 1)),
        ("refused_large.webp", vp8l(16384, 16384)),
        ("large_foreign.png", behind(b"tEXt", &header(1, 1), &png(LARGE, LARGE, 1000))),
        ("large_lossy.webp", vp8(16383, 16383)),
        // A small one around a large one.
        ("lie.gif", [&gif(1, 1)[..], &gif_frame(LARGE, LARGE)].concat()),
        ("lie.jpg", jpeg(&[(0xc0, 1, 1), (0xc2, LARGE, LARGE)])),
        ("lie.webp", vp8x(1, 1, &vp8l(16384, 16384)[12..])),
        ("lie_all.png", [&png(10, 10, 0)[..16], &[0xff; 8]].concat()),
        ("lie_length.png", behind(b"IHDR", &[&header(1, 1)[..], &[0; 3]].concat(), &png(LARGE, LARGE, 1000))),
        ("lie_lossy.webp", vp8x(1, 1, &vp8(16383, 16383)[12..])),
        ("lie_twice.png", behind(b"IHDR", &header(1, 1), &png(LARGE, LARGE, 1000))),
        ("lie_values.tif", tiff_values(u32::MAX)),
        ("lie_zeros.png", png(16, 16, 1 << 28)),
    ]
}

/// Start of image, frames of 3 components, the start of a scan and the end.
fn jpeg(frames: &[(u8, u32, u32)]) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8];
    for &(code, width, height) in frames {
        bytes.extend([0xff, code, 0, 17, 8]);
        bytes.extend([height, width].map(|side| (side as u16).to_be_bytes()).concat());
        bytes.extend([3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]);
    }
    bytes.extend([0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0, 0xff, 0xd9]);
    bytes
}

fn gif(width: u32, height: u32) -> Vec<u8> {
    let screen = [width, height].map(|side| (side as u16).to_le_bytes()).concat();
    [&b"GIF89a"[..], &screen, b"\x80\0\0\0\0\0\xff\xff\xff", &gif_frame(width, height)].concat()
}

fn gif_frame(width: u32, height: u32) -> Vec<u8> {
    let size = [width, height].map(|side| (side as u16).to_le_bytes()).concat();
    [&b",\0\0\0\0"[..], &size, b"\0\x02\x00;"].concat()
}

fn bmp(width: u32, height: u32) -> Vec<u8> {
    let mut bmp = vec![0; 54];
    bmp[..2].copy_from_slice(b"BM");
    bmp[10] = 54;
    bmp[14] = 40;
    bmp[18..22].copy_from_slice(&width.to_le_bytes());
    bmp[22..26].copy_from_slice(&height.to_le_bytes());
    bmp[26] = 1;
    bmp[28] = 24;
    bmp
}

fn qoi(width: u32, height: u32) -> Vec<u8> {
    [
        &b"qoif"[..],
        &width.to_be_bytes(),
        &height.to_be_bytes(),
        &[3, 0, 0xfe, 1, 2, 3],
        &[0, 0, 0, 0, 0, 0, 0, 1],
    ]
    .concat()
}

/// RGB in one strip that claims to have so many bytes.
fn tiff(width: u32, height: u32, strip: u32) -> Vec<u8> {
    tiff_of(&[
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, 8),
        (277, 3, 1, 3),
        (278, 4, 1, height),
        (279, 4, 1, strip),
    ])
}

/// A list of strips that claims to have so many.
fn tiff_values(strips: u32) -> Vec<u8> {
    tiff_of(&[
        (256, 4, 1, 16),
        (257, 4, 1, 16),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, strips, 8),
        (278, 4, 1, 1),
        (279, 4, strips, 8),
    ])
}

/// One directory of tags: number, type, count, value.
fn tiff_of(tags: &[(u16, u16, u32, u32)]) -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    bytes.extend((tags.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in tags {
        bytes.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        bytes.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    bytes.extend([0; 4]);
    bytes
}

fn riff(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let padding = [0].repeat(content.len() % 2);
    let chunk = [&name[..], &(content.len() as u32).to_le_bytes(), content, &padding].concat();
    [&b"RIFF"[..], &(chunk.len() as u32 + 4).to_le_bytes(), b"WEBP", &chunk].concat()
}

/// WebP without loss: 14 bits of each side less one.
fn vp8l(width: u32, height: u32) -> Vec<u8> {
    let size = (width - 1) | (height - 1) << 14;
    riff(b"VP8L", &[&[0x2f][..], &size.to_le_bytes(), &[0; 8]].concat())
}

/// WebP with loss: a key frame of 14 bits a side, whose first part has 100 bytes.
fn vp8(width: u32, height: u32) -> Vec<u8> {
    let size = [width, height].map(|side| (side as u16).to_le_bytes()).concat();
    riff(b"VP8 ", &[&[0x10, 0x0c, 0, 0x9d, 1, 0x2a][..], &size, &[0; 200]].concat())
}

/// WebP with a canvas of this size around a chunk.
fn vp8x(width: u32, height: u32, chunk: &[u8]) -> Vec<u8> {
    let size = [width - 1, height - 1].map(|side| side.to_le_bytes()[..3].to_vec()).concat();
    let head = riff(b"VP8X", &[&[0; 4][..], &size].concat());
    let length = (head.len() + chunk.len() - 8) as u32;
    [&head[..4], &length.to_le_bytes(), &head[8..], chunk].concat()
}

/// A PNG file that promises RGB pixels of 16 bits of this size and unpacks to so many zeros.
fn png(width: u32, height: u32, zeros: usize) -> Vec<u8> {
    let chunks =
        [chunk(b"IHDR", &header(width, height)), chunk(b"IDAT", &packed(zeros)), chunk(b"IEND", &[])];
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunks.concat()].concat()
}

fn header(width: u32, height: u32) -> Vec<u8> {
    [&width.to_be_bytes()[..], &height.to_be_bytes(), &[16, 2, 0, 0, 0]].concat()
}

/// With this chunk before its first.
fn behind(name: &[u8; 4], data: &[u8], png: &[u8]) -> Vec<u8> {
    [&png[..8], &chunk(name, data), &png[8..]].concat()
}

/// With four texts of 256 MiB, which take one MiB together.
fn with_texts(png: &[u8]) -> Vec<u8> {
    let (before, end) = png.split_at(png.len() - 12);
    let text = chunk(b"zTXt", &[&b"Comment\0\0"[..], &packed(1 << 28)].concat());
    [before, &text.repeat(4), end].concat()
}

fn packed(zeros: usize) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    let block = [0; 1 << 16];
    (0..zeros)
        .step_by(block.len())
        .for_each(|start| encoder.write_all(&block[..block.len().min(zeros - start)]).unwrap());
    encoder.finish().unwrap()
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(name);
    crc.update(data);
    [&(data.len() as u32).to_be_bytes()[..], name, data, &crc.sum().to_be_bytes()].concat()
}

fn hostile_batches() {
    // Doubles with every step in Python; endless lists; a length beyond the file.
    let mut doubling = b"\x80\x02)q\0".to_vec();
    (0..200_000).for_each(|_| doubling.extend(b"h\0h\0\x86q\0"));
    let batches =
        [doubling, vec![b')'; 8 << 20], b"\x80\x02T\xff\xff\xff\xff".to_vec(), b"(".repeat(8 << 20)];
    for (number, bytes) in batches.iter().enumerate() {
        let (result, peak) = peak_of(|| cifar10::parse_python(bytes));
        assert!(result.is_err() && peak < BATCH, "batch {number}: {peak} bytes");
    }
    let (result, peak) = peak_of(|| cifar10::parse_binary(&[0; 1 << 20]));
    assert!(result.is_err() && peak < BATCH);
    let missing = cifar10::load(Path::new("/dev/null"), deepshift_data::Part::Test);
    assert!(missing.is_err());
    // A name of two mebibytes.
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(2 << 20);
    header.set_cksum();
    let archive = [header.as_bytes(), &[b'a'; 2 << 20][..]].concat();
    let (index, peak) = peak_of(|| index_archive(Cursor::new(&archive)));
    assert!(index.problem.is_some() && peak < BATCH);
}
