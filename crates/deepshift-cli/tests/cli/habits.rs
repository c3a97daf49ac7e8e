//! What people's scripts and machines do.

use crate::fixture::Fixture;
use std::process::Command;

/// A script adds options to its base command.
#[test]
fn the_last_of_a_repeated_option_counts() {
    let fixture = Fixture::new();
    let stdout = fixture.succeed(
        "eval model.dshift --kernel shift --kernel dot --limit 3 --limit 2 --data nowhere --data data",
    );
    assert!(stdout.contains(" 2 pictures of "), "{stdout}");
    assert!(stdout.contains("kernel dot"), "{stdout}");
    let message = fixture
        .fail("train mnist -ab 16 16 -ab 8 8 --lr-milestones 1 --lr-milestones 2 --nesterov --nesterov");
    // The options stand; what is missing is the training part.
    assert!(message.contains("train-images"), "{message}");
}

#[test]
fn an_empty_variable_says_nothing() {
    let fixture = Fixture::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_deepshift"));
    command.current_dir(fixture.path("")).args(["eval", "model.dshift"]);
    let output = command.env("DEEPSHIFT_DATA", "").env("DEEPSHIFT_CPU", "").output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_written_through() {
    let fixture = Fixture::new();
    std::fs::create_dir(fixture.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere/net.onnx", fixture.path("net.onnx")).unwrap();
    fixture.succeed("export float.dshift --onnx -o net.onnx");
    assert!(fixture.path("net.onnx").is_symlink());
    assert_eq!(crate::fixture::names(&fixture.path("elsewhere")), ["net.onnx"]);
}

/// A disk that is full: the file that is written may have no more than a few kilobytes.
#[cfg(unix)]
#[test]
fn a_full_disk_is_an_error_and_leaves_nothing() {
    let fixture = Fixture::new();
    let before = fixture.names();
    // The signal that comes with the limit would end the program, which a full disk does not.
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" export float.dshift --onnx -o net.onnx";
    let program = env!("CARGO_BIN_EXE_deepshift");
    let output =
        Command::new("sh").args(["-c", script, program]).current_dir(fixture.path("")).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("cannot write net.onnx"), "{stderr}");
    assert_eq!(fixture.names(), before);
}
