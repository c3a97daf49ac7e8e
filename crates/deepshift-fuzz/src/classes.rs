use deepshift_data::imagenet::read_classes;
use std::collections::HashSet;

/// A list of classes.
pub fn classes(bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = folder.path().join("classes.txt");
    std::fs::write(&path, bytes).expect("files can be written there");
    read_classes(&path).is_ok_and(|classes| {
        assert!(classes.iter().all(|class| !class.is_empty() && !class.contains(['/', '\\', '\n'])));
        assert_eq!(classes.iter().collect::<HashSet<_>>().len(), classes.len());
        true
    })
}
