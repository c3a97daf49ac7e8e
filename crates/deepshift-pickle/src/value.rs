//! What a pickle holds.

/// The number of a value.
pub type Id = usize;

/// A value of a pickle.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// None, a number with a fraction, or an integer of more than 64 bits.
    Other,
    /// True or False.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// Bytes or text.
    Bytes(&'a [u8]),
    /// A list or a set.
    List(Vec<Id>),
    /// A tuple.
    Tuple(Vec<Id>),
    /// A dictionary: keys with their values, in the order in which they were set.
    Dict(Vec<[Id; 2]>),
    /// A class or function by its name.
    Global {
        /// Its module.
        module: Id,
        /// Its name in the module.
        name: Id,
    },
    /// What is kept outside the pickle, under this name.
    Persistent(Id),
    /// What a call would have made.
    Object(Box<Object>),
}

/// What a call would have made: of which class or function, from what, and what was put into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The class or function.
    pub callable: Id,
    /// A tuple.
    pub arguments: Id,
    /// Its attributes, mostly a dictionary.
    pub state: Option<Id>,
    /// What was set in it, if it is a kind of dictionary. What is appended to a kind of list is not kept.
    pub entries: Vec<[Id; 2]>,
}

/// A pickle's values, of which `root` is the one that was pickled.
#[derive(Debug)]
pub struct Pickle<'a> {
    /// All values.
    pub values: Vec<Value<'a>>,
    /// The one that was pickled.
    pub root: Id,
    /// Bytes of the pickle; what follows does not belong to it.
    pub length: usize,
}

impl<'a> Pickle<'a> {
    /// The items of a tuple of so many.
    pub fn tuple<const N: usize>(&self, id: Id) -> Option<[Id; N]> {
        self.items(id)?.try_into().ok()
    }

    /// The items of a tuple or list.
    pub fn items(&self, id: Id) -> Option<&[Id]> {
        match &self.values[id] {
            Value::Tuple(items) | Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// An integer.
    pub fn int(&self, id: Id) -> Option<i64> {
        match self.values[id] {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }

    /// Bytes, or text as UTF-8.
    pub fn bytes(&self, id: Id) -> Option<&'a [u8]> {
        match self.values[id] {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Module and name of a class or function.
    pub fn global(&self, id: Id) -> Option<(&'a [u8], &'a [u8])> {
        match self.values[id] {
            Value::Global { module, name } => Some((self.bytes(module)?, self.bytes(name)?)),
            _ => None,
        }
    }

    /// What a call would have made.
    pub fn object(&self, id: Id) -> Option<&Object> {
        match &self.values[id] {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Keys and values of a dictionary or of an object that is a kind of one.
    pub fn entries(&self, id: Id) -> Option<&[[Id; 2]]> {
        match &self.values[id] {
            Value::Dict(entries) => Some(entries),
            Value::Object(object) if !object.entries.is_empty() => Some(&object.entries),
            _ => None,
        }
    }

    /// The last value of this key, as Python keeps it.
    pub fn entry(&self, id: Id, key: &str) -> Option<Id> {
        let is_key = |entry: &&[Id; 2]| self.bytes(entry[0]) == Some(key.as_bytes());
        self.entries(id)?.iter().rev().find(is_key).map(|entry| entry[1])
    }
}
