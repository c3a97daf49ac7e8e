//! The python version: a pickled dictionary with `data`, a numpy array `[n, 3072]` of bytes, and `labels`, a list.

use super::{CLASSES, PIXELS, Pictures};
use crate::{Malformed, Part};
use deepshift_pickle::{Id, Pickle, Value};

/// Most instructions of a file; a batch has about 50,000.
const MOST_STEPS: usize = 1 << 20;

pub(super) fn names(part: Part) -> &'static [&'static str] {
    match part {
        Part::Train => &["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"],
        Part::Test => &["test_batch"],
    }
}

/// Reads a python batch of any number of pictures. Nothing in it is executed.
///
/// # Errors
/// [`Malformed`] if it is no such pickle; the offset is that of the instruction where this shows, or the end.
pub fn parse_python(bytes: &[u8]) -> Result<Pictures, Malformed> {
    let pickle = deepshift_pickle::parse(bytes, MOST_STEPS).map_err(|error| match error {
        deepshift_pickle::Error::Malformed(offset) => {
            Malformed::new(offset, "it is no pickle of a CIFAR-10 batch")
        }
        deepshift_pickle::Error::TooLong(offset) => {
            Malformed::new(offset, "it goes on far longer than a CIFAR-10 batch")
        }
    })?;
    let wrong = |problem: &str| Malformed::new(bytes.len(), problem);
    let data = pickle.entry(pickle.root, "data").ok_or_else(|| wrong("it has no data"))?;
    let images =
        array(&pickle, data).ok_or_else(|| wrong("its data are no array of bytes with 3072 columns"))?;
    let labels = pickle.entry(pickle.root, "labels").ok_or_else(|| wrong("it has no labels"))?;
    let labels =
        label_list(&pickle, labels).ok_or_else(|| wrong("its labels are no list of numbers from 0 to 9"))?;
    if labels.is_empty() || labels.len() * PIXELS != images.len() {
        let problem = format!("it has {} labels for {} pictures", labels.len(), images.len() / PIXELS);
        return Err(wrong(&problem));
    }
    Ok(Pictures { images: images.to_vec(), labels })
}

fn label_list(pickle: &Pickle, id: Id) -> Option<Vec<u16>> {
    let Value::List(list) = &pickle.values[id] else { return None };
    let label = |&id: &Id| match pickle.values[id] {
        Value::Int(label) if (0..CLASSES.len() as i64).contains(&label) => Some(label as u16),
        _ => None,
    };
    list.iter().map(label).collect()
}

/// The bytes of a numpy array of bytes, row after row. Its state is version, shape, type, whether columns come first, and
/// the bytes.
fn array<'a>(pickle: &Pickle<'a>, id: Id) -> Option<&'a [u8]> {
    let [_, shape, kind, columns_first, bytes] = pickle.tuple(pickle.object(id)?.state?)?;
    let [rows, columns] = pickle.tuple(shape)?.map(|id| pickle.int(id));
    let [kind, _, _] = pickle.tuple(pickle.object(kind)?.arguments)?;
    let bytes = pickle.bytes(bytes)?;
    let fits = columns? == PIXELS as i64
        && rows?.checked_mul(PIXELS as i64) == i64::try_from(bytes.len()).ok()
        && pickle.values[columns_first] == Value::Bool(false)
        && pickle.bytes(kind) == Some(b"u1");
    fits.then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    /// What Python 2 writes, instruction by instruction, as in the official files.
    fn batch(labels: &[u8]) -> Vec<u8> {
        let mut bytes =
            b"\x80\x02}q\x01(U\x0bbatch_labelq\x02U\x15training batch 1 of 5q\x03U\x06labelsq\x04]q\x05("
                .to_vec();
        labels.iter().for_each(|&label| bytes.extend([b'K', label]));
        bytes.extend(b"eU\x04dataq\x06cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08");
        bytes.extend(b"K\x00\x85U\x01b\x87Rq\x09(K\x01K");
        bytes.push(labels.len() as u8);
        bytes.extend(b"M\x00\x0c\x86cnumpy\ndtype\nq\x0aU\x02u1K\x00K\x01\x87Rq\x0b(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T");
        bytes.extend((labels.len() as u32 * PIXELS as u32).to_le_bytes());
        bytes.extend(labels.iter().flat_map(|&label| [100 + label; PIXELS]));
        bytes.extend(b"tbU\x09filenamesq\x0c]q\x0d(U\x05a.pngq\x0eU\x05b.pngq\x0feu.");
        bytes
    }

    #[test]
    fn labels_and_pictures_are_found() {
        let pictures = parse_python(&batch(&[6, 9])).unwrap();
        assert_eq!(pictures.labels, [6, 9]);
        assert_eq!(pictures.images, [[106; PIXELS], [109; PIXELS]].concat());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let message = |bytes: &[u8]| parse_python(bytes).unwrap_err().problem;
        assert_eq!(message(b"<html>"), "it is no pickle of a CIFAR-10 batch");
        assert_eq!(message(b"\x80\x02}."), "it has no data");
        assert_eq!(message(&batch(&[6, 10])), "its labels are no list of numbers from 0 to 9");
        let change = |from: &[u8], to: &[u8]| {
            let mut bytes = batch(&[6, 9]);
            let place = bytes.windows(from.len()).position(|part| part == from).unwrap();
            bytes.splice(place..place + from.len(), to.iter().copied());
            message(&bytes)
        };
        assert_eq!(change(b"K\x06K\x09", b"K\x06"), "it has 1 labels for 2 pictures");
        assert_eq!(change(b"labels", b"lebals"), "it has no labels");
        for (from, to) in [
            (&b"u1"[..], &b"i1"[..]),
            (b"M\x00\x0c", b"M\x00\x0b"),
            (b"K\x02M", b"K\x03M"),
            (b"\x89T", b"\x88T"),
        ] {
            assert_eq!(change(from, to), "its data are no array of bytes with 3072 columns");
        }
        // A call of what is no array stays uncalled.
        assert_eq!(message(b"cos\nsystem\nU\x02ls\x85R."), "it has no data");
    }

    #[test]
    fn every_cut_is_an_error() {
        let bytes = batch(&[1]);
        for length in (0..400).chain(bytes.len() - 80..bytes.len()) {
            assert!(parse_python(&bytes[..length]).is_err(), "cut to {length}");
        }
    }

    /// Each step doubles what Python would hold; here it is one value more.
    #[test]
    fn references_take_no_memory_and_endless_files_end() {
        let mut bytes = b"\x80\x02)q\x00".to_vec();
        (0..100_000).for_each(|_| bytes.extend(b"h\x00h\x00\x86q\x00"));
        bytes.push(b'.');
        assert_eq!(parse_python(&bytes).unwrap_err().problem, "it has no data");
        let endless = parse_python(&[b')'; 1 << 21]).unwrap_err();
        assert_eq!(endless.problem, "it goes on far longer than a CIFAR-10 batch");
    }

    /// Seeded: the same mutants every time.
    #[test]
    fn no_mutant_panics_or_holds_less_than_it_says() {
        let mut generator = rand_chacha::ChaCha8Rng::from_seed([7; 32]);
        let whole = batch(&[3]);
        for _ in 0..20_000 {
            let mut bytes = whole.clone();
            for _ in 0..1 + generator.next_u32() % 4 {
                let place = generator.next_u32() as usize % 350;
                bytes[place] = generator.next_u32() as u8;
            }
            if let Ok(pictures) = parse_python(&bytes) {
                assert_eq!(pictures.images.len(), pictures.labels.len() * PIXELS);
            }
        }
    }
}
