//! PyTorch files of every kind, written by `scripts/golden_import.py`.

use deepshift_burn::read_state_dict;
use std::path::PathBuf;

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/import").join(name)
}

#[test]
fn every_kind_of_state_dict_loads_by_name() {
    for name in ["zip.pth", "legacy.pth", "checkpoint.pth.tar", "weights.safetensors"] {
        let state = read_state_dict(&file(name)).unwrap();
        let names: Vec<&str> = state.keys().map(String::as_str).collect();
        let expected =
            ["bn.bias", "bn.running_mean", "bn.running_var", "bn.weight", "fc1.bias", "fc1.weight"];
        assert_eq!(names, expected, "{name}");
        assert_eq!(state["fc1.weight"].shape, [2, 3], "{name}");
        if name != "checkpoint.pth.tar" {
            assert_eq!(state["fc1.weight"].values, [0.5, -0.25, 1.0, 0.0, 2.0, -4.0], "{name}");
        }
    }
}

#[test]
fn numbers_in_names_keep_their_gaps() {
    let mut bytes = std::fs::read(file("legacy.pth")).unwrap();
    for place in 0..bytes.len() {
        if bytes[place..].starts_with(b"fc1.") {
            bytes[place..place + 4].copy_from_slice(b"f.3.");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gap.pth");
    std::fs::write(&path, bytes).unwrap();
    let state = read_state_dict(&path).unwrap();
    assert!(state.contains_key("f.3.weight") && state.contains_key("f.3.bias"), "{:?}", state.keys());
}

#[test]
fn a_pickled_module_is_refused_with_a_hint() {
    for name in ["model.pth", "model_legacy.pth"] {
        let error = read_state_dict(&file(name)).unwrap_err().to_string();
        assert!(error.contains("state_dict()") && error.contains(name), "{error}");
    }
}

#[test]
fn what_is_no_file_of_weights_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(file("zip.pth")).unwrap();
    let safetensors = std::fs::read(file("weights.safetensors")).unwrap();
    let cases = [
        ("text.pth", b"hello".to_vec()),
        ("empty.pth", Vec::new()),
        ("cut.pth", whole[..whole.len() / 2].to_vec()),
        ("cut.safetensors", safetensors[..safetensors.len() - 5].to_vec()),
        ("text.safetensors", b"hello".to_vec()),
    ];
    for (name, bytes) in cases {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let error = read_state_dict(&path).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    assert!(read_state_dict(&folder.path().join("missing.pth")).is_err());
}
