//! Files of weights as people have them, given to `export`, `convert` and `train`.

use crate::fixture::Fixture;
use deepshift_core::Tensor;
use deepshift_models::{formula_weights, simple_conv};
use safetensors::tensor::{Dtype, TensorView};

/// The convolutional MNIST network's float weights times a factor, under these prefixes.
fn write(fixture: &Fixture, name: &str, prefixes: &[&str], factor: f32) {
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = formula_weights(&simple_conv(), 5)
        .iter()
        .flat_map(|(name, tensor)| {
            let Tensor::Float(tensor) = tensor else { panic!() };
            let bytes: Vec<u8> =
                tensor.values.iter().flat_map(|value| (factor * value).to_le_bytes()).collect();
            prefixes
                .iter()
                .map(move |prefix| (format!("{prefix}{name}"), tensor.shape.clone(), bytes.clone()))
        })
        .collect();
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
    std::fs::write(fixture.path(name), safetensors::serialize(views, None).unwrap()).unwrap();
}

fn notes(fixture: &Fixture, arguments: &str) -> Vec<String> {
    let outcome = fixture.run(arguments);
    assert_eq!(outcome.code, Some(0), "{arguments}: {}", outcome.stderr);
    outcome.stderr.lines().filter(|line| !line.contains("float mode only")).map(String::from).collect()
}

#[test]
fn weights_are_known_by_what_they_hold_and_found_under_any_prefix() {
    let fixture = Fixture::new();
    write(&fixture, "plain.safetensors", &[""], 1.0);
    let command = "export plain.safetensors -a simple_conv -o plain.dshift";
    assert!(notes(&fixture, command).is_empty());
    let expected = std::fs::read(fixture.path("plain.dshift")).unwrap();
    for (name, prefix) in [("a.pth", "module."), ("b.bin", "_orig_mod.model."), ("c.dshift", "net.")] {
        write(&fixture, name, &[prefix], 1.0);
        assert!(notes(&fixture, &format!("export {name} -a simple_conv -o out.dshift")).is_empty());
        assert_eq!(std::fs::read(fixture.path("out.dshift")).unwrap(), expected, "{name}");
    }
    // A network may have any name, too.
    std::fs::rename(fixture.path("plain.dshift"), fixture.path("network")).unwrap();
    fixture.succeed("convert network -o converted.dshift");
}

#[test]
fn of_several_weights_one_is_taken_and_another_can_be_chosen() {
    let fixture = Fixture::new();
    write(&fixture, "w.pth", &["ema.", "model."], 1.0);
    for command in ["export", "convert"] {
        let command = format!("{command} w.pth -a simple_conv -o out.dshift");
        let notes = notes(&fixture, &command);
        assert_eq!(
            notes,
            [
                "note: w.pth holds weights of simple_conv several times: those under `model` are taken, --weights-key \
              chooses those under `ema`"
            ]
        );
        fixture.succeed(&format!("{command} --weights-key ema"));
        let message = fixture.fail(&format!("{command} --weights-key optimizer"));
        assert!(message.ends_with("under `optimizer`: they are under `ema`, `model`"), "{message}");
    }
}

#[test]
fn what_is_no_file_of_weights_says_what_it_is_and_what_to_do() {
    let fixture = Fixture::new();
    write(&fixture, "w.safetensors", &[""], 1.0);
    let whole = std::fs::read(fixture.path("w.safetensors")).unwrap();
    for (bytes, expected) in [
        (&b""[..], "it is an empty file: get it again"),
        (b"version https://git-lfs.github.com/spec/v1\n", "run `git lfs pull`"),
        (b"<!DOCTYPE html>", "it is a web page"),
        (b"PK\x03\x04\0\0", "the file is cut off"),
        (&whole[..whole.len() / 2], "the file is cut off"),
    ] {
        std::fs::write(fixture.path("w.pth"), bytes).unwrap();
        for command in ["export w.pth", "export w.pth -a simple_conv", "convert w.pth -a simple_conv"] {
            let message = fixture.fail(&format!("{command} -o out.dshift"));
            assert!(message.contains(expected) && message.starts_with("w.pth: "), "{command}: {message}");
        }
    }
    let message = fixture.fail("eval w.safetensors");
    assert!(message.contains("it holds weights and not the network"), "{message}");
}

#[test]
fn another_architecture_is_recognised() {
    let fixture = Fixture::new();
    write(&fixture, "w.pth", &["module."], 1.0);
    for command in
        ["export w.pth", "convert w.pth", "export w.pth -a simple_linear", "convert w.pth -a lenet"]
    {
        let message = fixture.fail(&format!("{command} -o out.dshift"));
        assert!(message.contains("its names and shapes are those of simple_conv"), "{command}: {message}");
    }
}

#[test]
fn clipped_weights_are_counted_and_a_remedy_is_named() {
    let fixture = Fixture::new();
    write(&fixture, "large.pth", &[""], 4096.0);
    let convert = "convert large.pth -a simple_conv -o out.dshift";
    for (command, remedy) in [
        (convert, "--channel-exponents gives weights of any size a code"),
        ("export large.pth -a simple_conv -s 1000 -o out.dshift", "deepshift convert --channel-exponents"),
    ] {
        let notes = notes(&fixture, command);
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(notes[0].contains("beyond the largest code") && notes[0].contains(" in fc1, "), "{notes:?}");
        assert!(notes[0].contains(remedy), "{notes:?}");
    }
    assert!(fixture.succeed(convert).contains("clipped"));
    let command = format!("{convert} --channel-exponents");
    assert!(notes(&fixture, &command).is_empty());
    assert!(!fixture.succeed(&command).contains("clipped"));
}
