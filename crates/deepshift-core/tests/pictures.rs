//! Pictures become what Pillow and torchvision make of them, to the bit (`scripts/golden/pictures.py`).

use deepshift_core::{Interpolation, Preprocessing};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    size: [usize; 2],
    input_shape: Vec<usize>,
    resize: Option<u32>,
    interpolation: String,
    planes: Vec<u8>,
}

/// The picture of the script.
fn rgba([width, height]: [usize; 2]) -> Vec<u8> {
    let value = |x: usize, y: usize, channel: usize| {
        let checks = if (x / 3 + y / 2) % 2 == 1 { 127 } else { 0 };
        (x * 37 + y * 91 + channel * 53 + (x * y * 7) % 64 + checks) as u8
    };
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    pixels.flat_map(|(x, y)| (0..4).map(move |channel| value(x, y, channel))).collect()
}

#[test]
fn pictures_are_resized_as_pillow_does() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("data/pictures.json")).unwrap();
    assert_eq!(cases.len(), 10);
    for case in cases {
        let channels = case.input_shape[0];
        let preprocessing = Preprocessing {
            resize: case.resize,
            interpolation: match case.interpolation.as_str() {
                "bilinear" => Interpolation::Bilinear,
                "bicubic" => Interpolation::Bicubic,
                other => panic!("{other}"),
            },
            ..Preprocessing::new(vec![0.0; channels], vec![1.0; channels])
        };
        let [width, height] = case.size;
        let planes = preprocessing.picture(&rgba(case.size), width, height, &case.input_shape).unwrap();
        assert_eq!(planes, case.planes, "{width}x{height} {:?} {:?}", case.input_shape, case.interpolation);
    }
}
