//! How far a long command is: a bar on a terminal, now and then a plain line elsewhere. Both go to standard error.

use crate::output;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Between two plain lines.
const PAUSE: Duration = Duration::from_secs(5);
const TEMPLATE: &str = "{prefix} [{bar:30}] {human_pos}/{human_len} {eta} left {msg}";

/// Counts steps towards a total.
pub struct Progress {
    label: String,
    total: u64,
    done: u64,
    started: Instant,
    last_line: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Starts at 0 of `total` steps; the label says what is going on.
    pub fn new(label: &str, total: u64) -> Self {
        let now = Instant::now();
        let bar = is_terminal().then(|| bar(label, total));
        Self { label: label.into(), total, done: 0, started: now, last_line: now, bar }
    }

    /// Some steps more; the detail (a loss, an accuracy) follows the count.
    pub fn advance(&mut self, steps: u64, detail: &str) {
        self.done += steps;
        match &self.bar {
            Some(bar) => {
                bar.set_message(detail.to_owned());
                bar.inc(steps);
            }
            None if self.last_line.elapsed() >= PAUSE => {
                self.last_line = Instant::now();
                output::note(&plain_line(self, detail));
            }
            None => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A dumb terminal cannot move its cursor, so it gets plain lines too.
fn is_terminal() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|name| name != "dumb")
}

fn bar(label: &str, total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr())
        .with_style(style.progress_chars("=> "))
        .with_prefix(label.to_owned())
}

fn plain_line(progress: &Progress, detail: &str) -> String {
    let Progress { label, total, done, started, .. } = progress;
    let mut line = format!("{label}: {done} of {total}");
    if *done > 0 {
        let left = started.elapsed().as_secs_f64() * total.saturating_sub(*done) as f64 / *done as f64;
        line += &format!(", {left:.0} s left");
    }
    if detail.is_empty() { line } else { format!("{line}, {detail}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_line_says_how_far_and_how_long() {
        let mut progress = Progress::new("eval", 10);
        assert_eq!(plain_line(&progress, "reading"), "eval: 0 of 10, reading");
        progress.advance(10, "");
        assert_eq!(plain_line(&progress, ""), "eval: 10 of 10, 0 s left");
        assert_eq!(plain_line(&progress, "loss 0.5"), "eval: 10 of 10, 0 s left, loss 0.5");
    }
}
