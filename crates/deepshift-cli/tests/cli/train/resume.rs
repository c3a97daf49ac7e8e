use super::{Results, SHORT, fixture, spawn};

const FOLDER: &str = "models/mnist/simple_linear/shift_ps_all_wb_5";
const RUN: &str = "-s 1000 -opt radam";

#[test]
fn options_that_would_make_it_another_run_are_refused() {
    let fixture = fixture(64);
    fixture.succeed(&format!("{SHORT} {RUN}"));
    let before = Results::of(&fixture.path(FOLDER));
    for (arguments, expected) in [
        ("--type conv", "simple_linear, and the options ask for simple_conv"),
        ("--lr 0.5", "learning rate 0.01, and the options ask for 0.5"),
        ("-opt adam", "optimizer \"radam\", and the options ask for \"adam\""),
        ("-s 1000 -st Q", "shift type \"PS\", and the options ask for \"Q\""),
        ("--epochs 1", "is in its epoch 2 already: --epochs must be at least 2"),
    ] {
        let message = fixture.fail(&format!("train mnist --resume {FOLDER} {arguments}"));
        assert!(message.contains(expected), "{arguments}: {message}");
    }
    Results::of(&fixture.path(FOLDER)).assert_equals(&before);
}

/// An option that was typed asks for what it says, also where that is what it would be without it.
#[test]
fn a_default_that_was_typed_is_no_default() {
    let fixture = fixture(64);
    let run =
        "-s 2 -st Q --seed 5 -opt adam --weight-decay 0.1 --mixup 0.5 --lr-schedule step --warm-up-epochs 1";
    fixture.succeed(&format!("{SHORT} {run} --desc x"));
    let folder = "models/mnist/simple_linear/shift_q_2_wb_5_x";
    for (arguments, expected) in [
        ("--seed 1", "seed 5, and the options ask for 1"),
        ("--batch-size 64", "batch size 16, and the options ask for 64"),
        ("-opt SGD", "optimizer \"adam\", and the options ask for \"sgd\""),
        ("-st PS", "shift type \"Q\", and the options ask for \"PS\""),
        ("-s 0", "a run of shift {"),
        ("--wd 0", "weight decay 0.1, and the options ask for 0"),
        ("--mixup 0", "mixup 0.5, and the options ask for 0"),
        ("--lr-schedule default", "decay {"),
        ("--warm-up-epochs 0", "warm up {"),
    ] {
        let message = fixture.fail(&format!("train mnist --resume {folder} {arguments}"));
        assert!(message.contains(expected), "{arguments}: {message}");
    }
    let stdout = fixture.succeed(&format!("train mnist --resume {folder} --seed 5 -wb 5 -st q"));
    assert!(stdout.starts_with("all 2 epochs are done already"), "{stdout}");
}

#[test]
fn a_finished_run_stays_as_it_is() {
    let fixture = fixture(64);
    fixture.succeed(&format!("{SHORT} {RUN}"));
    let before = Results::of(&fixture.path(FOLDER));
    for resume in [
        format!("train mnist --resume {FOLDER}"),
        format!("{SHORT} {RUN} --resume {FOLDER}/checkpoint.safetensors"),
    ] {
        let stdout = fixture.succeed(&resume);
        assert!(stdout.starts_with("all 2 epochs are done already"), "{stdout}");
        Results::of(&fixture.path(FOLDER)).assert_equals(&before);
    }
}

#[test]
fn a_finished_run_can_be_made_longer() {
    let (short, long) = (fixture(64), fixture(64));
    short.succeed(&format!("{SHORT} {RUN} --license CC-BY-4.0"));
    short.succeed(&format!("train mnist --resume {FOLDER} --epochs 3"));
    let inspected = short.succeed(&format!("inspect {FOLDER}/model.dshift"));
    assert!(inspected.contains("license      CC-BY-4.0"), "{inspected}");
    long.succeed(&format!("{SHORT} {RUN}").replace("--epochs 2", "--epochs 3"));
    let [short, long] = [short, long].map(|fixture| Results::of(&fixture.path(FOLDER)));
    assert_eq!(short.log, long.log);
    assert!(short.unrounded == long.unrounded);
}

#[test]
fn a_run_that_kept_no_weights_cannot_begin_to() {
    let fixture = fixture(64);
    fixture.succeed(&format!("{SHORT} {RUN}"));
    let folder = fixture.path(FOLDER);
    std::fs::remove_file(folder.join("weights_best.safetensors")).unwrap();
    let before = std::fs::read(folder.join("model.dshift")).unwrap();
    let message = fixture.fail(&format!("train mnist --resume {FOLDER} --epochs 3"));
    assert!(message.contains("go on with --save-model false"), "{message}");
    assert!(std::fs::read(folder.join("model.dshift")).unwrap() == before);
    fixture.succeed(&format!("train mnist --resume {FOLDER} --epochs 3 --save-model false"));
}

#[test]
fn a_cosine_cannot_be_made_longer() {
    let fixture = fixture(64);
    fixture.succeed(&format!("{SHORT} {RUN} --lr-schedule cosine"));
    let message = fixture.fail(&format!("train mnist --resume {FOLDER} --epochs 3"));
    assert!(message.contains("2 epochs, where the cosine of its learning rate ends"), "{message}");
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    let fixture = fixture(64);
    fixture.succeed(&format!("{SHORT} {RUN}"));
    let path = fixture.path(&format!("{FOLDER}/checkpoint.safetensors"));
    let good = std::fs::read(&path).unwrap();
    for length in [0, 7, 100, good.len() / 2, good.len() - 1] {
        std::fs::write(&path, &good[..length]).unwrap();
        let message = fixture.fail(&format!("train mnist --resume {FOLDER}"));
        assert!(message.contains("checkpoint.safetensors: the checkpoint cannot be used: "), "{message}");
    }
}

#[test]
fn two_trainings_cannot_share_a_folder() {
    let fixture = fixture(64);
    let mut first = spawn(&fixture, &format!("{SHORT} {RUN} --epochs 1000000").replace("--epochs 2 ", ""));
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(first.stdout.as_mut().unwrap()), &mut line)
        .unwrap();
    let message = fixture.fail(&format!("{SHORT} {RUN}"));
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(
        message.contains("another training is at work in ") || message.contains("was stopped"),
        "{message}"
    );
}
