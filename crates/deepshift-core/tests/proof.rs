//! Nothing is accepted unproved: each operation of integer mode with sums that could overflow, and with formats that it
//! does not keep.

use deepshift_core::graph::{Conv2d, Graph, GraphBuilder, Movement, Op, Pool, ShiftScheme, WeightKind};
use deepshift_core::integer::{ByteTables, Epilogue, IntegerNetwork, IntegerNode, IntegerOp, Rescale};
use deepshift_core::{Error, FixedPoint, Result, ShiftFormat, ShiftType, ShiftWeight};

const CHANNELS: usize = 4;
const POOL: Pool = Pool { kernel: [2; 2], stride: [2; 2], padding: [0; 2], ceil_mode: false };
/// `acc` alone, and in 31 bits nothing beside it.
const SAFE: Rescale = Rescale { multiplier: 1, offset: 0, pre_shift: 0, post_shift: 0 };
const UNSAFE: Rescale = Rescale { multiplier: 1 << 30, offset: 0, pre_shift: 0, post_shift: 31 };

/// A network of integers whose last node is the operation in question, and the graph that it belongs to.
#[derive(Clone)]
struct Case {
    graph: Graph,
    network: IntegerNetwork,
}

/// Which of [`cases`] shows an operation. Who adds one must add a case.
fn number(op: &IntegerOp) -> usize {
    match op {
        IntegerOp::Input(_) => 0,
        IntegerOp::Layer { .. } => 1,
        IntegerOp::Scale(_) => 2,
        IntegerOp::Add(_) => 3,
        IntegerOp::Multiply(_) => 4,
        IntegerOp::Concat(_) => 5,
        IntegerOp::AvgPool { .. } => 6,
        IntegerOp::MaxPool(_) => 7,
        IntegerOp::Table(_) => 8,
        IntegerOp::Move(_) => 9,
    }
}

const OPERATIONS: usize = 10;

fn cases() -> Vec<Case> {
    let all = || Epilogue::new(vec![SAFE; CHANNELS]);
    let table = ByteTables { count: 1, entries: vec![0; 256] };
    let mut cases = vec![
        case(IntegerOp::Layer { layer: 1, epilogue: all() }, conv(), 1),
        case(IntegerOp::Scale(all()), Op::Dropout(0.0), 1),
        case(IntegerOp::Add(all()), Op::Add, 2),
        case(IntegerOp::Multiply(all()), Op::Multiply, 2),
        case(IntegerOp::Concat(vec![all(), all()]), Op::Concat, 2),
        case(IntegerOp::AvgPool { pool: POOL, epilogue: all() }, Op::AvgPool(POOL), 1),
        case(IntegerOp::MaxPool(POOL), Op::MaxPool(POOL), 1),
        case(IntegerOp::Table(table), Op::Dropout(0.0), 1),
        case(IntegerOp::Move(Movement::Flatten), Op::Move(Movement::Flatten), 1),
    ];
    let mut input = cases[0].clone();
    input.network.nodes.truncate(1);
    input.network.output = 0;
    input.graph.outputs = vec![0];
    cases.insert(0, input);
    let shown: Vec<usize> = cases.iter().map(|case| number(&case.last().op)).collect();
    assert_eq!(shown, (0..OPERATIONS).collect::<Vec<_>>());
    cases
}

fn case(op: IntegerOp, graph_op: Op, operands: usize) -> Case {
    let mut builder = GraphBuilder::new("test", &[CHANNELS, 4, 4]);
    let logits = builder.op("node", graph_op, &vec![0; operands]);
    let format = FixedPoint::signed_8(4);
    let node = |name: &str, op, inputs| IntegerNode { name: name.into(), op, inputs, format };
    let input = node("input", IntegerOp::Input(ByteTables::default()), Vec::new());
    let network = IntegerNetwork { nodes: vec![input, node("node", op, vec![0; operands])], output: 1 };
    Case { graph: builder.finish(logits), network }
}

fn conv() -> Op {
    let format = ShiftFormat::new(ShiftType::Q, 5).unwrap();
    let scheme = ShiftScheme { format, input: None, bias: None };
    Op::Conv2d(Conv2d { weight: WeightKind::Shift(scheme), ..Conv2d::square(CHANNELS, CHANNELS, 1) })
}

impl Case {
    fn last(&self) -> &IntegerNode {
        self.network.nodes.last().unwrap()
    }

    fn last_mut(&mut self) -> &mut IntegerNode {
        self.network.nodes.last_mut().unwrap()
    }

    /// What a reader of a file checks.
    fn check(&self) -> Result<()> {
        let format = ShiftFormat::new(ShiftType::Q, 5).unwrap();
        let values = vec![0.5; CHANNELS * CHANNELS];
        let shape = vec![CHANNELS, CHANNELS, 1, 1];
        let (weight, _) = ShiftWeight::from_values(shape, format, &values).unwrap();
        self.network.shapes(&self.graph)?;
        self.network.prove(&self.graph, |_| Some(&weight)).map(|_| ())
    }
}

fn epilogues(op: &mut IntegerOp) -> Vec<&mut Epilogue> {
    match op {
        IntegerOp::Layer { epilogue, .. }
        | IntegerOp::Scale(epilogue)
        | IntegerOp::Add(epilogue)
        | IntegerOp::Multiply(epilogue)
        | IntegerOp::AvgPool { epilogue, .. } => vec![epilogue],
        IntegerOp::Concat(epilogues) => epilogues.iter_mut().collect(),
        IntegerOp::Input(_) | IntegerOp::MaxPool(_) | IntegerOp::Table(_) | IntegerOp::Move(_) => Vec::new(),
    }
}

#[test]
fn every_rescaling_of_every_operation_is_proved() {
    for mut case in cases() {
        assert_eq!(case.check(), Ok(()), "{:?}", case.last());
        for index in 0..epilogues(&mut case.last_mut().op).len() {
            for channel in 0..CHANNELS {
                let mut case = case.clone();
                epilogues(&mut case.last_mut().op)[index].rescales[channel] = UNSAFE;
                let refused = matches!(case.check(), Err(Error::Limit(what)) if what.contains("overflow"));
                assert!(refused, "{:?}: epilogue {index}, channel {channel}", case.last());
            }
            let mut case = case.clone();
            *epilogues(&mut case.last_mut().op)[index] = Epilogue::new(vec![UNSAFE]);
            assert!(matches!(case.check(), Err(Error::Limit(_))), "{:?}: one for all", case.last());
        }
    }
}

#[test]
fn epilogues_that_are_missing_or_too_many_are_refused() {
    for mut case in cases() {
        for index in 0..epilogues(&mut case.last_mut().op).len() {
            for length in [0, CHANNELS - 1, CHANNELS + 1] {
                let mut case = case.clone();
                *epilogues(&mut case.last_mut().op)[index] = Epilogue::new(vec![SAFE; length]);
                assert!(case.network.shapes(&case.graph).is_err(), "{:?}", case.last());
            }
        }
        for count in [0, 1, 3] {
            if let IntegerOp::Concat(list) = &mut case.last_mut().op {
                list.resize(count, Epilogue::new(vec![SAFE]));
                assert!(case.network.shapes(&case.graph).is_err(), "{count} epilogues");
                let unchecked = case.network.prove(&case.graph, |_| None);
                assert!(unchecked.is_err(), "{count} epilogues are proved for two operands");
            }
        }
    }
}

#[test]
fn no_operation_has_a_format_that_it_does_not_keep() {
    let narrow = FixedPoint::signed_8(4);
    for case in cases() {
        let refused = |format| {
            let mut case = case.clone();
            case.last_mut().format = format;
            case.check().is_err()
        };
        let number = number(&case.last().op);
        assert!(refused(FixedPoint { highest: 1 << 24, ..narrow }), "{:?} reaches 2^24", case.last());
        assert!(refused(FixedPoint { lowest: 1, ..narrow }), "{:?} without 0", case.last());
        let computes = (1..=6).contains(&number);
        assert_eq!(refused(FixedPoint::output(4)), !computes, "{:?} is wide", case.last());
        let rounds = computes || [0, 8].contains(&number);
        assert_eq!(refused(FixedPoint::signed_8(5)), !rounds, "{:?} in another unit", case.last());
        assert_eq!(refused(FixedPoint { highest: 100, ..narrow }), !rounds, "{:?} is smaller", case.last());
    }
}

/// Wide values go nowhere but to the output.
#[test]
fn only_movements_take_wide_operands() {
    let input = IntegerNode {
        name: "wide".into(),
        op: IntegerOp::Scale(Epilogue::new(vec![SAFE])),
        inputs: vec![0],
        format: FixedPoint::output(4),
    };
    for mut case in cases().into_iter().skip(1) {
        case.network.nodes.insert(1, input.clone());
        case.network.output = 2;
        case.last_mut().inputs.fill(1);
        case.last_mut().format = input.format;
        let moves = matches!(case.last().op, IntegerOp::Move(_));
        assert_eq!(case.check().is_ok(), moves, "{:?}", case.last());
    }
}
