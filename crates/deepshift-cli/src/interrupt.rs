//! Ctrl-C.

use crate::{Error, Result};
use std::sync::atomic::{AtomicBool, Ordering};

/// What a shell expects of a program stopped by Ctrl-C: 128 and the number of the signal.
pub const EXIT_CODE: u8 = 130;

static TAKEN_OVER: AtomicBool = AtomicBool::new(false);
static REQUESTED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C ends the program with exit code 130, unless a command takes it over.
pub fn install() -> Result<()> {
    ctrlc::set_handler(|| {
        let again = REQUESTED.swap(true, Ordering::SeqCst);
        if again || !TAKEN_OVER.load(Ordering::SeqCst) {
            std::process::exit(i32::from(EXIT_CODE));
        }
    })
    .map_err(|error| Error::input(format!("cannot listen for Ctrl-C: {error}")))
}

/// From now on the first Ctrl-C only makes [`requested`] true, so that a command can save and return
/// [`Error::Interrupted`]; the second one ends the program at once.
pub fn take_over() {
    TAKEN_OVER.store(true, Ordering::SeqCst);
}

/// Whether Ctrl-C was pressed.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}
