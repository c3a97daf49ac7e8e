//! Which tensors of a file are a network's, by names alone.

use deepshift_core::graph::Graph;
use deepshift_models::by_name;
use deepshift_weights::{Chosen, Error, ShiftLayers, TrainedType, WeightFile};
use safetensors::tensor::{Dtype, TensorView};

type Tensors = Vec<(String, Vec<usize>)>;

fn lenet() -> Graph {
    by_name("lenet").unwrap()
}

fn bytes(tensors: &Tensors) -> Vec<u8> {
    let data: Vec<Vec<u8>> =
        tensors.iter().map(|(_, shape)| vec![0; 4 * shape.iter().product::<usize>()]).collect();
    let views = tensors.iter().zip(&data).map(|((name, shape), data)| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), data).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

fn choose(tensors: &Tensors, key: Option<&str>) -> Result<Chosen, Error> {
    WeightFile::parse(&bytes(tensors))?.choose(&lenet(), key)
}

fn under(prefix: &str) -> Tensors {
    lenet().parameters().into_iter().map(|(name, shape)| (format!("{prefix}{name}"), shape)).collect()
}

fn message(tensors: &Tensors) -> String {
    choose(tensors, None).unwrap_err().to_string()
}

#[test]
fn prefixes_of_any_kind_are_taken_off() {
    let names: Vec<String> = lenet().parameters().into_iter().map(|(name, _)| name).collect();
    for prefix in
        ["", "module.", "_orig_mod.", "model.net.", "module._orig_mod.model.", "backbone.", "my_own."]
    {
        let chosen = choose(&under(prefix), None).unwrap();
        let mut expected = names.clone();
        expected.sort();
        assert_eq!(chosen.state.into_keys().collect::<Vec<_>>(), expected, "{prefix}");
        assert!(chosen.others.is_empty() && chosen.left_out.is_empty(), "{prefix}");
    }
}

#[test]
fn what_stands_beside_a_prefix_is_left_out_and_named() {
    let beside = vec![
        ("criterion.weight".into(), vec![10]),
        ("n_averaged".into(), vec![1]),
        ("model.conv1.num_batches_tracked".into(), vec![1]),
        ("model.fc1.total_ops".into(), vec![1]),
    ];
    let chosen = choose(&[under("model."), beside].concat(), None).unwrap();
    assert_eq!(chosen.left_out, ["criterion.weight"]);
}

#[test]
fn of_several_the_usual_one_is_taken_and_the_others_are_named() {
    let both = [under("ema."), under("model."), under("teacher.module.")].concat();
    let chosen = choose(&both, None).unwrap();
    assert_eq!((chosen.key.as_str(), chosen.others), ("model", vec!["ema".into(), "teacher.module".into()]));
    for (key, found) in [("ema", "ema"), ("teacher", "teacher.module"), ("module", "teacher.module")] {
        assert_eq!(choose(&both, Some(key)).unwrap().key, found);
    }
    assert!(matches!(choose(&both, Some("modle")), Err(Error::NoSuchKey(_))));
    let top = [under("ema."), under("")].concat();
    let chosen = choose(&top, None).unwrap();
    assert_eq!((chosen.key.as_str(), chosen.others), ("", vec!["ema".to_string()]));
    assert_eq!(choose(&top, Some("ema")).unwrap().key, "ema");
}

#[test]
fn names_and_shapes_that_do_not_fit_are_told() {
    let mut lacking = under("module.");
    lacking.remove(0);
    assert!(
        message(&lacking)
            .starts_with("weights lack conv1.weight, which network lenet needs (1 of 10 missing)")
    );
    let mut more = under("");
    more.push(("head.weight".into(), vec![3]));
    assert!(message(&more).starts_with("weights have head.weight, which network lenet does not (1 in all)"));
    let mut slip = under("model.");
    slip[0].0 = "model.conv1.wieght".into();
    assert!(message(&slip).contains("lack conv1.weight (nearest there: conv1.wieght)"), "{}", message(&slip));
    let mut classes = under("");
    let last = classes.len() - 1;
    classes[last].1 = vec![100];
    assert!(message(&classes).contains("has shape 100, network lenet needs 10"), "{}", message(&classes));
    assert!(message(&vec![("x".into(), vec![1])]).contains("(10 of 10 missing)"));
}

#[test]
fn a_deeper_network_of_the_same_family_is_another() {
    let parameters = |name: &str| by_name(name).unwrap().parameters();
    let deep = bytes(&parameters("resnet32"));
    let file = WeightFile::parse(&deep).unwrap();
    assert!(file.fits(&by_name("resnet32").unwrap()));
    let error = file.choose(&by_name("resnet20").unwrap(), None).unwrap_err().to_string();
    assert!(error.starts_with("weights have layer1.3."), "{error}");
}

#[test]
fn of_two_networks_in_a_file_the_one_that_fits_is_taken() {
    let under = |key: &str, name: &str| -> Tensors {
        let parameters = by_name(name).unwrap().parameters().into_iter();
        parameters.map(|(name, shape)| (format!("{key}.{name}"), shape)).collect()
    };
    let both = bytes(&[under("a", "resnet32"), under("b", "resnet20")].concat());
    let file = WeightFile::parse(&both).unwrap();
    for (name, key) in [("resnet20", "b"), ("resnet32", "a")] {
        assert_eq!(file.choose(&by_name(name).unwrap(), None).unwrap().key, key);
    }
}

#[test]
fn published_densenets_fit() {
    let graph = by_name("densenet121").unwrap();
    let old = |name: String| {
        let number = |name: &str, part: &str| name.replace(&format!(".{part}1."), &format!(".{part}.1."));
        let both = |name: String, part: &str| {
            number(&name, part).replace(&format!(".{part}2."), &format!(".{part}.2."))
        };
        if name.contains("denselayer") { both(both(name, "norm"), "conv") } else { name }
    };
    let tensors: Tensors = graph.parameters().into_iter().map(|(name, shape)| (old(name), shape)).collect();
    assert!(tensors.iter().any(|(name, _)| name.contains("denselayer1.norm.1.weight")));
    assert!(WeightFile::parse(&bytes(&tensors)).unwrap().fits(&graph));
}

#[test]
fn shift_layers_are_told_by_their_parts() {
    let parts = |part: fn(&str, &[usize]) -> Tensors| -> Tensors {
        let parameters = under("module.").into_iter();
        parameters
            .flat_map(|(name, shape)| match name.strip_suffix(".weight") {
                Some(layer) => part(layer, &shape),
                None => vec![(name, shape)],
            })
            .collect()
    };
    let ps = parts(|layer, shape| {
        vec![(format!("{layer}.shift"), shape.into()), (format!("{layer}.sign"), shape.into())]
    });
    let layers = ShiftLayers::of(&choose(&ps, None).unwrap().state).unwrap();
    assert_eq!((layers.trained, layers.names.len()), (TrainedType::PS, 5));
    let dense = parts(|layer, shape| {
        vec![(format!("{layer}.scale"), [&[7], shape].concat()), (format!("{layer}.sign"), shape.into())]
    });
    let layers = ShiftLayers::of(&choose(&dense, None).unwrap().state).unwrap();
    assert_eq!((layers.trained, layers.weight_bits), (TrainedType::DenseShift, Some(4)));
    let mut half = ps;
    half.retain(|(name, _)| name != "module.fc1.sign");
    assert!(message(&half).contains("lack fc1.weight"), "{}", message(&half));
}

#[test]
fn the_checkpoint_of_a_run_says_resume() {
    let names = ["network.conv1.weight", "optimizer", "position", "history", "pictures"];
    let tensors = names.map(|name| (name.to_string(), vec![1])).to_vec();
    assert!(message(&tensors).contains("goes on with --resume"));
}
