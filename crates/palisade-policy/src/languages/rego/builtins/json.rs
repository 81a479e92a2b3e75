//! JSON as Go reads and writes it.

use std::collections::BTreeMap;

use super::super::term::{Number, Term};
use super::super::world::{Fault, World};
use super::bounds::{Growing, check_bytes};
use super::decimal::{Decimal, DecimalError};
use super::{Builtin, argument, text_argument, wrong_type};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("json.unmarshal", 1, |arguments, _| {
        parse(text_argument(arguments, 0)?)
    }),
    Builtin::new("json.is_valid", 1, |arguments, _| {
        let text = argument(arguments, 0)?.as_text();
        Ok(Term::Bool(text.is_some_and(is_valid)))
    }),
    Builtin::new("json.marshal", 1, |arguments, _| {
        let layout = Layout::default();
        written("json.marshal", argument(arguments, 0)?, &layout).map(Term::Text)
    }),
    Builtin::new("json.marshal_with_options", 2, marshal_with_options),
];

/// Deepest nesting that the language reads.
const MAX_DEPTH: usize = 10_000;
/// Deepest nesting of a value here.
pub(super) const MAX_VALUE_DEPTH: usize = 500;
/// Most values of a text.
pub(super) const MAX_VALUES: usize = 1_000_000;

/// Why a text gives no value.
enum Refusal {
    Syntax,
    Fault(Fault),
}

fn parse(text: &str) -> Result<Term, Fault> {
    Reader::new(text, true)
        .read()
        .map_err(|refusal| match refusal {
            Refusal::Syntax => Fault::undefined("json.unmarshal: the text is no JSON"),
            Refusal::Fault(fault) => fault,
        })
}

fn is_valid(text: &str) -> bool {
    Reader::new(text, false).read().is_ok()
}

/// An array or object that is being read.
enum Open {
    Array(Vec<Term>),
    Object(BTreeMap<String, Term>, String),
}

struct Reader<'t> {
    rest: &'t str,
    /// Whether values are made, and not only looked at.
    makes: bool,
    values: usize,
    open: Vec<Open>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, makes: bool) -> Self {
        Self {
            rest: text,
            makes,
            values: 0,
            open: Vec::new(),
        }
    }

    fn skip(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn take(&mut self, mark: char) -> bool {
        self.skip();
        let after = self.rest.strip_prefix(mark);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn read(mut self) -> Result<Term, Refusal> {
        loop {
            let Some(value) = self.begin()? else {
                continue;
            };
            if let Some(value) = self.end(value)? {
                self.skip();
                return if self.rest.is_empty() {
                    Ok(value)
                } else {
                    Err(Refusal::Syntax)
                };
            }
        }
    }

    /// A value, or nothing where an array or object was opened.
    fn begin(&mut self) -> Result<Option<Term>, Refusal> {
        self.values += 1;
        if self.makes && self.values > MAX_VALUES {
            return Err(Refusal::Fault(Fault::halt(format!(
                "a text of more than {MAX_VALUES} values"
            ))));
        }
        self.skip();
        let next = self.rest.chars().next();
        if matches!(next, Some('[' | '{')) {
            self.check_depth(self.open.len() + 1)?;
        }
        if self.take('[') {
            if self.take(']') {
                return Ok(Some(Term::Array(Vec::new())));
            }
            self.open.push(Open::Array(Vec::new()));
            return Ok(None);
        }
        if self.take('{') {
            if self.take('}') {
                return Ok(Some(Term::Object(Vec::new())));
            }
            let key = self.key()?;
            self.open.push(Open::Object(BTreeMap::new(), key));
            return Ok(None);
        }
        self.scalar().map(Some)
    }

    fn check_depth(&self, depth: usize) -> Result<(), Refusal> {
        if depth > MAX_DEPTH {
            return Err(Refusal::Syntax);
        }
        if self.makes && depth > MAX_VALUE_DEPTH {
            return Err(Refusal::Fault(Fault::halt(format!(
                "a text whose values nest deeper than {MAX_VALUE_DEPTH}"
            ))));
        }
        Ok(())
    }

    fn key(&mut self) -> Result<String, Refusal> {
        if !self.take('"') {
            return Err(Refusal::Syntax);
        }
        let key = self.text()?;
        if !self.take(':') {
            return Err(Refusal::Syntax);
        }
        Ok(key)
    }

    /// Puts a value where it belongs, and closes what ends with it; the outermost comes back.
    fn end(&mut self, mut value: Term) -> Result<Option<Term>, Refusal> {
        loop {
            let Some(mut open) = self.open.pop() else {
                return Ok(Some(value));
            };
            let close = match &mut open {
                Open::Array(items) => {
                    if self.makes {
                        items.push(value);
                    }
                    ']'
                }
                Open::Object(entries, key) => {
                    if self.makes {
                        entries.insert(std::mem::take(key), value);
                    }
                    '}'
                }
            };
            if self.take(',') {
                if let Open::Object(_, key) = &mut open {
                    self.skip();
                    *key = self.key()?;
                }
                self.open.push(open);
                return Ok(None);
            }
            if !self.take(close) {
                return Err(Refusal::Syntax);
            }
            value = match open {
                Open::Array(items) => Term::Array(items),
                Open::Object(entries, _) => Term::object(entries),
            };
        }
    }

    fn scalar(&mut self) -> Result<Term, Refusal> {
        for (word, value) in [
            ("null", Term::Null),
            ("true", Term::Bool(true)),
            ("false", Term::Bool(false)),
        ] {
            if let Some(after) = self.rest.strip_prefix(word) {
                self.rest = after;
                return Ok(value);
            }
        }
        if self.take('"') {
            return self.text().map(Term::Text);
        }
        self.number()
    }

    fn number(&mut self) -> Result<Term, Refusal> {
        let is_part =
            |letter: char| letter.is_ascii_digit() || matches!(letter, '+' | '-' | '.' | 'e' | 'E');
        let end = self
            .rest
            .find(|letter| !is_part(letter))
            .unwrap_or(self.rest.len());
        let (text, after) = self.rest.split_at_checked(end).ok_or(Refusal::Syntax)?;
        if !is_number(text) {
            return Err(Refusal::Syntax);
        }
        self.rest = after;
        if !self.makes {
            return Ok(Term::Null);
        }
        let decimal = Decimal::parse(text).map_err(|error| match error {
            DecimalError::NoNumber => Refusal::Syntax,
            DecimalError::Exponent => {
                Refusal::Fault(super::bounds::too_many_digits("json.unmarshal"))
            }
        })?;
        decimal.number("json.unmarshal").map_err(Refusal::Fault)
    }

    /// A text after its mark.
    fn text(&mut self) -> Result<String, Refusal> {
        let mut made = String::new();
        loop {
            let end = self
                .rest
                .find(|letter| matches!(letter, '"' | '\\' | '\0'..='\u{1f}'))
                .ok_or(Refusal::Syntax)?;
            let (plain, after) = self.rest.split_at_checked(end).ok_or(Refusal::Syntax)?;
            made.push_str(plain);
            let mark = after.chars().next();
            self.rest = after.get(1..).unwrap_or("");
            match mark {
                Some('"') => return Ok(made),
                Some('\\') => made.push(self.escaped()?),
                _ => return Err(Refusal::Syntax),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, Refusal> {
        let letter = self.rest.chars().next().ok_or(Refusal::Syntax)?;
        self.rest = self.rest.get(letter.len_utf8()..).unwrap_or("");
        Ok(match letter {
            '"' | '\\' | '/' => letter,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let first = self.unit().ok_or(Refusal::Syntax)?;
                if let Some(letter) = char::from_u32(first) {
                    return Ok(letter);
                }
                // Two halves are one letter; a half alone is none.
                let before = self.rest;
                let second = self.rest.strip_prefix("\\u").and_then(|after| {
                    self.rest = after;
                    self.unit()
                });
                match second {
                    Some(second @ 0xdc00..=0xdfff) if first < 0xdc00 => {
                        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
                    }
                    _ => {
                        self.rest = before;
                        char::REPLACEMENT_CHARACTER
                    }
                }
            }
            _ => return Err(Refusal::Syntax),
        })
    }

    fn unit(&mut self) -> Option<u32> {
        let (digits, after) = self.rest.split_at_checked(4)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.rest = after;
        u32::from_str_radix(digits, 16).ok()
    }
}

/// Whether a text is a number by JSON's grammar.
fn is_number(text: &str) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, power) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, power)) => (mantissa, Some(power)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    is_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(is_digits)
        && power.is_none_or(|power| is_digits(power.strip_prefix(['+', '-']).unwrap_or(power)))
}

/// How JSON is laid out.
#[derive(Debug, Default)]
struct Layout {
    is_pretty: bool,
    prefix: String,
    indent: String,
}

fn marshal_with_options(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let builtin = "json.marshal_with_options";
    let options = argument(arguments, 1)?;
    if !matches!(options, Term::Object(_)) {
        return Err(wrong_type(1, "object", options));
    }
    let mut layout = Layout {
        is_pretty: false,
        prefix: String::new(),
        indent: "\t".to_owned(),
    };
    let mut said = None;
    for (name, value) in options.entries() {
        match (name.as_text(), value) {
            (Some("pretty"), Term::Bool(value)) => said = Some(*value),
            (Some("indent"), Term::Text(text)) => {
                layout.indent.clone_from(text);
                layout.is_pretty = true;
            }
            (Some("prefix"), Term::Text(text)) => {
                layout.prefix.clone_from(text);
                layout.is_pretty = true;
            }
            _ => {
                return Err(Fault::undefined(format!(
                    "{builtin}: `{}` is no option, or of another type",
                    name.display()
                )));
            }
        }
    }
    layout.is_pretty = said.unwrap_or(layout.is_pretty);
    let value = argument(arguments, 0)?;
    let text = written(builtin, value, &layout)?;
    let prefix = if layout.is_pretty { &layout.prefix } else { "" };
    check_bytes(builtin, text.len() + prefix.len())?;
    Ok(Term::Text(format!("{prefix}{text}")))
}

fn written(builtin: &str, value: &Term, layout: &Layout) -> Result<String, Fault> {
    let mut made = Growing::new(builtin);
    write(&mut made, value, layout, 0)?;
    Ok(made.into_text())
}

fn write(made: &mut Growing<'_>, value: &Term, layout: &Layout, depth: usize) -> Result<(), Fault> {
    match value {
        Term::Null => made.push("null"),
        Term::Bool(value) => made.push(if *value { "true" } else { "false" }),
        Term::Number(number) => made.push(&number_text(number)),
        Term::Text(text) => write_text(made, text),
        Term::Array(items) | Term::Set(items) => {
            made.push("[")?;
            for (at, item) in items.iter().enumerate() {
                new_line(made, layout, at, depth + 1)?;
                write(made, item, layout, depth + 1)?;
            }
            close(made, layout, "]", items.is_empty(), depth)
        }
        Term::Object(entries) => {
            let mut sorted = BTreeMap::new();
            for (key, value) in entries {
                let name = match key {
                    Term::Text(text) => text.clone(),
                    other => {
                        let mut name = Growing::new("json.marshal");
                        write(&mut name, other, &Layout::default(), 0)?;
                        name.into_text()
                    }
                };
                sorted.insert(name, value);
            }
            made.push("{")?;
            for (at, (name, value)) in sorted.iter().enumerate() {
                new_line(made, layout, at, depth + 1)?;
                write_text(made, name)?;
                made.push(if layout.is_pretty { ": " } else { ":" })?;
                write(made, value, layout, depth + 1)?;
            }
            close(made, layout, "}", sorted.is_empty(), depth)
        }
    }
}

fn new_line(made: &mut Growing<'_>, layout: &Layout, at: usize, depth: usize) -> Result<(), Fault> {
    if at > 0 {
        made.push(",")?;
    }
    if layout.is_pretty {
        made.push("\n")?;
        made.push(&layout.prefix)?;
        for _ in 0..depth {
            made.push(&layout.indent)?;
        }
    }
    Ok(())
}

fn close(
    made: &mut Growing<'_>,
    layout: &Layout,
    mark: &str,
    is_empty: bool,
    depth: usize,
) -> Result<(), Fault> {
    if !is_empty {
        new_line(made, layout, 0, depth)?;
    }
    made.push(mark)
}

fn number_text(number: &Number) -> String {
    match number {
        Number::Int(value) => value.to_string(),
        Number::Big(digits) => digits.clone(),
        Number::Float(value) => super::go_format::json_fraction(*value),
    }
}

/// A text in quotes, without letters that mean something in HTML.
fn write_text(made: &mut Growing<'_>, text: &str) -> Result<(), Fault> {
    made.push("\"")?;
    for letter in text.chars() {
        match letter {
            '"' => made.push("\\\"")?,
            '\\' => made.push("\\\\")?,
            '\u{8}' => made.push("\\b")?,
            '\u{c}' => made.push("\\f")?,
            '\n' => made.push("\\n")?,
            '\r' => made.push("\\r")?,
            '\t' => made.push("\\t")?,
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                made.push(&format!("\\u{:04x}", u32::from(letter)))?;
            }
            letter => made.push_letter(letter)?,
        }
    }
    made.push("\"")
}
