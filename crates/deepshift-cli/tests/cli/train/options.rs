use super::{SHORT, fixture};

#[test]
fn the_originals_spellings_are_understood() {
    let fixture = fixture(64);
    for (index, arguments) in [
        "-opt RAdam -st ps -s 1000 -r stochastic -wb 4 -ab 3 5",
        "-opt radam --shift-type Ps --activation-bits 3 5 --shift-depth 1000",
        "--optimizer sgd --momentum 0.9 --weight-decay 1e-4",
        "--optimizer SGD --lr-step 1",
        "-opt ADADELTA --lr-milestones 1,2",
        "-opt rmsprop --pretrained false --no-cuda --save-model true --print-weights True",
        "-st denseshift -s 1000 -wb 3 -opt adam --lr 0.001",
    ]
    .into_iter()
    .enumerate()
    {
        fixture.succeed(&format!("{SHORT} {arguments} --desc {index}"));
    }
    let settings = |folder: &str| {
        let path = fixture.path(&format!("models/mnist/simple_linear/{folder}/command_args.txt"));
        std::fs::read_to_string(path).unwrap()
    };
    assert!(settings("shift_ps_all_wb_4_0").contains("\"rounding\": \"Stochastic\""));
    assert!(settings("shift_3").contains("\"Step\""));
    assert!(settings("shift_4").contains("\"MultiStep\""));
    assert!(settings("shift_denseshift_all_wb_3_6").contains("\"shift_type\": \"DenseShift\""));
}

#[test]
fn options_that_change_nothing_say_so() {
    let fixture = fixture(64);
    let outcome = fixture.run(&format!("{SHORT} -s 1000 --print-freq 4 --log-interval 10"));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let notes: Vec<&str> = outcome.stderr.lines().collect();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].starts_with("note: --log-interval changes nothing: "));
    assert!(notes[1].starts_with("note: --print-freq changes nothing: "));
}

/// The last epoch's accuracy comes back from its rounded and unrounded weights and its checkpoint.
#[test]
fn evaluation_finds_the_accuracy_of_the_training() {
    let fixture = fixture(64);
    let train = format!("{SHORT} --type conv --shift-depth 1000 -opt radam");
    let result = fixture.succeed(&train);
    let accuracy = result.split_once("(last epoch ").unwrap().1.split_once(" %)").unwrap().0;
    let folder = "models/mnist/simple_conv/shift_ps_all_wb_5";
    let expected = format!("top-1 {accuracy} %");
    for weights in
        ["--weights F/weights.safetensors", "--weights F/weights_unrounded.safetensors", "--resume F"]
    {
        let command = format!("{train} --evaluate {}", weights.replace('F', folder));
        let stdout = fixture.succeed(&command);
        assert!(stdout.contains(&expected), "{command}: {stdout} instead of {expected}");
        let stdout = fixture.succeed(&format!("{command} --use-kernel true"));
        assert!(stdout.contains("kernel shift"), "{stdout}");
    }
    let float = fixture.succeed(&format!("{SHORT} --type conv --desc float"));
    assert!(float.contains("results in models/mnist/simple_conv/shift_float"), "{float}");
    let command = "train mnist -e --use-kernel true --resume models/mnist/simple_conv/shift_float";
    assert!(fixture.succeed(command).contains("kernel naive-multiply"));
}

#[test]
fn a_float_network_becomes_a_shift_network() {
    let fixture = fixture(64);
    fixture.succeed(SHORT);
    let weights = "models/mnist/simple_linear/shift/weights.safetensors";
    for shift_type in ["q", "denseshift"] {
        fixture
            .succeed(&format!("{SHORT} --weights {weights} -s 1000 -st {shift_type} --desc from_pretrained"));
        let folder = format!("models/mnist/simple_linear/shift_{shift_type}_all_wb_5_from_pretrained");
        assert!(fixture.path(&folder).join("model.dshift").is_file());
    }
}

/// Its file has the codes of type Q, and says what they were trained as.
#[test]
fn dense_shift_is_packed_as_type_q() {
    let fixture = fixture(64);
    let folder = "models/mnist/simple_conv/shift_denseshift_all_wb_3";
    let train = format!("{SHORT} --type conv -s 1000 -st DenseShift -wb 3 -opt adam --lr 0.001");
    let result = fixture.succeed(&train);
    let accuracy = result.split_once("(last epoch ").unwrap().1.split_once(" %)").unwrap().0;
    let inspected = fixture.succeed(&format!("inspect {folder}/model.dshift"));
    assert!(inspected.contains("Q, 3 bits") && inspected.contains("DenseShift"), "{inspected}");
    let summary = std::fs::read_to_string(fixture.path(folder).join("model_summary.txt")).unwrap();
    assert!(summary.contains("DenseShift, 3 bits"), "{summary}");
    for weights in ["weights", "weights_unrounded"] {
        let stdout = fixture.succeed(&format!("{train} --evaluate --weights {folder}/{weights}.safetensors"));
        assert!(stdout.contains(&format!("top-1 {accuracy} %")), "{weights}: {stdout} instead of {accuracy}");
    }
    let packed = |name: &str| {
        deepshift_core::Model::from_bytes(&std::fs::read(fixture.path(name)).unwrap()).unwrap().tensors
    };
    for source in [
        format!("{folder}/weights_best.safetensors -a simple_conv -s 1000 -st DenseShift -wb 3"),
        folder.into(),
    ] {
        fixture.succeed(&format!("export {source} -o out.dshift"));
        assert!(packed("out.dshift") == packed(&format!("{folder}/model.dshift")), "{source}");
    }
}

#[test]
fn a_kernel_that_cannot_run_says_why() {
    let fixture = fixture(64);
    let train = format!("{SHORT} -s 1000 -wb 8");
    fixture.run(&train);
    let resume = "train mnist --resume models/mnist/simple_linear/shift_ps_all_wb_8 -e --use-kernel true";
    let message = fixture.fail(resume);
    assert!(message.starts_with("--use-kernel has no integer network to run: "), "{message}");
}
