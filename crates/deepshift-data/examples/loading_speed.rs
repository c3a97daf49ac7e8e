//! Pictures per second of the ImageNet loader with two threads: random-resized crop to 224, flip, normalize, batches of 64.
//!
//! `loading_speed FOLDER EPOCHS`, where the folder holds `<class>/*`; see `scripts/bench-data`.

use deepshift_data::{Augmentation, Loader, PictureFiles, TrainingEpoch, imagenet};
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
    let files = Arc::new(PictureFiles::open(Path::new(folder), None, imagenet::input())?);
    let augmentation = Augmentation { resized_crop: true, flip: true, ..Augmentation::default() };
    let start = Instant::now();
    let mut pictures = 0;
    for epoch in 0..epochs.parse()? {
        let epoch = TrainingEpoch::new(files.len(), BATCH, 1, epoch, augmentation);
        for batch in Loader::training(files.clone(), epoch, 0, THREADS) {
            pictures += batch?.labels.len();
        }
    }
    println!("{:.2}", pictures as f64 / start.elapsed().as_secs_f64());
    Ok(())
}
