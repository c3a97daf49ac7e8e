//! The zip archive of `torch.save`: a pickle and one entry for each storage.

use crate::error::damaged;
use crate::kind::{KERAS_ARCHIVE, NPZ, OTHER_ZIP, TORCH_SCRIPT};
use crate::{Error, Result};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{Cursor, Read};
use zip::{CompressionMethod, ZipArchive};

/// Most bytes of a pickle: a hundred times that of the largest networks.
const LONGEST_PICKLE: usize = 100 << 20;

pub(crate) struct Archive<'a> {
    bytes: &'a [u8],
    zip: RefCell<ZipArchive<Cursor<&'a [u8]>>>,
    /// The folder in the archive that holds everything, with its slash.
    root: String,
    /// Entries whose checksum was found right.
    checked: RefCell<BTreeSet<usize>>,
}

impl<'a> Archive<'a> {
    pub fn open(bytes: &'a [u8]) -> Result<Self> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|_| {
            Error::BadFile("the file is cut off: the end of its zip archive is missing; get it again".into())
        })?;
        let names: Vec<String> = zip.file_names().filter_map(|name| name.ok().map(Cow::into_owned)).collect();
        let root = names.iter().filter_map(|name| name.strip_suffix("data.pkl"));
        let root = root.filter(|root| root.is_empty() || root.ends_with('/')).min_by_key(|root| root.len());
        let is_script = |root: &str| {
            let (constants, code) = (format!("{root}constants.pkl"), format!("{root}code/"));
            names.iter().any(|name| *name == constants || name.starts_with(&code))
        };
        let is_keras = |name: &String| name.ends_with(".weights.h5") || name == "config.json";
        let foreign = match root {
            Some(root) if is_script(root) => TORCH_SCRIPT,
            Some(root) => {
                let archive =
                    Self { bytes, root: root.into(), zip: RefCell::new(zip), checked: RefCell::default() };
                return archive.little_endian();
            }
            None if names.iter().any(is_keras) => KERAS_ARCHIVE,
            None if !names.is_empty() && names.iter().all(|name| name.ends_with(".npy")) => NPZ,
            None => OTHER_ZIP,
        };
        Err(Error::BadFile(foreign.to_string()))
    }

    fn little_endian(self) -> Result<Self> {
        let order = self.index("byteorder").map(|index| self.entry(index, 16)).transpose()?;
        match order.as_deref() {
            Some(order) if order.starts_with(b"big") => Err(Error::BadFile(
                "the file is of a machine that writes numbers the other way round: load it with PyTorch here and save \
                 it again"
                    .into(),
            )),
            _ => Ok(self),
        }
    }

    pub fn pickle(&self) -> Result<Cow<'a, [u8]>> {
        let index = self.index("data.pkl").ok_or_else(|| damaged("it has no data.pkl"))?;
        self.entry(index, LONGEST_PICKLE)
    }

    /// The first `length` bytes of a storage.
    pub fn storage(&self, name: &str, length: usize) -> Result<Cow<'a, [u8]>> {
        let index = self
            .index(&format!("data/{name}"))
            .ok_or_else(|| damaged(format!("there is no storage {name}")))?;
        self.entry(index, length)
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.zip.borrow().index_for_name(&format!("{}{name}", self.root))
    }

    /// At most so many bytes of an entry; those that lie in the file as they are are all compared with their checksum.
    fn entry(&self, index: usize, longest: usize) -> Result<Cow<'a, [u8]>> {
        let mut zip = self.zip.borrow_mut();
        let entry = zip.by_index(index).map_err(damaged)?;
        if entry.compression() != CompressionMethod::Stored || entry.encrypted() {
            let mut bytes = Vec::new();
            entry.take(longest as u64).read_to_end(&mut bytes).map_err(damaged)?;
            return Ok(bytes.into());
        }
        let start = entry.data_start().and_then(|start| usize::try_from(start).ok());
        let size = usize::try_from(entry.size()).ok();
        let bytes = start.zip(size).and_then(|(start, size)| self.bytes.get(start..)?.get(..size));
        let bytes = bytes.ok_or_else(|| damaged("an entry lies beyond its end"))?;
        // PyTorch writes 0 where it was told to compute none.
        let checksum = entry.crc32();
        if checksum != 0 && !self.checked.borrow().contains(&index) {
            if crc32fast::hash(bytes) != checksum {
                return Err(damaged("a checksum differs"));
            }
            self.checked.borrow_mut().insert(index);
        }
        Ok(bytes[..bytes.len().min(longest)].into())
    }
}
