use crate::fixture::Fixture;
use std::process::{Command, Stdio};

#[test]
fn options_that_contradict_each_other_or_the_file() {
    let fixture = Fixture::new();
    for (arguments, expected) in [
        ("eval model.dshift --mode float --kernel shift", "leave out --mode float, or use --kernel dot"),
        ("eval float.dshift --kernel shift", "the file has no integer network: use --kernel dot"),
        ("eval float.dshift --mode integer", "use --mode float, or export it again"),
        ("eval model.dshift --confusion nowhere/c.svg", "there is no folder nowhere; make it first"),
        ("eval model.dshift --confusion c.png", "name a file that ends in .svg"),
        ("inspect model.dshift --histogram data", "name a file that ends in .svg"),
        ("run model.dshift --input x.safetensors --output y.safetensors", "cannot read x.safetensors"),
    ] {
        let message = fixture.fail(arguments);
        assert!(message.contains(expected), "{arguments}: {message}");
    }
    assert_eq!(fixture.names(), ["data", "float.dshift", "model.dshift"]);
}

#[test]
fn what_is_missing_is_named_with_what_to_do() {
    let fixture = Fixture::new();
    assert!(fixture.fail("inspect gone.dshift").starts_with("cannot read gone.dshift"));
    assert!(fixture.fail("inspect data").starts_with("cannot read data"));
    let message = fixture.fail("eval model.dshift --data nowhere");
    assert!(message.contains("is not in nowhere; run `scripts/data mnist`"), "{message}");
}

/// Every length near the ends and some in between.
#[test]
fn cut_files_are_refused() {
    let fixture = Fixture::new();
    let file = std::fs::read(fixture.path("model.dshift")).unwrap();
    let lengths = [0, 1, 7, 8, 23, 24, 100, file.len() / 2, file.len() - 5, file.len() - 1];
    for length in lengths {
        std::fs::write(fixture.path("bad.dshift"), &file[..length]).unwrap();
        let message = fixture.fail("eval bad.dshift");
        assert!(message.starts_with("bad.dshift: bad file at byte "), "{length}: {message}");
        assert!(message.ends_with("get the file again or export it again"), "{length}: {message}");
    }
}

#[test]
fn flipped_bits_are_refused() {
    let fixture = Fixture::new();
    let file = std::fs::read(fixture.path("model.dshift")).unwrap();
    for place in [0, 9, 12, 17, 40, file.len() / 3, file.len() - 1] {
        let mut bytes = file.clone();
        bytes[place] ^= 0x10;
        std::fs::write(fixture.path("bad.dshift"), &bytes).unwrap();
        for command in ["inspect bad.dshift", "run bad.dshift --input x.safetensors --output y.safetensors"] {
            let message = fixture.fail(command);
            assert!(message.starts_with("bad.dshift: bad file at byte "), "{place}: {message}");
        }
    }
}

#[test]
fn claps_own_errors_end_with_the_same_code() {
    let fixture = Fixture::new();
    for arguments in ["eval", "eval model.dshift --threads 0", "eval model.dshift --kernel fast", "fly"] {
        let outcome = fixture.run(arguments);
        assert_eq!(outcome.code, Some(2), "{arguments}");
        assert!(outcome.stderr.starts_with("error: "), "{arguments}: {}", outcome.stderr);
    }
    assert!(fixture.succeed("--version").starts_with("deepshift "));
    assert!(fixture.succeed("eval --help").contains("naive-multiply"));
}

#[test]
fn a_reader_that_leaves_early_causes_no_panic() {
    let fixture = Fixture::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_deepshift"))
        .args(["inspect", "--json"])
        .arg(fixture.path("model.dshift"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(141), &[][..]));
}

/// The program waits for its model in a pipe, so the signal always meets it at work.
#[cfg(unix)]
#[test]
fn ctrl_c_ends_with_130_and_leaves_nothing() {
    let fixture = Fixture::new();
    let pipe = fixture.path("pipe.dshift");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut child = Command::new(env!("CARGO_BIN_EXE_deepshift"))
        .current_dir(fixture.path(""))
        .args(["run", "pipe.dshift", "--input", "x.safetensors", "--output", "y.safetensors"])
        .spawn()
        .unwrap();
    // Opening the pipe for writing succeeds once the program has opened it for reading, with its handler installed.
    let writer = std::fs::File::options().write(true).open(&pipe).unwrap();
    let number = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &number]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    drop(writer);
    assert_eq!(fixture.names(), ["data", "float.dshift", "model.dshift", "pipe.dshift"]);
}
