//! Files that are either the old one or the new one, whenever the program or the machine is stopped.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::Error;

/// As many as Linux follows.
const MOST_LINKS: usize = 40;

/// Replaces the file at `path` by `bytes`, in one step and for good; where `path` is a symbolic link, the file that it
/// leads to.
///
/// The bytes go to `.NAME.partial` in the same folder, which then takes the name. That name is fixed, not random, so
/// that a program killed time and again leaves at most one partial file, which the next write replaces. A write that
/// fails leaves none. Two programs must not write the same file at once.
///
/// # Errors
/// [`Error::File`] if the folder cannot be written; the file at `path` is then the old one.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_file(path, bytes).map_err(|source| Error::File { action: "write", path: path.into(), source })
}

fn write_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let path = &linked(path)?;
    let partial = &partial_path(path)?;
    let written = write_all(partial, bytes).and_then(|()| std::fs::rename(partial, path));
    if written.is_err() {
        // What is in the way of the bytes is told, not what is in the way of this.
        let _ = std::fs::remove_file(partial);
    }
    written?;
    sync_folder(folder_of(path))
}

fn write_all(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    // Without this the new name may reach the disk before the bytes do.
    file.sync_all()
}

/// Where a path leads, through symbolic links; the last of them may lead to a file that is not there yet.
fn linked(path: &Path) -> std::io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match std::fs::read_link(&path) {
            Ok(target) => path = folder_of(&path).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(std::io::Error::other("its symbolic links lead in a circle"))
}

fn partial_path(path: &Path) -> std::io::Result<PathBuf> {
    let name = path.file_name().ok_or(std::io::ErrorKind::InvalidFilename)?;
    let mut partial = OsString::from(".");
    partial.push(name);
    partial.push(".partial");
    Ok(path.with_file_name(partial))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes the rename itself last through a power cut.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be opened as a file; the rename is still one step.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_the_file_and_leaves_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        write(&path, b"first, and longer").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_kill_left_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        std::fs::write(folder.path().join(".checkpoint.partial"), b"half of something longer").unwrap();
        write(&path, b"whole").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_reader_beside_the_writer_sees_whole_files_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        write(&path, &[0; 100_000]).unwrap();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| (1..30).for_each(|i| write(&path, &[i; 100_000]).unwrap()));
            while !writer.is_finished() {
                let bytes = std::fs::read(&path).unwrap();
                assert_eq!(bytes.len(), 100_000);
                assert!(bytes.iter().all(|&byte| byte == bytes[0]));
            }
        });
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_is_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let (link, file) = (folder.path().join("link"), folder.path().join("elsewhere/file"));
        std::fs::create_dir(folder.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("elsewhere/file", &link).unwrap();
        for bytes in [&b"first, and longer"[..], b"second"] {
            write(&link, bytes).unwrap();
            assert_eq!(std::fs::read(&file).unwrap(), bytes);
            assert!(link.is_symlink());
        }
        std::os::unix::fs::symlink("circle", folder.path().join("circle")).unwrap();
        assert!(write(&folder.path().join("circle"), b"bytes").is_err());
    }

    /// The name is that of a folder, so the bytes are written and cannot take it.
    #[test]
    fn a_write_that_fails_leaves_no_partial_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        std::fs::create_dir(&path).unwrap();
        assert!(write(&path, b"bytes").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_unwritable_place_is_an_error_that_names_it() {
        let error = write(Path::new("/nowhere/at/all/checkpoint"), b"bytes").unwrap_err();
        assert!(error.to_string().starts_with("cannot write /nowhere/at/all/checkpoint: "), "{error}");
        assert!(write(Path::new("/"), b"bytes").is_err());
    }

    #[test]
    fn a_bare_name_means_the_current_folder() {
        assert_eq!(folder_of(Path::new("checkpoint")), Path::new("."));
        assert_eq!(partial_path(Path::new("checkpoint")).unwrap(), Path::new(".checkpoint.partial"));
    }
}
