use super::header::{Coding, Header, TensorHeader};
use super::{MAGIC, MAX_HEADER, PREFIX, VERSION};
use crate::model::{Model, Tensor};
use crate::{Error, Result};

impl Model {
    /// The bytes of the `.dshift` file. Refuses a model that its own reader would refuse.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.check()?;
        let tensors = self.ordered_tensors();
        let header = Header {
            provenance: self.provenance.clone(),
            classes: self.classes.clone(),
            preprocessing: self.preprocessing.clone(),
            graph: self.graph.clone(),
            tensors: tensors.iter().map(|(name, tensor)| describe(name, tensor)).collect(),
            integer: self.integer.clone(),
        };
        let header = serde_json::to_vec(&header).map_err(|error| Error::argument(error.to_string()))?;
        if header.len() > MAX_HEADER {
            return Err(Error::Limit(format!(
                "the header takes {} bytes, {MAX_HEADER} are allowed: shorten names or notes",
                header.len()
            )));
        }
        let mut data = Vec::new();
        for (_, tensor) in &tensors {
            write_tensor(tensor, &mut data);
        }
        self.write_integers(&mut data);
        Ok(assemble(&header, &data))
    }

    /// Tensors in the order of the graph.
    fn ordered_tensors(&self) -> Vec<(String, &Tensor)> {
        let names = self.graph.parameters().into_iter().map(|(name, _)| name);
        names.filter_map(|name| self.tensors.get(&name).map(|tensor| (name, tensor))).collect()
    }

    fn write_integers(&self, data: &mut Vec<u8>) {
        for node in self.integer.iter().flat_map(|network| &network.nodes) {
            if let Some(tables) = node.op.tables() {
                data.extend(tables.entries.iter().map(|&entry| entry as u8));
            }
            for rescale in node.op.epilogues().iter().flat_map(|epilogue| &epilogue.rescales) {
                data.extend(rescale.multiplier.to_le_bytes());
                data.extend(rescale.offset.to_le_bytes());
                data.extend([rescale.pre_shift, rescale.post_shift]);
            }
        }
    }
}

fn describe(name: &str, tensor: &Tensor) -> TensorHeader {
    let coding = match tensor {
        Tensor::Float(_) => Coding::F32,
        Tensor::Shift(weight) => Coding::Shift {
            format: weight.format,
            terms: 1 + u8::from(weight.second.is_some()),
            exponents: weight.exponents.is_some(),
        },
    };
    TensorHeader { name: name.into(), shape: tensor.shape().to_vec(), coding }
}

fn write_tensor(tensor: &Tensor, data: &mut Vec<u8>) {
    match tensor {
        Tensor::Float(tensor) => data.extend(tensor.values.iter().flat_map(|value| value.to_le_bytes())),
        Tensor::Shift(weight) => {
            data.extend(&weight.first);
            data.extend(weight.second.iter().flatten());
            data.extend(weight.exponents.iter().flatten().map(|&exponent| exponent as u8));
        }
    }
}

fn assemble(header: &[u8], data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(PREFIX + header.len() + data.len() + 4);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend((header.len() as u32).to_le_bytes());
    bytes.extend((data.len() as u64).to_le_bytes());
    bytes.extend(header);
    bytes.extend(data);
    bytes.extend(super::checksum(&bytes).to_le_bytes());
    bytes
}
