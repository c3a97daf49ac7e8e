//! `deepshift train cifar10` and `imagenet` on pictures in folders of classes.

use super::Results;
use crate::fixture::Fixture;
use deepshift_core::Model;
use std::path::Path;

const CIFAR10: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// An uncompressed BMP file of random pixels, its left half darker in pictures of the first classes.
fn bmp(side: u32, class: usize, number: usize) -> Vec<u8> {
    let bytes = side * side * 3;
    let mut file = b"BM".to_vec();
    for field in [54 + bytes, 0, 54, 40, side, side, 1 | 24 << 16, 0, bytes, 0, 0, 0, 0] {
        file.extend(field.to_le_bytes());
    }
    let pixel = |place: u32| {
        let noise = place.wrapping_mul(2_654_435_761).rotate_left(number as u32 + 7) as u8 / 4;
        noise + if place / 3 % side < side / 2 { class as u8 * 16 } else { 90 }
    };
    file.extend((0..bytes).map(pixel));
    file
}

fn write_classes(folder: &Path, classes: &[&str], side: u32, pictures: usize) {
    for (class, name) in classes.iter().enumerate() {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for number in 0..pictures {
            std::fs::write(folder.join(format!("{number}.bmp")), bmp(side, class, number)).unwrap();
        }
    }
}

fn cifar10() -> Fixture {
    let fixture = Fixture::new();
    write_classes(&fixture.path("data/train"), &CIFAR10, 32, 5);
    write_classes(&fixture.path("data/test"), &CIFAR10, 32, 1);
    fixture
}

const LENET: &str = "train cifar10 -a lenet --batch-size 16 --lr 0.01 --lr-schedule false -wb 4 -s 1000 \
                     --nesterov --mixup 0.2 --cutmix 1 --label-smoothing 0.1 --average-decay 0.9";
const FOLDER: &str = "models/cifar10/lenet/shift_ps_all_wb_4";

#[test]
fn augmented_averaged_and_resumed_is_the_same_run() {
    let whole = cifar10();
    let result = whole.succeed(&format!("{LENET} --epochs 2"));
    let parts = cifar10();
    parts.succeed(&format!("{LENET} --epochs 1 --workers 3"));
    parts.succeed(&format!("train cifar10 --resume {FOLDER} --epochs 2 --workers 0"));
    // The model's notes hold the command, which differs.
    let [parts, expected] = [&parts, &whole].map(|fixture| Results::of(&fixture.path(FOLDER)));
    assert_eq!(parts.log, expected.log);
    assert!(parts.unrounded == expected.unrounded && parts.rounded == expected.rounded, "weights differ");

    let top1 = result.split_once("top-1 ").unwrap().1;
    let model = format!("{FOLDER}/model.dshift");
    let evaluated = whole.succeed(&format!("eval {model} --mode float --confusion confusion.svg"));
    assert!(evaluated.contains("10 pictures of CIFAR-10's test part\ntop-1 "), "{evaluated}");
    let expected = format!("top-1 {}", result.rsplit_once("top-1 ").unwrap().1.split(" %").next().unwrap());
    assert!(evaluated.contains(&expected), "{evaluated} instead of {top1}");
    whole.succeed(&format!("eval {model} --kernel shift"));
}

#[test]
fn a_training_goes_on_from_a_conversion() {
    let fixture = cifar10();
    fixture.succeed("train cifar10 -a lenet --batch-size 16 --epochs 1 --lr 0.01");
    let source = "models/cifar10/lenet/shift/weights.safetensors --arch lenet --shift-type Q --weight-bits 4";
    fixture.succeed(&format!("convert {source} --calibrate data/train --reconstruct -o start.dshift"));
    let shift = "train cifar10 -a lenet -st Q -wb 4 -s 1000 --batch-size 16 --epochs 1";
    let before = fixture.succeed(&format!("{shift} --weights start.dshift --evaluate"));
    let of_file = fixture.succeed("eval start.dshift --mode float");
    let numbers = |text: &str| text[text.rfind("top-1 ").unwrap()..].split(" %").next().unwrap().to_owned();
    assert_eq!(numbers(&before), numbers(&of_file));
    // Without a learning rate the rounded weights stay what they were.
    fixture.succeed(&format!("{shift} --weights start.dshift --lr 0"));
    let read = |path: &str| Model::from_bytes(&std::fs::read(fixture.path(path)).unwrap()).unwrap();
    let (start, after) = (read("start.dshift"), read("models/cifar10/lenet/shift_q_all_wb_4/model.dshift"));
    for layer in ["conv1", "conv2", "fc1", "fc2", "fc3"] {
        assert!(start.shift_weight(layer).unwrap() == after.shift_weight(layer).unwrap(), "{layer}");
    }

    fixture.succeed(&format!("convert {source} --channel-exponents -o exponents.dshift"));
    let message = fixture.fail(&format!("{shift} --weights exponents.dshift"));
    assert!(message.contains("has two terms or channel exponents, and training has neither"), "{message}");
}

#[test]
fn the_originals_options_have_the_originals_defaults() {
    let fixture = cifar10();
    std::fs::write(fixture.path("data/train/cat/broken.jpg"), b"no picture").unwrap();
    let outcome =
        fixture.run("train cifar10 -a lenet --epochs 1 -b 16 -p 10 --dist-backend nccl -alt true -s 1000");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    for line in
        ["note: --print-freq changes nothing", "note: --dist-backend", "note: 1 pictures cannot be read"]
    {
        assert!(outcome.stderr.contains(line), "{}", outcome.stderr);
    }
    let command =
        std::fs::read_to_string(fixture.path("models/cifar10/lenet/shift_ps_all_wb_5/command_args.txt"));
    for setting in [
        "\"learning_rate\": 0.1",
        "\"momentum\": 0.9",
        "\"weight_decay\": 0.0001",
        "\"pad_and_crop\": 4",
        "\"flip\": true",
        "\"MultiStep\"",
        "\"alternate_update\": true",
    ] {
        assert!(command.as_ref().unwrap().contains(setting), "{setting} is not in {command:?}");
    }
    let message = fixture.fail("train cifar10 -a lenet --world-size 2");
    assert!(message.contains("a run trains on one machine"), "{message}");
}

#[test]
fn a_folder_with_broken_empty_and_huge_files_trains_through() {
    let fixture = Fixture::new();
    for part in ["train", "val"] {
        write_classes(&fixture.path(&format!("pictures/{part}")), &["n01", "n02"], 40, 2);
    }
    std::fs::write(fixture.path("pictures/train/n01/empty.jpg"), b"").unwrap();
    std::fs::write(fixture.path("pictures/train/n02/broken.png"), b"\x89PNG\r\n\x1a\nnothing").unwrap();
    // It claims four gigapixels.
    let mut huge = bmp(4, 0, 0);
    huge[18..26].copy_from_slice(&[0, 0, 1, 0, 0, 0, 1, 0]);
    std::fs::write(fixture.path("pictures/val/n02/huge.bmp"), huge).unwrap();

    let train = "train imagenet pictures -a squeezenet1_1 --epochs 1 -b 3 -s 1000 --lr 0.001 -j 2";
    let outcome = fixture.run(train);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("note: 3 pictures cannot be read and are left out"),
        "{}",
        outcome.stderr
    );
    for name in ["empty.jpg", "broken.png", "huge.bmp"] {
        assert!(outcome.stderr.contains(name), "{name}: {}", outcome.stderr);
    }
    let model = "models/imagenet/squeezenet1_1/shift_ps_all_wb_5/model.dshift";
    let message = fixture.fail(&format!("eval {model} --data pictures"));
    assert!(message.contains("tells 1000 classes apart and pictures has 2"), "{message}");
    let classes: String = (1..=1000).map(|class| format!("n{class:02}\n")).collect();
    std::fs::write(fixture.path("classes.txt"), classes).unwrap();
    let evaluated = fixture.succeed(&format!("eval {model} --data pictures --classes classes.txt"));
    assert!(evaluated.contains("4 pictures of pictures"), "{evaluated}");
}
