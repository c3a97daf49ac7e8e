//! CIFAR-10 as files of pictures in folders named after their classes.

use super::{CLASSES, SHAPE, preprocessing};
use crate::{Dataset, Error, Labelling, Part, PictureFiles, PictureInput};
use std::path::{Path, PathBuf};

pub(super) fn name(part: Part) -> &'static str {
    match part {
        Part::Train => "train",
        Part::Test => "test",
    }
}

/// The folder of a part.
pub(super) fn find(folder: &Path, part: Part) -> Option<PathBuf> {
    ["", "cifar10"].iter().map(|sub| folder.join(sub).join(name(part))).find(|path| path.is_dir())
}

/// Reads all pictures of a folder with ten classes, whose labels follow from the order of their names: with the official
/// names that is the official order. Pictures of another size are resized.
pub(super) fn load(folder: &Path) -> Result<Dataset, Error> {
    let files = PictureFiles::open(
        folder,
        Labelling::Folders,
        PictureInput { shape: SHAPE, preprocessing: preprocessing() },
    )?;
    if files.classes().len() != CLASSES.len() {
        let (count, classes) = (files.classes().len(), CLASSES.join(", "));
        let problem =
            format!("{} has folders of {count} classes, but CIFAR-10 has ten: {classes}", folder.display());
        return Err(Error::Settings(problem));
    }
    files.read(&(0..files.len()).collect::<Vec<_>>(), |_| ())
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::tests::encode_png;
    use image::{Rgb, RgbImage};

    fn write(folder: &Path, class: &str, name: &str, side: u32, color: [u8; 3]) {
        let folder = folder.join("test").join(class);
        std::fs::create_dir_all(&folder).unwrap();
        let picture = RgbImage::from_pixel(side, side, Rgb(color));
        std::fs::write(folder.join(name), encode_png(&picture)).unwrap();
    }

    fn ten_classes(folder: &Path) {
        for (class, red) in CLASSES.iter().zip(10..) {
            write(folder, class, "b.png", 32, [red, 1, 2]);
        }
    }

    #[test]
    fn labels_follow_from_the_folders() {
        let folder = tempfile::tempdir().unwrap();
        ten_classes(folder.path());
        write(folder.path(), "bird", "a.png", 32, [200, 1, 2]);
        let dataset = super::super::load(folder.path(), Part::Test).unwrap();
        assert_eq!(dataset.len(), 11);
        assert_eq!(dataset.classes(), CLASSES);
        assert_eq!([0, 2, 3, 10].map(|index| dataset.label(index)), [0, 2, 2, 9].map(Some));
        assert_eq!(dataset.image(2).unwrap()[1023..1025], [200, 1]);
        assert_eq!(dataset.image(3).unwrap()[..2], [12, 12]);
        assert_eq!(dataset.skipped().count, 0);
    }

    #[test]
    fn broken_files_are_left_out_and_named() {
        let folder = tempfile::tempdir().unwrap();
        ten_classes(folder.path());
        let cats = folder.path().join("test/cat");
        std::fs::write(cats.join("empty.jpg"), b"").unwrap();
        std::fs::write(cats.join("text.jpg"), b"not found").unwrap();
        std::fs::create_dir(cats.join("folder.png")).unwrap();
        std::fs::File::create(cats.join("huge.png")).unwrap().set_len(1 << 40).unwrap();
        std::fs::write(cats.join(".hidden"), b"no picture").unwrap();
        write(folder.path(), "cat", "large.png", 64, [7, 8, 9]);
        let dataset = super::super::load(folder.path(), Part::Test).unwrap();
        assert_eq!(dataset.len(), 11);
        assert_eq!(dataset.image(4).unwrap()[..2], [7, 7]);
        let skipped = dataset.skipped();
        let names: Vec<&str> = skipped.named.iter().map(|one| one.name.rsplit_once('/').unwrap().1).collect();
        assert_eq!((skipped.count, names), (3, vec!["empty.jpg", "huge.png", "text.jpg"]));
        assert!(skipped.named.iter().all(|one| !one.reason.is_empty()));
    }

    #[test]
    fn what_is_not_cifar10_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let message = || super::super::load(folder.path(), Part::Test).unwrap_err().to_string();
        assert!(
            message().starts_with("CIFAR-10's test_batch.bin or a folder test with ten classes is not in ")
        );
        write(folder.path(), "cat", "a.png", 32, [0; 3]);
        assert!(message().contains("has folders of 1 classes"), "{}", message());
        CLASSES
            .iter()
            .for_each(|class| std::fs::create_dir_all(folder.path().join("test").join(class)).unwrap());
        std::fs::write(folder.path().join("test/cat/a.png"), b"").unwrap();
        let message = message();
        assert!(message.starts_with("not one of 1 pictures can be read: "), "{message}");
        assert!(message.ends_with("test/cat/a.png: the file is empty"), "{message}");
    }
}
