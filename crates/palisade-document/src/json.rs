//! Reads JSON (RFC 8259), one document.

use std::sync::Arc;

use crate::builder::{Builder, Container, fatal};
use crate::file::offset;
use crate::tree::Payload;
use crate::{Document, Limits, SourceFile, Span, SyntaxError};

/// Reads one JSON text; a byte order mark before it is skipped.
pub fn parse_json(file: Arc<SourceFile>, limits: &Limits) -> (Document, Vec<SyntaxError>) {
    let held = Arc::clone(&file);
    let text = held.text();
    let mut reader = Reader {
        text,
        at: if text.starts_with('\u{feff}') { 3 } else { 0 },
        open: Vec::new(),
        builder: Builder::new(file, *limits),
    };
    let outcome = if text.len() > limits.max_bytes {
        let most = limits.max_bytes;
        let at = offset(text.floor_char_boundary(most));
        let message = format!("the text is larger than {most} bytes");
        Err(fatal(Span::new(at, at), message))
    } else {
        reader.document()
    };
    let (document, mut errors) = reader.builder.finish();
    errors.extend(outcome.err());
    (document, errors)
}

/// Which bytes end a run of a text that is meant as it stands.
const STOPS: [bool; 256] = {
    let mut stops = [false; 256];
    let mut byte = 0;
    while byte < 32 {
        stops[byte] = true;
        byte += 1;
    }
    stops[b'"' as usize] = true;
    stops[b'\\' as usize] = true;
    stops
};

/// A text in quotes.
enum Read {
    /// It means what stands between the quotes.
    Plain,
    /// It means this.
    Escaped(String),
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    open: Vec<Container>,
    builder: Builder,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<(), SyntaxError> {
        self.blank();
        self.value()?;
        while let Some(container) = self.open.last().copied() {
            self.blank();
            match (container, self.peek()) {
                (_, Some(b',')) => {
                    self.at += 1;
                    self.blank();
                    self.member(container)?;
                }
                (Container::Array, Some(b']')) | (Container::Object, Some(b'}')) => self.close()?,
                (Container::Array, _) => return Err(self.expected("`,` or `]`")),
                (Container::Object, _) => return Err(self.expected("`,` or `}`")),
            }
        }
        self.builder.commit();
        self.blank();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.expected("the end of the text")),
        }
    }

    /// One item of an array, or one key with its value.
    fn member(&mut self, container: Container) -> Result<(), SyntaxError> {
        if container == Container::Object {
            self.key()?;
        }
        self.value()
    }

    fn key(&mut self) -> Result<(), SyntaxError> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("a key in double quotes"));
        }
        let start = self.at;
        let text = self.text;
        match self.string()? {
            Read::Plain => {
                let key = text.get(start + 1..self.at - 1).unwrap_or("");
                self.builder.key(key, self.since(start));
            }
            Read::Escaped(key) => self.builder.key(&key, self.since(start)),
        }
        self.blank();
        if self.peek() != Some(b':') {
            return Err(self.expected("`:`"));
        }
        self.at += 1;
        self.blank();
        Ok(())
    }

    /// A scalar, an empty array or object, or everything down to the first scalar of a deep one.
    fn value(&mut self) -> Result<(), SyntaxError> {
        loop {
            let container = match self.peek() {
                Some(b'[') => Container::Array,
                Some(b'{') => Container::Object,
                _ => return self.scalar(),
            };
            self.builder.open(container, offset(self.at))?;
            self.open.push(container);
            self.at += 1;
            self.blank();
            match (container, self.peek()) {
                (Container::Array, Some(b']')) | (Container::Object, Some(b'}')) => {
                    return self.close();
                }
                (Container::Array, _) => {}
                (Container::Object, _) => self.key()?,
            }
        }
    }

    fn close(&mut self) -> Result<(), SyntaxError> {
        self.at += 1;
        self.open.pop();
        if let Some(built) = self.builder.close(Some(offset(self.at)))? {
            self.builder.attach(built);
        }
        Ok(())
    }

    fn scalar(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        let payload = match self.peek() {
            Some(b'"') => match self.string()? {
                Read::Plain => Payload::standing(offset(start + 1), self.at - start - 2),
                Read::Escaped(text) => self.builder.decoded(&text),
            },
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        };
        let built = self.builder.scalar(payload, self.since(start))?;
        self.builder.attach(built);
        Ok(())
    }

    fn word(&mut self) -> Result<Payload, SyntaxError> {
        let words = [
            ("null", Payload::Null),
            ("true", Payload::Bool(true)),
            ("false", Payload::Bool(false)),
        ];
        let rest = self.rest();
        let found = words.into_iter().find(|(word, _)| rest.starts_with(word));
        let (word, payload) = found.ok_or_else(|| self.expected("a value"))?;
        self.at += word.len();
        Ok(payload)
    }

    fn number(&mut self) -> Result<Payload, SyntaxError> {
        let start = self.at;
        self.skip(b"-");
        let whole = self.digits();
        let leading_zero = whole > 1 && self.byte(self.at - whole) == Some(b'0');
        let mut complete = whole > 0 && !leading_zero;
        let mut is_integer = true;
        if self.skip(b".") {
            is_integer = false;
            complete &= self.digits() > 0;
        }
        if self.skip(b"eE") {
            is_integer = false;
            self.skip(b"+-");
            complete &= self.digits() > 0;
        }
        let text = self.text.get(start..self.at).unwrap_or("");
        if !complete {
            let message = format!("`{text}` is no json number");
            return Err(fatal(self.since(start), message));
        }
        if let Some(integer) = text.parse().ok().filter(|_| is_integer) {
            return Ok(Payload::Int(integer));
        }
        let float: f64 = text.parse().unwrap_or(f64::NAN);
        if !float.is_finite() {
            let shown: String = text.chars().take(20).collect();
            let message = format!("`{shown}` is a number that nothing holds");
            return Err(fatal(self.since(start), message));
        }
        Ok(Payload::Float(float))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    /// Skips one byte if it is among some.
    fn skip(&mut self, any_of: &[u8]) -> bool {
        let found = self.peek().is_some_and(|byte| any_of.contains(&byte));
        self.at += usize::from(found);
        found
    }

    /// The text that the double quote here begins.
    fn string(&mut self) -> Result<Read, SyntaxError> {
        let start = self.at;
        self.at += 1;
        let mut read: Option<String> = None;
        loop {
            let from = self.at;
            let rest = self.text.as_bytes().get(from..).unwrap_or(&[]);
            let plain = rest
                .iter()
                .position(|byte| STOPS.get(*byte as usize) != Some(&false));
            self.at += plain.unwrap_or(rest.len());
            if let Some(read) = &mut read {
                read.push_str(self.text.get(from..self.at).unwrap_or(""));
            }
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(read.map_or(Read::Plain, Read::Escaped));
                }
                Some(b'\\') => {
                    let before = self.text.get(start + 1..self.at).unwrap_or("");
                    let mut text = read.take().unwrap_or_else(|| before.to_owned());
                    text.push(self.escape()?);
                    read = Some(text);
                }
                Some(_) => {
                    let message = "a text cannot hold a line break or control character; escape it";
                    return Err(fatal(self.here(), message.to_owned()));
                }
                None => {
                    let message = "the text that begins here is never closed".to_owned();
                    return Err(fatal(Span::new(offset(start), offset(start + 1)), message));
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
        let start = self.at;
        self.at += 1;
        let byte = self.peek();
        self.at += usize::from(byte.is_some_and(|byte| byte.is_ascii()));
        let read = match byte {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(start),
            _ => return Err(self.bad_escape(start)),
        };
        Ok(read)
    }

    /// `\u` with four digits, or two of them for one character; half of a pair is replaced.
    fn unicode(&mut self, start: usize) -> Result<char, SyntaxError> {
        let first = self.four_digits().ok_or_else(|| self.bad_escape(start))?;
        if !(0xd800..0xdc00).contains(&first) || !self.rest().starts_with("\\u") {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let before = self.at;
        self.at += 2;
        let second = self.four_digits().ok_or_else(|| self.bad_escape(before))?;
        if !(0xdc00..0xe000).contains(&second) {
            self.at = before;
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four_digits(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn bad_escape(&self, start: usize) -> SyntaxError {
        fatal(
            self.since(start),
            "this escape means nothing in json".to_owned(),
        )
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<u8> {
        self.byte(self.at)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn since(&self, start: usize) -> Span {
        Span::new(offset(start), offset(self.at))
    }

    fn here(&self) -> Span {
        let end = self.text.ceil_char_boundary(self.at + 1);
        Span::new(offset(self.at), offset(end))
    }

    fn expected(&self, what: &str) -> SyntaxError {
        let found = match self.rest().chars().next() {
            None => "the end of the text".to_owned(),
            Some(found) => format!("`{}`", found.escape_debug()),
        };
        fatal(self.here(), format!("expected {what}, found {found}"))
    }
}
