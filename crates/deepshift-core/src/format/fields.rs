//! Reads the objects of the header; `docs/format.md` lists them. Their serde attributes say how they are written.

use super::header::{Coding, Header, TensorHeader};
use super::json::{Error, Read, Result, Value};
use crate::graph::{
    Activation, BatchNorm, Conv2d, Graph, Head, Linear, Movement, Node, Op, Pad, PadMode, PadShortcut, Pool,
    ShiftScheme, Slice, WeightKind,
};
use crate::integer::{ByteTables, Epilogue, IntegerNetwork, IntegerNode, IntegerOp};
use crate::model::Provenance;
use crate::{FixedPoint, Interpolation, Preprocessing, ShiftFormat, ShiftType};

impl Read for Header {
    fn read(value: Value) -> Result<Self> {
        Ok(Self {
            provenance: value.get("provenance")?,
            classes: value.get_or("classes", Vec::new())?,
            preprocessing: value.get_or("preprocessing", None)?,
            graph: value.get("graph")?,
            tensors: value.get("tensors")?,
            integer: value.get_or("integer", None)?,
        })
    }
}

impl Read for Provenance {
    fn read(value: Value) -> Result<Self> {
        Ok(Self {
            license: value.get("license")?,
            origin: value.get("origin")?,
            notes: value.get_or("notes", Default::default())?,
        })
    }
}

impl Read for Preprocessing {
    fn read(value: Value) -> Result<Self> {
        Ok(Self {
            mean: value.get("mean")?,
            std: value.get("std")?,
            resize: value.get_or("resize", None)?,
            interpolation: value.get_or("interpolation", Interpolation::default())?,
        })
    }
}

impl Read for Interpolation {
    fn read(value: Value) -> Result<Self> {
        match &*value.text()? {
            "bilinear" => Ok(Self::Bilinear),
            "bicubic" => Ok(Self::Bicubic),
            _ => Err(value.error("unknown interpolation")),
        }
    }
}

impl Read for TensorHeader {
    fn read(value: Value) -> Result<Self> {
        Ok(Self { name: value.get("name")?, shape: value.get("shape")?, coding: value.get("coding")? })
    }
}

impl Read for Coding {
    fn read(value: Value) -> Result<Self> {
        let (name, settings) = value.variant()?;
        match (&*name, settings) {
            ("f32", None) => Ok(Self::F32),
            ("shift", Some(shift)) => Ok(Self::Shift {
                format: shift.get("format")?,
                terms: shift.get("terms")?,
                exponents: shift.get("exponents")?,
            }),
            _ => Err(unknown(value, "coding")),
        }
    }
}

impl Read for ShiftFormat {
    fn read(value: Value) -> Result<Self> {
        Ok(Self { shift_type: value.get("shift_type")?, bits: value.get("bits")? })
    }
}

impl Read for ShiftType {
    fn read(value: Value) -> Result<Self> {
        match &*value.text()? {
            "Q" => Ok(Self::Q),
            "PS" => Ok(Self::PS),
            _ => Err(value.error("unknown type of shift")),
        }
    }
}

impl Read for FixedPoint {
    fn read(value: Value) -> Result<Self> {
        Ok(Self {
            fraction_bits: value.get("fraction_bits")?,
            lowest: value.get("lowest")?,
            highest: value.get("highest")?,
        })
    }
}

impl Read for Graph {
    fn read(value: Value) -> Result<Self> {
        Ok(Self {
            name: value.get("name")?,
            nodes: value.get("nodes")?,
            outputs: value.get("outputs")?,
            head: value.get("head")?,
        })
    }
}

impl Read for Head {
    fn read(value: Value) -> Result<Self> {
        match &*value.text()? {
            "logits" => Ok(Self::Logits),
            "log_softmax" => Ok(Self::LogSoftmax),
            _ => Err(value.error("unknown head")),
        }
    }
}

impl Read for Node {
    fn read(value: Value) -> Result<Self> {
        Ok(Self {
            name: value.get("name")?,
            op: value.get("op")?,
            inputs: value.get_or("inputs", Vec::new())?,
        })
    }
}

impl Read for Op {
    fn read(value: Value) -> Result<Self> {
        let (name, settings) = value.variant()?;
        Ok(match (&*name, settings) {
            ("input", Some(shape)) => Self::Input(Read::read(shape)?),
            ("conv2d", Some(conv)) => Self::Conv2d(Read::read(conv)?),
            ("linear", Some(linear)) => Self::Linear(Read::read(linear)?),
            ("batch_norm", Some(norm)) => Self::BatchNorm(Read::read(norm)?),
            ("activation", Some(activation)) => Self::Activation(Read::read(activation)?),
            ("max_pool", Some(pool)) => Self::MaxPool(Read::read(pool)?),
            ("avg_pool", Some(pool)) => Self::AvgPool(Read::read(pool)?),
            ("adaptive_avg_pool", Some(size)) => Self::AdaptiveAvgPool(Read::read(size)?),
            ("add", None) => Self::Add,
            ("multiply", None) => Self::Multiply,
            ("concat", None) => Self::Concat,
            ("dropout", Some(probability)) => Self::Dropout(Read::read(probability)?),
            ("drop_path", Some(probability)) => Self::DropPath(Read::read(probability)?),
            _ => Self::Move(Read::read(value)?),
        })
    }
}

impl Read for Conv2d {
    fn read(value: Value) -> Result<Self> {
        Ok(Self {
            in_channels: value.get("in_channels")?,
            out_channels: value.get("out_channels")?,
            kernel: value.get("kernel")?,
            stride: value.get_or("stride", [1, 1])?,
            padding: value.get_or("padding", [0; 4])?,
            dilation: value.get_or("dilation", [1, 1])?,
            groups: value.get_or("groups", 1)?,
            bias: value.get("bias")?,
            weight: value.get_or("weight", WeightKind::Float)?,
        })
    }
}

impl Read for Linear {
    fn read(value: Value) -> Result<Self> {
        Ok(Self {
            in_features: value.get("in_features")?,
            out_features: value.get("out_features")?,
            bias: value.get("bias")?,
            weight: value.get_or("weight", WeightKind::Float)?,
        })
    }
}

impl Read for WeightKind {
    fn read(value: Value) -> Result<Self> {
        let (name, settings) = value.variant()?;
        match (&*name, settings) {
            ("float", None) => Ok(Self::Float),
            ("shift", Some(scheme)) => Ok(Self::Shift(Read::read(scheme)?)),
            _ => Err(unknown(value, "kind of weight")),
        }
    }
}

impl Read for ShiftScheme {
    fn read(value: Value) -> Result<Self> {
        Ok(Self {
            format: value.get("format")?,
            input: value.get_or("input", None)?,
            bias: value.get_or("bias", None)?,
        })
    }
}

impl Read for BatchNorm {
    fn read(value: Value) -> Result<Self> {
        Ok(Self { channels: value.get("channels")?, eps: value.get("eps")? })
    }
}

impl Read for Activation {
    fn read(value: Value) -> Result<Self> {
        let name = value.text()?;
        let known = Self::ALL.iter().find(|activation| activation.name() == &*name);
        known.copied().ok_or_else(|| value.error("unknown activation"))
    }
}

impl Read for Pool {
    fn read(value: Value) -> Result<Self> {
        Ok(Self {
            kernel: value.get("kernel")?,
            stride: value.get("stride")?,
            padding: value.get_or("padding", [0, 0])?,
            ceil_mode: value.get_or("ceil_mode", false)?,
        })
    }
}

impl Read for Movement {
    fn read(value: Value) -> Result<Self> {
        let (name, settings) = value.variant()?;
        Ok(match (&*name, settings) {
            ("flatten", None) => Self::Flatten,
            ("reshape", Some(shape)) => Self::Reshape(Read::read(shape)?),
            ("transpose", Some(axes)) => Self::Transpose(Read::read(axes)?),
            ("slice", Some(slice)) => Self::Slice(Read::read(slice)?),
            ("channel_shuffle", Some(groups)) => Self::ChannelShuffle(Read::read(groups)?),
            ("pad_shortcut", Some(shortcut)) => Self::PadShortcut(Read::read(shortcut)?),
            ("pad", Some(pad)) => Self::Pad(Read::read(pad)?),
            ("resize_nearest", Some(size)) => Self::ResizeNearest(Read::read(size)?),
            ("pixel_shuffle", Some(factor)) => Self::PixelShuffle(Read::read(factor)?),
            _ => return Err(unknown(value, "operation")),
        })
    }
}

impl Read for Slice {
    fn read(value: Value) -> Result<Self> {
        Ok(Self {
            axis: value.get("axis")?,
            start: value.get("start")?,
            end: value.get("end")?,
            step: value.get_or("step", 1)?,
        })
    }
}

impl Read for Pad {
    fn read(value: Value) -> Result<Self> {
        Ok(Self { padding: value.get("padding")?, mode: value.get("mode")? })
    }
}

impl Read for PadMode {
    fn read(value: Value) -> Result<Self> {
        match &*value.text()? {
            "zeros" => Ok(Self::Zeros),
            "edge" => Ok(Self::Edge),
            "reflect" => Ok(Self::Reflect),
            _ => Err(value.error("unknown mode of padding")),
        }
    }
}

impl Read for PadShortcut {
    fn read(value: Value) -> Result<Self> {
        Ok(Self { stride: value.get("stride")?, before: value.get("before")?, after: value.get("after")? })
    }
}

impl Read for IntegerNetwork {
    fn read(value: Value) -> Result<Self> {
        Ok(Self { nodes: value.get("nodes")?, output: value.get("output")? })
    }
}

impl Read for IntegerNode {
    fn read(value: Value) -> Result<Self> {
        Ok(Self {
            name: value.get("name")?,
            op: value.get("op")?,
            inputs: value.get_or("inputs", Vec::new())?,
            format: value.get("format")?,
        })
    }
}

impl Read for IntegerOp {
    fn read(value: Value) -> Result<Self> {
        let (name, settings) = value.variant()?;
        Ok(match (&*name, settings) {
            ("input", Some(tables)) => Self::Input(Read::read(tables)?),
            ("layer", Some(layer)) => {
                Self::Layer { layer: layer.get("layer")?, epilogue: layer.get("epilogue")? }
            }
            ("scale", Some(epilogue)) => Self::Scale(Read::read(epilogue)?),
            ("add", Some(epilogue)) => Self::Add(Read::read(epilogue)?),
            ("multiply", Some(epilogue)) => Self::Multiply(Read::read(epilogue)?),
            ("concat", Some(epilogues)) => Self::Concat(Read::read(epilogues)?),
            ("avg_pool", Some(average)) => {
                Self::AvgPool { pool: average.get("pool")?, epilogue: average.get("epilogue")? }
            }
            ("max_pool", Some(pool)) => Self::MaxPool(Read::read(pool)?),
            ("table", Some(tables)) => Self::Table(Read::read(tables)?),
            _ => Self::Move(Read::read(value)?),
        })
    }
}

impl Read for Epilogue {
    fn read(value: Value) -> Result<Self> {
        Ok(Self { channels: value.get("channels")?, rescales: Vec::new() })
    }
}

impl Read for ByteTables {
    fn read(value: Value) -> Result<Self> {
        Ok(Self { count: value.get("count")?, entries: Vec::new() })
    }
}

fn unknown(value: Value, what: &str) -> Error {
    value.error(format!("unknown {what}, or one whose settings are missing or too many"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::Document;
    use serde::Serialize;

    /// Whatever serde writes, with defaults left out or not.
    fn comes_back<T: Read + Serialize + PartialEq + std::fmt::Debug>(value: T) {
        let text = serde_json::to_vec(&value).unwrap();
        let document = Document::new(&text).unwrap();
        assert_eq!(T::read(document.root()), Ok(value));
    }

    fn shift(input: Option<FixedPoint>, bias: Option<FixedPoint>) -> WeightKind {
        let format = ShiftFormat { shift_type: ShiftType::Q, bits: 4 };
        WeightKind::Shift(ShiftScheme { format, input, bias })
    }

    const POOLS: [Pool; 2] = [
        Pool { kernel: [2, 3], stride: [1, 2], padding: [0, 0], ceil_mode: false },
        Pool { kernel: [2, 3], stride: [1, 2], padding: [1, 0], ceil_mode: true },
    ];

    #[test]
    fn every_operation_and_setting_comes_back() {
        let format = FixedPoint { fraction_bits: -3, lowest: i32::MIN, highest: i32::MAX };
        let conv = Conv2d::square(3, 4, 5);
        let unusual = Conv2d {
            kernel: [1, 2],
            stride: [2, 1],
            padding: [1, 2, 3, 4],
            dilation: [1, 3],
            groups: 6,
            bias: true,
            weight: shift(Some(format), None),
            ..conv.clone()
        };
        let linear = Linear { in_features: 7, out_features: 8, bias: true, weight: WeightKind::Float };
        let operations = [
            Op::Input(vec![1, 2, 3]),
            Op::Conv2d(conv),
            Op::Conv2d(unusual),
            Op::Linear(linear.clone()),
            Op::Linear(Linear { bias: false, weight: shift(None, Some(format)), ..linear }),
            Op::BatchNorm(BatchNorm { channels: 9, eps: 1.1e-5 }),
            Op::MaxPool(POOLS[0]),
            Op::MaxPool(POOLS[1]),
            Op::AvgPool(POOLS[1]),
            Op::AdaptiveAvgPool([6, 7]),
            Op::Add,
            Op::Multiply,
            Op::Concat,
            Op::Dropout(0.1),
            Op::DropPath(1e-7),
        ];
        let operations = operations
            .into_iter()
            .chain(Activation::ALL.iter().copied().map(Op::Activation))
            .chain(Movement::examples().into_iter().map(Op::Move));
        let nodes =
            operations.enumerate().map(|(i, op)| Node { name: i.to_string(), op, inputs: vec![i; i % 3] });
        for head in [Head::Logits, Head::LogSoftmax] {
            comes_back(Graph {
                name: "all".into(),
                nodes: nodes.clone().collect(),
                outputs: vec![4, 2],
                head,
            });
        }
    }

    #[test]
    fn every_integer_operation_comes_back() {
        let epilogue = || Epilogue { channels: 12, rescales: Vec::new() };
        let tables = || ByteTables { count: 3, entries: Vec::new() };
        let operations = [
            IntegerOp::Input(tables()),
            IntegerOp::Layer { layer: 5, epilogue: epilogue() },
            IntegerOp::Scale(epilogue()),
            IntegerOp::Add(epilogue()),
            IntegerOp::Multiply(epilogue()),
            IntegerOp::Concat(vec![epilogue(), Epilogue { channels: 1, ..epilogue() }]),
            IntegerOp::AvgPool { pool: POOLS[0], epilogue: epilogue() },
            IntegerOp::MaxPool(POOLS[1]),
            IntegerOp::Table(tables()),
        ];
        let operations = operations.into_iter().chain(Movement::examples().into_iter().map(IntegerOp::Move));
        let format = FixedPoint::signed_8(6);
        let node = |(i, op)| IntegerNode { name: format!("ö\n{i}"), op, inputs: vec![i; i % 3], format };
        comes_back(IntegerNetwork { nodes: operations.enumerate().map(node).collect(), output: 2 });
    }

    #[test]
    fn what_stands_around_the_graph_comes_back() {
        let plain = Preprocessing::new(vec![0.1307, 0.0], vec![0.3081, 1.0]);
        comes_back(Preprocessing {
            resize: Some(256),
            interpolation: Interpolation::Bicubic,
            ..plain.clone()
        });
        comes_back(plain);
        let notes = [("b".into(), "\"\\\u{1f600}".into()), ("a".into(), String::new())].into();
        comes_back(Provenance { license: "MIT".into(), origin: "me".into(), notes });
        comes_back(Provenance::default());
        let format = ShiftFormat { shift_type: ShiftType::PS, bits: 8 };
        for coding in [Coding::F32, Coding::Shift { format, terms: 2, exponents: true }] {
            let text = serde_json::to_string(&coding).unwrap();
            let document = Document::new(text.as_bytes()).unwrap();
            let read = Coding::read(document.root()).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
    }

    #[test]
    fn settings_that_do_not_belong_to_a_name_are_refused() {
        for text in [r#""conv2d""#, r#"{"add": null}"#, r#""new""#, r#"{"add": 1, "flatten": 2}"#, "[]"] {
            let document = Document::new(text.as_bytes()).unwrap();
            assert!(Op::read(document.root()).is_err(), "{text}");
            assert!(IntegerOp::read(document.root()).is_err(), "{text}");
        }
    }
}
