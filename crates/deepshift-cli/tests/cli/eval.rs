use crate::fixture::{Fixture, PICTURES, label, model, pixels};
use deepshift_core::Input;
use deepshift_core::reference::{float_logits, integer_logits};

/// The line of accuracies that the reference interpreter gives.
fn accuracies(logits: &[f32]) -> String {
    let mut hits = [0, 0];
    for (picture, logits) in logits.chunks(10).enumerate() {
        let mut order: Vec<usize> = (0..10).collect();
        order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
        let rank = order.iter().position(|&class| class == usize::from(label(picture))).unwrap();
        hits[0] += usize::from(rank == 0);
        hits[1] += usize::from(rank < 5);
    }
    let [top1, top5] = hits.map(|hits| 100.0 * hits as f64 / PICTURES as f64);
    format!("top-1 {top1:.2} %, top-5 {top5:.2} %")
}

#[test]
fn every_mode_and_kernel_gives_the_references_accuracy() {
    let fixture = Fixture::new();
    let pixels = pixels();
    let float = accuracies(&float_logits(model(), Input::Pictures(&pixels)).unwrap());
    let integer = accuracies(&integer_logits(model(), Input::Pictures(&pixels)).unwrap());
    for (expected, mode, kernels) in [
        (float, "float", &["dot", "naive-multiply", "reference"][..]),
        (integer, "integer", &["shift", "dot", "naive-multiply", "reference"]),
    ] {
        for kernel in kernels {
            let text = fixture.succeed(&format!(
                "eval model.dshift --mode {mode} --kernel {kernel} --threads 1 --batch-size 5"
            ));
            assert!(text.contains(&expected), "{mode} {kernel}: {text} instead of {expected}");
            assert!(text.contains(&format!("{mode} mode (asked for), kernel {kernel}")), "{text}");
            assert!(text.contains("ms per picture (median of 3 batches of 5)"), "{text}");
            assert!(text.contains("1 thread\n"), "{text}");
        }
    }
}

#[test]
fn the_mode_follows_from_the_file_and_is_explained() {
    let fixture = Fixture::new();
    let text = fixture.succeed("eval model.dshift --limit 2");
    assert!(text.contains("integer mode (the file has an integer network)"), "{text}");
    assert!(text.contains(", 2 pictures of MNIST"), "{text}");
    let text = fixture.succeed("eval float.dshift --limit 2");
    assert!(text.contains("float mode (the file has no integer network)"), "{text}");
    let bytes = std::fs::metadata(fixture.path("float.dshift")).unwrap().len();
    assert!(
        text.replace(',', "").contains(&format!("{bytes} bytes in the file 1724320 bytes as f32")),
        "{text}"
    );
}

#[test]
fn confusions_are_drawn() {
    let fixture = Fixture::new();
    fixture.succeed("eval model.dshift --data data --confusion confusion.svg");
    std::fs::write(fixture.path("labels.txt"), "a 1").unwrap();
    let message = fixture.fail("eval model.dshift --data data --labels labels.txt");
    assert!(message.contains("MNIST has its labels with it"), "{message}");
    let svg = std::fs::read_to_string(fixture.path("confusion.svg")).unwrap();
    assert!(
        svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>") && svg.contains("true class"),
        "{svg}"
    );
}
