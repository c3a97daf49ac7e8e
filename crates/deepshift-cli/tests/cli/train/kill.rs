use super::{Random, Results, fixture, spawn};
use deepshift_train::{checkpoint_settings, checkpoint_weights};
use std::path::Path;
use std::time::Duration;

const KILLS: usize = 50;
const FOLDER: &str = "models/mnist/simple_linear/shift_ps_all_wb_5";
/// Dropout and stochastic rounding draw random numbers in every step, and every step is saved.
const TRAIN: &str = "train mnist --type linear --shift-type PS --shift-depth 1000 --rounding stochastic \
                     --optimizer radam --epochs 3 --batch-size 32 --save-interval 0";

/// Killed time and again, also while it writes, a run ends with the bytes of one that never stopped.
#[test]
fn fifty_kills_change_nothing() {
    let calm = fixture(160);
    calm.succeed(TRAIN);
    let expected = Results::of(&calm.path(FOLDER));
    let stormy = fixture(160);
    let folder = stormy.path(FOLDER);
    let mut random = Random(1);
    let (mut kills, mut finished) = (0, 0);
    // Longest wait for a kill in milliseconds: it becomes longer where a run gets nowhere and shorter where it ends, so that
    // kills meet runs at work, however fast the machine is just now.
    let mut longest = 100;
    while kills < KILLS || finished == 0 {
        let had_checkpoint = has_checkpoint(&folder);
        let resume = if had_checkpoint { format!(" --resume {FOLDER}") } else { String::new() };
        let mut child = spawn(&stormy, &format!("{TRAIN}{resume}"));
        if kills < KILLS {
            std::thread::sleep(Duration::from_millis(random.below(longest)));
            let _ = child.kill();
        }
        let output = child.wait_with_output().unwrap();
        match output.status.code() {
            // Only those count that met a run with something to lose.
            None if had_checkpoint => kills += 1,
            None => longest += longest / 4,
            Some(code) => {
                longest = (longest * 3 / 4).max(10);
                assert_eq!(code, 0, "{}", String::from_utf8_lossy(&output.stderr));
                Results::of(&folder).assert_equals(&expected);
                finished += 1;
            }
        }
        assert!(has_checkpoint(&folder) || !had_checkpoint, "the checkpoint is gone");
        // A finished run is replaced by the next, as a user would.
        if output.status.success() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
    }
}

/// Whether there is a checkpoint; one that is there must be whole.
fn has_checkpoint(folder: &Path) -> bool {
    let Ok(bytes) = std::fs::read(folder.join("checkpoint.safetensors")) else { return false };
    assert_eq!(checkpoint_settings(&bytes).unwrap().epochs, 3);
    checkpoint_weights(&bytes).unwrap();
    true
}
