//! The binary version (Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009). Each picture is a label and
//! 3072 bytes: red, green and blue, row by row.

use super::{CLASSES, PIXELS, Pictures};
use crate::{Malformed, Part};

const RECORD: usize = 1 + PIXELS;
pub(super) fn names(part: Part) -> &'static [&'static str] {
    match part {
        Part::Train => &[
            "data_batch_1.bin",
            "data_batch_2.bin",
            "data_batch_3.bin",
            "data_batch_4.bin",
            "data_batch_5.bin",
        ],
        Part::Test => &["test_batch.bin"],
    }
}

/// Reads a binary batch of any number of pictures.
///
/// # Errors
/// [`Malformed`] with the offset of a label above 9, or of the end of a file that does not end with a picture.
pub fn parse_binary(bytes: &[u8]) -> Result<Pictures, Malformed> {
    let (records, rest) = bytes.as_chunks::<RECORD>();
    if records.is_empty() || !rest.is_empty() {
        let problem = format!("it ends, but not after whole pictures of {RECORD} bytes");
        return Err(Malformed::new(bytes.len(), problem));
    }
    let mut pictures = Pictures::default();
    pictures.images.reserve_exact(records.len() * PIXELS);
    for (index, [label, image @ ..]) in records.iter().enumerate() {
        if usize::from(*label) >= CLASSES.len() {
            return Err(Malformed::new(index * RECORD, format!("label {label} is none of CIFAR-10's ten")));
        }
        pictures.labels.push(u16::from(*label));
        pictures.images.extend(image);
    }
    Ok(pictures)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{SHAPE, SUB_FOLDERS};
    use super::*;

    /// Pictures with these labels; each is filled with its label, its first byte with its number.
    pub fn batch(labels: &[u8]) -> Vec<u8> {
        let records = labels.iter().zip(0..).map(|(&label, number): (_, u8)| {
            let mut record = vec![label; RECORD];
            record[1] = number;
            record
        });
        records.collect::<Vec<_>>().concat()
    }

    #[test]
    fn labels_and_pictures_are_told_apart() {
        let pictures = parse_binary(&batch(&[3, 9])).unwrap();
        assert_eq!(pictures.labels, [3, 9]);
        assert_eq!(pictures.images.len(), 2 * PIXELS);
        assert_eq!(pictures.images[PIXELS..PIXELS + 2], [1, 9]);
    }

    #[test]
    fn says_where_a_file_is_wrong() {
        let message = |bytes: &[u8]| parse_binary(bytes).unwrap_err().to_string();
        assert_eq!(message(&[]), "at byte 0, it ends, but not after whole pictures of 3073 bytes");
        assert_eq!(
            message(&batch(&[1, 2])[1..]),
            "at byte 6145, it ends, but not after whole pictures of 3073 bytes"
        );
        assert_eq!(message(&batch(&[1, 10])), "at byte 3073, label 10 is none of CIFAR-10's ten");
    }

    #[test]
    fn the_five_batches_are_put_together_wherever_they_are() {
        for sub_folder in SUB_FOLDERS {
            let folder = tempfile::tempdir().unwrap();
            let batches = folder.path().join(sub_folder);
            std::fs::create_dir_all(&batches).unwrap();
            for (name, label) in names(Part::Train).iter().zip(0..) {
                std::fs::write(batches.join(name), batch(&[label, 9])).unwrap();
            }
            let dataset = super::super::load(folder.path(), Part::Train).unwrap();
            assert_eq!((dataset.len(), dataset.shape()), (10, SHAPE));
            assert_eq!([0, 1, 2, 9].map(|index| dataset.label(index)), [0, 9, 1, 9].map(Some));
            assert_eq!(dataset.image(8).unwrap()[1], 4);
            assert_eq!(dataset.classes()[9], "truck");
        }
    }

    #[test]
    fn a_missing_and_a_broken_batch_are_named() {
        let folder = tempfile::tempdir().unwrap();
        for name in &names(Part::Train)[..4] {
            std::fs::write(folder.path().join(name), batch(&[1])).unwrap();
        }
        let load = || super::super::load(folder.path(), Part::Train).unwrap_err().to_string();
        assert!(load().starts_with("CIFAR-10's data_batch_5.bin is not in "), "{}", load());
        std::fs::write(folder.path().join("data_batch_5.bin"), batch(&[255])).unwrap();
        assert!(load().contains("data_batch_5.bin is damaged: at byte 0, label 255"), "{}", load());
    }
}
