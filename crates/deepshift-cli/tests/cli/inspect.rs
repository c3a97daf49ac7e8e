use crate::fixture::Fixture;

#[test]
fn people_see_layers_bytes_exponents_and_multiplications() {
    let fixture = Fixture::new();
    let text = fixture.succeed("inspect model.dshift");
    for part in [
        "network      simple_conv, input 1x28x28",
        "431,080 in ",
        "PS, 5 bits",
        "500x800",
        "Exponents of conv2",
        "2^-3",
        "at most 2,293,000 shift-and-add terms",
        "Integer mode, per picture: multiplier-free",
        "of 2,147,483,647: proved from the codes",
        "license      MIT",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let float = fixture.succeed("inspect float.dshift");
    assert!(float.contains("Integer mode: none in this file"), "{float}");
}

#[test]
fn programs_see_the_same_as_json() {
    let fixture = Fixture::new();
    let report: serde_json::Value =
        serde_json::from_str(&fixture.succeed("inspect model.dshift --json")).unwrap();
    let file_bytes = std::fs::metadata(fixture.path("model.dshift")).unwrap().len();
    assert_eq!(report["totals"]["file_bytes"], file_bytes);
    assert_eq!(report["totals"]["parameters"], 431_080);
    assert_eq!(report["layers"][1]["weight"]["coding"]["bits"], 5);
    assert_eq!(report["float_mode"]["shift_additions"], 2_293_000);
    assert_eq!(report["float_mode"]["multiplications"], serde_json::json!([]));
    assert_eq!(report["integer_mode"]["operations"]["shift_additions"], 2_293_000);
    assert_eq!(report["integer_mode"]["multiplier_free"], true);
    let weights = report["exponents"].as_array().unwrap().iter();
    let count = |layer: &serde_json::Value| {
        let powers = layer["powers"].as_object().unwrap().values();
        layer["zeros"].as_u64().unwrap() + powers.map(|count| count.as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(weights.map(count).sum::<u64>(), 500 + 25_000 + 400_000 + 5_000);
}

#[test]
fn exponents_are_drawn() {
    let fixture = Fixture::new();
    fixture.succeed("inspect model.dshift --histogram exponents.svg");
    let svg = std::fs::read_to_string(fixture.path("exponents.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("conv1") && svg.contains("2^-"), "{svg}");
}
