use deepshift_core::graph::{Graph, GraphBuilder};
use deepshift_weights::{ShiftLayers, WeightFile, foreign};
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A file of weights, and the pickle in PyTorch's archive, whose checksums no fuzzer would guess: what is taken from it has the
/// shapes of the network.
pub fn weights(bytes: &[u8]) -> bool {
    let as_it_is = are_taken(bytes);
    let archived = are_taken(&archive(bytes).expect("memory takes everything"));
    as_it_is || archived
}

fn are_taken(bytes: &[u8]) -> bool {
    let _ = foreign(bytes);
    let Ok(file) = WeightFile::parse(bytes) else { return false };
    let graph = graph();
    file.fits(&graph);
    let Ok(chosen) = file.choose(&graph, None) else { return false };
    let _ = ShiftLayers::of(&chosen.state);
    for tensor in chosen.state.values() {
        assert_eq!(tensor.values.len(), tensor.shape.iter().product::<usize>());
    }
    true
}

/// The network whose weights the seeds hold.
fn graph() -> Graph {
    let mut b = GraphBuilder::new("seed", &[3]);
    let hidden = b.linear("fc1", 0, 3, 2);
    let logits = b.batch_norm("bn", hidden, 2);
    b.finish(logits)
}

/// What `torch.save` makes of a pickle and storages of 64 bytes.
fn archive(pickle: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    let storage: Vec<u8> = (0..16u8).flat_map(|i| f32::from(i).to_le_bytes()).collect();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, content: &[u8]| {
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        writer.start_file(name, stored)?;
        writer.write_all(content)
    };
    add("zip/data.pkl", pickle)?;
    add("zip/byteorder", b"little")?;
    for number in 0..7 {
        add(&format!("zip/data/{number}"), &storage)?;
    }
    Ok(writer.finish()?.into_inner())
}
