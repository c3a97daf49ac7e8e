//! From the values of a pickle to its tensors. Objects of unknown classes are passed over.

use crate::legacy::{self, text};
use crate::names::is_optimizer;
use crate::tensor::{Content, Element, Tensor, View};
use crate::{Error, Result};
use deepshift_pickle::{Id, Object, Pickle, Value};
use std::collections::BTreeMap;

/// Most instructions of a pickle, and most values that are looked at: dictionaries may hold each other many times.
pub(crate) const MOST_STEPS: usize = 1 << 22;
/// Dictionaries within dictionaries.
const DEEPEST: usize = 16;
/// Longest name of a tensor.
const LONGEST_NAME: usize = 512;
/// Of a list as many are looked at: lists of state dicts are short, those of losses are not.
const MOST_ITEMS: usize = 64;

/// What a pickle holds.
#[derive(Default)]
pub(crate) struct Found<'a> {
    pub tensors: Vec<Tensor<'a>>,
    /// Names of whole modules, which are not looked into.
    pub modules: Vec<String>,
    /// Whether there is an optimizer, which is not looked into.
    pub has_optimizer: bool,
    /// Storages that lie in the pickle itself.
    pub storages: BTreeMap<String, &'a [u8]>,
}

/// All tensors of a pickle but those of optimizers.
pub(crate) fn tensors<'a>(pickle: &Pickle<'a>) -> Result<Found<'a>> {
    let mut walk = Walk { pickle, found: Found::default(), steps: 0 };
    walk.visit(pickle.root, Place { name: String::new(), base: 0, depth: 0 });
    match walk.steps < MOST_STEPS {
        true => Ok(walk.found),
        false => Err(Error::BadFile(
            "it holds far more values than any network has: save only the state dict".into(),
        )),
    }
}

struct Walk<'p, 'a> {
    pickle: &'p Pickle<'a>,
    found: Found<'a>,
    steps: usize,
}

struct Place {
    name: String,
    base: usize,
    depth: usize,
}

impl Place {
    fn within(&self, key: &str) -> Self {
        match self.name.is_empty() {
            true => Self { name: key.into(), base: 0, depth: self.depth + 1 },
            false => Self {
                name: format!("{}.{key}", self.name),
                base: self.name.len() + 1,
                depth: self.depth + 1,
            },
        }
    }
}

impl<'a> Walk<'_, 'a> {
    fn visit(&mut self, id: Id, place: Place) {
        self.steps += 1;
        if self.steps >= MOST_STEPS || place.depth > DEEPEST || place.name.len() > LONGEST_NAME {
            return;
        }
        if let Some((shape, content)) = self.tensor(id, 0) {
            self.found.tensors.push(Tensor { name: place.name, base: place.base, shape, content });
        } else if self.is_module(id) {
            self.found.modules.push(place.name);
        } else if let Some(entries) = self.entries(id) {
            if self.is_optimizer_state(id) {
                self.found.has_optimizer = true;
            } else {
                entries.into_iter().for_each(|entry| self.visit_entry(entry, &place));
            }
        } else if let Some(items) = self.pickle.items(id) {
            for (index, &item) in items.iter().take(MOST_ITEMS).enumerate() {
                self.visit(item, place.within(&index.to_string()));
            }
        }
    }

    fn visit_entry(&mut self, [key, value]: [Id; 2], place: &Place) {
        // Most values of most checkpoints are numbers.
        if matches!(
            self.pickle.values[value],
            Value::Other | Value::Bool(_) | Value::Int(_) | Value::Bytes(_)
        ) {
            self.steps += 1;
            return;
        }
        let Some(key) = text(self.pickle, key) else { return };
        let is_tensor = self.tensor(value, 0).is_some();
        if is_tensor || !is_optimizer(&key) {
            self.visit(value, place.within(&key));
        } else {
            self.found.has_optimizer = true;
        }
    }

    /// Keys and values of a dictionary, also where it was made from a list of pairs, as Python 2 does.
    fn entries(&self, id: Id) -> Option<Vec<[Id; 2]>> {
        if let Some(entries) = self.pickle.entries(id) {
            return Some(entries.to_vec());
        }
        let object = self.pickle.object(id)?;
        let (b"collections", b"OrderedDict") = self.pickle.global(object.callable)? else { return None };
        let pairs = self.pickle.items(self.pickle.tuple::<1>(object.arguments)?[0])?;
        pairs.iter().map(|&pair| self.pickle.items(pair)?.try_into().ok()).collect()
    }

    /// PyTorch's optimizers say what they are made of.
    fn is_optimizer_state(&self, id: Id) -> bool {
        self.pickle.entry(id, "param_groups").is_some() && self.pickle.entry(id, "state").is_some()
    }

    /// A module's attributes always hold three tables.
    fn is_module(&self, id: Id) -> bool {
        let state = self.pickle.object(id).and_then(|object| object.state);
        let has = |state: Id, table: &str| self.pickle.entry(state, table).is_some();
        state.is_some_and(|state| {
            ["_parameters", "_buffers", "_modules"].iter().all(|table| has(state, table))
        })
    }

    /// Shape and content of what PyTorch makes a tensor from; `None` for everything else.
    fn tensor(&mut self, id: Id, depth: usize) -> Option<(Vec<usize>, Content<'a>)> {
        let object = self.pickle.object(id)?;
        let &Object { callable, arguments, .. } = object;
        self.call(callable, arguments, depth)
    }

    fn call(&mut self, callable: Id, arguments: Id, depth: usize) -> Option<(Vec<usize>, Content<'a>)> {
        let (module, name) = self.pickle.global(callable)?;
        let fields = self.pickle.items(arguments)?;
        let unreadable = |what: &str| Some((Vec::new(), Content::Unreadable(what.into())));
        match (module, name) {
            _ if depth > DEEPEST => None,
            (b"torch._utils", b"_rebuild_tensor" | b"_rebuild_tensor_v2" | b"_rebuild_tensor_v3") => {
                let element = fields.get(6).filter(|_| name == b"_rebuild_tensor_v3").copied();
                let view = self.view(fields.to_vec(), element);
                view.or_else(|| unreadable("a tensor of a type that is not read"))
            }
            (b"torch._utils", b"_rebuild_parameter" | b"_rebuild_parameter_with_state") => {
                self.tensor(*fields.first()?, depth + 1)
            }
            (b"torch._tensor", b"_rebuild_from_type_v2") => {
                let (&callable, &arguments) = (fields.first()?, fields.get(2)?);
                self.call(callable, arguments, depth + 1)
            }
            (b"numpy.core.multiarray" | b"numpy._core.multiarray", b"_reconstruct") => {
                unreadable("a NumPy array")
            }
            _ if module.starts_with(b"torch") && name.starts_with(b"_rebuild") => unreadable(&format!(
                "what {}.{} makes",
                String::from_utf8_lossy(module),
                String::from_utf8_lossy(name)
            )),
            _ => None,
        }
    }

    /// Storage, offset, shape and steps are the first arguments.
    fn view(&mut self, fields: Vec<Id>, element: Option<Id>) -> Option<(Vec<usize>, Content<'a>)> {
        let [storage, offset, shape, strides] = *fields.first_chunk()?;
        let sizes = |id: Id| -> Option<Vec<usize>> {
            self.pickle.items(id)?.iter().map(|&size| usize::try_from(self.pickle.int(size)?).ok()).collect()
        };
        let (shape, strides) = (sizes(shape)?, sizes(strides)?);
        let offset = usize::try_from(self.pickle.int(offset)?).ok()?;
        let (storage, start, stored) = self.storage(storage)?;
        let element = match element {
            Some(id) => element_of(self.pickle.global(id)?.1)?,
            None => stored?,
        };
        let view = View { storage, element, offset: offset.checked_add(start)?, strides };
        Some((shape, Content::View(view)))
    }

    /// Name, offset and type of a storage.
    fn storage(&mut self, id: Id) -> Option<(String, usize, Option<Element>)> {
        match &self.pickle.values[id] {
            Value::Persistent(name) => storage_name(self.pickle, *name),
            Value::Object(object) => {
                // What `pickle.dump` makes of a tensor: a storage that was saved by itself.
                let (b"torch.storage", b"_load_from_bytes") = self.pickle.global(object.callable)? else {
                    return None;
                };
                let bytes = self.pickle.bytes(self.pickle.tuple::<1>(object.arguments)?[0])?;
                let saved = legacy::read(bytes).ok()?;
                let Value::Persistent(name) = saved.pickle.values[saved.pickle.root] else { return None };
                let (name, start, element) = storage_name(&saved.pickle, name)?;
                let bytes = *saved.storages.get(&name)?;
                let name = format!("value {id}");
                self.found.storages.insert(name.clone(), bytes);
                Some((name, start, element))
            }
            _ => None,
        }
    }
}

/// `('storage', type, name, where, elements)` and, in old files, the part of it that is meant.
fn storage_name(pickle: &Pickle, id: Id) -> Option<(String, usize, Option<Element>)> {
    let fields = pickle.items(id)?;
    let name = text(pickle, *fields.get(2)?)?;
    let part = fields.get(5).and_then(|&part| pickle.tuple::<3>(part));
    let start = part.map_or(Some(0), |[_, start, _]| usize::try_from(pickle.int(start)?).ok())?;
    Some((name, start, element_of(pickle.global(*fields.get(1)?)?.1)))
}

/// The type of PyTorch's storage or number of this name.
pub(crate) fn element_of(name: &[u8]) -> Option<Element> {
    Some(match name {
        b"DoubleStorage" | b"float64" | b"double" => Element::F64,
        b"FloatStorage" | b"float32" | b"float" => Element::F32,
        b"HalfStorage" | b"float16" | b"half" => Element::F16,
        b"BFloat16Storage" | b"bfloat16" => Element::BF16,
        b"LongStorage" | b"int64" | b"long" => Element::I64,
        b"IntStorage" | b"int32" | b"int" => Element::I32,
        b"ShortStorage" | b"int16" | b"short" => Element::I16,
        b"CharStorage" | b"int8" => Element::I8,
        b"ByteStorage" | b"BoolStorage" | b"uint8" | b"bool" => Element::U8,
        _ => return None,
    })
}
