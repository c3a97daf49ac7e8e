//! Files that say much in few bytes: no data set takes more memory than its limits, and all of them are skipped or refused.

use deepshift_core::Preprocessing;
use deepshift_data::{Labelling, PictureFiles, PictureInput, cifar10, index_archive};
use peak_alloc::PeakAlloc;
use std::io::{Cursor, Write};
use std::path::Path;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What one picture may take while it is decoded: 256 MiB of pixels, and as much again while they are converted.
const PICTURE: usize = 600 << 20;
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
    let input = PictureInput { shape: [3, 224, 224], preprocessing };
    let files = PictureFiles::open(folder.path(), Labelling::Folders, input).unwrap();
    for index in 0..files.len() {
        // The largest that is allowed is read, and one with long texts; the others are not.
        let (result, peak) = peak_of(|| files.read(&[index], |_| ()));
        assert!(peak < PICTURE, "picture {index}: {peak} bytes, {result:?}");
        assert_eq!(result.is_ok(), index < 2, "picture {index}");
    }
}

fn pictures() -> Vec<(&'static str, Vec<u8>)> {
    let side = |length: u32| length.to_be_bytes();
    let short = |length: u16| length.to_be_bytes();
    // Start of image, a frame of 3 components and the end, without a scan.
    let jpeg = [
        &[0xff, 0xd8, 0xff, 0xc0, 0, 17, 8][..],
        &short(65_000),
        &short(65_000),
        &[3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 0xff, 0xd9],
    ]
    .concat();
    let gif = [
        &b"GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff"[..],
        b",\0\0\0\0\xff\xff\xff\xff\0\x02\x00;",
    ]
    .concat();
    let mut bmp = vec![0; 54];
    bmp[..2].copy_from_slice(b"BM");
    bmp[10] = 54;
    bmp[14] = 40;
    bmp[18..22].copy_from_slice(&60_000u32.to_le_bytes());
    bmp[22..26].copy_from_slice(&60_000u32.to_le_bytes());
    bmp[26] = 1;
    bmp[28] = 24;
    let webp = b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\xff\xff\xff\x0f\0\0\0\0\0\0\0\0".to_vec();
    vec![
        ("0.png", png(5792, 5792, 5792 * (1 + 3 * 5792))),
        ("1.png", with_texts(&png(16, 16, 16 * (1 + 3 * 16)))),
        ("2.png", png(60_000, 60_000, 1000)),
        ("3.png", [&png(10, 10, 0)[..16], &side(u32::MAX), &side(u32::MAX)].concat()),
        ("4.png", png(16, 16, 1 << 28)),
        ("5.jpg", jpeg),
        ("6.gif", gif),
        ("7.bmp", bmp),
        ("8.webp", webp),
    ]
}

/// A PNG file that promises RGB pixels of this size and unpacks to so many zeros.
fn png(width: u32, height: u32, zeros: usize) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let chunks = [chunk(b"IHDR", &header), chunk(b"IDAT", &packed(zeros)), chunk(b"IEND", &[])];
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunks.concat()].concat()
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
