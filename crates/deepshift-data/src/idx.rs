//! The idx format of MNIST's files: <http://yann.lecun.com/exdb/mnist/>.
//!
//! Two zero bytes, a type (8 is bytes), the number of dimensions, one big-endian u32 for each, then the values.

use std::io::Read;

use flate2::read::GzDecoder;

use crate::Malformed;
use crate::files::LONGEST;

/// The first bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];
const TYPE_BYTE: u8 = 8;

/// Grey pictures of one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdxImages {
    /// Number of pictures.
    pub count: usize,
    /// Rows of a picture.
    pub height: usize,
    /// Columns of a picture.
    pub width: usize,
    /// One picture after another, row by row: `count * height * width` bytes.
    pub pixels: Vec<u8>,
}

/// Reads an idx file of pictures (three dimensions), plain or gzipped.
///
/// # Errors
/// [`Malformed`] with the offset where the bytes stop being such a file. It allocates no more than the header
/// promises, nor more than about twice what is really there.
pub fn parse_idx_images(bytes: &[u8]) -> Result<IdxImages, Malformed> {
    let ([count, height, width], pixels) = parse(bytes)?;
    Ok(IdxImages { count, height, width, pixels })
}

/// Reads an idx file of labels (one dimension), plain or gzipped.
///
/// # Errors
/// As [`parse_idx_images`].
pub fn parse_idx_labels(bytes: &[u8]) -> Result<Vec<u8>, Malformed> {
    let ([_count], labels) = parse(bytes)?;
    Ok(labels)
}

/// Offset of the values in a file of `dimensions` dimensions.
pub(crate) const fn header_length(dimensions: usize) -> usize {
    4 + 4 * dimensions
}

fn parse<const D: usize>(bytes: &[u8]) -> Result<([usize; D], Vec<u8>), Malformed> {
    if bytes.starts_with(&GZIP) { read(GzDecoder::new(bytes)) } else { read(bytes) }
}

fn read<const D: usize>(mut source: impl Read) -> Result<([usize; D], Vec<u8>), Malformed> {
    let header = read_at_most(&mut source, header_length(D) as u64, 0)?;
    let sizes = parse_header(&header)?;
    let promised = promised_length(&sizes)?;
    // One byte more than promised shows what follows, and lets the decoder reach its checksum.
    let values = read_at_most(&mut source, promised + 1, header.len())?;
    if values.len() as u64 == promised {
        return Ok((sizes, values));
    }
    let end = header.len() + values.len().min(promised as usize);
    if (values.len() as u64) < promised {
        return Err(Malformed::new(end, format!("it ends, but its header promises {promised} values")));
    }
    Err(Malformed::new(end, format!("it goes on after the {promised} values that its header promises")))
}

/// Up to `limit` bytes of `source`, which has given `offset` bytes so far.
fn read_at_most(source: &mut impl Read, limit: u64, offset: usize) -> Result<Vec<u8>, Malformed> {
    let mut bytes = Vec::new();
    match source.take(limit).read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(Malformed::new(offset + bytes.len(), format!("it cannot be unpacked: {error}"))),
    }
}

fn parse_header<const D: usize>(header: &[u8]) -> Result<[usize; D], Malformed> {
    let expected = [0, 0, TYPE_BYTE, D as u8];
    if let Some(offset) = header.iter().zip(expected).position(|(&byte, expected)| byte != expected) {
        return Err(Malformed::new(offset, format!("it is not an idx file of bytes in {D} dimensions")));
    }
    if header.len() < header_length(D) {
        return Err(Malformed::new(header.len(), "it ends within its header"));
    }
    let mut sizes = [0; D];
    for (size, bytes) in sizes.iter_mut().zip(header[4..].chunks_exact(4)) {
        *size = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
    }
    Ok(sizes)
}

fn promised_length(sizes: &[usize]) -> Result<u64, Malformed> {
    let product = sizes.iter().try_fold(1_u64, |product, &size| product.checked_mul(size as u64));
    product.filter(|&length| length <= LONGEST).ok_or_else(|| {
        Malformed::new(4, format!("it promises {sizes:?} values, which is more than this program reads"))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn images() -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4];
        bytes.extend(100..124);
        bytes
    }

    fn labels() -> Vec<u8> {
        vec![0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 9]
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn reads_plain_and_gzipped_files() {
        let expected = IdxImages { count: 2, height: 3, width: 4, pixels: (100..124).collect() };
        assert_eq!(parse_idx_images(&images()).unwrap(), expected);
        assert_eq!(parse_idx_images(&gzip(&images())).unwrap(), expected);
        assert_eq!(parse_idx_labels(&labels()).unwrap(), [7, 0, 9]);
        assert_eq!(parse_idx_labels(&gzip(&labels())).unwrap(), [7, 0, 9]);
    }

    #[test]
    fn says_where_a_file_is_wrong() {
        let message = |bytes: &[u8]| parse_idx_images(bytes).unwrap_err().to_string();
        assert_eq!(message(&labels()), "at byte 3, it is not an idx file of bytes in 3 dimensions");
        assert_eq!(message(b"<html>"), "at byte 0, it is not an idx file of bytes in 3 dimensions");
        assert_eq!(message(&images()[..9]), "at byte 9, it ends within its header");
        assert_eq!(message(&[]), "at byte 0, it ends within its header");
        assert_eq!(message(&images()[..30]), "at byte 30, it ends, but its header promises 24 values");
        let longer = [images(), vec![1]].concat();
        assert_eq!(message(&longer), "at byte 40, it goes on after the 24 values that its header promises");
    }

    #[test]
    fn refuses_impossible_sizes_before_allocating() {
        let mut bytes = images();
        bytes[4..16].fill(0xff);
        let error = parse_idx_images(&bytes).unwrap_err();
        assert_eq!(error.offset, 4);
        bytes[4..16].copy_from_slice(&[0x40, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
        let error = parse_idx_images(&bytes).unwrap_err();
        assert_eq!(error.problem, "it ends, but its header promises 1073741824 values");
    }

    /// 64 MiB of zeros shrink to 64 KiB; the header promises 24 values, so 25 are unpacked.
    #[test]
    fn a_gzip_bomb_is_unpacked_no_further_than_its_header_promises() {
        let mut bytes = images();
        bytes.resize(1 << 26, 0);
        let error = parse_idx_images(&gzip(&bytes)).unwrap_err();
        assert_eq!(error.offset, 40);
    }

    #[test]
    fn every_cut_is_an_error() {
        for file in [images(), gzip(&images())] {
            for length in 0..file.len() {
                assert!(parse_idx_images(&file[..length]).is_err(), "cut to {length}");
            }
        }
    }

    #[test]
    fn every_flipped_bit_of_a_gzipped_file_is_an_error_or_harmless() {
        let (file, expected) = (gzip(&images()), parse_idx_images(&images()).unwrap());
        for bit in 0..file.len() * 8 {
            let mut bytes = file.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            // Harmless are the header's time, operating system and the like.
            if let Ok(images) = parse_idx_images(&bytes) {
                assert_eq!(images, expected, "bit {bit}");
            }
        }
    }

    /// Seeded: the same mutants every time.
    #[test]
    fn no_mutant_panics_or_promises_what_it_does_not_hold() {
        use rand_chacha::rand_core::{Rng, SeedableRng};
        let mut generator = rand_chacha::ChaCha8Rng::from_seed([6; 32]);
        for file in [images(), labels(), gzip(&images())] {
            for _ in 0..10_000 {
                let mut bytes = file.clone();
                for _ in 0..1 + generator.next_u32() % 4 {
                    let place = generator.next_u32() as usize % bytes.len();
                    bytes[place] = generator.next_u32() as u8;
                }
                bytes.truncate(1 + generator.next_u32() as usize % (2 * bytes.len()));
                if let Ok(images) = parse_idx_images(&bytes) {
                    assert_eq!(images.pixels.len(), images.count * images.height * images.width);
                }
                let _ = parse_idx_labels(&bytes);
            }
        }
    }
}
