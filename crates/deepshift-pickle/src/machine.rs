//! Python's unpickling machine, without its calls.

use crate::{Error, Id, Object, Pickle, Value};
use std::collections::HashMap;

/// Highest protocol there is.
const PROTOCOL: u8 = 5;

/// Reads the pickle at the start of `bytes`, of at most `most_steps` instructions.
///
/// # Errors
/// [`enum@Error`] with the offset of the instruction that is unknown, cut off, does not fit, or is one too many.
pub fn parse(bytes: &[u8], most_steps: usize) -> Result<Pickle<'_>, Error> {
    let mut machine = Machine { bytes, ..Machine::default() };
    for _ in 0..most_steps {
        let offset = machine.offset;
        match machine.step() {
            None => return Err(Error::Malformed(offset)),
            Some(Some(root)) => return Ok(Pickle { values: machine.values, root, length: machine.offset }),
            Some(None) => {}
        }
    }
    Err(Error::TooLong(machine.offset))
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
            b'.' => return self.pop(1).map(|root| Some(root[0])),
            0x80 => (self.byte()? <= PROTOCOL).then_some(())?,
            // A frame is only a hint of how much to read at once.
            0x95 => self.take(8).map(drop)?,
            b'(' => self.marks.push(self.stack.len()),
            b'0' => self.drop_top()?,
            b'1' => self.pop_mark().map(drop)?,
            b'2' => {
                let top = *self.stack.last()?;
                self.stack.push(top);
            }
            b'N' => self.push(Value::Other),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'K' => self.push_int(1)?,
            b'M' => self.push_int(2)?,
            b'J' => self.push_int(4)?,
            0x8a => self.push_long(1)?,
            0x8b => self.push_long(4)?,
            b'I' | b'L' => self.push_decimal()?,
            b'F' => {
                self.line()?;
                self.push(Value::Other);
            }
            b'G' => {
                self.take(8)?;
                self.push(Value::Other);
            }
            b'U' | b'C' | 0x8c => self.push_bytes(1)?,
            b'T' | b'B' | b'X' => self.push_bytes(4)?,
            0x8e | 0x8d | 0x96 => self.push_bytes(8)?,
            // Escapes stay as they are: names that anybody looks for have none.
            b'V' => {
                let text = self.line()?;
                self.push(Value::Bytes(text));
            }
            b'S' => self.push_quoted()?,
            b'}' => self.push(Value::Dict(Vec::new())),
            b']' | 0x8f => self.push(Value::List(Vec::new())),
            b')' => self.push(Value::Tuple(Vec::new())),
            b't' => {
                let items = self.pop_mark()?;
                self.push(Value::Tuple(items));
            }
            count @ 0x85..=0x87 => {
                let items = self.pop(usize::from(count - 0x84))?;
                self.push(Value::Tuple(items));
            }
            b'l' | 0x91 => {
                let items = self.pop_mark()?;
                self.push(Value::List(items));
            }
            b'd' => {
                let items = self.pop_mark()?;
                self.push(Value::Dict(Vec::new()));
                self.set(&items)?;
            }
            b'a' => {
                let items = self.pop(1)?;
                self.append(items)?;
            }
            b'e' | 0x90 => {
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
                let global = self.global()?;
                self.push(global);
            }
            0x93 => {
                let [module, name] = self.pop(2)?.try_into().ok()?;
                self.push(Value::Global { module, name });
            }
            b'R' | 0x81 => {
                let [callable, arguments] = self.pop(2)?.try_into().ok()?;
                self.push_object(callable, arguments);
            }
            0x92 => {
                let [callable, arguments, _] = self.pop(3)?.try_into().ok()?;
                self.push_object(callable, arguments);
            }
            b'i' => {
                let global = self.global()?;
                let callable = self.keep(global);
                let arguments = self.pop_mark()?;
                self.push_call(callable, arguments);
            }
            b'o' => {
                let mut items = self.pop_mark()?;
                let arguments = items.split_off(1.min(items.len()));
                self.push_call(*items.first()?, arguments);
            }
            b'b' => self.build()?,
            b'P' => {
                let name = self.line()?;
                let name = self.keep(Value::Bytes(name));
                self.push(Value::Persistent(name));
            }
            b'Q' => {
                let name = self.pop(1)?[0];
                self.push(Value::Persistent(name));
            }
            b'p' => {
                let place = self.place()?;
                self.note(place)?;
            }
            b'q' => {
                let place = self.number(1)?;
                self.note(place)?;
            }
            b'r' => {
                let place = self.number(4)?;
                self.note(place)?;
            }
            0x94 => self.note(self.memo.len() as u64)?,
            b'g' => {
                let place = self.place()?;
                self.recall(place)?;
            }
            b'h' => {
                let place = self.number(1)?;
                self.recall(place)?;
            }
            b'j' => {
                let place = self.number(4)?;
                self.recall(place)?;
            }
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
    fn line(&mut self) -> Option<&'a [u8]> {
        let length = self.bytes.get(self.offset..)?.iter().position(|&byte| byte == b'\n')?;
        let line = &self.take(length + 1)?[..length];
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }

    fn decimal(&mut self) -> Option<&'a str> {
        let line = self.line()?;
        std::str::from_utf8(line.strip_suffix(b"L").unwrap_or(line)).ok()
    }

    /// A place in the memo, written out.
    fn place(&mut self) -> Option<u64> {
        self.decimal()?.parse().ok()
    }

    /// A value that is not put on the stack.
    fn keep(&mut self, value: Value<'a>) -> Id {
        self.values.push(value);
        self.values.len() - 1
    }

    fn push(&mut self, value: Value<'a>) {
        let id = self.keep(value);
        self.stack.push(id);
    }

    fn push_int(&mut self, length: usize) -> Option<()> {
        let number = self.number(length)?;
        // Only four bytes have a sign.
        let number = if length == 4 { i64::from(number as u32 as i32) } else { number as i64 };
        self.push(Value::Int(number));
        Some(())
    }

    /// An integer of so many bytes as a number of bytes says; longer ones are none that anybody asks for.
    fn push_long(&mut self, length_of_length: usize) -> Option<()> {
        let length = usize::try_from(self.number(length_of_length)?).ok()?;
        let bytes = self.take(length)?;
        let sign = bytes.last().map_or(0, |&byte| (byte as i8 >> 7) as u8);
        let mut number = [sign; 8];
        let value = match number.get_mut(..length) {
            Some(low) => {
                low.copy_from_slice(bytes);
                Value::Int(i64::from_le_bytes(number))
            }
            None => Value::Other,
        };
        self.push(value);
        Some(())
    }

    fn push_decimal(&mut self) -> Option<()> {
        let value = match self.decimal()? {
            "00" => Value::Bool(false),
            "01" => Value::Bool(true),
            text => text.parse().map_or(Value::Other, Value::Int),
        };
        self.push(value);
        Some(())
    }

    /// A Python 2 string between quotes.
    fn push_quoted(&mut self) -> Option<()> {
        let line = self.line()?;
        let text = line.get(1..line.len().checked_sub(1)?)?;
        self.push(Value::Bytes(text));
        Some(())
    }

    /// A class or function whose names are two lines.
    fn global(&mut self) -> Option<Value<'a>> {
        let (module, name) = (self.line()?, self.line()?);
        Some(Value::Global { module: self.keep(Value::Bytes(module)), name: self.keep(Value::Bytes(name)) })
    }

    fn push_object(&mut self, callable: Id, arguments: Id) {
        let object = Object { callable, arguments, state: None, entries: Vec::new() };
        self.push(Value::Object(Box::new(object)));
    }

    fn push_call(&mut self, callable: Id, arguments: Vec<Id>) {
        let arguments = self.keep(Value::Tuple(arguments));
        self.push_object(callable, arguments);
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
        // What lay below the mark may have been taken since.
        (mark <= self.stack.len()).then(|| self.stack.split_off(mark))
    }

    /// Takes the topmost value away, or a mark that nothing follows.
    fn drop_top(&mut self) -> Option<()> {
        match self.marks.last() == Some(&self.stack.len()) {
            true => self.marks.pop().map(drop),
            false => self.stack.pop().map(drop),
        }
    }

    fn top(&mut self) -> Option<&mut Value<'a>> {
        let id = *self.stack.last()?;
        self.values.get_mut(id)
    }

    fn append(&mut self, items: Vec<Id>) -> Option<()> {
        match self.top()? {
            Value::List(list) => list.extend(items),
            Value::Object(_) => {}
            _ => return None,
        }
        Some(())
    }

    fn set(&mut self, items: &[Id]) -> Option<()> {
        let (pairs, []) = items.as_chunks::<2>() else { return None };
        match self.top()? {
            Value::Dict(entries) => entries.extend(pairs),
            Value::Object(object) => object.entries.extend(pairs),
            _ => return None,
        }
        Some(())
    }

    /// Only objects have attributes that anybody asks for.
    fn build(&mut self) -> Option<()> {
        let id = self.pop(1)?[0];
        if let Value::Object(object) = self.top()? {
            object.state = Some(id);
        }
        Some(())
    }

    /// Notes the top under a number.
    fn note(&mut self, place: u64) -> Option<()> {
        self.memo.insert(place, *self.stack.last()?);
        Some(())
    }

    fn recall(&mut self, place: u64) -> Option<()> {
        self.stack.push(*self.memo.get(&place)?);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: usize = 1000;

    fn root(bytes: &[u8]) -> Value<'_> {
        let pickle = parse(bytes, STEPS).unwrap();
        assert_eq!(pickle.length, bytes.len());
        pickle.values[pickle.root].clone()
    }

    #[test]
    fn integers_of_every_form() {
        for (bytes, expected) in [
            (&b"K\xff."[..], 255),
            (b"M\x00\x80.", 32768),
            (b"J\xff\xff\xff\xff.", -1),
            (b"\x8a\x00.", 0),
            (b"\x8a\x02\x00\x80.", -32768),
            (b"\x8a\x02\xff\x7f.", 32767),
            (b"I-12\n.", -12),
            (b"L12L\n.", 12),
        ] {
            assert_eq!(root(bytes), Value::Int(expected), "{bytes:?}");
        }
        // PyTorch's old magic number has ten bytes.
        assert_eq!(root(b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."), Value::Other);
    }

    #[test]
    fn the_oldest_protocol_reads_like_the_newest() {
        let old = parse(b"(dp0\nVa\np1\nI7\nsS'b'\n(lp2\nI1\naI01\nas.", STEPS).unwrap();
        let new = parse(
            b"\x80\x05\x95\x12\0\0\0\0\0\0\0}\x94(\x8c\x01a\x94K\x07\x8c\x01b\x94]\x94(K\x01\x88eu.",
            STEPS,
        )
        .unwrap();
        for pickle in [old, new] {
            assert_eq!(pickle.entry(pickle.root, "a").and_then(|id| pickle.int(id)), Some(7));
            let [one, yes] = pickle.tuple(pickle.entry(pickle.root, "b").unwrap()).unwrap();
            assert_eq!((pickle.int(one), &pickle.values[yes]), (Some(1), &Value::Bool(true)));
        }
    }

    #[test]
    fn a_call_is_only_what_it_was_made_from() {
        // os.system("ls"), and a dictionary of an unknown class with an entry, an attribute and an appended item.
        let pickle = parse(b"cos\nsystem\nX\x02\0\0\0ls\x85R.", STEPS).unwrap();
        let object = pickle.object(pickle.root).unwrap();
        assert_eq!(pickle.global(object.callable), Some((&b"os"[..], &b"system"[..])));
        let pickle = parse(b"ca\nB\n)\x81X\x01\0\0\0kK\x05sK\x06a}X\x01\0\0\0sK\x07sb.", STEPS).unwrap();
        assert_eq!(pickle.entry(pickle.root, "k").and_then(|id| pickle.int(id)), Some(5));
        let state = pickle.object(pickle.root).unwrap().state.unwrap();
        assert_eq!(pickle.entry(state, "s").and_then(|id| pickle.int(id)), Some(7));
    }

    #[test]
    fn what_is_outside_is_known_by_its_name() {
        let pickle = parse(b"X\x01\0\0\0kQ.", STEPS).unwrap();
        let Value::Persistent(name) = pickle.values[pickle.root] else { panic!() };
        assert_eq!(pickle.bytes(name), Some(&b"k"[..]));
    }

    #[test]
    fn a_pickle_ends_before_what_follows_it() {
        assert_eq!(parse(b"K\x01.K\x02.", STEPS).unwrap().length, 3);
    }

    #[test]
    fn nonsense_is_refused_where_it_stands() {
        for (bytes, offset) in [
            (&b""[..], 0),
            (b"<html>", 0),
            (b"K\x01", 2),
            (b"K\x01(.", 3),
            (b"h\x00.", 0),
            (b"(K\x011u.", 4),
            (b"\x80\x06.", 0),
        ] {
            assert_eq!(parse(bytes, STEPS).unwrap_err(), Error::Malformed(offset), "{bytes:?}");
        }
        assert_eq!(parse(&[b')'; 2000], STEPS).unwrap_err(), Error::TooLong(STEPS));
    }
}
