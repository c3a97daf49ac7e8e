//! As much of Python's pickles as CIFAR-10's python batches need: dictionaries, lists, tuples, numbers, strings, and what numpy
//! makes of an array. Nothing is ever called: an object is only its arguments and its state.
//!
//! A crate that reads any pickle clones what is referred to twice, so eighty bytes can fill the memory; here each
//! instruction makes at most one value, and values refer to each other by their numbers.

use crate::Malformed;
use std::collections::HashMap;

/// Most instructions of a file; a batch has about 50,000.
const MOST_STEPS: usize = 1 << 20;
/// Highest protocol that is understood; later ones keep arrays elsewhere.
const PROTOCOL: u8 = 4;

/// The number of a value.
pub(super) type Id = usize;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    /// None, a global's name, or what else nobody asks for.
    Other,
    Bool(bool),
    Int(i64),
    /// Bytes or text.
    Bytes(&'a [u8]),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Dict(Vec<[Id; 2]>),
    /// What a call would have made.
    Object {
        arguments: Id,
        state: Option<Id>,
    },
}

/// A pickle's values, of which `root` is the one that was pickled.
#[derive(Debug)]
pub(super) struct Pickle<'a> {
    pub values: Vec<Value<'a>>,
    pub root: Id,
}

/// Reads a pickle.
///
/// # Errors
/// [`Malformed`] with the offset of the instruction that is unknown, cut off or does not fit.
pub(super) fn parse(bytes: &[u8]) -> Result<Pickle<'_>, Malformed> {
    let mut machine = Machine { bytes, ..Machine::default() };
    for _ in 0..MOST_STEPS {
        let offset = machine.offset;
        match machine.step() {
            None => return Err(Malformed::new(offset, "it is no pickle of a CIFAR-10 batch")),
            Some(Some(root)) => return Ok(Pickle { values: machine.values, root }),
            Some(None) => {}
        }
    }
    Err(Malformed::new(machine.offset, "it goes on far longer than a CIFAR-10 batch"))
}

/// Python's unpickling machine.
#[derive(Default)]
struct Machine<'a> {
    bytes: &'a [u8],
    offset: usize,
    values: Vec<Value<'a>>,
    stack: Vec<Id>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
}

impl<'a> Machine<'a> {
    /// One instruction; the root where it was the last, nothing where it makes no sense.
    fn step(&mut self) -> Option<Option<Id>> {
        match self.byte()? {
            b'.' => return self.stack.pop().map(Some),
            0x80 => (self.byte()? <= PROTOCOL).then_some(())?,
            // A frame is only a hint of how much to read at once.
            0x95 => self.take(8).map(drop)?,
            b'(' => self.marks.push(self.stack.len()),
            b'N' => self.push(Value::Other),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'K' => self.push_int(1)?,
            b'M' => self.push_int(2)?,
            b'J' => self.push_int(4)?,
            b'U' | b'C' | 0x8c => self.push_bytes(1)?,
            b'T' | b'B' | b'X' => self.push_bytes(4)?,
            0x8e | 0x8d => self.push_bytes(8)?,
            b'}' => self.push(Value::Dict(Vec::new())),
            b']' => self.push(Value::List(Vec::new())),
            b')' => self.push(Value::Tuple(Vec::new())),
            b't' => {
                let items = self.pop_mark()?;
                self.push(Value::Tuple(items));
            }
            count @ 0x85..=0x87 => {
                let items = self.pop(usize::from(count - 0x84))?;
                self.push(Value::Tuple(items));
            }
            b'a' => {
                let items = self.pop(1)?;
                self.append(items)?;
            }
            b'e' => {
                let items = self.pop_mark()?;
                self.append(items)?;
            }
            b's' => {
                let items = self.pop(2)?;
                self.set(&items)?;
            }
            b'u' => {
                let items = self.pop_mark()?;
                self.set(&items)?;
            }
            b'c' => {
                self.line()?;
                self.line()?;
                self.push(Value::Other);
            }
            0x93 => {
                self.pop(2)?;
                self.push(Value::Other);
            }
            b'R' => {
                let arguments = self.pop(2)?[1];
                self.push(Value::Object { arguments, state: None });
            }
            b'b' => self.build()?,
            b'q' => {
                let place = self.number(1)?;
                self.note(place)?;
            }
            b'r' => {
                let place = self.number(4)?;
                self.note(place)?;
            }
            0x94 => self.note(self.memo.len() as u64)?,
            b'h' => self.recall(1)?,
            b'j' => self.recall(4)?,
            _ => return None,
        }
        Some(None)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let bytes = self.bytes.get(self.offset..)?.get(..length)?;
        self.offset += length;
        Some(bytes)
    }

    /// A little-endian number of so many bytes, without sign.
    fn number(&mut self, length: usize) -> Option<u64> {
        let bytes = self.take(length)?.iter().rev();
        Some(bytes.fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    /// The rest of a line.
    fn line(&mut self) -> Option<()> {
        let length = self.bytes.get(self.offset..)?.iter().position(|&byte| byte == b'\n')?;
        self.take(length + 1).map(drop)
    }

    fn push(&mut self, value: Value<'a>) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    fn push_int(&mut self, length: usize) -> Option<()> {
        let number = self.number(length)?;
        // Only four bytes have a sign.
        let number = if length == 4 { i64::from(number as u32 as i32) } else { number as i64 };
        self.push(Value::Int(number));
        Some(())
    }

    fn push_bytes(&mut self, length_of_length: usize) -> Option<()> {
        let length = usize::try_from(self.number(length_of_length)?).ok()?;
        let bytes = self.take(length)?;
        self.push(Value::Bytes(bytes));
        Some(())
    }

    /// The topmost so many values, which lie above the last mark.
    fn pop(&mut self, count: usize) -> Option<Vec<Id>> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let start = self.stack.len().checked_sub(count).filter(|&start| start >= floor)?;
        Some(self.stack.split_off(start))
    }

    /// Everything above the last mark.
    fn pop_mark(&mut self) -> Option<Vec<Id>> {
        let mark = self.marks.pop()?;
        Some(self.stack.split_off(mark))
    }

    fn top(&mut self) -> Option<&mut Value<'a>> {
        let id = *self.stack.last()?;
        self.values.get_mut(id)
    }

    fn append(&mut self, items: Vec<Id>) -> Option<()> {
        let Value::List(list) = self.top()? else { return None };
        list.extend(items);
        Some(())
    }

    fn set(&mut self, items: &[Id]) -> Option<()> {
        let (pairs, []) = items.as_chunks::<2>() else { return None };
        let Value::Dict(dict) = self.top()? else { return None };
        dict.extend(pairs);
        Some(())
    }

    fn build(&mut self) -> Option<()> {
        let id = self.pop(1)?[0];
        let Value::Object { state, .. } = self.top()? else { return None };
        *state = Some(id);
        Some(())
    }

    /// Notes the top under a number.
    fn note(&mut self, place: u64) -> Option<()> {
        self.memo.insert(place, *self.stack.last()?);
        Some(())
    }

    fn recall(&mut self, length: usize) -> Option<()> {
        let place = self.number(length)?;
        self.stack.push(*self.memo.get(&place)?);
        Some(())
    }
}
