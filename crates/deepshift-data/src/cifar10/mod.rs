//! CIFAR-10: colour pictures of ten kinds of things, 32 by 32; 50,000 to learn from and 10,000 to be judged by.

mod binary;
mod folder;
mod python;

use crate::{Dataset, Error, Malformed, Part, files};
use deepshift_core::Preprocessing;
use std::path::Path;

pub use binary::parse_binary;
pub use python::parse_python;

const SHAPE: [usize; 3] = [3, 32, 32];
const PIXELS: usize = 3 * 32 * 32;
/// As the original's.
const MEAN: [f32; 3] = [0.4914, 0.4822, 0.4465];
const STANDARD_DEVIATION: [f32; 3] = [0.2023, 0.1994, 0.2010];
const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
const REMEDY: &str = "run `scripts/data cifar10` to learn where to get it, or name the folder that holds it";
/// Where the files may lie in the folder named.
const SUB_FOLDERS: [&str; 6] = [
    "",
    "cifar10",
    "cifar-10-batches-bin",
    "cifar10/cifar-10-batches-bin",
    "cifar-10-batches-py",
    "cifar10/cifar-10-batches-py",
];
/// A hundred times an official batch.
const LONGEST: u64 = 100 * 10_000 * (1 + PIXELS as u64);

/// Pictures with labels, as CIFAR-10's batches hold them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pictures {
    /// 3072 bytes a picture: channel, row, column.
    pub images: Vec<u8>,
    /// One label a picture, 0 to 9.
    pub labels: Vec<u16>,
}

/// Reads one part of CIFAR-10 from a folder that holds, directly or in its sub-folder `cifar10`, the official binary
/// batches (also in `cifar-10-batches-bin`), the official python batches (also in `cifar-10-batches-py`) or pictures as
/// `train/<class>/*` and `test/<class>/*`. Pictures that cannot be read are left out and named by [`Dataset::skipped`].
///
/// # Errors
/// [`Error::Missing`] if nothing of this is there, [`Error::Damaged`] if a file is not what it should be, [`Error::File`]
/// if it cannot be read, [`Error::Unreadable`] if no picture can be.
pub fn load(folder: &Path, part: Part) -> Result<Dataset, Error> {
    let has = |names: &[&str]| files::find(folder, &SUB_FOLDERS, &names[..1]).is_some();
    if has(binary::names(part)) {
        return load_batches(folder, binary::names(part), parse_binary);
    }
    if has(python::names(part)) {
        return load_batches(folder, python::names(part), parse_python);
    }
    match folder::find(folder, part) {
        Some(folder) => folder::load(&folder),
        None => Err(missing(folder, part)),
    }
}

fn load_batches(
    folder: &Path,
    names: &[&str],
    parse: impl Fn(&[u8]) -> Result<Pictures, Malformed>,
) -> Result<Dataset, Error> {
    let mut all = Pictures::default();
    for name in names {
        let path = files::find(folder, &SUB_FOLDERS, &[name]).ok_or_else(|| Error::Missing {
            what: format!("CIFAR-10's {name}"),
            folder: folder.into(),
            remedy: REMEDY.into(),
        })?;
        let bytes = files::read(&path, LONGEST, REMEDY)?;
        let pictures = parse(&bytes).map_err(|problem| Error::Damaged { path, problem, remedy: REMEDY })?;
        all.images.extend(pictures.images);
        all.labels.extend(pictures.labels);
    }
    Ok(Dataset::from_parts(all.images, all.labels, SHAPE, classes(), preprocessing()))
}

fn missing(folder: &Path, part: Part) -> Error {
    let what =
        format!("CIFAR-10's {} or a folder {} with ten classes", binary::names(part)[0], folder::name(part));
    Error::Missing { what, folder: folder.into(), remedy: REMEDY.into() }
}

/// How the original feeds CIFAR-10 to its networks.
pub fn preprocessing() -> Preprocessing {
    Preprocessing::new(MEAN.into(), STANDARD_DEVIATION.into())
}

fn classes() -> Vec<String> {
    CLASSES.map(String::from).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_pictures_are_read_where_they_are() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
        let root =
            std::env::var_os("DEEPSHIFT_DATA").filter(|folder| !folder.is_empty()).map_or(root, Into::into);
        let (Ok(train), Ok(test)) = (load(&root, Part::Train), load(&root, Part::Test)) else {
            eprintln!("skipped: CIFAR-10 is not in {}; run `scripts/data cifar10`", root.display());
            return;
        };
        assert_eq!((train.len(), test.len(), train.classes().len()), (50_000, 10_000, 10));
        assert_eq!((train.skipped().count, test.skipped().count), (0, 0));
        for label in 0..10 {
            let count = (0..train.len()).filter(|&index| train.label(index) == Some(label)).count();
            assert_eq!(count, 5000);
        }
        // The mean is that of the training pictures, in whatever form they come.
        let batch = train.batch(&(0..train.len()).collect::<Vec<_>>());
        for channel in 0..3 {
            let planes = batch.images.chunks(1024).skip(channel).step_by(3);
            let mean = planes.flatten().map(|&value| f64::from(value)).sum::<f64>() / (50_000.0 * 1024.0);
            assert!(mean.abs() < 0.01, "{channel}: {mean}");
        }
    }
}
