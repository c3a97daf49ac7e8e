//! A file of weights: as PyTorch's and as safetensors, and as the pickle in PyTorch's zip archive, whose checksums no fuzzer
//! would guess.
#![no_main]

use deepshift_burn::read_state_dict;
use libfuzzer_sys::fuzz_target;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    for name in ["weights.pth", "weights.safetensors"] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("files can be written there");
        check(&path);
    }
    let path = folder.path().join("archive.pth");
    write_archive(&path, bytes).expect("files can be written there");
    check(&path);
});

fn check(path: &Path) {
    let Ok(state) = read_state_dict(path) else { return };
    for (name, tensor) in &state {
        assert_eq!(tensor.values.len(), tensor.shape.iter().product::<usize>(), "{name}");
    }
}

/// What `torch.save` makes of a pickle and storages of 64 bytes.
fn write_archive(path: &Path, pickle: &[u8]) -> zip::result::ZipResult<()> {
    let storage: Vec<u8> = (0..16u8).flat_map(|i| f32::from(i).to_le_bytes()).collect();
    let mut writer = ZipWriter::new(File::create(path)?);
    let files = [
        ("zip/data.pkl", pickle),
        ("zip/byteorder", b"little"),
        ("zip/data/0", &storage),
        ("zip/data/1", &storage),
        ("zip/version", b"3\n"),
    ];
    for (name, content) in files {
        writer.start_file(
            name,
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored),
        )?;
        writer.write_all(content)?;
    }
    writer.finish().map(drop)
}
