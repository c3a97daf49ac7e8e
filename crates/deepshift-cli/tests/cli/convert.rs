use crate::fixture::Fixture;
use deepshift_core::{Model, Preprocessing, Provenance, Tensor};
use deepshift_models::{by_name, formula_weights};
use safetensors::tensor::TensorView;

const CLASSES: usize = 10;
const EACH: usize = 3;
const ALL: &str =
    "--shift-type Q --weight-bits 4 --terms 2 --channel-exponents --calibrate pictures --reconstruct";

/// A ResNet20 with weights that a formula gives, as `resnet.dshift` and `resnet.safetensors`, and pictures of ten classes.
fn fixture() -> Fixture {
    let fixture = Fixture::new();
    let model = resnet20();
    std::fs::write(fixture.path("resnet.dshift"), model.to_bytes().unwrap()).unwrap();
    std::fs::write(fixture.path("resnet.safetensors"), state_dict(&model)).unwrap();
    for class in 0..CLASSES {
        let folder = fixture.path(&format!("pictures/class{class}"));
        std::fs::create_dir_all(&folder).unwrap();
        for index in 0..EACH {
            std::fs::write(folder.join(format!("{index}.bmp")), bitmap(class * EACH + index)).unwrap();
        }
    }
    fixture
}

pub fn resnet20() -> Model {
    let graph = by_name("resnet20").unwrap();
    let tensors = formula_weights(&graph, 4);
    Model {
        graph,
        tensors,
        integer: None,
        preprocessing: Some(Preprocessing::new(vec![0.5; 3], vec![0.25; 3])),
        classes: Vec::new(),
        provenance: Provenance { license: "MIT".into(), origin: "a formula".into(), ..Default::default() },
    }
}

fn state_dict(model: &Model) -> Vec<u8> {
    let bytes = |tensor: &Tensor| tensor.values().iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let bytes: Vec<_> =
        model.tensors.iter().map(|(name, tensor)| (name, tensor.shape(), bytes(tensor))).collect();
    let views = bytes.iter().map(|(name, shape, bytes)| {
        (name.as_str(), TensorView::new(safetensors::Dtype::F32, shape.to_vec(), bytes).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

/// 32x32 pixels of 24 bits.
pub fn bitmap(seed: usize) -> Vec<u8> {
    let pixels: Vec<u8> = (0..32 * 32 * 3).map(|i| ((i * (seed + 3) * 7919) >> 6) as u8).collect();
    let word = |value: u32| value.to_le_bytes();
    let header = [word(54 + pixels.len() as u32), word(0), word(54), word(40), word(32), word(32)].concat();
    let format = [1u16.to_le_bytes(), 24u16.to_le_bytes()].concat();
    [b"BM".to_vec(), header, format, vec![0; 24], pixels].concat()
}

#[test]
fn a_float_network_becomes_a_shift_network_in_both_modes() {
    let fixture = fixture();
    std::fs::write(fixture.path("pictures/class3/broken.bmp"), b"BM and nothing").unwrap();
    let outcome = fixture.run(&format!(
        "convert resnet.dshift {ALL} --evaluate pictures --license BSD --note accuracy=unknown -o out.dshift"
    ));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let skipped = "note: 1 pictures cannot be read and are left out\n  pictures/class3/broken.bmp: ";
    assert_eq!(outcome.stderr.matches(skipped).count(), 2, "{}", outcome.stderr);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert!(lines[0].starts_with("layer ") && lines[0].ends_with("output error %"), "{}", lines[0]);
    assert!(lines[1].starts_with("conv1 ") && lines[20].starts_with("linear "), "{}", outcome.stdout);
    assert!(lines[21].starts_with("of 30 pictures"), "{}", outcome.stdout);
    for (line, what) in
        lines[22..26].iter().zip(["float weights", "converted, float mode", "converted, integer mode"])
    {
        assert!(line.starts_with(what), "{}", outcome.stdout);
    }
    // Conversion leaves the classes of nearly all pictures as they were.
    let top5 = |line: &str| line.split_whitespace().last().unwrap().parse::<f64>().unwrap();
    assert!((top5(lines[22]) - top5(lines[23])).abs() <= 10.0, "{}", outcome.stdout);
    assert!(lines[26].starts_with("out.dshift: resnet20, ") && lines[26].ends_with("float and integer mode"));

    let model = Model::from_bytes(&std::fs::read(fixture.path("out.dshift")).unwrap()).unwrap();
    assert!(model.integer.is_some());
    assert!(model.shift_weight("conv1").unwrap().second.is_some());
    assert_eq!((model.provenance.license.as_str(), model.provenance.origin.as_str()), ("BSD", "a formula"));
    assert_eq!(model.provenance.notes["accuracy"], "unknown");
}

#[test]
fn the_same_command_writes_the_same_bytes() {
    let fixture = fixture();
    std::fs::write(fixture.path("names.txt"), "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n").unwrap();
    let convert = |output: &str| {
        let options = "--multiplier-free --calibration-pictures 8 --class-names names.txt";
        fixture.succeed(&format!("convert resnet.safetensors --arch resnet20 {ALL} {options} -o {output}"));
        std::fs::read(fixture.path(output)).unwrap()
    };
    let bytes = convert("one.dshift");
    assert_eq!(bytes, convert("two.dshift"));
    let model = Model::from_bytes(&bytes).unwrap();
    assert!(model.integer.as_ref().unwrap().is_multiplier_free());
    assert_eq!(model.classes[9], "j");
}

#[test]
fn a_distilled_network_has_the_same_codes_with_other_weights() {
    let fixture = fixture();
    let convert = |options: &str| {
        fixture.succeed(&format!("convert resnet.dshift {ALL} --multiplier-free {options} -o out.dshift"));
        Model::from_bytes(&std::fs::read(fixture.path("out.dshift")).unwrap()).unwrap()
    };
    let (before, after) = (convert(""), convert("--distill 1"));
    assert!(after.integer.as_ref().unwrap().is_multiplier_free());
    assert!(before.tensors["bn1.bias"] != after.tensors["bn1.bias"]);
    let [before, after] = [&before, &after].map(|model| model.shift_weight("conv1").unwrap());
    assert_eq!((before.format, &before.exponents), (after.format, &after.exponents));
}

#[test]
fn without_pictures_there_is_float_mode() {
    let fixture = fixture();
    let stdout = fixture.succeed("convert resnet.dshift -o out.dshift");
    assert!(
        stdout.ends_with("float mode only: give pictures with --calibrate for integer mode\n"),
        "{stdout}"
    );
    let model = Model::from_bytes(&std::fs::read(fixture.path("out.dshift")).unwrap()).unwrap();
    assert_eq!(model.shift_weight("conv1").unwrap().format.bits, 5);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let fixture = fixture();
    std::fs::write(fixture.path("three.txt"), "a\nb\nc\n").unwrap();
    std::fs::create_dir(fixture.path("empty")).unwrap();
    let cases = [
        ("convert resnet.safetensors", "does not say what network it belongs to: give --arch"),
        ("convert resnet.dshift --arch resnet20", "leave out --arch"),
        ("convert resnet.safetensors --arch resnet32", "are they of another architecture"),
        ("convert model.dshift", "is a shift layer already"),
        ("convert resnet.dshift -o out.onnx", "name a file that ends in .dshift"),
        ("convert resnet.dshift --calibrate nowhere", "nowhere"),
        ("convert resnet.dshift --calibrate empty", "empty"),
        ("convert resnet.dshift --class-names three.txt", "3 class names for 10 logits"),
        ("convert resnet.dshift --evaluate pictures --classes three.txt", "pictures"),
        (
            "convert resnet.dshift --calibrate pictures --weight-bits 6 --multiplier-free",
            "--multiplier-free needs integer mode, which takes at most 5 bits",
        ),
    ];
    for (arguments, expected) in cases {
        let message = fixture.fail(arguments);
        assert!(message.contains(expected), "{arguments}: {message}");
    }
}
