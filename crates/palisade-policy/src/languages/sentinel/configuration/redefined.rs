//! HCL in which an object says a key twice: the last one counts, as in HashiCorp's own reader.
//!
//! The parser that is used here refuses such objects. A key that it refuses is given another name
//! of the same length, so that all places stay, and is given its own name back afterwards.

use std::collections::BTreeMap;

use hcl_edit::expr::{Object, ObjectKey};
use hcl_edit::structure::Body;
use hcl_edit::visit_mut::{VisitMut, visit_object_mut};
use hcl_edit::{Ident, Span as _};

/// Most keys of a text that may be said again.
const MAX_REDEFINED: usize = 64;
/// Names that are tried for one key.
const MAX_NAMES: usize = 200;

/// Reads a text.
pub(super) fn parse(text: &str) -> Result<Body, hcl_edit::parser::Error> {
    let mut text = text.to_owned();
    let mut renamed: BTreeMap<usize, String> = BTreeMap::new();
    let mut names = 0;
    loop {
        let error = match hcl_edit::parser::parse_body(&text) {
            Ok(mut body) => {
                if !renamed.is_empty() {
                    Restore(&renamed).visit_body_mut(&mut body);
                }
                return Ok(body);
            }
            Err(error) => error,
        };
        if !error.message().contains("redefined object key") {
            return Err(error);
        }
        // A name that is taken is refused at the same place, and the next one is tried.
        let at = error.location().offset();
        let Some(key) = key_at(&text, at) else {
            return Err(error);
        };
        let is_known = renamed.contains_key(&at);
        names = if is_known { names + 1 } else { 0 };
        if names >= MAX_NAMES || (!is_known && renamed.len() >= MAX_REDEFINED) {
            return Err(error);
        }
        if !is_known {
            renamed.insert(at, text[key.clone()].to_owned());
        }
        let length = key.len();
        text.replace_range(key, &name(names, length));
    }
}

/// Where the name of the key at an offset stands, without quotation marks.
fn key_at(text: &str, at: usize) -> Option<std::ops::Range<usize>> {
    let rest = text.get(at..)?;
    if let Some(quoted) = rest.strip_prefix('"') {
        let end = quoted.find('"')?;
        let is_plain = end > 0 && !quoted[..end].contains(['\\', '$', '%']);
        return is_plain.then_some(at + 1..at + 1 + end);
    }
    let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')))?;
    (end > 0).then_some(at..at + end)
}

/// A name of so many letters, another one for each number.
fn name(mut number: usize, length: usize) -> String {
    const LETTERS: &[u8; 52] = b"ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvutsrqponmlkjihgfedcba";
    let letter = |_| {
        let letter = LETTERS[number % 52];
        number /= 52;
        char::from(letter)
    };
    (0..length).map(letter).collect()
}

/// Gives keys their own names back, by their places.
struct Restore<'r>(&'r BTreeMap<usize, String>);

impl VisitMut for Restore<'_> {
    fn visit_object_mut(&mut self, object: &mut Object) {
        let own = |key: &ObjectKey| {
            let start = match key {
                ObjectKey::Ident(ident) => ident.span(),
                ObjectKey::Expression(key) => key.span(),
            };
            start.and_then(|span| self.0.get(&span.start))
        };
        if object.iter().any(|(key, _)| own(key).is_some()) {
            let mut restored = Object::new();
            for (key, value) in std::mem::take(object) {
                let key = match (own(&key), &key) {
                    (Some(name), ObjectKey::Ident(_)) => match Ident::try_new(name.as_str()) {
                        Ok(ident) => ObjectKey::from(ident),
                        Err(_) => key,
                    },
                    (Some(name), _) => {
                        ObjectKey::Expression(hcl_edit::expr::Expression::from(name.as_str()))
                    }
                    (None, _) => key,
                };
                restored.insert(key, value);
            }
            *object = restored;
        }
        visit_object_mut(self, object);
    }
}
