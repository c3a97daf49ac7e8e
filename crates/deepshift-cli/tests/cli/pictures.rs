//! Folders of pictures as people have them.

use crate::convert::{bitmap, resnet20};
use crate::fixture::Fixture;
use deepshift_core::graph::Op;
use std::fs::{create_dir_all, write};

/// ResNet20 for pictures of a size that no data set has, as `net.dshift`.
fn fixture() -> Fixture {
    let fixture = Fixture::new();
    let mut model = resnet20();
    model.graph.nodes[0].op = Op::Input(vec![3, 40, 40]);
    write(fixture.path("net.dshift"), model.to_bytes().unwrap()).unwrap();
    fixture
}

/// Writes one picture into each of ten class folders.
fn ten_classes(fixture: &Fixture, below: &str) {
    for class in 0..10 {
        let folder = fixture.path(&format!("set/val/class{class}/{below}"));
        create_dir_all(&folder).unwrap();
        write(folder.join("a.bmp"), bitmap(class)).unwrap();
    }
}

/// Standard output and standard error of an evaluation that must succeed.
fn evaluate(fixture: &Fixture, options: &str) -> (String, String) {
    let outcome = fixture.run(&format!("eval net.dshift --data set {options}"));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    (outcome.stdout, outcome.stderr)
}

#[test]
fn an_archive_beside_folders_of_classes_is_named_and_not_read() {
    let fixture = fixture();
    ten_classes(&fixture, "");
    write(fixture.path("set/val/backup.tar"), b"no matter what").unwrap();
    let (stdout, stderr) = evaluate(&fixture, "");
    assert!(stdout.contains(", 10 pictures of set"), "{stdout}");
    assert!(
        stderr.contains("archives beside folders of classes are left out in set/val: backup.tar"),
        "{stderr}"
    );
}

#[test]
fn pictures_lie_deeper_than_their_class_and_tables_are_none() {
    let fixture = fixture();
    ten_classes(&fixture, "images");
    write(fixture.path("set/val/class3/class3_boxes.txt"), b"a.bmp 0 0 1 1").unwrap();
    write(fixture.path("set/val/class4/Thumbs.db"), b"\xd0\xcf").unwrap();
    let (stdout, stderr) = evaluate(&fixture, "");
    assert!(stdout.contains(", 10 pictures of set") && stderr.is_empty(), "{stdout}{stderr}");
    let stdout = fixture.succeed("convert net.dshift --calibrate set --evaluate set -o out.dshift");
    assert!(stdout.contains("out.dshift: resnet20"), "{stdout}");
}

#[test]
fn an_evaluation_of_nothing_is_an_error() {
    let fixture = fixture();
    ten_classes(&fixture, "");
    for class in 0..10 {
        write(fixture.path(&format!("set/val/class{class}/a.bmp")), b"").unwrap();
    }
    let message = fixture.fail("eval net.dshift --data set");
    assert!(message.starts_with("not one of 10 pictures can be read: set/val/class0/a.bmp: "), "{message}");
    let message = fixture.fail("convert net.dshift --calibrate set -o out.dshift");
    assert!(message.starts_with("not one of 10 pictures can be read: "), "{message}");
    let message = fixture.fail("convert net.dshift --evaluate set -o out.dshift");
    assert!(message.starts_with("not one of 10 pictures can be read: "), "{message}");
    assert!(!fixture.path("out.dshift").exists());
}

#[test]
fn a_flat_folder_takes_a_list_of_labels() {
    let fixture = fixture();
    create_dir_all(fixture.path("set/val")).unwrap();
    for picture in 0..3 {
        write(fixture.path(&format!("set/val/{picture}.bmp")), bitmap(picture)).unwrap();
    }
    let message = fixture.fail("eval net.dshift --data set");
    assert!(
        message.contains("sort its pictures into <class>/*, or give a list of their labels"),
        "{message}"
    );
    write(fixture.path("labels.txt"), "0.bmp 7\n1 0\n").unwrap();
    let (stdout, stderr) = evaluate(&fixture, "--labels labels.txt");
    assert!(stdout.contains(", 2 pictures of set"), "{stdout}");
    assert!(
        stderr.contains("pictures without a label in the list are left out in set/val: 2.bmp"),
        "{stderr}"
    );
    write(fixture.path("labels.txt"), "7\n8\n10\n").unwrap();
    let message = fixture.fail("eval net.dshift --data set --labels labels.txt");
    assert!(message.contains("--label-classes FILE"), "{message}");
    let classes: Vec<String> = (0..10).map(|class| format!("class{class}\n")).collect();
    write(fixture.path("classes.txt"), classes.concat()).unwrap();
    let (stdout, _) = evaluate(&fixture, "--labels labels.txt --label-classes classes.txt");
    assert!(stdout.contains(", 3 pictures of set"), "{stdout}");
    let message = fixture.fail("convert net.dshift --labels labels.txt -o out.dshift");
    assert!(message.contains("belong to --evaluate"), "{message}");
}
