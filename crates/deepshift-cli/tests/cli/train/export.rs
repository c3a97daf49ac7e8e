use super::{SHORT, fixture};
use deepshift_core::Model;
use std::path::Path;

const FOLDER: &str = "models/mnist/simple_conv/shift_ps_all_wb_5";
const TRAIN: &str = "--type conv -s 1000 -opt radam";

fn read(path: &Path) -> Model {
    Model::from_bytes(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_folder_gives_its_own_model() {
    let fixture = fixture(64);
    fixture.succeed(&format!("{SHORT} {TRAIN}"));
    let stdout = fixture.succeed(&format!("export {FOLDER} --output out.dshift"));
    assert!(stdout.ends_with("float and integer mode\n"), "{stdout}");
    let (trained, exported) =
        (read(&fixture.path(FOLDER).join("model.dshift")), read(&fixture.path("out.dshift")));
    assert!(trained.graph == exported.graph && trained.tensors == exported.tensors);
    assert!(trained.integer.is_some() && trained.integer == exported.integer);
    assert_eq!(trained.provenance.origin, exported.provenance.origin);
}

#[test]
fn weights_give_the_same_model_with_their_options() {
    let fixture = fixture(64);
    fixture.succeed(&format!("{SHORT} {TRAIN}"));
    let weights = format!("{FOLDER}/weights_best.safetensors");
    for options in ["-s 1000 -st PS", ""] {
        fixture.succeed(&format!("export {weights} --arch simple_conv {options} -o out.dshift"));
        let (trained, exported) =
            (read(&fixture.path(FOLDER).join("model.dshift")), read(&fixture.path("out.dshift")));
        assert!(trained.tensors == exported.tensors && trained.integer == exported.integer);
    }
}

#[test]
fn without_pictures_there_is_float_mode_only() {
    let fixture = fixture(64);
    fixture.succeed(&format!("{SHORT} {TRAIN}"));
    std::fs::rename(fixture.path("data"), fixture.path("elsewhere")).unwrap();
    let outcome = fixture.run(&format!("export {FOLDER} -o out.dshift"));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(outcome.stdout.ends_with("float mode only\n"), "{}", outcome.stdout);
    assert!(
        outcome.stderr.starts_with("note: the file has float mode only: give pictures for simple_conv"),
        "{}",
        outcome.stderr
    );
    let message = fixture.fail(&format!("export {FOLDER} -o none.dshift --multiplier-free"));
    assert!(message.starts_with("--multiplier-free needs integer mode: give pictures"), "{message}");
    assert!(!fixture.path("none.dshift").exists());
    let stdout = fixture.succeed(&format!("export {FOLDER} -o out.dshift --data elsewhere"));
    assert!(stdout.ends_with("float and integer mode\n"), "{stdout}");
}

#[test]
fn a_multiplier_free_file_multiplies_nowhere() {
    let fixture = fixture(64);
    fixture.succeed(&format!("{SHORT} {TRAIN}"));
    fixture.succeed(&format!("export {FOLDER} -o free.dshift --multiplier-free"));
    let inspected = fixture.succeed("inspect free.dshift");
    assert!(inspected.contains("multiplier-free"), "{inspected}");
    fixture.succeed("eval free.dshift --kernel shift");
}

#[test]
fn what_does_not_fit_is_refused() {
    let fixture = fixture(64);
    fixture.succeed(&format!("{SHORT} {TRAIN}"));
    let before = fixture.names();
    for (arguments, expected) in [
        ("F/weights.safetensors", "give --arch, and --shift-type"),
        ("F --arch simple_conv", "knows its own architecture: leave out --arch"),
        ("F --shift-depth 2", "knows its own shift options: leave them out"),
        (
            "F/weights_unrounded.safetensors --arch simple_conv -s 1000 -st Q",
            "it holds parameters of type PS in 4 layers",
        ),
        ("F/weights_unrounded.safetensors --arch simple_conv -s 1 -st PS", "--shift-type PS --shift-depth 2"),
        ("F/checkpoint.safetensors --arch simple_conv", "`deepshift export` takes the folder"),
        ("F/weights.safetensors --arch simple_linear", "weights "),
        ("F/train_log.csv --arch simple_conv", "train_log.csv"),
        ("gone.pth", "cannot read gone.pth"),
        ("data", "there is no checkpoint.safetensors in data: give the folder of a training"),
        ("F --data nowhere", "is not in nowhere"),
    ] {
        let message = fixture.fail(&format!("export {} -o out.dshift", arguments.replace('F', FOLDER)));
        assert!(message.contains(expected), "{arguments}: {message}");
    }
    assert_eq!(fixture.names(), before);
}

#[test]
fn the_originals_weights_are_packed() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden/networks");
    if !golden.is_dir() {
        eprintln!("skipped: there is no {}", golden.display());
        return;
    }
    let fixture = fixture(64);
    for (file, options) in [
        ("simple_conv_ps_5.pth", "--arch simple_conv -s 1000 -st PS"),
        ("simple_linear_q_5.pth", "--arch simple_linear -s 1000 -st Q"),
        ("resnet20_ps_4.pth", "--arch resnet20 -s 5 -st PS -wb 4 -ab 3 5"),
    ] {
        let path = golden.join(file);
        let outcome = fixture.run(&format!("export {} {options} -o out.dshift", path.display()));
        assert_eq!(outcome.code, Some(0), "{file}: {}", outcome.stderr);
        let has_integer = read(&fixture.path("out.dshift")).integer.is_some();
        assert_eq!(has_integer, !file.starts_with("resnet20"), "{file}: {}", outcome.stderr);
    }
}
