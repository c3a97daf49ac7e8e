use super::*;
use crate::decode::tests::encode_png;
use crate::{Augmentation, Loader, Source, TrainingEpoch};
use image::{Rgb, RgbImage};
use std::num::NonZeroUsize;
use std::sync::Arc;

fn input() -> PictureInput {
    let preprocessing = Preprocessing { resize: Some(10), ..Preprocessing::new(vec![0.0; 3], vec![1.0; 3]) };
    PictureInput { shape: [3, 8, 8], preprocessing, max_pixels: crate::DEFAULT_MAX_PIXELS }
}

/// A gray picture of any size.
fn write(folder: &Path, name: &str, gray: u8) {
    let picture = RgbImage::from_pixel(12 + u32::from(gray) % 5, 11, Rgb([gray; 3]));
    std::fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
    std::fs::write(folder.join(name), encode_png(&picture)).unwrap();
}

/// Two classes of two pictures, and broken files.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, gray) in [("dog/a.png", 3), ("dog/c.png", 4), ("cat/b.png", 2), ("cat/a.png", 1)] {
        write(folder.path(), name, gray);
    }
    std::fs::write(folder.path().join("cat/empty.jpg"), b"").unwrap();
    std::fs::write(folder.path().join("dog/b.txt"), b"a list of dogs").unwrap();
    std::fs::File::create(folder.path().join("dog/huge.jpg")).unwrap().set_len(1 << 40).unwrap();
    folder
}

fn all(files: &PictureFiles) -> Vec<u32> {
    (0..files.len()).collect()
}

#[test]
fn pictures_are_read_in_order_and_broken_ones_left_out() {
    let folder = folder();
    let files = PictureFiles::open(folder.path(), Labelling::Folders, input()).unwrap();
    assert_eq!((files.len(), files.classes()), (6, &["cat".to_string(), "dog".to_string()][..]));
    let most = AtomicUsize::new(0);
    let progress = |done| {
        most.fetch_max(done, Ordering::Relaxed);
    };
    let dataset = files.read(&all(&files), progress).unwrap();
    assert_eq!(most.into_inner(), 6);
    assert_eq!(dataset.shape(), [3, 8, 8]);
    let seen: Vec<_> =
        (0..4).map(|index| (dataset.image(index).unwrap()[0], dataset.label(index).unwrap())).collect();
    assert_eq!(seen, [(1, 0), (2, 0), (3, 1), (4, 1)]);
    let named: Vec<_> =
        dataset.skipped().named.iter().map(|one| one.name.rsplit('/').next().unwrap()).collect();
    assert_eq!((dataset.len(), named), (4, vec!["empty.jpg", "huge.jpg"]));
    // The same is known of the files from now on.
    assert_eq!(files.skipped().count, 2);
    assert_eq!(files.skipped().named[0].reason, "the file is empty");
    // In another order, and some of them.
    let some = files.read(&[4, 0], |_| ()).unwrap();
    assert_eq!((some.image(0).unwrap()[0], some.label(0)), (4, Some(1)));
    assert!(matches!(files.read(&[2], |_| ()), Err(Error::Unreadable { count: 1, .. })));
    assert!(matches!(files.read(&[99], |_| ()), Err(Error::Unreadable { count: 1, .. })));
}

#[test]
fn a_list_of_classes_chooses_and_orders() {
    let folder = folder();
    let classes = ["horse", "dog"].map(String::from);
    let files = PictureFiles::open(folder.path(), Labelling::Classes(&classes), input()).unwrap();
    assert_eq!((files.len(), files.label(0), files.classes()), (3, Some(1), &classes[..]));
    assert_eq!(files.empty_classes(), ["horse"]);
    let note = &files.notes()[0];
    assert!(note.starts_with("folders of other classes are left out") && note.ends_with(": cat"), "{note}");
    let none = PictureFiles::open(folder.path(), Labelling::Classes(&classes[..1]), input());
    let message = none.unwrap_err().to_string();
    assert!(message.ends_with("(cat, dog) are none of the classes (horse)"), "{message}");
}

#[test]
fn a_folder_without_classes_has_pictures_without_labels() {
    let folder = folder();
    let files = PictureFiles::open(&folder.path().join("cat"), Labelling::Folders, input()).unwrap();
    assert_eq!((files.len(), files.classes().len(), files.label(1)), (3, 0, Some(0)));
    assert_eq!(files.read(&all(&files), |_| ()).unwrap().len(), 2);
}

fn packed(files: &[(&str, u8)]) -> Vec<u8> {
    let files: Vec<(&str, Vec<u8>)> = files
        .iter()
        .map(|&(name, gray)| (name, encode_png(&RgbImage::from_pixel(9, 9, Rgb([gray; 3])))))
        .collect();
    archive::tests::archive(&files.iter().map(|(name, bytes)| (*name, &bytes[..])).collect::<Vec<_>>())
}

/// First values and labels.
fn seen(files: &PictureFiles) -> Vec<(u8, u16)> {
    let dataset = files.read(&all(files), |_| ()).unwrap();
    let one = |index| (dataset.image(index).unwrap()[0], dataset.label(index).unwrap());
    (0..files.len()).map(one).collect()
}

#[test]
fn an_archive_of_a_whole_data_set_gives_one_part() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.tar");
    let bytes = packed(&[
        ("tiny/train/n02/images/a.png", 1),
        ("tiny/train/n01/images/b.png", 2),
        ("tiny/val/n02/images/c.png", 3),
    ]);
    std::fs::write(&path, bytes).unwrap();
    let open = |part| crate::imagenet::open(&path, part, Labelling::Folders, input()).unwrap();
    let train = open(crate::Part::Train);
    assert_eq!(
        (seen(&train), train.classes()),
        (vec![(1, 1), (2, 0)], &["n01", "n02"].map(String::from)[..])
    );
    assert_eq!(seen(&open(crate::Part::Test)), [(3, 0)]);
    let beside = crate::imagenet::open_part_or_all;
    let files = beside(folder.path(), crate::Part::Test, Labelling::Folders, input()).unwrap();
    assert_eq!(seen(&files), [(3, 0)]);
    assert!(train.notes()[0].starts_with("1 pictures of the other part are left out"), "{:?}", train.notes());
}

/// As ImageNet's validation part comes.
#[test]
fn a_flat_archive_has_no_labels_but_takes_a_list() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ILSVRC2012_img_val.tar");
    std::fs::write(&path, packed(&[("b.png", 2), ("a.png", 1)])).unwrap();
    let open = |labelling| crate::imagenet::open(folder.path(), crate::Part::Test, labelling, input());
    assert!(open(Labelling::Folders).unwrap().classes().is_empty());
    let classes = ["n01", "n02"].map(String::from);
    let message = open(Labelling::Classes(&classes)).unwrap_err().to_string();
    assert!(message.contains("img_val.tar holds 2 pictures without folders of classes"), "{message}");
    let list = folder.path().join("truth.txt");
    std::fs::write(&list, "n02\nn01\n").unwrap();
    let labels = LabelList::read(&list).unwrap();
    let files = open(Labelling::List { labels: &labels, classes: &classes }).unwrap();
    assert_eq!(seen(&files), [(1, 1), (2, 0)]);
}

#[test]
fn archives_in_folders_of_classes_are_named() {
    let folder = folder();
    std::fs::write(folder.path().join("cat/cat.tar"), packed(&[("a.png", 1)])).unwrap();
    let files = PictureFiles::open(folder.path(), Labelling::Folders, input()).unwrap();
    assert!(files.notes()[0].contains("archives in folders of classes are left out"), "{:?}", files.notes());
    assert!(files.notes()[0].ends_with("cat/cat.tar"), "{:?}", files.notes());
    let only = tempfile::tempdir().unwrap();
    std::fs::create_dir(only.path().join("cat")).unwrap();
    std::fs::write(only.path().join("cat/cat.tar"), packed(&[("a.png", 1)])).unwrap();
    let message = PictureFiles::open(only.path(), Labelling::Folders, input()).unwrap_err().to_string();
    assert!(message.contains("hold archives and no pictures (cat/cat.tar): unpack each"), "{message}");
}

/// Unpacked data with an archive left beside it, as some scripts do.
#[test]
fn folders_of_classes_win_over_archives_and_say_so() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("mouse")).unwrap();
    std::fs::create_dir(folder.path().join("lists")).unwrap();
    std::fs::write(folder.path().join("lists/all.txt"), "cat dog mouse").unwrap();
    write(folder.path(), "preview.png", 9);
    let picture = encode_png(&RgbImage::from_pixel(9, 9, Rgb([7; 3])));
    let archive = archive::tests::archive(&[("horse/1.png", &picture)]);
    std::fs::write(folder.path().join("backup.tar"), archive).unwrap();
    let files = PictureFiles::open(folder.path(), Labelling::Folders, input()).unwrap();
    assert_eq!((files.len(), files.classes()), (6, &["cat", "dog", "mouse"].map(String::from)[..]));
    assert_eq!(files.empty_classes(), ["mouse"]);
    let starts = [
        "folders without pictures are",
        "archives beside folders of classes are",
        "pictures in no folder of a class are",
    ];
    assert!(
        files.notes().iter().zip(starts).all(|(note, start)| note.starts_with(start)),
        "{:?}",
        files.notes()
    );
    assert_eq!(files.notes().len(), 3);
}

#[test]
fn archives_beside_loose_pictures_are_read_where_they_hold_more() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.png", 1);
    let picture = encode_png(&RgbImage::from_pixel(9, 9, Rgb([7; 3])));
    let two = archive::tests::archive(&[("dog/1.png", &picture), ("cat/1.png", &picture)]);
    std::fs::write(folder.path().join("two.tar"), two).unwrap();
    let open = || PictureFiles::open(folder.path(), Labelling::Folders, input()).unwrap();
    assert_eq!((open().len(), open().classes().len()), (2, 2));
    assert!(open().notes()[0].contains("beside archives"), "{:?}", open().notes());
    write(folder.path(), "b.png", 1);
    write(folder.path(), "c.png", 1);
    assert_eq!((open().len(), open().classes().len()), (3, 0));
    assert!(open().notes()[0].contains("hold fewer pictures"), "{:?}", open().notes());
}

#[test]
fn what_must_be_unpacked_or_sorted_first_says_so() {
    let message =
        |folder: &Path, labelling| PictureFiles::open(folder, labelling, input()).unwrap_err().to_string();
    let packed = tempfile::tempdir().unwrap();
    std::fs::write(packed.path().join("val.tar"), b"\x1f\x8b\x08\0\0\0\0\0").unwrap();
    let text = message(packed.path(), Labelling::Folders);
    assert!(text.contains("val.tar: it is packed with gzip: unpack it first"), "{text}");
    let flat = tempfile::tempdir().unwrap();
    write(flat.path(), "ILSVRC2012_val_00000001.png", 1);
    let classes = ["n01".to_owned()];
    let text = message(flat.path(), Labelling::Classes(&classes));
    assert!(
        text.contains("holds 1 pictures without folders of classes") && text.contains("--labels FILE"),
        "{text}"
    );
    let empty = tempfile::tempdir().unwrap();
    assert!(message(empty.path(), Labelling::Folders).contains("a single picture is not in"));
}

#[test]
fn a_list_gives_labels_to_pictures_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    for (name, gray) in [("images/val_0.png", 1), ("images/val_1.png", 2), ("images/val_2.png", 3)] {
        write(folder.path(), name, gray);
    }
    let list = folder.path().join("val_annotations.txt");
    std::fs::write(&list, "val_0.png\tn02\t0\t1\nval_2.png\tn01\t3\t4\n").unwrap();
    let labels = LabelList::read(&list).unwrap();
    let classes = labels.classes().unwrap();
    let labelling = Labelling::List { labels: &labels, classes: &classes };
    let files = PictureFiles::open(folder.path(), labelling, input()).unwrap();
    let dataset = files.read(&all(&files), |_| ()).unwrap();
    let seen: Vec<_> = (0..2).map(|index| (dataset.image(index).unwrap()[0], dataset.label(index))).collect();
    assert_eq!(seen, [(1, Some(1)), (3, Some(0))]);
    assert!(files.notes()[0].contains("without a label in the list"), "{:?}", files.notes());
}

#[test]
fn a_training_goes_on_without_the_broken_ones() {
    let folder = folder();
    let augmentation =
        Augmentation { resized_crop: true, pad_and_crop: 1, flip: true, mixup: 0.2, cutmix: 0.0 };
    let epoch = || TrainingEpoch::new(7, NonZeroUsize::new(3).unwrap(), 1, 2, augmentation);
    let batches = |threads| -> Vec<_> {
        let files = Arc::new(PictureFiles::open(folder.path(), Labelling::Folders, input()).unwrap());
        Loader::training(files, epoch(), 0, threads).map(Result::unwrap).collect()
    };
    let expected = batches(0);
    assert!(expected.iter().map(|batch| batch.labels.len()).eq([3, 3, 1]));
    assert!(batches(1) == expected && batches(3) == expected);
}

#[test]
fn inputs_that_take_no_color_are_refused() {
    let folder = folder();
    for shape in [[1, 8, 8], [3, 0, 8]] {
        let opened = PictureFiles::open(folder.path(), Labelling::Folders, PictureInput { shape, ..input() });
        assert!(matches!(opened, Err(Error::Settings(_))));
    }
}

#[test]
fn archives_give_the_pictures_of_their_folders() {
    let unpacked = folder();
    let packed = tempfile::tempdir().unwrap();
    let read = |name: &str| std::fs::read(unpacked.path().join(name)).unwrap();
    let first = [("x/dog/a.png", read("dog/a.png")), ("x/cat/a.png", read("cat/a.png"))];
    let second = [("c.png", read("dog/c.png")), ("empty.jpg", Vec::new())];
    for (name, files) in [("1.tar", &first), ("dog.tar", &second)] {
        let files: Vec<_> = files.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
        std::fs::write(packed.path().join(name), archive::tests::archive(&files)).unwrap();
    }
    std::fs::write(packed.path().join("z.tar"), b"no archive").unwrap();
    let files = PictureFiles::open(packed.path(), Labelling::Folders, input()).unwrap();
    assert_eq!(files.classes(), ["cat", "dog"]);
    let dataset = files.read(&all(&files), |_| ()).unwrap();
    let seen: Vec<_> =
        (0..3).map(|index| (dataset.image(index).unwrap()[0], dataset.label(index).unwrap())).collect();
    assert_eq!(seen, [(3, 1), (1, 0), (4, 1)]);
    let named: Vec<_> = dataset.skipped().named.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(dataset.skipped().count, 2);
    assert!(named[0].ends_with("z.tar") && named[1].ends_with("dog.tar/empty.jpg"), "{named:?}");
    let dogs = PictureFiles::open(packed.path(), Labelling::Classes(&["dog".into()]), input()).unwrap();
    assert_eq!((dogs.len(), dogs.label(0)), (3, Some(0)));
}

#[test]
fn numbered_archives_have_numbered_classes() {
    let folder = tempfile::tempdir().unwrap();
    let picture = encode_png(&RgbImage::from_pixel(9, 9, Rgb([7; 3])));
    let bytes = archive::tests::archive(&[
        ("1.png", &picture),
        ("1.cls", b"2"),
        ("2.png", &picture),
        ("2.cls", b"0"),
    ]);
    std::fs::write(folder.path().join("imagenet-val-0.tar"), &bytes).unwrap();
    let open =
        |labelling| crate::imagenet::open(folder.path(), crate::Part::Test, labelling, input()).unwrap();
    let files = open(Labelling::Folders);
    assert_eq!((files.len(), files.label(0), files.classes().len()), (2, Some(2), 3));
    // Cut within the second picture.
    let cut = bytes.len() - 1024 - 1024 - 512;
    std::fs::write(folder.path().join("imagenet-val-0.tar"), &bytes[..cut]).unwrap();
    let names = ["a", "b", "c"].map(String::from);
    assert_eq!(open(Labelling::Classes(&names)).read(&[0], |_| ()).unwrap().classes(), names);
}
