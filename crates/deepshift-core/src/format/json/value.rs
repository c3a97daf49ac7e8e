use super::number::float;
use super::scanner::Scanner;
use super::{Error, Result};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;

/// Deepest nesting of a text.
const MAX_DEPTH: usize = 128;

/// A text whose syntax is sound, and where its values lie.
pub(in crate::format) struct Document<'a> {
    text: &'a [u8],
    /// Every value in the order of the text; the name of a member is one too.
    tokens: Vec<Token>,
}

struct Token {
    /// Where it begins in the text.
    at: u32,
    /// The first token that is no part of it.
    next: u32,
}

/// A value of a document.
#[derive(Clone, Copy)]
pub(in crate::format) struct Value<'a> {
    document: &'a Document<'a>,
    token: usize,
}

/// What can be read from a value.
pub(in crate::format) trait Read: Sized {
    fn read(value: Value) -> Result<Self>;
}

impl<'a> Document<'a> {
    /// Goes through a text of less than 4 GiB.
    pub fn new(text: &'a [u8]) -> Result<Self> {
        let mut document = Self { text, tokens: Vec::new() };
        let mut scanner = Scanner::new(text, 0);
        document.add_value(&mut scanner, 0)?;
        match scanner.peek() {
            Some(_) => Err(scanner.error("something follows the value")),
            None => Ok(document),
        }
    }

    /// The whole text's value.
    pub fn root(&self) -> Value<'_> {
        Value { document: self, token: 0 }
    }

    fn add_value(&mut self, scanner: &mut Scanner, depth: usize) -> Result<()> {
        let token = self.add_token(scanner);
        let close = match scanner.peek() {
            Some(b'[') => b']',
            Some(b'{') => b'}',
            _ => return scanner.scalar(),
        };
        if depth == MAX_DEPTH {
            return Err(scanner.error("nested too deep"));
        }
        scanner.at += 1;
        let mut first = true;
        while scanner.more(close, first)? {
            if close == b'}' {
                self.add_token(scanner);
                scanner.string()?;
                scanner.colon()?;
            }
            self.add_value(scanner, depth + 1)?;
            first = false;
        }
        self.tokens[token].next = self.tokens.len() as u32;
        Ok(())
    }

    fn add_token(&mut self, scanner: &mut Scanner) -> usize {
        scanner.peek();
        let token = self.tokens.len();
        self.tokens.push(Token { at: scanner.at as u32, next: token as u32 + 1 });
        token
    }
}

impl<'a> Value<'a> {
    fn at(self) -> usize {
        self.document.tokens[self.token].at as usize
    }

    fn scanner(self) -> Scanner<'a> {
        Scanner::new(self.document.text, self.at())
    }

    pub fn error(self, what: impl Into<String>) -> Error {
        Error { at: self.at(), what: what.into() }
    }

    /// The elements of a list; of an object names and values in turn.
    fn children(self, open: u8, what: &str) -> Result<impl Iterator<Item = Value<'a>>> {
        if self.document.text[self.at()] != open {
            return Err(self.error(what));
        }
        let document = self.document;
        let end = document.tokens[self.token].next as usize;
        let child = move |token| (token < end).then_some(Value { document, token });
        Ok(std::iter::successors(child(self.token + 1), move |value| {
            child(document.tokens[value.token].next as usize)
        }))
    }

    /// Names and values of an object.
    fn members(self) -> Result<impl Iterator<Item = (Value<'a>, Value<'a>)>> {
        let mut children = self.children(b'{', "expected an object")?;
        Ok(std::iter::from_fn(move || children.next().zip(children.next())))
    }

    fn find(self, name: &str) -> Result<Option<Value<'a>>> {
        let mut found = None;
        for (key, value) in self.members()? {
            if key.text()? == name && found.replace(value).is_some() {
                return Err(key.error(format!("field `{name}` is there twice")));
            }
        }
        Ok(found)
    }

    fn required(self, name: &str) -> Result<Value<'a>> {
        self.find(name)?.ok_or_else(|| self.error(format!("missing field `{name}`")))
    }

    /// A member of an object.
    pub fn get<T: Read>(self, name: &str) -> Result<T> {
        T::read(self.required(name)?)
    }

    /// A member of an object, or what stands for it where it is left out.
    pub fn get_or<T: Read>(self, name: &str, default: T) -> Result<T> {
        self.find(name)?.map_or(Ok(default), T::read)
    }

    /// `"name"`, or `{"name": value}`.
    pub fn variant(self) -> Result<(Cow<'a, str>, Option<Value<'a>>)> {
        let Ok(mut members) = self.members() else { return Ok((self.text()?, None)) };
        match (members.next(), members.next()) {
            (Some((name, value)), None) => Ok((name.text()?, Some(value))),
            _ => Err(self.error("expected an object with one member")),
        }
    }

    pub fn text(self) -> Result<Cow<'a, str>> {
        self.scanner().string()
    }

    fn integer<T: FromStr>(self) -> Result<T> {
        let text = std::str::from_utf8(self.scanner().number()?).unwrap_or_default();
        text.parse().map_err(|_| self.error("expected an integer of another range"))
    }
}

impl Read for String {
    fn read(value: Value) -> Result<Self> {
        Ok(value.text()?.into_owned())
    }
}

impl Read for bool {
    fn read(value: Value) -> Result<Self> {
        let mut scanner = value.scanner();
        if scanner.word("true") {
            Ok(true)
        } else if scanner.word("false") {
            Ok(false)
        } else {
            Err(value.error("expected true or false"))
        }
    }
}

impl Read for usize {
    fn read(value: Value) -> Result<Self> {
        value.integer()
    }
}

impl Read for u8 {
    fn read(value: Value) -> Result<Self> {
        value.integer()
    }
}

impl Read for u32 {
    fn read(value: Value) -> Result<Self> {
        value.integer()
    }
}

impl Read for i32 {
    fn read(value: Value) -> Result<Self> {
        value.integer()
    }
}

impl Read for f32 {
    fn read(value: Value) -> Result<Self> {
        Ok(float(value.scanner().number()?) as f32)
    }
}

impl<T: Read> Read for Option<T> {
    fn read(value: Value) -> Result<Self> {
        if value.scanner().word("null") { Ok(None) } else { T::read(value).map(Some) }
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(value: Value) -> Result<Self> {
        value.children(b'[', "expected a list")?.map(T::read).collect()
    }
}

impl<T: Read, const N: usize> Read for [T; N] {
    fn read(value: Value) -> Result<Self> {
        let list: Vec<T> = Read::read(value)?;
        list.try_into().map_err(|_| value.error(format!("expected {N} elements")))
    }
}

impl Read for BTreeMap<String, String> {
    fn read(value: Value) -> Result<Self> {
        // `collect` would sort first, with code that nothing else needs.
        let mut map = Self::new();
        for (name, value) in value.members()? {
            map.insert(String::read(name)?, String::read(value)?);
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value as Json;

    /// Whether serde_json reads the same, floats to the precision of f32.
    fn equals(value: Value, expected: &Json) -> bool {
        match expected {
            Json::Array(list) => {
                let elements: Vec<Value> = value.children(b'[', "").unwrap().collect();
                elements.len() == list.len()
                    && elements.iter().zip(list).all(|(value, expected)| equals(*value, expected))
            }
            Json::Object(object) => {
                let members: Vec<(Value, Value)> = value.members().unwrap().collect();
                let same = |(name, value): &(Value, Value)| equals(*value, &object[&*name.text().unwrap()]);
                members.len() == object.len() && members.iter().all(same)
            }
            Json::String(text) => String::read(value).as_ref() == Ok(text),
            Json::Bool(expected) => bool::read(value).as_ref() == Ok(expected),
            Json::Null => Option::<bool>::read(value) == Ok(None),
            Json::Number(number) if number.is_f64() => {
                f32::read(value).unwrap() == number.as_f64().unwrap() as f32
                    && value.integer::<i64>().is_err()
            }
            Json::Number(number) => match number.as_u64() {
                Some(number) => value.integer() == Ok(number),
                None => value.integer() == Ok(number.as_i64().unwrap()),
            },
        }
    }

    fn agrees(text: &[u8]) -> bool {
        let expected: std::result::Result<Json, _> = serde_json::from_slice(text);
        let document = Document::new(text);
        match (&document, &expected) {
            (Ok(document), Ok(expected)) => {
                assert!(equals(document.root(), expected), "{:?}", String::from_utf8_lossy(text));
            }
            // It refuses what f64 does not hold.
            (Ok(_), Err(error)) if error.to_string().contains("out of range") => {}
            (Ok(_), Err(error)) => panic!("{:?} is taken: {error}", String::from_utf8_lossy(text)),
            (Err(error), Ok(_)) => panic!("{:?} is refused: {error:?}", String::from_utf8_lossy(text)),
            (Err(error), Err(_)) => assert!(error.at <= text.len()),
        }
        document.is_ok()
    }

    #[test]
    fn takes_what_serde_json_takes() {
        let good = [
            " [ ] ",
            "{}",
            "[1, -2,3.5e+2 ,0,-0.0, 1E-3]",
            "\"\"",
            r#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00ö""#,
            "true",
            "[null]",
            r#"{"a": {"b": [{}, [[]], "x"]}, "c\n": false}"#,
            "18446744073709551615",
            "-9223372036854775808",
            "1e5",
        ];
        for text in good {
            assert!(agrees(text.as_bytes()), "{text}");
        }
        let bad = [
            "",
            " ",
            "[",
            "]",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a: 1}",
            "{1: 1}",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "+1",
            "0x1",
            "tru",
            "nul",
            "truefalse",
            "1 1",
            "\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "\"\\udc00\"",
            "\"\n\"",
            "[}",
            "{]",
            "NaN",
            "'a'",
        ];
        for text in bad {
            assert!(!agrees(text.as_bytes()), "{text}");
        }
        assert!(!agrees(b"\"\xff\""));
    }

    #[test]
    fn takes_of_damaged_texts_what_serde_json_takes() {
        let text =
            r#"{"one": [1, -20.5e3, "b\u00e9\n", true, null], "two": {"d": [[], {}]}, "three": "\ud83d\ude00"}"#
                .as_bytes();
        let symbols = b"{}[]:,\"\\ue0-.19+ntf \n\xff";
        let mut accepted = 0;
        for at in 0..text.len() {
            for &symbol in symbols {
                let mut changed = text.to_vec();
                changed[at] = symbol;
                accepted += usize::from(agrees(&changed));
                changed.insert(at, text[at]);
                accepted += usize::from(agrees(&changed));
            }
            agrees(&text[..at]);
            agrees(&[&text[..at], &text[at + 1..]].concat());
        }
        assert!(accepted > 100);
    }

    #[test]
    fn wrong_values_are_placed() {
        let document =
            Document::new(br#"{"a": -1, "b": [1, "x"], "c": 300, "d": {"x": 1, "y": 2}, "e": 1, "e": 2}"#)
                .unwrap();
        let root = document.root();
        let refused = |result: Result<()>, at: usize, what: &str| {
            let error = result.unwrap_err();
            assert_eq!((error.at, error.what.contains(what)), (at, true), "{}", error.what);
        };
        refused(root.get::<usize>("a").map(drop), 6, "integer");
        refused(root.get::<Vec<u8>>("b").map(drop), 19, "expected a value");
        refused(root.get::<[u8; 2]>("c").map(drop), 30, "expected a list");
        refused(root.get::<u8>("c").map(drop), 30, "integer");
        refused(root.get::<bool>("c").map(drop), 30, "true or false");
        refused(root.get::<u8>("z").map(drop), 0, "missing field `z`");
        refused(root.get_or::<String>("a", String::new()).map(drop), 6, "expected a string");
        refused(root.required("d").and_then(Value::variant).map(drop), 40, "one member");
        refused(root.get::<u8>("e").map(drop), 66, "there twice");
        assert_eq!(root.get::<i32>("a"), Ok(-1));
        assert_eq!(root.get_or("z", 7u32), Ok(7));
        assert_eq!(root.get::<[f32; 2]>("b").unwrap_err().at, 19);
    }
}
