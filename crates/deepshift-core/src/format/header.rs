//! The JSON header.

use crate::ShiftFormat;
use crate::graph::Graph;
use crate::integer::IntegerNetwork;
use crate::model::Provenance;
use crate::preprocess::Preprocessing;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Header {
    pub provenance: Provenance,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preprocessing: Option<Preprocessing>,
    pub graph: Graph,
    pub tensors: Vec<TensorHeader>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integer: Option<IntegerNetwork>,
}

#[derive(Serialize)]
pub(super) struct TensorHeader {
    pub name: String,
    pub shape: Vec<usize>,
    pub coding: Coding,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Coding {
    /// Little-endian f32.
    F32,
    /// Packed codes of the first term, of the second term, then an i8 exponent of each output channel.
    Shift { format: ShiftFormat, terms: u8, exponents: bool },
}
