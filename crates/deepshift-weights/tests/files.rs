//! PyTorch files of every kind, written by `scripts/golden/import.py`, and what is none.

use deepshift_core::graph::{Graph, GraphBuilder, Linear, Op, WeightKind};
use deepshift_weights::{Chosen, Error, WeightFile};
use std::path::Path;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/import").join(name)).unwrap()
}

fn network() -> Graph {
    let mut builder = GraphBuilder::new("tiny", &[3]);
    let linear = Linear { in_features: 3, out_features: 2, bias: true, weight: WeightKind::Float };
    let fc1 = builder.op("fc1", Op::Linear(linear), &[0]);
    let bn = builder.batch_norm("bn", fc1, 2);
    builder.finish(bn)
}

fn choose(bytes: &[u8], key: Option<&str>) -> Result<Chosen, Error> {
    WeightFile::parse(bytes)?.choose(&network(), key)
}

fn message(bytes: &[u8]) -> String {
    choose(bytes, None).unwrap_err().to_string()
}

const WEIGHT: [f32; 6] = [0.5, -0.25, 1.0, 0.0, 2.0, -4.0];

#[test]
fn every_kind_of_state_dict_loads_by_name() {
    for name in
        ["zip.pth", "legacy.pth", "checkpoint.pth.tar", "weights.safetensors", "pickled.pkl", "objects.pth"]
    {
        let state = choose(&file(name), None).unwrap().state;
        let names: Vec<&str> = state.keys().map(String::as_str).collect();
        let expected =
            ["bn.bias", "bn.running_mean", "bn.running_var", "bn.weight", "fc1.bias", "fc1.weight"];
        assert_eq!(names, expected, "{name}");
        assert_eq!(state["fc1.weight"].shape, [2, 3], "{name}");
        if !["checkpoint.pth.tar", "pickled.pkl", "objects.pth"].contains(&name) {
            assert_eq!(state["fc1.weight"].values, WEIGHT, "{name}");
        }
    }
}

#[test]
fn columns_parts_and_other_types_become_rows_of_f32() {
    for name in ["views_f16.pth", "views_f64.pth"] {
        let state = choose(&file(name), None).unwrap().state;
        let (weight, bias) = (&state["fc1.weight"].values, &state["fc1.bias"].values);
        assert_eq!(bias[..], weight[4..], "{name}");
        assert!((weight[1] + 0.25).abs() < 0.2 && weight[1] > weight[5], "{name}: {weight:?}");
    }
}

#[test]
fn unknown_classes_stand_in_nobodys_way_and_optimizers_are_no_weights() {
    let bytes = file("objects.pth");
    let model = choose(&bytes, None).unwrap();
    assert_eq!((model.key.as_str(), model.others), ("model._orig_mod.module", vec!["ema".to_string()]));
    let ema = choose(&bytes, Some("ema")).unwrap();
    assert_eq!(
        ema.state["fc1.weight"].values,
        model.state["fc1.weight"].values.iter().map(|x| 2.0 * x).collect::<Vec<_>>()
    );
    assert_eq!(ema.others, [""; 0]);
    let error = choose(&bytes, Some("optimizer")).unwrap_err();
    assert!(
        matches!(&error, Error::NoSuchKey(what) if what.contains("`ema`, `model._orig_mod.module`")),
        "{error}"
    );
}

#[test]
fn numbers_in_names_keep_their_gaps() {
    let mut bytes = file("legacy.pth");
    for place in 0..bytes.len() {
        if bytes[place..].starts_with(b"fc1.") {
            bytes[place..place + 4].copy_from_slice(b"f.3.");
        }
    }
    let file = WeightFile::parse(&bytes).unwrap();
    let names: Vec<&str> = file.shapes().map(|(name, _)| name).collect();
    assert!(names.contains(&"f.3.weight") && names.contains(&"f.3.bias"), "{names:?}");
}

#[test]
fn a_pickled_module_is_refused_with_a_hint() {
    for name in ["model.pth", "model_legacy.pth"] {
        let error = message(&file(name));
        assert!(
            error.starts_with("it holds a whole pickled module") && error.contains("state_dict()"),
            "{error}"
        );
    }
    assert!(message(&file("script.pt")).starts_with("it is a TorchScript archive"));
}

#[test]
fn cut_and_changed_files_say_so() {
    for name in ["zip.pth", "legacy.pth", "weights.safetensors"] {
        let whole = file(name);
        for length in [whole.len() - 1, whole.len() - 5, whole.len() / 2, 20] {
            let error = message(&whole[..length]);
            assert!(error.contains("cut off") && error.contains("get "), "{name}, {length} bytes: {error}");
            assert!(!error.contains("module"), "{error}");
        }
    }
    let mut changed = file("zip.pth");
    let weight = 0.5f32.to_le_bytes();
    let place = changed.windows(4).position(|bytes| bytes == weight).unwrap();
    changed[place] ^= 1;
    assert!(message(&changed).contains("a checksum differs"));
}

#[test]
fn a_file_without_weights_says_what_it_has() {
    assert!(message(b"\x80\x02}X\x05\0\0\0epochK\x03s.").starts_with("it holds no tensors"));
    let optimizer = b"\x80\x02}(X\x05\0\0\0state}X\x0c\0\0\0param_groups]u.";
    assert!(message(optimizer).starts_with("it holds an optimizer and no weights"), "{}", message(optimizer));
}

/// Dictionaries that hold each other many times, and one that holds itself.
#[test]
fn circles_and_doublings_end() {
    let mut bytes = b"\x80\x02}q\x00".to_vec();
    for level in 0..30u8 {
        bytes.extend(b"}q");
        bytes.push(level + 1);
        bytes.extend([b'(', b'K', 1, b'h', level, b'K', 2, b'h', level, b'u']);
    }
    bytes.push(b'.');
    assert!(message(&bytes).contains("no tensors") || message(&bytes).contains("far more values"));
    let circle = b"\x80\x02}q\x00X\x01\0\0\0ah\x00s.";
    assert!(message(circle).starts_with("it holds no tensors"));
}
