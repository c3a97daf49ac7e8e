//! Trainings whose words nobody can be told.

use super::{Results, SHORT, fixture};
use crate::fixture::Fixture;
use std::process::{Command, Stdio};

const FOLDER: &str = "models/mnist/simple_linear/shift_ps_all_wb_5";
const RUN: &str = "-s 1000 -opt radam";

/// Runs a shell's line in which `$0` is the program.
fn shell(fixture: &Fixture, line: &str) {
    let status = Command::new("sh")
        .args(["-c", line, env!("CARGO_BIN_EXE_deepshift")])
        .current_dir(fixture.path(""))
        .env_remove("DEEPSHIFT_DATA")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.unwrap().success(), "{line}");
}

#[cfg(target_os = "linux")]
#[test]
fn they_end_as_if_they_were_heard() {
    let heard = fixture(64);
    heard.succeed(&format!("{SHORT} {RUN}"));
    let expected = Results::of(&heard.path(FOLDER));
    for line in [
        "\"$0\" COMMAND 2>/dev/full",
        "\"$0\" COMMAND >/dev/full 2>&1",
        "\"$0\" COMMAND >&- 2>&-",
        // Both ends of each pipe are closed before the program says anything.
        "{ sleep 0.2; \"$0\" COMMAND; } 2>&1 >/dev/null | true; test -e FOLDER/model.dshift",
        "{ sleep 0.2; \"$0\" COMMAND; } | true; test -e FOLDER/model.dshift",
    ] {
        let fixture = fixture(64);
        let line = line.replace("COMMAND", &format!("{SHORT} {RUN}")).replace("FOLDER", FOLDER);
        shell(&fixture, &line);
        Results::of(&fixture.path(FOLDER)).assert_equals(&expected);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_export_writes_its_file_where_its_notes_cannot_be_written() {
    let fixture = fixture(64);
    fixture.succeed(&format!("{SHORT} {RUN}"));
    std::fs::rename(fixture.path("data"), fixture.path("elsewhere")).unwrap();
    for streams in ["2>/dev/full", ">/dev/full 2>/dev/full"] {
        shell(
            &fixture,
            &format!(
                "rm -f out.dshift; \"$0\" export {FOLDER} -o out.dshift {streams} && test -e out.dshift"
            ),
        );
    }
}
