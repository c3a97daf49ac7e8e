//! Prints what a picture most probably shows. From the folder of the repository:
//!
//! ```sh
//! cargo run -p deepshift --example classify -- web/models/efficientnet-lite0-2x4.dshift web/models/samples/hen.jpg
//! ```

use deepshift::{Input, Model, Options, Runner};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, picture] = arguments.as_slice() else {
        return Err("usage: classify MODEL.dshift PICTURE.jpg".into());
    };
    let model = Model::from_bytes(&std::fs::read(file)?)?;

    // The file says how a picture of any size becomes the network's input.
    let preprocessing = model.preprocessing.as_ref().ok_or("the file's network takes no pictures")?;
    let pixels = image::open(picture)?.into_rgba8();
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let input = preprocessing.picture(&pixels, width, height, model.graph.input_shape())?;

    let runner = pollster::block_on(Runner::new(&model, Options::default()))?;
    let logits = pollster::block_on(runner.run(Input::Pictures(&input)))?;
    println!("on {}: {}", runner.device_name(), runner.reason());

    // Softmax makes probabilities of logits; taking off the largest first keeps the powers finite.
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = logits.iter().map(|logit| (logit - largest).exp()).collect();
    let sum: f32 = powers.iter().sum();
    let mut best: Vec<usize> = (0..logits.len()).collect();
    best.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
    for class in best.into_iter().take(5) {
        let name = model.classes.get(class).map_or("unnamed", String::as_str);
        println!("{:5.1} %  {class:4}  {name}", 100.0 * powers[class] / sum);
    }
    Ok(())
}
