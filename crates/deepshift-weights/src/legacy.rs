//! What `torch.save` wrote before PyTorch 1.6: pickles one behind the other, and the storages behind them.

use crate::error::damaged;
use crate::walk::{MOST_STEPS, element_of};
use crate::{Error, Result};
use deepshift_pickle::{Pickle, Value, parse};
use std::collections::BTreeMap;

pub(crate) struct Legacy<'a> {
    pub pickle: Pickle<'a>,
    pub storages: BTreeMap<String, &'a [u8]>,
}

/// Magic number, protocol, facts of the machine; the object; the storages' names in their order; the storages.
pub(crate) fn read(bytes: &[u8]) -> Result<Legacy<'_>> {
    let mut rest = bytes;
    let mut next = || {
        let pickle = parse(rest, MOST_STEPS).map_err(damaged)?;
        rest = &rest[pickle.length..];
        Ok::<_, Error>(pickle)
    };
    let [_, _, machine, pickle, names] = [next()?, next()?, next()?, next()?, next()?];
    let is_little = machine.entry(machine.root, "little_endian").map(|id| &machine.values[id]);
    if is_little == Some(&Value::Bool(false)) {
        return Err(Error::BadFile(
            "the file is of a machine that writes numbers the other way round".into(),
        ));
    }
    let sizes = element_sizes(&pickle);
    let mut storages = BTreeMap::new();
    for &name in names.items(names.root).unwrap_or_default() {
        let name = text(&names, name).ok_or_else(|| damaged("a storage has no name"))?;
        let size = *sizes.get(&name).ok_or_else(|| damaged(format!("storage {name} has no type")))?;
        let (length, behind) = rest.split_first_chunk().ok_or_else(|| damaged("it ends early"))?;
        let length =
            usize::try_from(u64::from_le_bytes(*length)).ok().and_then(|length| length.checked_mul(size));
        let storage = length.and_then(|length| behind.split_at_checked(length));
        let (storage, behind) = storage.ok_or_else(|| damaged("it ends early"))?;
        storages.insert(name, storage);
        rest = behind;
    }
    Ok(Legacy { pickle, storages })
}

/// Bytes of an element of each storage that the pickle refers to.
fn element_sizes(pickle: &Pickle) -> BTreeMap<String, usize> {
    let storages = pickle.values.iter().filter_map(|value| match value {
        Value::Persistent(name) => pickle.items(*name),
        _ => None,
    });
    let sizes = storages.filter_map(|fields| {
        let name = text(pickle, *fields.get(2)?)?;
        // Types that nobody decodes still take their room.
        let size = match pickle.global(*fields.get(1)?)?.1 {
            b"ComplexFloatStorage" => 8,
            b"ComplexDoubleStorage" => 16,
            b"QInt32Storage" => 4,
            other => element_of(other).map_or(1, |element| element.size()),
        };
        Some((name, size))
    });
    sizes.collect()
}

/// A text, or a number written out.
pub(crate) fn text(pickle: &Pickle, id: usize) -> Option<String> {
    match &pickle.values[id] {
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}
