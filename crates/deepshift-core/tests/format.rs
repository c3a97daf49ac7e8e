//! The `.dshift` file: what is written comes back, and what is damaged is refused with the place and the reason.

use deepshift_core::format::{MAX_HEADER, PREFIX, SUFFIX};
use deepshift_core::graph::{
    BatchNorm, Conv2d, Graph, GraphBuilder, Head, Movement, Op, ShiftScheme, WeightKind,
};
use deepshift_core::integer::{ByteTables, Epilogue, IntegerNetwork, IntegerNode, IntegerOp, Rescale};
use deepshift_core::{
    Error, FixedPoint, FloatTensor, Model, Preprocessing, Provenance, ShiftFormat, ShiftType, ShiftWeight,
    Tensor, bits,
};
use serde_json::{Value, json};

const TYPES: [ShiftType; 2] = [ShiftType::Q, ShiftType::PS];

fn scheme(format: ShiftFormat) -> WeightKind {
    WeightKind::Shift(ShiftScheme { format, input: Some(FixedPoint::signed_8(5)), bias: None })
}

/// A convolution of this coding, BatchNorm, and a linear layer of floats.
fn graph(format: ShiftFormat) -> Graph {
    let mut builder = GraphBuilder::new("small", &[2, 4, 4]);
    let conv = Conv2d { groups: 2, weight: scheme(format), ..Conv2d::square(2, 4, 3).padded(1).biased() };
    let mut x = builder.conv("conv", 0, conv);
    x = builder.op("norm", Op::BatchNorm(BatchNorm { channels: 4, eps: 1e-5 }), &[x]);
    x = builder.relu("relu", x);
    x = builder.op("flatten", Op::Move(Movement::Flatten), &[x]);
    x = builder.linear("fc", x, 64, 3);
    Graph { head: Head::LogSoftmax, ..builder.finish(x) }
}

/// Every code of the format in turn, but for the one that means nothing.
fn codes(format: ShiftFormat, len: usize) -> Vec<u8> {
    let valid: Vec<u8> = (0..=u8::MAX >> (8 - format.bits)).filter(|&c| format.decode(c).is_some()).collect();
    bits::pack(&(0..len).map(|i| valid[i * 7 % valid.len()]).collect::<Vec<_>>(), format.bits)
}

fn shift_weight(format: ShiftFormat, terms: u8, exponents: bool) -> Tensor {
    let mut weight = ShiftWeight {
        shape: vec![4, 1, 3, 3],
        format,
        first: codes(format, 36),
        second: None,
        exponents: exponents.then(|| vec![0, -3, 7, 100]),
    };
    if terms == 2 {
        weight.second = Some(codes(weight.second_format(), 36));
    }
    Tensor::Shift(weight)
}

fn model(format: ShiftFormat, terms: u8, exponents: bool) -> Model {
    let graph = graph(format);
    let floats = |(name, shape): (String, Vec<usize>)| {
        let values = (0..shape.iter().product()).map(|i: usize| i as f32 * 0.37 + 1e-7).collect();
        (name, Tensor::Float(FloatTensor { shape, values }))
    };
    let mut model = Model {
        tensors: graph.parameters().into_iter().map(floats).collect(),
        graph,
        integer: None,
        preprocessing: Some(Preprocessing::new(vec![0.1307, 0.5], vec![0.3081, 0.1])),
        classes: ["zero", "größer", "\"two\"\n"].map(String::from).into(),
        provenance: Provenance {
            license: "MIT".into(),
            origin: "by hand".into(),
            notes: [("accuracy".into(), "none".into())].into(),
        },
    };
    model.tensors.insert("conv.weight".into(), shift_weight(format, terms, exponents));
    model
}

/// One integer layer of 16 inputs and 3 outputs on type PS of 5 bits.
fn integer_model() -> Model {
    let format = ShiftFormat::new(ShiftType::PS, 5).unwrap();
    let mut builder = GraphBuilder::new("integer", &[1, 4, 4]);
    let flat = builder.op("flatten", Op::Move(Movement::Flatten), &[0]);
    let fc = builder.linear("fc", flat, 16, 3);
    let mut graph = builder.finish(fc);
    let Op::Linear(linear) = &mut graph.nodes[fc].op else { panic!("fc is linear") };
    linear.weight = scheme(format);
    let weight =
        ShiftWeight { shape: vec![3, 16], format, first: codes(format, 48), second: None, exponents: None };
    let bias = FloatTensor { shape: vec![3], values: vec![0.5, -0.25, 0.0] };
    Model {
        tensors: [("fc.weight".into(), Tensor::Shift(weight)), ("fc.bias".into(), Tensor::Float(bias))]
            .into(),
        integer: Some(integer_network()),
        graph,
        preprocessing: None,
        classes: Vec::new(),
        provenance: Provenance::default(),
    }
}

fn integer_network() -> IntegerNetwork {
    let format = FixedPoint { fraction_bits: 5, lowest: -100, highest: 100 };
    let tables = ByteTables { count: 1, entries: (0..=255u8).map(|byte| (byte as i8) / 2).collect() };
    let rescale = Rescale { multiplier: -77, offset: 1 << 12, pre_shift: 9, post_shift: 3 };
    let node = |name: &str, op, inputs: &[usize], format| IntegerNode {
        name: name.into(),
        op,
        inputs: inputs.into(),
        format,
    };
    let layer = IntegerOp::Layer { layer: 2, epilogue: Epilogue::new(vec![rescale; 3]) };
    IntegerNetwork {
        nodes: vec![
            node("input", IntegerOp::Input(tables), &[], format),
            node("flatten", IntegerOp::Move(Movement::Flatten), &[0], format),
            node("fc", layer, &[1], FixedPoint::output(12)),
        ],
        output: 2,
    }
}

/// The file with its header and data changed, lengths and checksum made good.
fn damaged(file: &[u8], damage: impl FnOnce(&mut Value, &mut Vec<u8>)) -> Vec<u8> {
    let header_len = u32::from_le_bytes(file[12..16].try_into().unwrap()) as usize;
    let mut header: Value = serde_json::from_slice(&file[PREFIX..PREFIX + header_len]).unwrap();
    let mut data = file[PREFIX + header_len..file.len() - SUFFIX].to_vec();
    damage(&mut header, &mut data);
    assemble(header.to_string().as_bytes(), &data)
}

fn assemble(header: &[u8], data: &[u8]) -> Vec<u8> {
    let mut bytes = b"dshift\r\n\x01\0\0\0".to_vec();
    bytes.extend((header.len() as u32).to_le_bytes());
    bytes.extend((data.len() as u64).to_le_bytes());
    bytes.extend(header);
    bytes.extend(data);
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

fn refusal(bytes: &[u8]) -> (usize, String) {
    match Model::from_bytes(bytes) {
        Err(Error::BadFile { offset, what }) => (offset, what),
        other => panic!("not refused as a bad file: {other:?}"),
    }
}

#[test]
fn every_coding_comes_back() {
    for shift_type in TYPES {
        for bits in 2..=8 {
            for (terms, exponents) in [(1, false), (1, true), (2, false), (2, true)] {
                let model = model(ShiftFormat::new(shift_type, bits).unwrap(), terms, exponents);
                let bytes = model.to_bytes().unwrap();
                let read = Model::from_bytes(&bytes).unwrap();
                assert_eq!(read, model, "{shift_type:?} {bits} bits, {terms} terms");
                assert_eq!(read.to_bytes().unwrap(), bytes);
            }
        }
    }
    let model = integer_model();
    assert_eq!(Model::from_bytes(&model.to_bytes().unwrap()).unwrap(), model);
}

#[test]
fn the_frame_is_as_documented() {
    let model = integer_model();
    let bytes = model.to_bytes().unwrap();
    let header_len = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let data_len = u64::from_le_bytes(bytes[16..24].try_into().unwrap()) as usize;
    assert_eq!(bytes[..12], *b"dshift\r\n\x01\0\0\0");
    assert_eq!(bytes.len(), 24 + header_len + data_len + 4);
    // 48 codes of 5 bits, 3 floats, one table, 3 rescalings.
    assert_eq!(data_len, 30 + 12 + 256 + 30);
    let rescale = &bytes[bytes.len() - 4 - 10..bytes.len() - 4];
    assert_eq!(rescale, [0xb3, 0xff, 0xff, 0xff, 0, 0x10, 0, 0, 9, 3]);
}

#[test]
fn the_documented_example_is_a_good_header() {
    let page = include_str!("../../../docs/format.md");
    let header = page.split("```json").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let model = Model::from_bytes(&assemble(header.as_bytes(), &[0; 12 + 8 + 256 + 20])).unwrap();
    assert_eq!(model.graph.name, "tiny");
    assert_eq!(model.integer.unwrap().nodes[1].op.epilogues()[0].channels, 2);
}

#[test]
fn a_cut_at_every_length_is_refused() {
    for model in [model(ShiftFormat::new(ShiftType::Q, 3).unwrap(), 2, true), integer_model()] {
        let bytes = model.to_bytes().unwrap();
        for len in 0..bytes.len() {
            let (offset, what) = refusal(&bytes[..len]);
            assert!(offset <= len, "cut to {len}: byte {offset}");
            assert!(what.contains("cut"), "cut to {len}: {what}");
        }
        let (offset, what) = refusal(&[&bytes[..], &[0]].concat());
        assert_eq!(offset, bytes.len() + 1);
        assert!(what.contains("grown"), "{what}");
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    let bytes = integer_model().to_bytes().unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let (offset, _) = refusal(&flipped);
        assert!(offset <= bytes.len(), "bit {bit}: byte {offset}");
    }
}

#[test]
fn a_damaged_frame_is_named_with_its_place() {
    let bytes = integer_model().to_bytes().unwrap();
    let end = bytes.len() - SUFFIX;
    let changed = |at: usize, to: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + to.len()].copy_from_slice(to);
        refusal(&bytes)
    };
    assert_eq!(refusal(b""), (0, "the file is cut: 0 bytes".into()));
    let (offset, what) = changed(0, b"PK\x03\x04");
    assert_eq!((offset, what.contains("no .dshift file")), (0, true), "{what}");
    let (offset, what) = changed(6, b"\n\n");
    assert_eq!((offset, what.contains("line endings")), (0, true), "{what}");
    let (offset, what) = changed(8, &[2]);
    assert_eq!((offset, what.contains("version 2")), (8, true), "{what}");
    let (offset, what) = changed(12, &(MAX_HEADER as u32 + 1).to_le_bytes());
    assert_eq!((offset, what.contains("header of 1048577 bytes")), (12, true), "{what}");
    let (_, what) = changed(16, &[0xff; 8]);
    assert!(what.contains("too many"), "{what}");
    let (offset, what) = changed(end, &[0, 0, 0]);
    assert_eq!((offset, what.contains("checksum")), (end, true), "{what}");
}

#[test]
fn a_header_that_is_no_header_is_refused_where_it_stops_making_sense() {
    assert_eq!(refusal(&assemble(b"{\"graph\": ?", b"")).0, PREFIX + 10);
    assert_eq!(refusal(&assemble(b"{\n\n\"graph\": ?", b"")).0, PREFIX + 12);
    assert!(refusal(&assemble(b"", b"")).1.contains("EOF"));
    assert!(refusal(&assemble(b"{}", b"")).1.contains("missing field"));
    let deep = format!("{{\"unknown\": {}", "[".repeat(MAX_HEADER / 2));
    let (offset, what) = refusal(&assemble(deep.as_bytes(), b""));
    assert_eq!((offset, what.contains("nested too deep")), (PREFIX + 12 + 127, true), "{what}");
    let known = r#"{"provenance": {"license": "MIT", "origin": 3}}"#;
    let (offset, what) = refusal(&assemble(known.as_bytes(), b""));
    assert_eq!((offset, what.contains("expected a string")), (PREFIX + 44, true), "{what}");
}

/// A name, what is done to header and data, and a part of the message.
type Damage = (fn(&mut Value, &mut Vec<u8>), &'static str);

fn all_refused(model: &Model, damages: &[Damage]) {
    let file = model.to_bytes().unwrap();
    assert_eq!(Model::from_bytes(&damaged(&file, |_, _| ())).as_ref(), Ok(model));
    for (damage, expected) in damages {
        let bytes = damaged(&file, damage);
        let (offset, what) = refusal(&bytes);
        assert!(what.contains(expected), "{what:?} lacks {expected:?}");
        assert!((PREFIX..=bytes.len()).contains(&offset), "{what}: byte {offset}");
    }
}

#[test]
fn tensors_that_do_not_fit_are_refused() {
    let damages: &[Damage] = &[
        (|_, data| data.push(0), "1 bytes too many"),
        (|_, data| data.truncate(40), "goes beyond the end of the data"),
        (|header, _| header["tensors"][0]["shape"] = json!([4, 1, 3, usize::MAX]), "impossible shape"),
        (|header, _| header["tensors"][0]["shape"] = json!([4, 1, 3, 0]), "impossible shape"),
        (|header, _| header["tensors"][0]["shape"] = json!([]), "impossible shape"),
        (|header, _| header["tensors"][0]["shape"] = json!([4, 1, 9, 1]), "instead of [4, 1, 3, 3]"),
        (|header, _| header["tensors"][0]["coding"]["shift"]["format"]["bits"] = json!(9), "2 to 8"),
        (|header, _| header["tensors"][0]["coding"]["shift"]["format"]["bits"] = json!(0), "2 to 8"),
        (|header, _| header["tensors"][0]["coding"]["shift"]["terms"] = json!(3), "1 or 2"),
        (|header, _| header["tensors"][1]["name"] = json!("conv.weight"), "there twice"),
        (|header, _| header["tensors"][1]["name"] = json!("nobody"), "conv.bias is missing"),
        (|header, _| header["graph"]["nodes"][1]["op"]["conv2d"]["bias"] = json!(false), "8 tensors for 7"),
        (
            |header, _| header["graph"]["nodes"][1]["op"]["conv2d"]["weight"] = json!("float"),
            "coded otherwise",
        ),
        // Sign 1 with magnitude 0: the first code's five bits.
        (|_, data| data[0] = data[0] & !0x1f | 0x10, "code that means nothing"),
        // The exponents follow two terms of 36 codes.
        (|_, data| data[46] = 127, "range of f32"),
        (|_, data| data[50..54].copy_from_slice(&f32::NAN.to_le_bytes()), "NaN"),
        (|header, _| header["classes"] = json!(["one"]), "1 class names for 3 logits"),
        (|header, _| header["preprocessing"]["std"][0] = json!(0.0), "preprocessing"),
        (|header, _| header["preprocessing"]["mean"] = json!([0.5]), "preprocessing"),
    ];
    all_refused(&model(ShiftFormat::new(ShiftType::PS, 5).unwrap(), 2, true), damages);
}

#[test]
fn a_bad_value_is_placed_at_its_tensor() {
    let file = model(ShiftFormat::new(ShiftType::PS, 5).unwrap(), 2, true).to_bytes().unwrap();
    let start = |bytes: &[u8]| PREFIX + u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let code = damaged(&file, |_, data| data[0] = data[0] & !0x1f | 0x10);
    assert_eq!(refusal(&code).0, start(&code));
    let bias = damaged(&file, |_, data| data[54..58].copy_from_slice(&f32::INFINITY.to_le_bytes()));
    let (offset, what) = refusal(&bias);
    assert_eq!(offset, start(&bias) + 50);
    assert!(what.contains("conv.bias: value 1 is NaN or infinite"), "{what}");
}

#[test]
fn graphs_that_make_no_sense_are_refused() {
    let damages: &[Damage] = &[
        (|header, _| header["graph"]["nodes"] = json!([]), "outputs"),
        (|header, _| header["graph"]["outputs"] = json!([99]), "outputs"),
        (|header, _| header["graph"]["nodes"][3]["inputs"] = json!([3]), "does not come before"),
        (|header, _| header["graph"]["nodes"][3]["inputs"] = json!([]), "takes 1 operands"),
        (|header, _| header["graph"]["nodes"][3]["name"] = json!("conv"), "used twice"),
        (|header, _| header["graph"]["nodes"][0]["op"]["input"] = json!([2, 4, 0]), "an input is"),
        (|header, _| header["graph"]["nodes"][0]["op"]["input"] = json!([2, 1 << 20, 1 << 20]), "elements"),
        (|header, _| header["graph"]["nodes"][1]["op"]["conv2d"]["groups"] = json!(0), "groups"),
        (|header, _| header["graph"]["nodes"][1]["op"]["conv2d"]["stride"] = json!([0, 1]), "stride"),
        (|header, _| header["graph"]["nodes"][1]["op"]["conv2d"]["dilation"] = json!([1, 99]), "fit"),
        (
            |header, _| header["graph"]["nodes"][1]["op"]["conv2d"]["dilation"] = json!([1, 1u64 << 63]),
            "dilation",
        ),
        (
            |header, _| {
                header["graph"]["nodes"][1]["op"]["conv2d"]["padding"] = json!([1 << 27, 0, 0, 1 << 27])
            },
            "elements",
        ),
        (|header, _| header["graph"]["nodes"][2]["op"]["batch_norm"]["eps"] = json!(1e300), "eps"),
        (|header, _| header["graph"]["nodes"][2]["op"]["batch_norm"]["eps"] = json!(-1.0), "eps"),
        (|header, _| header["graph"]["nodes"][3]["op"] = json!({"dropout": 1.5}), "probability"),
        (|header, _| header["graph"]["nodes"][3]["op"] = json!({"channel_shuffle": 0}), "its groups divide"),
        (|header, _| header["graph"]["nodes"][3]["op"] = json!({"adaptive_avg_pool": [0, 1]}), "output size"),
        (
            |header, _| {
                header["graph"]["nodes"][3]["op"] = json!({"slice": {"axis": 0, "start": 3, "end": 3}})
            },
            "the positions start..end",
        ),
        (
            |header, _| {
                let scheme = &mut header["graph"]["nodes"][1]["op"]["conv2d"]["weight"]["shift"];
                scheme["input"]["fraction_bits"] = json!(i32::MIN);
            },
            "impossible fixed-point",
        ),
    ];
    all_refused(&model(ShiftFormat::new(ShiftType::PS, 5).unwrap(), 2, true), damages);
}

#[test]
fn integer_networks_that_could_overflow_or_do_not_fit_are_refused() {
    let damages: &[Damage] = &[
        (|header, _| header["integer"]["output"] = json!(7), "output differs"),
        (|header, _| header["integer"]["nodes"] = json!([]), "bytes too many"),
        (|header, _| header["integer"]["nodes"][2]["op"]["layer"]["layer"] = json!(1), "no layer"),
        (|header, _| header["integer"]["nodes"][2]["op"]["layer"]["layer"] = json!(99), "no layer"),
        (
            |header, _| header["integer"]["nodes"][2]["op"]["layer"]["epilogue"]["channels"] = json!(2),
            "too many",
        ),
        (
            |header, _| {
                header["integer"]["nodes"][2]["op"]["layer"]["epilogue"]["channels"] = json!(usize::MAX)
            },
            "rescalings",
        ),
        (|header, _| header["integer"]["nodes"][0]["op"]["input"]["count"] = json!(usize::MAX), "beyond"),
        (|header, _| header["integer"]["nodes"][0]["format"]["lowest"] = json!(1), "lacks 0"),
        (|header, _| header["integer"]["nodes"][0]["format"]["highest"] = json!(128), "i8"),
        (
            |header, _| header["integer"]["nodes"][0]["format"]["fraction_bits"] = json!(i32::MIN),
            "impossible",
        ),
        (
            |header, _| header["integer"]["nodes"][1]["format"]["highest"] = json!(99),
            "must keep their format",
        ),
        (|header, _| header["integer"]["nodes"][2]["format"]["highest"] = json!(1 << 24), "2^24"),
        // The table comes after 30 bytes of codes and 12 of biases.
        (|_, data| data[42] = -101i8 as u8, "its table gives -101"),
        // M of the first rescaling.
        (|_, data| data[298..302].copy_from_slice(&i32::MIN.to_le_bytes()), "can overflow"),
        (|_, data| data[302..306].copy_from_slice(&i32::MIN.to_le_bytes()), "can overflow"),
        (|_, data| data[306] = 32, "can overflow"),
        (|_, data| data[307] = 255, "can overflow"),
        (
            |header, data| {
                let mut again = header["integer"]["nodes"][2].clone();
                again["name"] = json!("again");
                header["integer"]["nodes"].as_array_mut().unwrap().push(again);
                data.extend_from_within(298..328);
            },
            "used twice",
        ),
        (
            |header, _| {
                let shortcut = json!({"stride": 1, "before": 1u64 << 40, "after": 0});
                header["integer"]["nodes"][1]["op"] = json!({"pad_shortcut": shortcut});
            },
            "elements",
        ),
    ];
    all_refused(&integer_model(), damages);
}

#[test]
fn what_the_reader_would_refuse_is_not_written() {
    let mut model = integer_model();
    model.provenance.origin = "x".repeat(MAX_HEADER);
    assert!(matches!(model.to_bytes(), Err(Error::Limit(_))));
    let mut model = integer_model();
    let Some(Tensor::Float(bias)) = model.tensors.get_mut("fc.bias") else { panic!("there is a bias") };
    bias.values[0] = f32::INFINITY;
    assert!(model.to_bytes().is_err());
}

/// Thousands of tiny nodes that add the same one, and a layer of four million channels: long, but no longer to check
/// than their bytes.
#[test]
fn many_nodes_and_many_channels_take_no_more_than_their_bytes() {
    let nodes: Vec<Value> = (0..20_000)
        .map(|i| json!({"name": i.to_string(), "op": "add", "inputs": if i == 0 { [0, 0] } else { [1, 0] }}))
        .collect();
    let file = integer_model().to_bytes().unwrap();
    let bytes = damaged(&file, |header, _| {
        header["graph"]["nodes"].as_array_mut().unwrap().truncate(1);
        header["graph"]["nodes"].as_array_mut().unwrap().extend(nodes);
    });
    assert!(refusal(&bytes).1.contains("2 tensors for 0 parameters"));
    let wide = damaged(&file, |header, data| {
        let channels = 1 << 22;
        header["graph"]["nodes"][2]["op"]["linear"]["out_features"] = json!(channels);
        header["graph"]["nodes"][2]["op"]["linear"]["bias"] = json!(false);
        header["graph"]["nodes"][2]["op"]["linear"]["in_features"] = json!(1);
        header["graph"]["nodes"][0]["op"]["input"] = json!([1, 1, 1]);
        header["tensors"] = json!([header["tensors"][0]]);
        header["tensors"][0]["shape"] = json!([channels, 1]);
        header["integer"]["nodes"][2]["op"]["layer"]["epilogue"]["channels"] = json!(1);
        let tail = [&data[42..298], &[1, 0, 0, 0, 0, 0, 0, 0, 31, 0]].concat();
        *data = vec![0; channels * 5 / 8];
        data.extend(tail);
    });
    assert!(Model::from_bytes(&wide).is_ok());
}
