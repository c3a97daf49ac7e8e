//! What a run says of itself: on the screen, in its log and in its model.

use super::run::Run;
use crate::{Error, Result, text};
use deepshift_burn::StateDict;
use deepshift_core::Provenance;
use deepshift_train::{EpochRow, Settings, Trainer};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

pub fn headline(trainer: &Trainer, folder: &Path, device: &str) -> String {
    let epochs = trainer.settings().epochs;
    if trainer.is_finished() {
        return format!(
            "all {epochs} epochs are done already; writing their results again in {}",
            folder.display()
        );
    }
    let position = trainer.position();
    let from = match (position.epoch, position.batch) {
        (0, 0) => String::new(),
        (epoch, batch) => format!(", from epoch {}, batch {batch}", epoch + 1),
    };
    let architecture = &trainer.settings().architecture;
    format!("training {architecture} on {device} for {epochs} epochs{from}, in {}", folder.display())
}

/// The line of the epoch just finished.
pub fn epoch(trainer: &Trainer) -> String {
    let Some(row) = trainer.history().last() else { return String::new() };
    format!(
        "epoch {}/{}: train loss {:.4}, top-1 {:.2} %; test loss {:.4}, top-1 {:.2} %; {:.1} s\n",
        trainer.position().epoch,
        trainer.settings().epochs,
        row.train_loss,
        row.train_top1,
        row.test_loss,
        row.test_top1,
        row.train_time + row.test_time
    )
}

/// Index of the epoch with the highest top-1 accuracy on the test pictures, the first among equals.
pub fn best_epoch(history: &[EpochRow]) -> usize {
    let better = |best: usize, index: usize| {
        if history[index].test_top1 > history[best].test_top1 { index } else { best }
    };
    (1..history.len()).fold(0, better)
}

pub fn result(trainer: &Trainer, folder: &Path) -> String {
    let history = trainer.history();
    let best = best_epoch(history);
    let top1 = |index: usize| history.get(index).map_or(0.0, |row| row.test_top1);
    format!(
        "top-1 {:.2} % on the test pictures after epoch {}, the best of {} (last epoch {:.2} %); results in {}\n",
        top1(best),
        best + 1,
        history.len(),
        top1(history.len().saturating_sub(1)),
        folder.display()
    )
}

/// `epoch,train_loss,…`, a line for each epoch, counted from 1.
pub fn log(history: &[EpochRow]) -> Result<String> {
    let mut csv = String::from(
        "epoch,train_loss,train_top1_acc,train_top5_acc,train_time,test_loss,test_top1_acc,test_top5_acc,test_time\n",
    );
    for (row, epoch) in history.iter().zip(1..) {
        let EpochRow { train_loss, train_top1, train_top5, train_time, .. } = row;
        let EpochRow { test_loss, test_top1, test_top5, test_time, .. } = row;
        writeln!(
            csv,
            "{epoch},{train_loss:.6},{train_top1:.3},{train_top5:.3},{train_time:.2},{test_loss:.6},{test_top1:.3},{test_top5:.3},{test_time:.2}"
        )
        .map_err(Error::input)?;
    }
    Ok(csv)
}

/// The command line of this process, in one line. A path to the program would tell nothing.
pub fn command() -> String {
    let options: Vec<String> =
        std::env::args_os().skip(1).map(|option| text::one_line(&option.to_string_lossy())).collect();
    format!("deepshift {}", options.join(" "))
}

/// What the licence's line begins with.
pub const LICENSE: &str = "license: ";

/// The command that began the run in the first line, then every setting as it came out, then the licence.
pub fn command_args(run: &Run, settings: &Settings) -> Result<String> {
    let settings = serde_json::to_string_pretty(settings).map_err(Error::input)?;
    Ok(format!("{}\n{settings}\n{LICENSE}{}\n", run.command, text::one_line(&run.license)))
}

/// Layers, shapes and parameters.
pub fn network(trainer: &Trainer) -> Result<String> {
    let graph = trainer.network().graph();
    let shift = trainer.settings().shift.as_ref();
    let shapes = graph.shapes()?;
    let mut rows = format!("{:<24} {:<18} {:>12} weight\n", "layer", "output", "parameters");
    let mut total = 0;
    for (node, shape) in graph.nodes.iter().zip(&shapes) {
        let parameters: usize =
            node.parameters().iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
        total += parameters;
        let weight = match shift.filter(|_| node.shift_scheme().is_some()) {
            Some(shift) => format!("{:?}, {} bits", shift.shift_type, shift.weight_bits),
            None if parameters > 0 => "f32".into(),
            None => String::new(),
        };
        let row = format!("{:<24} {:<18} {parameters:>12} {weight}", node.name, text::shape(shape));
        writeln!(rows, "{}", row.trim_end()).map_err(Error::input)?;
    }
    writeln!(rows, "{total} parameters, {} multiply-accumulates a picture", graph.multiply_accumulates()?)
        .map_err(Error::input)?;
    Ok(rows)
}

/// First values of every parameter.
pub fn weights(state: &StateDict) -> String {
    state
        .iter()
        .map(|(name, tensor)| {
            let first: Vec<String> = tensor.values.iter().take(8).map(f32::to_string).collect();
            let more = if tensor.values.len() > 8 { ", …" } else { "" };
            format!("{name} {}: {}{more}\n", text::shape(&tensor.shape), first.join(", "))
        })
        .collect()
}

/// Where weights of a training folder come from.
pub const ORIGIN: &str = "trained with deepshift train";

/// What the model file says of its origin.
pub fn provenance(run: &Run, trainer: &Trainer) -> Provenance {
    let mut notes = BTreeMap::from([("data".to_string(), run.data.name.to_string())]);
    notes.insert("command".into(), run.command.clone());
    if let Some(shift) = &run.settings.shift {
        // The codes do not tell Q and DenseShift apart.
        notes.insert("shift_type".into(), format!("{:?}", shift.shift_type));
    }
    // A resumed run may have become longer than its command says.
    notes.insert("epochs".into(), trainer.history().len().to_string());
    let best = best_epoch(trainer.history());
    if let Some(row) = trainer.history().get(best) {
        notes.insert("best_epoch".into(), (best + 1).to_string());
        notes.insert("top1".into(), format!("{:.2}", row.test_top1));
    }
    Provenance { license: run.license.clone(), origin: ORIGIN.into(), notes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_epoch_is_the_first_of_equals() {
        let history = [98.0, 99.0, 99.0, 98.5].map(|test_top1| EpochRow { test_top1, ..EpochRow::default() });
        assert_eq!(best_epoch(&history), 1);
        assert_eq!(best_epoch(&history[..1]), 0);
        assert_eq!(best_epoch(&[]), 0);
    }

    #[test]
    fn the_logs_header_matches_its_lines() {
        let row = EpochRow { train_loss: 0.5, test_top1: 99.1, ..EpochRow::default() };
        let log = log(&[row, row]).unwrap();
        let columns: Vec<usize> = log.lines().map(|line| line.split(',').count()).collect();
        assert_eq!(columns, [9, 9, 9]);
        assert!(log.lines().nth(2).unwrap().starts_with("2,0.500000,"));
    }
}
