use super::{Random, Results, fixture, signal, spawn};
use std::io::{BufRead, BufReader, Read};
use std::time::Duration;

const FOLDER: &str = "models/mnist/simple_conv/shift_q_all_wb_4";
const TRAIN: &str = "train mnist --type conv --shift-type Q --shift-depth 1000 --weight-bits 4 --rounding stochastic \
                     --optimizer ranger --epochs 2 --batch-size 4";

#[test]
fn ctrl_c_saves_in_the_middle_of_an_epoch() {
    let calm = fixture(240);
    calm.succeed(TRAIN);
    let expected = Results::of(&calm.path(FOLDER));
    let mut random = Random(2);
    // On a busy machine a whole run may pass before it is stopped; then another one is.
    let within = (0..100).any(|_| {
        let stopped = fixture(240);
        let mut command = TRAIN.to_owned();
        let mut stops_within = 0;
        for _ in 0..8 {
            let Some(headline) = interrupt(&stopped, &command, random.below(50) + 5) else { break };
            stops_within += usize::from(headline.contains(", from epoch ") && !headline.contains("batch 0"));
            // Nothing else need be said again.
            command = format!("train mnist --resume {FOLDER}");
        }
        stopped.succeed(&command);
        Results::of(&stopped.path(FOLDER)).assert_equals(&expected);
        stops_within > 0
    });
    assert!(within, "never stopped within an epoch");
}

/// Stops a training by Ctrl-C some time after it began; returns its first line, or none where it was faster.
fn interrupt(fixture: &crate::fixture::Fixture, command: &str, milliseconds: u64) -> Option<String> {
    let mut child = spawn(fixture, command);
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut headline = String::new();
    lines.read_line(&mut headline).unwrap();
    std::thread::sleep(Duration::from_millis(milliseconds));
    signal(&child, "-INT");
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    if output.status.success() {
        return None;
    }
    assert_eq!(output.status.code(), Some(130), "{headline}{rest}{stderr}");
    assert_eq!(
        stderr,
        format!("stopped and saved; go on with --resume {FOLDER}\nerror: stopped by Ctrl-C\n")
    );
    Some(headline)
}
