//! The ImageNet loader with two threads: random-resized crop to 224, flip, normalize, batches of 64.
//!
//! `loading_speed FOLDER EPOCHS`, where the folder holds `<class>/*`, prints pictures per second, then (on Linux)
//! milliseconds of processor time a picture; see `scripts/bench/data`.

use deepshift_data::{Augmentation, Labelling, Loader, PictureFiles, TrainingEpoch, imagenet};
use std::error::Error;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const BATCH: NonZeroUsize = NonZeroUsize::new(64).unwrap();
const THREADS: usize = 2;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, epochs] = &arguments[..] else { return Err("usage: loading_speed FOLDER EPOCHS".into()) };
    let files = Arc::new(PictureFiles::open(Path::new(folder), Labelling::Folders, imagenet::input())?);
    let augmentation = Augmentation { resized_crop: true, flip: true, ..Augmentation::default() };
    let start = Instant::now();
    let mut pictures = 0u32;
    for epoch in 0..epochs.parse()? {
        let epoch = TrainingEpoch::new(files.len(), BATCH, 1, epoch, augmentation);
        for batch in Loader::training(files.clone(), epoch, 0, THREADS) {
            pictures += batch?.labels.len() as u32;
        }
    }
    let speed = f64::from(pictures) / start.elapsed().as_secs_f64();
    println!("{speed:.2} {:.3}", 1000.0 * processor_time()? / f64::from(pictures));
    Ok(())
}

/// Seconds of all threads so far, user and system.
fn processor_time() -> Result<f64, Box<dyn Error>> {
    // The second field is the program's name in brackets; user and system time are the 14th and 15th, in hundredths.
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks = fields.skip(11).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    Ok(ticks / 100.0)
}
