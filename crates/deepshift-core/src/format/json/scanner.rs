use super::{Error, Result};
use std::borrow::Cow;

/// Goes through a text from the left to the right.
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    pub at: usize,
}

impl<'a> Scanner<'a> {
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    fn here(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub fn error(&self, what: &str) -> Error {
        let what = if self.at < self.bytes.len() { what } else { "EOF within a value" };
        Error { at: self.at.min(self.bytes.len()), what: what.into() }
    }

    /// The next byte that is no white space.
    pub fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.here() {
            self.at += 1;
        }
        self.here()
    }

    /// Takes the byte here if it is one of these.
    fn take(&mut self, any: &[u8]) -> bool {
        let found = self.here().is_some_and(|byte| any.contains(&byte));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, what: &str) -> Result<()> {
        self.peek();
        if self.take(&[byte]) { Ok(()) } else { Err(self.error(what)) }
    }

    /// Within brackets: whether another element follows. Takes the comma before it or the closing bracket.
    pub fn more(&mut self, close: u8, first: bool) -> Result<bool> {
        self.peek();
        if self.take(&[close]) {
            return Ok(false);
        }
        if !first {
            self.expect(b',', "expected a comma or a closing bracket")?;
        }
        Ok(true)
    }

    pub fn colon(&mut self) -> Result<()> {
        self.expect(b':', "expected a colon")
    }

    /// Any value but lists and objects.
    pub fn scalar(&mut self) -> Result<()> {
        if self.peek() == Some(b'"') {
            self.string()?;
        } else if !["true", "false", "null"].iter().any(|word| self.word(word)) {
            self.number()?;
        }
        Ok(())
    }

    /// Takes this word if it is here.
    pub fn word(&mut self, word: &str) -> bool {
        let found = self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes()));
        self.at += if found { word.len() } else { 0 };
        found
    }

    /// The text of a number.
    pub fn number(&mut self) -> Result<&'a [u8]> {
        let start = self.at;
        self.take(b"-");
        // Nothing but a point or an exponent follows a leading zero.
        if !self.take(b"0") {
            self.digits("expected a value")?;
        }
        if self.take(b".") {
            self.digits("expected a digit")?;
        }
        if self.take(b"eE") {
            self.take(b"+-");
            self.digits("expected a digit")?;
        }
        Ok(&self.bytes[start..self.at])
    }

    fn digits(&mut self, what: &str) -> Result<()> {
        let start = self.at;
        while self.take(b"0123456789") {}
        if self.at == start { Err(self.error(what)) } else { Ok(()) }
    }

    pub fn string(&mut self) -> Result<Cow<'a, str>> {
        self.expect(b'"', "expected a string")?;
        let mut text = Cow::Borrowed("");
        loop {
            let start = self.at;
            while self.here().is_some_and(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
                self.at += 1;
            }
            let piece = std::str::from_utf8(&self.bytes[start..self.at])
                .map_err(|error| Error { at: start + error.valid_up_to(), what: "not UTF-8".into() })?;
            if text.is_empty() {
                text = piece.into();
            } else {
                text.to_mut().push_str(piece);
            }
            if self.take(b"\"") {
                return Ok(text);
            }
            if !self.take(b"\\") {
                return Err(self.error("a control character within a string"));
            }
            text.to_mut().push(self.escaped()?);
        }
    }

    /// The character that stands behind a backslash.
    fn escaped(&mut self) -> Result<char> {
        const NAMED: [(u8, char); 8] = [
            (b'"', '"'),
            (b'\\', '\\'),
            (b'/', '/'),
            (b'b', '\u{8}'),
            (b'f', '\u{c}'),
            (b'n', '\n'),
            (b'r', '\r'),
            (b't', '\t'),
        ];
        if self.take(b"u") {
            return self.unicode();
        }
        let named = NAMED.iter().find(|(name, _)| self.take(&[*name]));
        named.map(|&(_, character)| character).ok_or_else(|| self.error("an unknown escape"))
    }

    fn unicode(&mut self) -> Result<char> {
        let mut code = self.hexadecimal()?;
        if (0xd800..0xdc00).contains(&code) && self.word("\\u") {
            let low = self.hexadecimal()?;
            if (0xdc00..0xe000).contains(&low) {
                code = 0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            }
        }
        char::from_u32(code).ok_or_else(|| self.error("half a surrogate pair"))
    }

    /// Four digits.
    fn hexadecimal(&mut self) -> Result<u32> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.here().and_then(|byte| char::from(byte).to_digit(16));
            code = code * 16 + digit.ok_or_else(|| self.error("expected a hexadecimal digit"))?;
            self.at += 1;
        }
        Ok(code)
    }
}
