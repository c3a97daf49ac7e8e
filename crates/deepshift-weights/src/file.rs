//! A file of weights, opened.

use crate::archive::Archive;
use crate::error::damaged;
use crate::kind::{Kind, kind};
use crate::tensor::{Content, Element, Tensor};
use crate::walk::{Found, MOST_STEPS, tensors};
use crate::{Error, Result, legacy};
use deepshift_core::FloatTensor;
use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The tensors of a file by name, before any is decoded.
pub struct WeightFile<'a> {
    pub(crate) tensors: Vec<Tensor<'a>>,
    /// Names of whole pickled modules.
    pub(crate) modules: Vec<String>,
    has_optimizer: bool,
    storages: Storages<'a>,
}

enum Storages<'a> {
    Archive(Box<Archive<'a>>),
    Bytes(BTreeMap<String, &'a [u8]>),
}

impl<'a> WeightFile<'a> {
    /// Recognises the kind of file by what it holds and looks through it.
    ///
    /// # Errors
    /// [`Error::BadFile`] for a file of another kind, a damaged one, and one in which no tensor is found.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let file = match kind(bytes)? {
            Kind::Safetensors => Self::safetensors(bytes)?,
            Kind::Zip => {
                let archive = Archive::open(bytes)?;
                let pickle = archive.pickle()?;
                let found = tensors(&deepshift_pickle::parse(&pickle, MOST_STEPS).map_err(damaged)?)?;
                // Its storages lie in the archive and not in its pickle, which ends here.
                let tensors = found.tensors.into_iter().map(Tensor::without_bytes).collect();
                let storages = Storages::Archive(Box::new(archive));
                Self { tensors, modules: found.modules, has_optimizer: found.has_optimizer, storages }
            }
            Kind::Legacy => {
                let legacy = legacy::read(bytes)?;
                Self { storages: Storages::Bytes(legacy.storages), ..Self::found(tensors(&legacy.pickle)?) }
            }
            Kind::Pickle => {
                Self::found(tensors(&deepshift_pickle::parse(bytes, MOST_STEPS).map_err(damaged)?)?)
            }
        };
        match (file.tensors.is_empty(), file.modules.is_empty()) {
            (true, true) if file.has_optimizer => Err(Error::BadFile(
                "it holds an optimizer and no weights: give the file that holds the model's state dict"
                    .into(),
            )),
            (true, true) => Err(Error::BadFile(
                "it holds no tensors: save `model.state_dict()` and give that file".into(),
            )),
            (true, false) => Err(file.whole_module()),
            (false, _) => Ok(file),
        }
    }

    fn found(found: Found<'a>) -> Self {
        let Found { tensors, modules, has_optimizer, storages } = found;
        Self { tensors, modules, has_optimizer, storages: Storages::Bytes(storages) }
    }

    fn safetensors(bytes: &'a [u8]) -> Result<Self> {
        let file = SafeTensors::deserialize(bytes).map_err(|error| match error {
            SafeTensorError::MetadataIncompleteBuffer | SafeTensorError::InvalidHeaderLength => {
                Error::BadFile(
                    "the file is cut off: its header promises other tensors than follow it; get it again"
                        .into(),
                )
            }
            error => damaged(error),
        })?;
        let is_checkpoint =
            ["optimizer", "position", "history"].iter().all(|&name| file.tensor(name).is_ok());
        if is_checkpoint {
            return Err(Error::BadFile(
                "it is the checkpoint of a run: `deepshift train` goes on with --resume and the run's folder, `deepshift \
                 export` takes the folder, and --weights takes weights_unrounded.safetensors beside it"
                    .into(),
            ));
        }
        let tensor = |(name, view): (String, safetensors::tensor::TensorView<'a>)| {
            let content = match element(view.dtype()) {
                Some(element) => Content::Plain { bytes: view.data(), element },
                None => Content::Unreadable(format!("a tensor of type {:?}", view.dtype())),
            };
            Tensor { name, base: 0, shape: view.shape().to_vec(), content }
        };
        let mut tensors: Vec<Tensor> = file.tensors().into_iter().map(tensor).collect();
        tensors.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self {
            tensors,
            modules: Vec::new(),
            has_optimizer: false,
            storages: Storages::Bytes(BTreeMap::new()),
        })
    }

    pub(crate) fn whole_module(&self) -> Error {
        let place = match self.modules.first().map(String::as_str) {
            None | Some("") => "it holds a whole pickled module".to_string(),
            Some(name) => format!("its `{name}` is a whole pickled module"),
        };
        Error::BadFile(format!(
            "{place}, which needs the Python classes that it was made of: save `model.state_dict()` instead and give that \
             file"
        ))
    }

    /// Names and shapes of all tensors but those of optimizers.
    pub fn shapes(&self) -> impl Iterator<Item = (&str, &[usize])> {
        self.tensors.iter().map(|tensor| (tensor.name.as_str(), tensor.shape.as_slice()))
    }

    /// The tensor's numbers.
    pub(crate) fn decode(&self, tensor: &Tensor) -> Result<FloatTensor> {
        let Tensor { name, shape, content, .. } = tensor;
        let values = match content {
            Content::Plain { bytes, element } => element.values(bytes),
            Content::View(view) => {
                let reach =
                    view.reach(shape).ok_or_else(|| damaged(format!("{name} has an impossible shape")))?;
                let storage = match &self.storages {
                    Storages::Archive(archive) if reach > 0 => archive.storage(&view.storage, reach)?,
                    Storages::Archive(_) => Cow::Borrowed(&[][..]),
                    Storages::Bytes(storages) => {
                        Cow::Borrowed(storages.get(&view.storage).copied().unwrap_or_default())
                    }
                };
                if storage.len() < reach {
                    return Err(damaged(format!("{name} has more numbers than its storage")));
                }
                view.values(shape, &storage)
            }
            Content::Unreadable(what) => {
                return Err(Error::BadFile(format!(
                    "{name} is {what}, which is not read: save it as a plain tensor of f32"
                )));
            }
        };
        Ok(FloatTensor { shape: shape.clone(), values })
    }
}

impl Tensor<'_> {
    /// For as long as anybody likes: only those of safetensors files borrow their numbers.
    fn without_bytes<'b>(self) -> Tensor<'b> {
        let content = match self.content {
            Content::View(view) => Content::View(view),
            Content::Unreadable(what) => Content::Unreadable(what),
            Content::Plain { .. } => Content::Unreadable("no tensor of an archive".into()),
        };
        Tensor { name: self.name, base: self.base, shape: self.shape, content }
    }
}

fn element(dtype: Dtype) -> Option<Element> {
    Some(match dtype {
        Dtype::F64 => Element::F64,
        Dtype::F32 => Element::F32,
        Dtype::F16 => Element::F16,
        Dtype::BF16 => Element::BF16,
        Dtype::I64 => Element::I64,
        Dtype::I32 => Element::I32,
        Dtype::I16 => Element::I16,
        Dtype::I8 => Element::I8,
        Dtype::U8 | Dtype::BOOL => Element::U8,
        _ => return None,
    })
}
