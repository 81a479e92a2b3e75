//! YAML as Kubernetes' own reader turns it into JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use palisade_document::{Kind, Limits, SourceFile, Span, SyntaxSeverity, Value, parse_yaml};

use super::super::term::{Number, Term};
use super::super::world::{Fault, World};
use super::decimal::Decimal;
use super::json::{MAX_VALUE_DEPTH, MAX_VALUES};
use super::{Builtin, argument, text_argument};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("yaml.unmarshal", 1, unmarshal),
    Builtin::new("yaml.is_valid", 1, |arguments, world| {
        match argument(arguments, 0)? {
            Term::Text(_) => match unmarshal(arguments, world) {
                Ok(_) => Ok(Term::Bool(true)),
                Err(Fault::Undefined(_)) => Ok(Term::Bool(false)),
                Err(halt) => Err(halt),
            },
            _ => Ok(Term::Bool(false)),
        }
    }),
];

/// Largest text, in bytes.
const MAX_BYTES: usize = 16 << 20;

fn unmarshal(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let text = text_argument(arguments, 0)?;
    if text.len() > MAX_BYTES {
        return Err(Fault::halt(format!(
            "a YAML text larger than {MAX_BYTES} bytes"
        )));
    }
    let wrong = |message: &str| Fault::undefined(format!("yaml.unmarshal: {message}"));
    // The one version that the language's reader takes.
    let mut directives = text.lines().take_while(|line| line.starts_with(['%', '#']));
    if directives.any(|line| {
        line.strip_prefix("%YAML")
            .is_some_and(|version| version.trim() != "1.1")
    }) {
        return Err(wrong("found incompatible YAML document"));
    }
    let limits = Limits {
        max_bytes: MAX_BYTES,
        max_depth: MAX_VALUE_DEPTH,
        max_nodes: MAX_VALUES,
        ..Limits::default()
    };
    let file = Arc::new(SourceFile::new("text", text));
    let (document, mistakes) = parse_yaml(Arc::clone(&file), &limits);
    let mut fatal = mistakes
        .iter()
        .filter(|mistake| mistake.severity == SyntaxSeverity::Fatal);
    if let Some(mistake) = fatal.next() {
        return Err(wrong(&mistake.message));
    }
    match document.roots().next() {
        Some(root) => Reader { text }.value(root),
        None => Ok(Term::Null),
    }
}

struct Reader<'t> {
    text: &'t str,
}

impl Reader<'_> {
    fn value(&self, value: Value<'_>) -> Result<Term, Fault> {
        match value.kind() {
            Kind::Array => value
                .items()
                .map(|item| self.value(item))
                .collect::<Result<_, _>>()
                .map(Term::Array),
            Kind::Object => {
                let mut entries = BTreeMap::new();
                for entry in value.entries() {
                    let key = self.key(entry.key, entry.key_span)?;
                    entries.insert(key, self.value(entry.value)?);
                }
                Ok(Term::object(entries))
            }
            Kind::String(text) => self.text(text, value.span()),
            _ if self
                .tag(value.span())
                .is_some_and(|tag| !tag.starts_with("!!")) =>
            {
                Ok(Term::text(self.slice(value.span())))
            }
            Kind::Null => Ok(Term::Null),
            Kind::Bool(value) => Ok(Term::Bool(value)),
            Kind::Int(value) => Ok(Term::int(value)),
            Kind::Float(number) => match resolved(self.slice(value.span()))? {
                Some(number) => Ok(number),
                None if number.is_finite() => fraction(number),
                // Digits beyond what a fraction holds are a text there.
                None => Ok(Term::text(self.slice(value.span()))),
            },
        }
    }

    fn slice(&self, span: Span) -> &str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }

    /// The tag before a value.
    fn tag(&self, span: Span) -> Option<&str> {
        let before = self.text.get(..span.start as usize).unwrap_or("");
        let word = before.trim_end().rsplit([' ', '\t', '\n']).next();
        word.filter(|word| word.starts_with('!'))
    }

    /// Whether a text stands without quotes and without a tag.
    fn is_plain(&self, text: &str, span: Span) -> bool {
        self.slice(span) == text && self.tag(span).is_none()
    }

    /// A text, or what its tag makes of it.
    fn text(&self, text: &str, span: Span) -> Result<Term, Fault> {
        if self.is_plain(text, span) {
            return Ok(resolved(text)?.unwrap_or_else(|| Term::text(text)));
        }
        let wrong = |tag: &str| {
            Fault::undefined(format!("yaml.unmarshal: cannot decode `{text}` as {tag}"))
        };
        let Some(tag @ ("!!int" | "!!float" | "!!bool" | "!!null" | "!!binary")) = self.tag(span)
        else {
            return Ok(Term::text(text));
        };
        if tag == "!!binary" {
            let bytes = super::bytes::from_base64(text).ok_or_else(|| wrong(tag))?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            return Ok(Term::Text(text));
        }
        let found = resolved(text)?;
        let fits = match (&found, tag) {
            (Some(Term::Number(Number::Float(_))), "!!int") => false,
            (Some(Term::Null), "!!null")
            | (Some(Term::Bool(_)), "!!bool")
            | (Some(Term::Number(_)), "!!int" | "!!float") => true,
            _ => false,
        };
        found.filter(|_| fits).ok_or_else(|| wrong(tag))
    }

    /// A key as a text: numbers and truth values as they are written in JSON.
    fn key(&self, key: &str, span: Span) -> Result<String, Fault> {
        if !self.is_plain(key, span) {
            return Ok(key.to_owned());
        }
        match resolved(key)? {
            None => Ok(key.to_owned()),
            Some(Term::Null | Term::Number(Number::Big(_))) => Err(Fault::undefined(format!(
                "yaml.unmarshal: `{key}` is no key that JSON has"
            ))),
            Some(Term::Bool(value)) => Ok(value.to_string()),
            Some(other) => Ok(other.literal()),
        }
    }
}

/// What a plain scalar says, if it is no text.
fn resolved(text: &str) -> Result<Option<Term>, Fault> {
    Ok(Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Term::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => {
            Term::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => {
            Term::Bool(false)
        }
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF"
        | "-.inf" | "-.Inf" | "-.INF" => {
            return Err(Fault::undefined("yaml.unmarshal: JSON has no such number"));
        }
        _ => return number(text),
    }))
}

fn number(text: &str) -> Result<Option<Term>, Fault> {
    if !text.starts_with(|letter: char| letter.is_ascii_digit() || "+-.".contains(letter)) {
        return Ok(None);
    }
    // A number that begins with its point has no lines under.
    let plain = if text.starts_with('.') {
        text.to_owned()
    } else {
        text.replace('_', "")
    };
    if let Some(whole) = whole(&plain) {
        let in_range = i64::try_from(whole).is_ok() || u64::try_from(whole).is_ok();
        return if in_range {
            Ok(Some(Term::Number(Number::parse(&whole.to_string()))))
        } else {
            #[expect(
                clippy::cast_precision_loss,
                reason = "the language has a fraction here"
            )]
            fraction(whole as f64).map(Some)
        };
    }
    if Decimal::parse(&plain).is_err() {
        return Ok(None);
    }
    match plain.parse::<f64>() {
        Ok(value) if value.is_finite() => fraction(value).map(Some),
        _ => Ok(None),
    }
}

/// A whole number in any base; decimal ones beyond 64 bits are fractions.
fn whole(text: &str) -> Option<i128> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = unsigned.to_ascii_lowercase();
    let (base, digits) = if let Some(digits) = lower.strip_prefix("0x") {
        (16, digits)
    } else if let Some(digits) = lower.strip_prefix("0o") {
        (8, digits)
    } else if let Some(digits) = lower.strip_prefix("0b") {
        (2, digits)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, lower.as_str())
    } else {
        (10, lower.as_str())
    };
    if digits.starts_with('+') || digits.starts_with('-') && base != 2 {
        return None;
    }
    let value = i128::from_str_radix(digits, base).ok()?;
    let value = if text.starts_with('-') { -value } else { value };
    let in_range = i64::try_from(value).is_ok() || u64::try_from(value).is_ok();
    (in_range || base == 10).then_some(value)
}

/// A fraction by its shortest digits.
fn fraction(value: f64) -> Result<Term, Fault> {
    let digits = Decimal::parse(&format!("{value:e}"))
        .map_err(|_| Fault::undefined("yaml.unmarshal: JSON has no such number"))?;
    digits.number("yaml.unmarshal")
}
