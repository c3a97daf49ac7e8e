//! Ten thousand mutants of a real `.dshift` file, and as many of a small one with every operation: none makes the
//! reader panic or allocate beyond the file's size + 64 MiB, and what the reader accepts runs.

use deepshift_core::format::{MAX_HEADER, PREFIX, SUFFIX};
use deepshift_core::reference::{float_logits, integer_logits};
use deepshift_core::{Input, Model, ShiftFormat, ShiftType};
use deepshift_tests::{every_operation, formula_model, repository};
use peak_alloc::PeakAlloc;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::panic::{AssertUnwindSafe, catch_unwind};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const MUTANTS: usize = 10_000;
const ALLOWANCE: usize = 64 << 20;
/// What a mutant may cost to be run.
const MOST_MULTIPLIES: u64 = 4_000_000;
const MOST_INPUTS: usize = 10_000;

/// One test: a second one's allocations would be counted too.
#[test]
fn no_mutant_panics_or_allocates_too_much() {
    let format = ShiftFormat::new(ShiftType::PS, 5).unwrap();
    let small = formula_model(&every_operation(), format).unwrap().to_bytes().unwrap();
    let accepted = run_mutants(&small, 1);
    assert!(accepted > MUTANTS / 20, "only {accepted} mutants reach the interpreter");
    run_mutants(&real_file(), 50);
    for (number, bytes) in hostile_files(&small).iter().enumerate() {
        let _ = read_within_allowance(bytes, number);
    }
}

/// Files that say much in few bytes.
fn hostile_files(file: &[u8]) -> [Vec<u8>; 4] {
    let parts = Parts::of(file);
    let with = |path: [&str; 2], list: Vec<Value>| {
        let mut header = parts.header.clone();
        header[path[0]][path[1]] = json!(list);
        assemble(file, header.to_string().as_bytes(), &parts.data)
    };
    let many = |value: Value| {
        let count = (MAX_HEADER - 50_000) / (value.to_string().len() + 1);
        vec![value; count]
    };
    let mut classes = parts.header.clone();
    classes["classes"] = json!(many(json!("")));
    [
        with(["graph", "nodes"], many(json!({"name": "", "op": "add"}))),
        with(["integer", "nodes"], many(integer_node(json!("flatten")))),
        with(["integer", "nodes"], vec![integer_node(json!({"concat": many(json!({"channels": 0}))}))]),
        assemble(file, classes.to_string().as_bytes(), &parts.data),
    ]
}

fn integer_node(op: Value) -> Value {
    json!({"name": "", "op": op, "format": {"fraction_bits": 0, "lowest": 0, "highest": 0}})
}

fn real_file() -> Vec<u8> {
    std::fs::read(repository("web/models/mnist-conv.dshift")).unwrap()
}

/// Reads all mutants and runs every `one_in`-th of those that are accepted. Returns how many were.
fn run_mutants(file: &[u8], one_in: usize) -> usize {
    assert!(Model::from_bytes(file).is_ok());
    let parts = Parts::of(file);
    let mut generator = ChaCha8Rng::from_seed([6; 32]);
    let mut accepted = 0;
    for number in 0..MUTANTS {
        let bytes = mutant(file, &parts, &mut generator);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let Some(model) = read_within_allowance(&bytes, number) else { return };
            if accepted % one_in == 0 {
                run(&model);
            }
            accepted += 1;
        }));
        assert!(outcome.is_ok(), "mutant {number} of {} bytes", bytes.len());
    }
    accepted
}

fn read_within_allowance(bytes: &[u8], number: usize) -> Option<Model> {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let model = Model::from_bytes(bytes);
    let used = ALLOCATOR.peak_usage() - before;
    assert!(used <= bytes.len() + ALLOWANCE, "mutant {number} of {} bytes takes {used}", bytes.len());
    model.ok()
}

fn run(model: &Model) {
    let inputs = model.graph.input_shape().iter().product::<usize>();
    let shapes = model.graph.shapes().unwrap();
    let elements: usize = shapes.iter().flat_map(|shape| shape.iter().copied().reduce(|a, b| a * b)).sum();
    let work = model.graph.multiply_accumulates().unwrap();
    if work > MOST_MULTIPLIES || inputs > MOST_INPUTS || elements > 100 * MOST_INPUTS {
        return;
    }
    let values: Vec<f32> = (0..inputs).map(|i| (i as f32 * 0.7).sin() * 3.0).collect();
    let picture: Vec<u8> = (0..inputs).map(|i| (i * 37) as u8).collect();
    for input in [Input::Values(&values), Input::Pictures(&picture)] {
        let _ = float_logits(model, input);
        if model.integer.is_some() && integer_elements(model) <= 100 * MOST_INPUTS {
            let _ = integer_logits(model, input);
        }
    }
}

fn integer_elements(model: &Model) -> usize {
    let Some(network) = &model.integer else { return 0 };
    network.shapes(&model.graph).unwrap().iter().map(|shape| shape.iter().product::<usize>()).sum()
}

/// A file taken apart.
struct Parts {
    header: Value,
    data: Vec<u8>,
}

impl Parts {
    fn of(file: &[u8]) -> Self {
        let len = u32::from_le_bytes(file[12..16].try_into().unwrap()) as usize;
        let header = serde_json::from_slice(&file[PREFIX..PREFIX + len]).unwrap();
        Self { header, data: file[PREFIX + len..file.len() - SUFFIX].to_vec() }
    }
}

fn assemble(file: &[u8], header: &[u8], data: &[u8]) -> Vec<u8> {
    let mut bytes = file[..12].to_vec();
    bytes.extend((header.len() as u32).to_le_bytes());
    bytes.extend((data.len() as u64).to_le_bytes());
    bytes.extend(header);
    bytes.extend(data);
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// Half of the mutants have good lengths and checksum, so that they get beyond the frame.
fn mutant(file: &[u8], parts: &Parts, generator: &mut ChaCha8Rng) -> Vec<u8> {
    let header = || parts.header.to_string().into_bytes();
    match below(generator, 8) {
        0..4 => {
            let mut bytes = file.to_vec();
            mutate_bytes(&mut bytes, generator);
            bytes
        }
        4 => {
            let mut text = header();
            mutate_bytes(&mut text, generator);
            assemble(file, &text, &parts.data)
        }
        5 => {
            let mut data = parts.data.clone();
            mutate_bytes(&mut data, generator);
            assemble(file, &header(), &data)
        }
        _ => {
            let mut value = parts.header.clone();
            for _ in 0..1 + below(generator, 3) {
                mutate_value(&mut value, &parts.header, generator);
            }
            assemble(file, value.to_string().as_bytes(), &parts.data)
        }
    }
}

fn below(generator: &mut ChaCha8Rng, limit: usize) -> usize {
    generator.next_u64() as usize % limit.max(1)
}

fn mutate_bytes(bytes: &mut Vec<u8>, generator: &mut ChaCha8Rng) {
    for _ in 0..1 + below(generator, 4) {
        let at = below(generator, bytes.len());
        match below(generator, 8) {
            0..3 => bytes[at] ^= 1 << below(generator, 8),
            3..5 => bytes[at] = generator.next_u32() as u8,
            5 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][below(generator, 5)],
            6 => bytes.truncate(at.max(1)),
            _ => bytes.insert(at, generator.next_u32() as u8),
        }
    }
}

/// Replaces, removes, doubles or changes something anywhere in the header.
fn mutate_value(root: &mut Value, original: &Value, generator: &mut ChaCha8Rng) {
    let target = random_place(root, generator);
    match target {
        Value::Array(list) if !list.is_empty() && below(generator, 2) == 0 => {
            let (one, other) = (below(generator, list.len()), below(generator, list.len()));
            match below(generator, 3) {
                0 => drop(list.remove(one)),
                1 => list.insert(other, list[one].clone()),
                _ => list.swap(one, other),
            }
        }
        Value::Object(map) if !map.is_empty() && below(generator, 2) == 0 => {
            let key = map.keys().nth(below(generator, map.len())).cloned().unwrap_or_default();
            let value = map.remove(&key);
            if let (Some(value), 0) = (value, below(generator, 2)) {
                map.insert(OPERATIONS[below(generator, OPERATIONS.len())].into(), value);
            }
        }
        Value::Number(_) => *target = number(generator),
        _ => *target = random_place(&mut original.clone(), generator).clone(),
    }
}

const OPERATIONS: [&str; 13] = [
    "slice",
    "pad_shortcut",
    "concat",
    "table",
    "max_pool",
    "avg_pool",
    "channel_shuffle",
    "scale",
    "pad",
    "resize_nearest",
    "reshape",
    "transpose",
    "pixel_shuffle",
];

fn number(generator: &mut ChaCha8Rng) -> Value {
    match below(generator, 4) {
        0 => json!(below(generator, 12)),
        1 => json!(1u64 << below(generator, 64)),
        2 => json!(-(1i64 << below(generator, 63))),
        _ => [
            json!(u64::MAX),
            json!(i64::MIN),
            json!(i32::MIN),
            json!(-1),
            json!(1e308),
            json!(0.5),
            json!(127),
        ][below(generator, 7)]
        .clone(),
    }
}

/// Walks down to a random depth.
fn random_place<'a>(value: &'a mut Value, generator: &mut ChaCha8Rng) -> &'a mut Value {
    let len = match value {
        Value::Array(list) => list.len(),
        Value::Object(map) => map.len(),
        _ => 0,
    };
    if len == 0 || below(generator, 8) == 0 {
        return value;
    }
    let index = below(generator, len);
    let child = match value {
        Value::Array(list) => &mut list[index],
        Value::Object(map) => map.values_mut().nth(index).unwrap_or_else(|| panic!("{index} < {len}")),
        _ => unreachable!("a leaf has no children"),
    };
    random_place(child, generator)
}
