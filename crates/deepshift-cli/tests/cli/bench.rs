use crate::fixture::Fixture;

#[test]
fn every_kernel_and_layer_is_timed() {
    let fixture = Fixture::new();
    let stdout = fixture.succeed("bench model.dshift --device cpu --layers");
    assert!(stdout.starts_with("simple_conv, integer mode, 1 picture a run, CPU threads: 1\n"), "{stdout}");
    for line in ["  dot ", "  shift ", "  naive-multiply ", "\nfc2 "] {
        assert!(stdout.contains(line), "no {line:?} in\n{stdout}");
    }
}

#[test]
fn float_mode_has_no_shift_kernel_to_time() {
    let fixture = Fixture::new();
    let stdout = fixture.succeed("bench float.dshift --device cpu -b 3 -j 2");
    assert!(stdout.contains("float mode, 3 pictures a run, CPU threads: 2\n"), "{stdout}");
    assert!(stdout.contains("  dot ") && !stdout.contains("  shift "), "{stdout}");
}
