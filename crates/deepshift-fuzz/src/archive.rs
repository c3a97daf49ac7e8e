use crate::picture;
use deepshift_data::index_archive;
use std::io::Cursor;

/// A tar archive of pictures: its index, and the data set that it is.
pub fn archive(bytes: &[u8]) -> bool {
    let index = index_archive(Cursor::new(bytes));
    // Each picture has a header; where it lies is checked when it is read.
    assert!(index.pictures.len() <= bytes.len() / 512);
    assert!(index.pictures.iter().all(|picture| picture.offset >= 512));
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    std::fs::write(folder.path().join("archive.tar"), bytes).expect("files can be written there");
    picture::read(folder.path())
}
