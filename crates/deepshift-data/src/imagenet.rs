//! ImageNet (ILSVRC2012): color pictures of any size, of a thousand kinds of things, in files.

use crate::{DEFAULT_MAX_PIXELS, Error, Labelling, Malformed, Part, PictureFiles, PictureInput, files};
use deepshift_core::Preprocessing;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const STANDARD_DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];
const SHAPE: [usize; 3] = [3, 224, 224];
/// Of the shorter side, before 224 pixels are cut out of the middle.
const RESIZE: u32 = 256;
const REMEDY: &str = "run `scripts/data imagenet` to learn how to get it, or name the folder that holds it";
const CLASSES_REMEDY: &str = "write one name of a folder on each line";
/// Longest list of classes.
const LONGEST_LIST: u64 = 1 << 24;

/// Finds the pictures of one part of ImageNet in a folder that holds, directly or in its sub-folder `imagenet`,
/// `train` or `val` (`validation`, `valid` or `test` where there is no `val`): folders or archives as [`PictureFiles::open`] takes
/// them, such as `train/<class>/*` or `train/<class>.tar`, or archives that have the part in their names, such as
/// `imagenet-train-000.tar`. Give the classes of the training part for the test part.
///
/// # Errors
/// [`Error::Missing`] if there is no such folder, and as [`PictureFiles::open`].
pub fn open(
    folder: &Path,
    part: Part,
    labelling: Labelling,
    input: PictureInput,
) -> Result<PictureFiles, Error> {
    match find(folder, part)? {
        Some(place) => place.open(part, labelling, input),
        None => Err(missing(folder, part)),
    }
}

/// The same, or the pictures of the folder itself where it has no such part.
///
/// # Errors
/// As [`open`].
pub fn open_part_or_all(
    folder: &Path,
    part: Part,
    labelling: Labelling,
    input: PictureInput,
) -> Result<PictureFiles, Error> {
    match find(folder, part)? {
        Some(place) => place.open(part, labelling, input),
        None if folder.is_dir() && !lacks_test(folder, part) => {
            PictureFiles::open_part(folder, Some(part), labelling, input)
        }
        None => Err(missing(folder, part)),
    }
}

/// Whether a folder holds pictures to learn from, and only these, where some to be judged by are wanted.
fn lacks_test(folder: &Path, part: Part) -> bool {
    part == Part::Test && PictureFiles::has_only(folder, Part::Train)
}

/// Where a part is.
enum Place {
    Folder(PathBuf),
    Archives(Vec<PathBuf>),
}

impl Place {
    fn open(self, part: Part, labelling: Labelling, input: PictureInput) -> Result<PictureFiles, Error> {
        match self {
            Self::Folder(folder) => PictureFiles::open(&folder, labelling, input),
            Self::Archives(archives) => PictureFiles::open_archives(archives, part, labelling, input),
        }
    }
}

fn find(folder: &Path, part: Part) -> Result<Option<Place>, Error> {
    if folder.is_file() {
        return Ok(Some(Place::Archives(vec![folder.into()])));
    }
    let names = part.folders();
    let folders = ["", "imagenet"].map(|sub_folder| folder.join(sub_folder));
    let parts = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    if let Some(part) = parts.into_iter().find(|path| path.is_dir()) {
        return Ok(Some(Place::Folder(part)));
    }
    let name = names[0];
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        let mut archives = PictureFiles::archives(folder)?;
        archives.retain(|path| path.file_name().is_some_and(|file| file.to_string_lossy().contains(name)));
        if !archives.is_empty() {
            return Ok(Some(Place::Archives(archives)));
        }
    }
    Ok(None)
}

fn missing(folder: &Path, part: Part) -> Error {
    let what = format!("ImageNet's folder {}, or a tar archive of it,", part.folders()[0]);
    Error::Missing { what, folder: folder.into(), remedy: REMEDY.into() }
}

/// How torchvision feeds ImageNet to its networks: the shorter side becomes 256 pixels, of which the middle 224 are taken.
pub fn input() -> PictureInput {
    let preprocessing = Preprocessing::new(MEAN.into(), STANDARD_DEVIATION.into());
    PictureInput {
        shape: SHAPE,
        preprocessing: Preprocessing { resize: Some(RESIZE), ..preprocessing },
        max_pixels: DEFAULT_MAX_PIXELS,
    }
}

/// Reads a list of classes in the order of their labels: on each line the name of a folder.
///
/// # Errors
/// [`Error::File`] if it cannot be read, [`Error::Damaged`] if it is not such a list or names a class twice.
pub fn read_classes(path: &Path) -> Result<Vec<String>, Error> {
    let bytes = files::read(path, LONGEST_LIST, CLASSES_REMEDY)?;
    let damaged = |problem| Error::Damaged { path: path.into(), problem, remedy: CLASSES_REMEDY };
    parse_classes(&bytes).map_err(damaged)
}

fn parse_classes(bytes: &[u8]) -> Result<Vec<String>, Malformed> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Malformed::new(error.valid_up_to(), "it is not UTF-8 text"))?;
    let mut seen = HashSet::new();
    let mut classes = Vec::new();
    for line in text.trim_end().lines() {
        let class = line.trim();
        let offset = class.as_ptr().addr() - text.as_ptr().addr();
        if class.is_empty() || class.contains(['/', '\\']) || class == ".." {
            return Err(Malformed::new(offset, format!("line {} names no folder", classes.len() + 1)));
        }
        if !seen.insert(class) {
            return Err(Malformed::new(offset, format!("{class} comes a second time")));
        }
        classes.push(class.to_owned());
    }
    Ok(classes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_lines() {
        assert_eq!(parse_classes(b"n02 \r\nn01\n\n").unwrap(), ["n02", "n01"]);
        assert_eq!(parse_classes(b"").unwrap(), [""; 0]);
        let message = |bytes| parse_classes(bytes).unwrap_err().to_string();
        assert_eq!(message(b"n01\n\nn02"), "at byte 4, line 2 names no folder");
        assert_eq!(message(b"n01\n../x"), "at byte 4, line 2 names no folder");
        assert_eq!(message(b"n01\n n01"), "at byte 5, n01 comes a second time");
        assert_eq!(message(b"n01\n\xff"), "at byte 4, it is not UTF-8 text");
    }

    #[test]
    fn a_folder_without_the_part_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let message = open(folder.path(), Part::Train, Labelling::Folders, input()).unwrap_err().to_string();
        assert!(
            message.starts_with("ImageNet's folder train, or a tar archive of it, is not in "),
            "{message}"
        );
        std::fs::create_dir_all(folder.path().join("train/n01")).unwrap();
        let opened = open_part_or_all(folder.path(), Part::Test, Labelling::Folders, input());
        let message = opened.unwrap_err().to_string();
        assert!(
            message.starts_with("ImageNet's folder val, or a tar archive of it, is not in "),
            "{message}"
        );
    }
}
