use super::{SHORT, fixture};

/// Every one of them ends with exit code 2, one line that says what to do, and not a single file.
#[test]
fn what_cannot_be_done_is_said_before_anything_is_written() {
    let fixture = fixture(64);
    std::fs::write(fixture.path("notes.pth"), b"not weights").unwrap();
    let before = fixture.names();
    for (arguments, expected) in [
        ("--data nowhere", "is not in nowhere; run `scripts/data mnist`"),
        ("--evaluate", "--evaluate needs weights: give --weights FILE or --resume FOLDER"),
        ("--model model.pth", "model.pth: a whole pickled module needs the Python classes"),
        ("--pretrained true", "there are no weights to download"),
        ("--device cuda", "this program was built without burn-cuda: use --device cpu"),
        ("--gpus 2", "--gpus needs as many GPUs, and the CPU is one device: leave it out"),
        ("--resume nowhere", "there is no nowhere: give the folder of a run to --resume"),
        ("--resume data", "there is no checkpoint.safetensors in data: give the folder of a run to --resume"),
        ("--weights gone.pth", "gone.pth"),
        ("--weights notes.pth", "notes.pth"),
        ("-s 1 --activation-bits 1 5", "activation bits (1, 5): a network needs at least 2 integer bits"),
        ("-s 1 -ab 20 20", "activation bits (20, 20): a network needs"),
        (
            "-s 1 -st DenseShift -r stochastic",
            "type DenseShift rounds nothing: leave out stochastic rounding",
        ),
        ("--lr-schedule cosine --lr-step-size 3", "--lr-step-size belongs to --lr-schedule step"),
        ("--lr-schedule step --lr-milestones 3", "--lr-milestones belongs to --lr-schedule multi-step"),
    ] {
        let message = fixture.fail(&format!("{SHORT} {arguments}"));
        assert!(message.contains(expected), "{arguments}: {message}");
    }
    assert_eq!(fixture.names(), before);
}

#[test]
fn clap_refuses_options_that_contradict_each_other() {
    let fixture = fixture(64);
    for arguments in [
        "--weights a.pth --resume b",
        "--use-kernel true",
        "--shift-type R",
        "--weight-bits 9",
        "--weight-bits 1",
        "--activation-bits 3",
        "--epochs 0",
        "--batch-size 0",
        "--lr -1",
        "--lr nan",
        "--desc ../../elsewhere",
        "--optimizer lion",
        "--lr-step-size 3 --lr-milestones 3",
        "--type dense",
    ] {
        let outcome = fixture.run(&format!("{SHORT} {arguments}"));
        assert_eq!(outcome.code, Some(2), "{arguments}");
        assert!(outcome.stderr.starts_with("error: "), "{arguments}: {}", outcome.stderr);
    }
    assert!(!fixture.path("models").exists());
}

#[test]
fn weights_of_another_network_are_refused() {
    let fixture = fixture(64);
    fixture.succeed(SHORT);
    fixture.succeed(&format!("{SHORT} -s 1000"));
    let folder = "models/mnist/simple_linear/shift";
    let weights = format!("{folder}/weights.safetensors");
    let shift = format!("{folder}_ps_all_wb_5");
    for (arguments, expected) in [
        (format!("--type conv --desc other --weights {weights}"), "weights lack conv1.weight"),
        (format!("--evaluate --type conv --weights {weights}"), "weights lack conv1.weight"),
        (format!("--evaluate --weights {folder}/checkpoint.safetensors"), "goes on with --resume"),
        (format!("--evaluate --weights {shift}/weights.safetensors"), "--shift-type PS --shift-depth 3"),
        (format!("-e -s 3 -st Q --weights {shift}/weights.safetensors"), "--shift-type PS --shift-depth 3"),
        (format!("-e --weights-key ema --weights {weights}"), "under `ema`: they are under no key"),
    ] {
        let message = fixture.fail(&format!("{SHORT} {arguments}"));
        assert!(message.contains(expected), "{arguments}: {message}");
    }
    assert!(!fixture.path("models/mnist/simple_conv").exists());
}

#[test]
fn a_loss_that_is_no_number_ends_the_run() {
    let fixture = fixture(64);
    for arguments in
        ["--type conv --batch-size 16 --lr 1e30", "--batch-size 16 --lr 1e30", "--batch-size 64 --lr 1e30"]
    {
        let outcome = fixture.run(&format!("train mnist --epochs 1 {arguments}"));
        assert_eq!(outcome.code, Some(2), "{arguments}: {}", outcome.stderr);
        assert!(outcome.stderr.ends_with(": try a lower learning rate\n"), "{}", outcome.stderr);
        assert_eq!(outcome.stderr.matches('\n').count(), 1, "{}", outcome.stderr);
    }
}
