use crate::picture::input;
use deepshift_data::{LabelList, Labelling, PictureFiles};

/// A list of labels, of three pictures.
pub fn labels(bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = folder.path().join("labels.txt");
    std::fs::write(&path, bytes).expect("files can be written there");
    let Ok(list) = LabelList::read(&path) else { return false };
    for picture in ["1.jpg", "b.png", "c_00000003.JPEG"] {
        std::fs::write(folder.path().join(picture), b"").expect("files can be written there");
    }
    let two = vec!["cat".to_owned(), "dog".to_owned()];
    let mut taken = false;
    for list in [&list.clone().with_numbered(two.clone()), &list] {
        let classes = list.classes().unwrap_or_else(|| two.clone());
        assert!(classes.is_sorted() && classes.iter().all(|class| !class.is_empty()));
        let labelling = Labelling::List { labels: list, classes: &classes };
        if let Ok(files) = PictureFiles::open(folder.path(), labelling, input()) {
            taken = true;
            let mut labels = (0..files.len()).filter_map(|picture| files.label(picture));
            assert!(labels.all(|label| usize::from(label) < files.classes().len()));
        }
    }
    taken
}
