//! Writes seeds of the fuzz targets: small files of each kind. At the top of the repository:
//! `cargo run -p deepshift-fuzz --example seeds`.

use deepshift_core::format::{PREFIX, SUFFIX};
use deepshift_core::graph::{Activation, Conv2d, Graph, GraphBuilder, Movement, Op, PadShortcut, Pool};
use deepshift_core::{Model, ShiftFormat, ShiftType};
use deepshift_tests::{every_movement, every_operation, float_model, formula_model, repository};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use std::error::Error;
use std::io::Cursor;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let ps = ShiftFormat::new(ShiftType::PS, 5)?;
    let q = ShiftFormat::new(ShiftType::Q, 3)?;
    let models = [
        ("every_operation.dshift", formula_model(&every_operation(), ps)?.to_bytes()?),
        ("every_movement.dshift", formula_model(&every_movement(), ps)?.to_bytes()?),
        ("more.dshift", formula_model(&more(), q)?.to_bytes()?),
        ("float.dshift", float_model(&float_only(), q, true)?.to_bytes()?),
    ];
    write("dshift", &models)?;
    let headers =
        [("integer", header(&without_tensors(true)?)?), ("float", header(&without_tensors(false)?)?)];
    write("header", &headers)?;
    let pictures = pictures()?;
    write("archive", &archives(&pictures[0].1)?)?;
    write("picture", &pictures)?;
    write("png", &pngs())?;
    let json = br#"{"mean":[0.5,0.5,0.5],"std":[1,1,1],"resize":5,"interpolation":"bicubic"}"#;
    let gray = br#"{"mean":[0.1307],"std":[0.3081]}"#;
    let cut =
        [("color", [&[6, 5, 4, 3, 3], &json[..]].concat()), ("gray", [&[3, 7, 5, 4, 1], &gray[..]].concat())];
    write("preprocessing", &cut)?;
    let words = [100_i32, 7, 1000, 3].map(i32::to_le_bytes).concat();
    write("rescale", &[("small", [&words[..], &[0; 4], &[1, 4]].concat())])?;
    write("classes", &[("two", b"n01440764\r\n n02 \n".to_vec())])
}

fn write(target: &str, files: &[(&str, Vec<u8>)]) -> Result<()> {
    let folder = repository("fuzz/seeds").join(target);
    std::fs::create_dir_all(&folder)?;
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}

/// What `every_operation` lacks of integer mode.
fn more() -> Graph {
    let mut b = GraphBuilder::new("more", &[1, 6, 6]);
    let unusual =
        Conv2d { kernel: [2, 3], padding: [0, 1, 1, 2], dilation: [2, 1], ..Conv2d::square(1, 4, 3) };
    let stem = b.conv("stem", 0, unusual.strided(2));
    let depthwise = b.conv("depthwise", stem, Conv2d { groups: 4, ..Conv2d::square(4, 4, 3).padded(1) });
    let shortcut = b.op(
        "shortcut",
        Op::Move(Movement::PadShortcut(PadShortcut { stride: 2, before: 1, after: 1 })),
        &[depthwise],
    );
    let pool = Pool { kernel: [2, 2], stride: [1, 1], padding: [0, 0], ceil_mode: true };
    let pool = b.op("pool", Op::MaxPool(pool), &[shortcut]);
    let flat = b.op("flatten", Op::Move(Movement::Flatten), &[pool]);
    let features = 6;
    let hidden = b.linear("hidden", flat, features, 3);
    let hidden = b.relu("relu", hidden);
    let logits = b.linear("logits", hidden, 3, 2);
    b.finish(logits)
}

/// What integer mode has no operation for.
fn float_only() -> Graph {
    let mut b = GraphBuilder::new("float", &[2, 5, 5]);
    let conv = b.conv("conv", 0, Conv2d::square(2, 4, 3).padded(1).biased());
    let mean = b.op("adaptive", Op::AdaptiveAvgPool([3, 2]), &[conv]);
    let pool = Pool { kernel: [2, 2], stride: [2, 2], padding: [1, 1], ceil_mode: true };
    let mean = b.op("mean", Op::AvgPool(pool), &[mean]);
    let mean = b.op("drop", Op::DropPath(0.1), &[mean]);
    let twice = b.op("twice", Op::Multiply, &[mean, mean]);
    let logits = b.op("flatten", Op::Move(Movement::Flatten), &[twice]);
    b.finish(logits)
}

/// A network that needs no tensors.
fn without_tensors(integer: bool) -> Result<Model> {
    let mut b = GraphBuilder::new("bare", &[2, 3, 3]);
    let pool = Pool { kernel: [2, 2], stride: [1, 1], padding: [0, 0], ceil_mode: false };
    let pool = b.op("pool", Op::MaxPool(pool), &[0]);
    let x = b.op("shuffle", Op::Move(Movement::ChannelShuffle(2)), &[pool]);
    let x = b.op("slice", Op::Move(Movement::channels([0, 1])), &[x]);
    let x = if integer { x } else { b.op("swish", Op::Activation(Activation::Swish), &[x]) };
    let logits = b.op("flatten", Op::Move(Movement::Flatten), &[x]);
    let graph = b.finish(logits);
    let format = ShiftFormat::new(ShiftType::Q, 3)?;
    let mut model = if integer { formula_model(&graph, format) } else { float_model(&graph, format, false) }?;
    let input = model.integer.as_mut().and_then(|network| network.nodes.first_mut());
    if let Some(node) = input {
        node.op = deepshift_core::integer::IntegerOp::Input(Default::default());
    }
    Ok(model)
}

fn header(model: &Model) -> Result<Vec<u8>> {
    let bytes = model.to_bytes()?;
    Ok(bytes[PREFIX..bytes.len() - SUFFIX].to_vec())
}

fn pictures() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let color = RgbImage::from_fn(7, 5, |x, y| Rgb([x as u8 * 30, y as u8 * 40, 200]));
    let color = DynamicImage::from(color);
    let gray = DynamicImage::from(color.to_luma8());
    let files = [
        ("color.bmp", &color, ImageFormat::Bmp),
        ("color.jpg", &color, ImageFormat::Jpeg),
        ("gray.jpg", &gray, ImageFormat::Jpeg),
        ("color.gif", &color, ImageFormat::Gif),
        ("color.webp", &color, ImageFormat::WebP),
        ("color.ppm", &color, ImageFormat::Pnm),
        ("gray.pgm", &gray, ImageFormat::Pnm),
        ("color.qoi", &color, ImageFormat::Qoi),
    ];
    files.into_iter().map(|(name, picture, format)| Ok((name, encoded(picture, format)?))).collect()
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format)?;
    Ok(bytes.into_inner())
}

/// One whose folders name classes, with a long name, and one of numbered classes.
fn archives(picture: &[u8]) -> Result<[(&'static str, Vec<u8>); 2]> {
    let long = format!("val/{}/a.bmp", "n".repeat(150));
    let folders = [("val/n02/b.bmp", picture), ("text.txt", b"none"), (&long, picture)];
    let labels = [("a/1.cls", &b"17\n"[..]), ("a/1.bmp", picture), ("a/1.json", b"{}")];
    Ok([("folders.tar", archive(&folders)?), ("labels.tar", archive(&labels)?)])
}

fn archive(files: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes)?;
    }
    // Without the padding, which readers do without.
    let mut bytes = builder.into_inner()?;
    let content = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    bytes.truncate(content.next_multiple_of(512));
    Ok(bytes)
}

/// PNG files whose pixels are not packed; the target does that.
fn pngs() -> [(&'static str, Vec<u8>); 6] {
    let color = png([2, 2], [8, 2, 0], &[], &[0; 14]);
    // A chunk that is not of the picture comes before its size.
    let (signature, rest) = color.split_at(8);
    let foreign = [signature, &chunk(b"tEXt", &[0; 13]), rest].concat();
    let palette = chunk(b"PLTE", &[255, 0, 0, 0, 255, 0]);
    [
        ("color", color),
        ("deep", png([2, 1], [16, 6, 0], &chunk(b"tEXt", b"a\0b"), &[1; 17])),
        ("foreign", foreign),
        ("gray", png([9, 2], [1, 0, 0], &chunk(b"tRNS", &[0, 1]), &[2; 6])),
        ("palette", png([5, 1], [4, 3, 0], &[palette, chunk(b"tRNS", &[9])].concat(), &[0, 1, 0, 1])),
        ("interlaced", png([3, 3], [8, 4, 1], &[], &[4; 24])),
    ]
}

fn png(
    [width, height]: [u32; 2],
    [depth, color, interlaced]: [u8; 3],
    extra: &[u8],
    lines: &[u8],
) -> Vec<u8> {
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let header = chunk(b"IHDR", &[&size[..], &[depth, color, 0, 0, interlaced]].concat());
    [b"\x89PNG\r\n\x1a\n", &header[..], extra, &chunk(b"IDAT", lines), &chunk(b"IEND", &[])].concat()
}

/// Without a checksum, which the target makes good.
fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32).to_be_bytes()[..], name, content, &[0; 4]].concat()
}
