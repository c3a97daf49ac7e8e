use super::{SHORT, fixture};
use crate::fixture::names;

const FILES: [&str; 11] = [
    "checkpoint.safetensors",
    "command_args.txt",
    "exponents.svg",
    "model.dshift",
    "model_summary.txt",
    "train_log.csv",
    "training.svg",
    "weights.safetensors",
    "weights_best.safetensors",
    "weights_log.txt",
    "weights_unrounded.safetensors",
];

#[test]
fn folders_are_named_as_the_originals() {
    let fixture = fixture(64);
    for (arguments, folder) in [
        ("", "simple_linear/shift"),
        ("--desc again", "simple_linear/shift_again"),
        ("-st q -s 2 -wb 4 --desc desc", "simple_linear/shift_q_2_wb_4_desc"),
        ("--shift-type PS --shift-depth 3", "simple_linear/shift_ps_all_wb_5"),
        ("--type conv --shift-depth 1", "simple_conv/shift_ps_1_wb_5"),
        ("--type conv --shift-depth 1000", "simple_conv/shift_ps_all_wb_5"),
    ] {
        let stdout = fixture.succeed(&format!("{SHORT} {arguments}"));
        let path = fixture.path(&format!("models/mnist/{folder}"));
        assert!(path.join("model.dshift").is_file(), "{arguments}: {stdout}");
    }
}

#[test]
fn the_folder_holds_what_the_originals_does_and_more() {
    let fixture = fixture(64);
    let command = format!("{SHORT} --shift-depth 1000 --optimizer radam");
    let stdout = fixture.succeed(&command);
    assert_eq!(stdout.lines().count(), 4, "{stdout}");
    let folder = fixture.path("models/mnist/simple_linear/shift_ps_all_wb_5");
    assert_eq!(names(&folder), FILES);
    let read = |name| std::fs::read_to_string(folder.join(name)).unwrap();
    let arguments = read("command_args.txt");
    assert_eq!(arguments.lines().next().unwrap(), format!("deepshift {command}"));
    assert!(arguments.contains("\"optimizer\": \"radam\""), "{arguments}");
    let log = read("train_log.csv");
    assert!(log.starts_with("epoch,train_loss,train_top1_acc,train_top5_acc,train_time,test_loss,"), "{log}");
    assert_eq!(log.lines().map(|line| line.split(',').count()).collect::<Vec<_>>(), [9, 9, 9]);
    let summary = read("model_summary.txt");
    assert!(
        summary.lines().any(|line| line.starts_with("fc3 ") && line.ends_with("5130 PS, 5 bits")),
        "{summary}"
    );
    assert!(summary.contains("669706 parameters"), "{summary}");
    assert!(read("weights_log.txt").contains("fc1.shift 512x784: "));
    let inspected = fixture.succeed("inspect models/mnist/simple_linear/shift_ps_all_wb_5/model.dshift");
    assert!(inspected.contains(&format!("deepshift {command}")), "{inspected}");
}

#[test]
fn a_stopped_run_is_kept_and_a_finished_one_replaced() {
    let fixture = fixture(64);
    let folder = fixture.path("models/mnist/simple_linear/shift");
    fixture.succeed(&format!("{SHORT} --seed 1"));
    let first = std::fs::read(folder.join("model.dshift")).unwrap();
    fixture.succeed(&format!("{SHORT} --seed 2"));
    assert!(std::fs::read(folder.join("model.dshift")).unwrap() != first);
    std::fs::remove_file(folder.join("model.dshift")).unwrap();
    let checkpoint = std::fs::read(folder.join("checkpoint.safetensors")).unwrap();
    let message = fixture.fail(&format!("{SHORT} --seed 3"));
    assert!(message.contains("holds a run that was stopped: go on with --resume models/mnist/"), "{message}");
    assert!(std::fs::read(folder.join("checkpoint.safetensors")).unwrap() == checkpoint);
}

#[test]
fn nothing_is_kept_of_weights_that_nobody_wants() {
    let fixture = fixture(64);
    for _ in 0..2 {
        fixture.succeed(&format!("{SHORT} --save-model false --print-weights false"));
        let names = names(&fixture.path("models/mnist/simple_linear/shift"));
        assert_eq!(names, ["command_args.txt", "model_summary.txt", "train_log.csv", "training.svg"]);
    }
}
