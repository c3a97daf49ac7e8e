use super::header::{Coding, Header, TensorHeader};
use super::json::{self, Document, Read};
use super::{MAGIC, MAX_HEADER, MAX_RESCALES, PREFIX, SUFFIX, VERSION};
use crate::bits::packed_len;
use crate::graph::MAX_ELEMENTS;
use crate::integer::{IntegerNetwork, Rescale};
use crate::model::{FloatTensor, Model, Tensor};
use crate::weight::ShiftWeight;
use crate::{Error, Result, ShiftFormat};

impl Model {
    /// Reads a `.dshift` file from bytes that nobody vouches for. Every length is checked against the bytes that are
    /// there before anything is allocated; graph, codes and the proof against overflow are checked again.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (header_bytes, data) = split(bytes)?;
        let mut header = header(header_bytes)
            .map_err(|error| bad(PREFIX + error.at, format!("header: {}", error.what)))?;
        let mut reader = Reader { data, start: PREFIX + header_bytes.len(), at: 0, rescales: 0 };
        let mut tensors = std::collections::BTreeMap::new();
        for tensor in header.tensors {
            let value = reader.checked_tensor(&tensor)?;
            if tensors.insert(tensor.name.clone(), value).is_some() {
                return Err(reader.bad(format!("tensor {} is there twice", tensor.name)));
            }
        }
        if let Some(network) = &mut header.integer {
            reader.integers(network)?;
        }
        if reader.at != data.len() {
            return Err(reader.bad(format!("{} bytes too many", data.len() - reader.at)));
        }
        let model = Self {
            graph: header.graph,
            tensors,
            integer: header.integer,
            preprocessing: header.preprocessing,
            classes: header.classes,
            provenance: header.provenance,
        };
        model.check_fit().map_err(|error| bad(PREFIX, error.to_string()))?;
        Ok(model)
    }
}

fn bad(offset: usize, what: impl Into<String>) -> Error {
    Error::BadFile { offset, what: what.into() }
}

fn header(bytes: &[u8]) -> json::Result<Header> {
    Header::read(Document::new(bytes)?.root())
}

fn field<const N: usize>(bytes: &[u8], offset: usize) -> Result<[u8; N]> {
    bytes
        .get(offset..offset + N)
        .and_then(|slice| slice.try_into().ok())
        .ok_or_else(|| bad(bytes.len(), format!("the file is cut: {} bytes", bytes.len())))
}

/// Header and data of a file whose frame is sound.
fn split(bytes: &[u8]) -> Result<(&[u8], &[u8])> {
    if field::<8>(bytes, 0)? != MAGIC {
        return Err(bad(0, "this is no .dshift file, or its line endings were changed on the way"));
    }
    let version = u32::from_le_bytes(field(bytes, 8)?);
    if version != VERSION {
        return Err(bad(8, format!("version {version}: this program reads version {VERSION}")));
    }
    let header_len = u32::from_le_bytes(field(bytes, 12)?) as usize;
    if header_len > MAX_HEADER {
        return Err(bad(12, format!("a header of {header_len} bytes: {MAX_HEADER} are allowed")));
    }
    let data_len = u64::from_le_bytes(field(bytes, 16)?);
    let expected = data_len.checked_add((PREFIX + header_len + SUFFIX) as u64);
    if expected != Some(bytes.len() as u64) {
        return Err(bad(
            bytes.len(),
            format!("the file has {} bytes and should have {}: it is cut or has grown", bytes.len(), {
                expected.map_or("too many".into(), |expected| expected.to_string())
            }),
        ));
    }
    let end = bytes.len() - SUFFIX;
    let stored = u32::from_le_bytes(field(bytes, end)?);
    if super::checksum(&bytes[..end]) != stored {
        return Err(bad(end, "the checksum differs: bytes were changed on the way"));
    }
    Ok((&bytes[PREFIX..PREFIX + header_len], &bytes[PREFIX + header_len..end]))
}

struct Reader<'a> {
    data: &'a [u8],
    /// Offset of the data in the file.
    start: usize,
    at: usize,
    /// Rescalings read so far.
    rescales: usize,
}

impl<'a> Reader<'a> {
    fn bad(&self, what: impl Into<String>) -> Error {
        bad(self.start + self.at, what)
    }

    fn take(&mut self, len: Option<usize>, what: &str) -> Result<&'a [u8]> {
        let rest = &self.data[self.at..];
        match len {
            Some(len) if len <= rest.len() => {
                self.at += len;
                Ok(&rest[..len])
            }
            _ => Err(self.bad(format!("{what} goes beyond the end of the data"))),
        }
    }

    fn checked_tensor(&mut self, header: &TensorHeader) -> Result<Tensor> {
        let start = self.start + self.at;
        let tensor = self.tensor(header)?;
        tensor.check().map_err(|what| bad(start, format!("tensor {}: {what}", header.name)))?;
        Ok(tensor)
    }

    fn tensor(&mut self, header: &TensorHeader) -> Result<Tensor> {
        let TensorHeader { name, shape, .. } = header;
        let elements = shape
            .iter()
            .try_fold(1usize, |product, &size| product.checked_mul(size))
            .filter(|&elements| !shape.is_empty() && elements > 0 && elements <= MAX_ELEMENTS)
            .ok_or_else(|| self.bad(format!("tensor {name} has the impossible shape {shape:?}")))?;
        match header.coding {
            Coding::F32 => {
                let bytes = self.take(elements.checked_mul(4), name)?;
                let values = bytes.as_chunks().0.iter().map(|&value| f32::from_le_bytes(value)).collect();
                Ok(Tensor::Float(FloatTensor { shape: shape.clone(), values }))
            }
            Coding::Shift { format, terms, exponents } => {
                let format = ShiftFormat::new(format.shift_type, format.bits)
                    .map_err(|error| self.bad(format!("tensor {name}: {error}")))?;
                if !(1..=2).contains(&terms) {
                    return Err(self.bad(format!("tensor {name} has {terms} terms: 1 or 2 are possible")));
                }
                let len = packed_len(elements, format.bits);
                let first = self.take(len, name)?.to_vec();
                let second = if terms == 2 { Some(self.take(len, name)?.to_vec()) } else { None };
                let exponents = if exponents { Some(self.signed(shape[0], name)?) } else { None };
                Ok(Tensor::Shift(ShiftWeight { shape: shape.clone(), format, first, second, exponents }))
            }
        }
    }

    fn signed(&mut self, len: usize, what: &str) -> Result<Vec<i8>> {
        Ok(self.take(Some(len), what)?.iter().map(|&byte| byte as i8).collect())
    }

    fn integers(&mut self, network: &mut IntegerNetwork) -> Result<()> {
        for node in &mut network.nodes {
            if let Some(tables) = node.op.tables_mut() {
                let bytes = self.take(tables.count.checked_mul(256), &node.name)?;
                tables.entries = bytes.iter().map(|&byte| byte as i8).collect();
            }
            for epilogue in node.op.epilogues_mut() {
                epilogue.rescales = self.rescales(epilogue.channels, &node.name)?;
            }
        }
        Ok(())
    }

    fn rescales(&mut self, channels: usize, what: &str) -> Result<Vec<Rescale>> {
        // In memory they are larger than in the file, so the bytes that are there are no limit.
        self.rescales = self.rescales.saturating_add(channels);
        if self.rescales > MAX_RESCALES {
            return Err(self.bad(format!("{what} brings the rescalings to more than {MAX_RESCALES}")));
        }
        let bytes = self.take(channels.checked_mul(Rescale::BYTES), what)?;
        Ok(bytes.as_chunks().0.iter().map(rescale).collect())
    }
}

fn rescale(bytes: &[u8; Rescale::BYTES]) -> Rescale {
    let word = |at: usize| i32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    Rescale { multiplier: word(0), offset: word(4), pre_shift: bytes[8], post_shift: bytes[9] }
}
