use deepshift_data::{parse_idx_images, parse_idx_labels};

/// Longest content that is read.
const LONGEST: u64 = 1 << 30;

/// An idx file of pictures and of labels, plain or gzipped.
pub fn idx(bytes: &[u8]) -> bool {
    let images = parse_idx_images(bytes);
    if let Ok(images) = &images {
        assert_eq!(images.pixels.len(), images.count * images.height * images.width);
    }
    let labels = parse_idx_labels(bytes);
    if let Err(error) = &labels {
        assert!(!error.problem.is_empty() && (error.offset as u64) <= LONGEST + 16);
    }
    images.is_ok() || labels.is_ok()
}
