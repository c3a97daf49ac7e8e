use crate::fixture::{Fixture, PICTURES, model, pixels};
use deepshift_core::Input;
use deepshift_core::reference::{float_logits, integer_logits};
use deepshift_models::formula_input;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

fn write(fixture: &Fixture, tensors: &[(&str, Dtype, &[usize], &[u8])]) {
    let views = tensors
        .iter()
        .map(|(name, dtype, shape, bytes)| (*name, TensorView::new(*dtype, shape.to_vec(), bytes).unwrap()));
    std::fs::write(fixture.path("x.safetensors"), safetensors::serialize(views, None).unwrap()).unwrap();
}

fn logits(fixture: &Fixture) -> (Vec<usize>, Vec<f32>) {
    let bytes = std::fs::read(fixture.path("y.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = file.tensor("logits").unwrap();
    assert_eq!((tensor.dtype(), file.len()), (Dtype::F32, 1));
    let (values, _) = tensor.data().as_chunks();
    (tensor.shape().to_vec(), values.iter().map(|&value| f32::from_le_bytes(value)).collect())
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

const RUN: &str = "run model.dshift --input x.safetensors --output y.safetensors";

#[test]
fn pictures_of_bytes_give_the_references_logits_to_the_bit() {
    let fixture = Fixture::new();
    let pixels = pixels();
    let other = [0; 4];
    write(
        &fixture,
        &[("input", Dtype::U8, &[PICTURES, 1, 28, 28], &pixels), ("labels", Dtype::I32, &[1], &other)],
    );
    let expected = integer_logits(model(), Input::Pictures(&pixels)).unwrap();
    for kernel in ["shift", "dot", "naive-multiply", "reference"] {
        let text = fixture.succeed(&format!("{RUN} --kernel {kernel} -j 2"));
        assert!(text.contains("12 inputs to y.safetensors: integer mode"), "{text}");
        assert_eq!(logits(&fixture), (vec![PICTURES, 10], expected.clone()), "{kernel}");
    }
}

#[test]
fn one_input_of_values_needs_neither_name_nor_batch_axis() {
    let fixture = Fixture::new();
    let values = formula_input(&model().graph, 5, 1);
    write(&fixture, &[("x", Dtype::F32, &[1, 28, 28], &bytes(&values))]);
    let expected = float_logits(model(), Input::Values(&values)).unwrap();
    for kernel in ["dot", "naive-multiply", "reference"] {
        fixture.succeed(&format!("{RUN} --mode float --kernel {kernel} -j 1"));
        let (shape, got) = logits(&fixture);
        assert_eq!(shape, [1, 10]);
        let largest = expected.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
        for (got, expected) in got.iter().zip(&expected) {
            assert!((got - expected).abs() <= 1e-4 * largest, "{kernel}: {got} instead of {expected}");
        }
    }
}

#[test]
fn inputs_that_do_not_fit_are_refused_and_nothing_is_written() {
    let fixture = Fixture::new();
    let zeros = vec![0; 8 * 784];
    let check = |tensors: &[(&str, Dtype, &[usize], &[u8])], expected: &str| {
        write(&fixture, tensors);
        let message = fixture.fail(RUN);
        assert!(message.starts_with("x.safetensors: ") && message.contains(expected), "{message}");
    };
    check(
        &[("input", Dtype::F64, &[1, 28, 28], &zeros)],
        "of type F64: save it as F32 values or U8 pictures",
    );
    check(&[("input", Dtype::U8, &[8, 784], &zeros)], "has shape [8, 784]: the network takes [n, 1, 28, 28]");
    check(&[("input", Dtype::U8, &[0, 1, 28, 28], &[])], "an empty batch");
    let [a, b] = ["a", "b"].map(|name| (name, Dtype::U8, &[1, 28, 28][..], &zeros[..784]));
    check(&[a, b], "none of its 2 tensors is named `input`");
    std::fs::write(fixture.path("x.safetensors"), b"no tensors").unwrap();
    assert!(fixture.fail(RUN).contains("no sound safetensors file"));
    assert_eq!(fixture.names(), ["data", "float.dshift", "model.dshift", "x.safetensors"]);
}
