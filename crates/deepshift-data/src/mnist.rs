//! MNIST: grey pictures of handwritten digits, 28 by 28; 60,000 to learn from and 10,000 to be judged by.

use std::path::{Path, PathBuf};

use crate::dataset::{Dataset, Part};
use crate::files;
use crate::idx::{IdxImages, header_length, parse_idx_images, parse_idx_labels};
use crate::{Error, Malformed};
use deepshift_core::Preprocessing;

const SIDE: usize = 28;
const DIGITS: u16 = 10;
const MEAN: f32 = 0.1307;
const STANDARD_DEVIATION: f32 = 0.3081;
const REMEDY: &str = "run `scripts/data mnist`, or name the folder of the official idx files";
/// Where the files may lie in the folder named: in it, where `scripts/data` and where torchvision puts them.
const SUB_FOLDERS: [&str; 5] = ["", "raw", "mnist", "MNIST", "MNIST/raw"];
/// Other data sets of the same form, where torchvision puts them.
const OTHERS: [&str; 2] = ["FashionMNIST/raw", "KMNIST/raw"];

/// Reads one part of MNIST from a folder that holds the official idx files, plain or gzipped, directly or in its
/// sub-folder `raw`, `mnist`, `MNIST` or `MNIST/raw`; where it has none of these, in `FashionMNIST/raw` or `KMNIST/raw`. A file
/// may also be called as some unpackers do (`t10k-images.idx3-ubyte`), and lie in a folder of its own name.
///
/// # Errors
/// [`Error::Missing`] if a file is not there, [`Error::Damaged`] if it is not what it should be, [`Error::File`] if it
/// cannot be read, [`Error::Settings`] if it is not clear which data set is meant.
pub fn load(folder: &Path, part: Part) -> Result<Dataset, Error> {
    let (images_name, labels_name) = match part {
        Part::Train => ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        Part::Test => ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
    };
    let other = other(folder, images_name)?;
    let folder = &other.map_or(folder.to_owned(), |name| folder.join(name));
    let images = load_file(folder, images_name, |bytes| parse_idx_images(bytes).and_then(checked_images))?;
    let labels = load_file(folder, labels_name, |bytes| {
        parse_idx_labels(bytes).and_then(|labels| checked_labels(labels, images.count))
    })?;
    Ok(assemble(images, labels))
}

fn load_file<T>(
    folder: &Path,
    name: &str,
    parse: impl FnOnce(&[u8]) -> Result<T, Malformed>,
) -> Result<T, Error> {
    let path = find(folder, &SUB_FOLDERS, name).ok_or_else(|| Error::Missing {
        what: format!("MNIST's {name}"),
        folder: folder.into(),
        remedy: REMEDY.into(),
    })?;
    let bytes = files::read(&path, files::LONGEST, REMEDY)?;
    parse(&bytes).map_err(|problem| Error::Damaged { path, problem, remedy: REMEDY })
}

/// A file under the names that it goes by.
fn find(folder: &Path, sub_folders: &[&str], name: &str) -> Option<PathBuf> {
    let dotted = name.replace("-idx", ".idx");
    let names = [name, &dotted].map(|name| [name.to_owned(), format!("{name}.gz")]).concat();
    let within = names.iter().flat_map(|folder| names.iter().map(move |name| format!("{folder}/{name}")));
    let all: Vec<String> = names.iter().cloned().chain(within).collect();
    files::find(folder, sub_folders, &all.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The data set of the same form that is there in place of MNIST.
fn other(folder: &Path, name: &str) -> Result<Option<&'static str>, Error> {
    if find(folder, &SUB_FOLDERS, name).is_some() {
        return Ok(None);
    }
    let found: Vec<&str> =
        OTHERS.into_iter().filter(|other| find(folder, &[*other], name).is_some()).collect();
    match found[..] {
        [] => Ok(None),
        [other] => Ok(Some(other)),
        _ => Err(Error::Settings(format!(
            "{} holds {}: name the folder of one of them",
            folder.display(),
            found.join(" and ")
        ))),
    }
}

fn checked_images(images: IdxImages) -> Result<IdxImages, Malformed> {
    if images.count == 0 {
        return Err(Malformed::new(4, "it holds no pictures"));
    }
    if (images.height, images.width) != (SIDE, SIDE) {
        let problem = format!("its pictures are {} by {}, not 28 by 28", images.height, images.width);
        return Err(Malformed::new(8, problem));
    }
    Ok(images)
}

fn checked_labels(labels: Vec<u8>, pictures: usize) -> Result<Vec<u16>, Malformed> {
    if labels.len() != pictures {
        return Err(Malformed::new(
            4,
            format!("it promises {} labels for {pictures} pictures", labels.len()),
        ));
    }
    let labels: Vec<u16> = labels.into_iter().map(u16::from).collect();
    match labels.iter().position(|&label| label >= DIGITS) {
        Some(index) => {
            let problem = format!("label {} is not a digit", labels[index]);
            Err(Malformed::new(header_length(1) + index, problem))
        }
        None => Ok(labels),
    }
}

/// How the original feeds MNIST to its networks.
pub fn preprocessing() -> Preprocessing {
    Preprocessing::new(vec![MEAN], vec![STANDARD_DEVIATION])
}

/// Pictures `[n, 28, 28]` in MNIST's manner, such as digits drawn in a browser, with their labels `[n]`.
///
/// # Errors
/// [`Malformed`] where sizes do not fit each other or a label is no digit; the offset counts pictures.
pub fn dataset(images: Vec<u8>, labels: &[u8]) -> Result<Dataset, Malformed> {
    let labels = labels.iter().copied().map(u16::from).collect();
    Dataset::new(images, labels, [1, SIDE, SIDE], classes(), preprocessing())
}

fn classes() -> Vec<String> {
    (0..DIGITS).map(|digit| digit.to_string()).collect()
}

fn assemble(images: IdxImages, labels: Vec<u16>) -> Dataset {
    Dataset::from_parts(images.pixels, labels, [1, SIDE, SIDE], classes(), preprocessing())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn images_file(count: u8) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28];
        bytes.extend((0..usize::from(count) * SIDE * SIDE).map(|place| place as u8));
        bytes
    }

    fn labels_file(labels: &[u8]) -> Vec<u8> {
        [&[0, 0, 8, 1, 0, 0, 0, labels.len() as u8], labels].concat()
    }

    fn write_test_part(folder: &Path, labels: &[u8]) {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join("t10k-images-idx3-ubyte"), images_file(3)).unwrap();
        std::fs::write(folder.join("t10k-labels-idx1-ubyte"), labels_file(labels)).unwrap();
    }

    #[test]
    fn finds_the_files_wherever_they_usually_are() {
        for sub_folder in SUB_FOLDERS {
            let folder = tempfile::tempdir().unwrap();
            write_test_part(&folder.path().join(sub_folder), &[7, 2, 1]);
            let dataset = load(folder.path(), Part::Test).unwrap();
            assert_eq!((dataset.len(), dataset.shape()), (3, [1, 28, 28]));
            assert_eq!(dataset.label(0), Some(7));
            assert_eq!(dataset.classes()[9], "9");
            assert_eq!(dataset.image(1).unwrap()[0], (28 * 28 % 256) as u8);
        }
    }

    #[test]
    fn files_go_by_other_names_too() {
        let dotted = ["t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"];
        for [images, labels] in [
            dotted.map(String::from),
            ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"].map(|name| format!("{name}/{name}")),
            dotted.map(|name| format!("{name}/{}", name.replace('.', "-"))),
        ] {
            let folder = tempfile::tempdir().unwrap();
            for (name, bytes) in [(images, images_file(3)), (labels, labels_file(&[7, 2, 1]))] {
                let path = folder.path().join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, bytes).unwrap();
            }
            assert_eq!(load(folder.path(), Part::Test).unwrap().len(), 3);
        }
    }

    #[test]
    fn data_sets_of_the_same_form_stand_in() {
        let folder = tempfile::tempdir().unwrap();
        write_test_part(&folder.path().join("KMNIST/raw"), &[7, 2, 1]);
        assert_eq!(load(folder.path(), Part::Test).unwrap().label(0), Some(7));
        write_test_part(&folder.path().join("FashionMNIST/raw"), &[5, 2, 1]);
        let message = load(folder.path(), Part::Test).unwrap_err().to_string();
        assert!(
            message.contains("holds FashionMNIST/raw and KMNIST/raw: name the folder of one"),
            "{message}"
        );
        let one = load(&folder.path().join("FashionMNIST"), Part::Test).unwrap();
        assert_eq!(one.label(0), Some(5));
        write_test_part(&folder.path().join("MNIST/raw"), &[9, 2, 1]);
        assert_eq!(load(folder.path(), Part::Test).unwrap().label(0), Some(9));
    }

    #[test]
    fn reads_gzipped_files() {
        let folder = tempfile::tempdir().unwrap();
        write_test_part(folder.path(), &[7, 2, 1]);
        let plain = load(folder.path(), Part::Test).unwrap();
        for name in ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"] {
            let path = folder.path().join(name);
            let packed = std::fs::File::create(folder.path().join(format!("{name}.gz"))).unwrap();
            let mut encoder = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
            encoder.write_all(&std::fs::read(&path).unwrap()).unwrap();
            encoder.finish().unwrap();
            std::fs::remove_file(&path).unwrap();
        }
        assert_eq!(load(folder.path(), Part::Test).unwrap(), plain);
    }

    #[test]
    fn missing_files_are_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        write_test_part(folder.path(), &[7, 2, 1]);
        let error = load(folder.path(), Part::Train).unwrap_err();
        assert!(matches!(error, Error::Missing { .. }));
        let start = format!(
            "MNIST's train-images-idx3-ubyte is not in {}; run `scripts/data mnist`",
            folder.path().display()
        );
        assert!(error.to_string().starts_with(&start), "{error}");
    }

    #[test]
    fn damaged_files_are_named_with_the_place() {
        let check = |labels: &[u8], expected: &str| {
            let folder = tempfile::tempdir().unwrap();
            write_test_part(folder.path(), labels);
            let message = load(folder.path(), Part::Test).unwrap_err().to_string();
            assert!(message.contains("t10k-labels-idx1-ubyte is damaged: "), "{message}");
            assert!(message.contains(expected), "{message}");
        };
        check(&[7, 2], "at byte 4, it promises 2 labels for 3 pictures; run `scripts/data mnist`");
        check(&[7, 2, 10], "at byte 10, label 10 is not a digit; run `scripts/data mnist`");
    }

    #[test]
    fn pictures_of_another_size_are_refused() {
        let images = |count, height, width| IdxImages { count, height, width, pixels: vec![] };
        assert!(checked_images(images(1, 28, 28)).is_ok());
        assert_eq!(checked_images(images(1, 32, 32)).unwrap_err().offset, 8);
        assert_eq!(checked_images(images(0, 28, 28)).unwrap_err().offset, 4);
    }

    #[test]
    fn the_real_files_are_read_where_they_are() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
        let folder =
            std::env::var_os("DEEPSHIFT_DATA").filter(|folder| !folder.is_empty()).map_or(root, Into::into);
        let (Ok(train), Ok(test)) = (load(&folder, Part::Train), load(&folder, Part::Test)) else {
            eprintln!("skipped: MNIST is not in {}; run `scripts/data mnist`", folder.display());
            return;
        };
        assert_eq!((train.len(), test.len()), (60_000, 10_000));
        assert_eq!((train.label(0), test.label(0)), (Some(5), Some(7)));
        // The well-known statistics come out as mean 0 and standard deviation 1.
        let indices: Vec<u32> = (0..train.len()).collect();
        let batch = train.batch(&indices);
        let count = batch.images.len() as f64;
        let mean = batch.images.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
        let square = batch.images.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() / count;
        assert!(mean.abs() < 1e-3 && (square - 1.0).abs() < 1e-3, "{mean} {square}");
    }
}
