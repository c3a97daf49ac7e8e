use crate::fixture::Fixture;

#[test]
fn a_packed_file_becomes_onnx() {
    let fixture = Fixture::new();
    let stdout = fixture.succeed("export model.dshift --onnx -o out.onnx");
    assert!(stdout.starts_with("out.onnx: simple_conv, ") && stdout.ends_with("ONNX\n"), "{stdout}");
    let bytes = std::fs::read(fixture.path("out.onnx")).unwrap();
    assert!(bytes.len() > 4 * 431_080, "{} bytes", bytes.len());
}

#[test]
fn what_makes_no_sense_is_refused() {
    let fixture = Fixture::new();
    let message = fixture.fail("export model.dshift -o out.dshift");
    assert!(message.contains("is packed already: --onnx converts it"), "{message}");
    let message = fixture.fail("export model.dshift --onnx -o out.dshift");
    assert!(message.contains("name a file that ends in .onnx"), "{message}");
}
