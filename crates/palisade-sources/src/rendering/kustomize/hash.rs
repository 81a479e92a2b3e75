//! The hash that ends the name of a generated object.

use sha2::{Digest as _, Sha256};

use super::Refusal;
use crate::rendering::tree::Tree;

/// Characters that are left out of the alphabet of hashes, and what stands for them, so that no
/// hash spells a word (Kubernetes, `kubectl/pkg/util/hash`).
const REPLACED: [(char, char); 5] = [('0', 'g'), ('1', 'h'), ('3', 'k'), ('a', 'm'), ('e', 't')];

/// The hash of a ConfigMap or Secret.
pub(super) fn of(tree: &Tree) -> Result<String, Refusal> {
    let kind = tree.scalar_at("kind").unwrap_or_default();
    let mut parts = Vec::new();
    let (data, extra) = match kind.as_str() {
        "ConfigMap" => ("data", "binaryData"),
        "Secret" => ("data", "stringData"),
        _ => {
            return Err(Refusal(format!(
                "objects of kind `{kind}` are not hashed here"
            )));
        }
    };
    // INVARIANT: the keys of the encoding are sorted.
    if extra == "binaryData"
        && let Some(map) = tree.get(extra)
    {
        parts.push(format!("\"binaryData\":{}", encoded(map)));
    }
    parts.push(format!(
        "\"data\":{}",
        tree.get(data).map_or_else(|| "\"\"".to_owned(), encoded)
    ));
    parts.push(format!("\"kind\":{}", quoted(&kind)));
    // Kustomize looks for the name where none is, so that it is always empty.
    parts.push("\"name\":\"\"".to_owned());
    if kind == "Secret" {
        if let Some(map) = tree.get(extra) {
            parts.push(format!("\"stringData\":{}", encoded(map)));
        }
        let type_name = tree.scalar_at("type").unwrap_or_default();
        parts.push(format!("\"type\":{}", quoted(&type_name)));
    }
    let text = format!("{{{}}}", parts.join(","));
    let digest = Sha256::digest(text.as_bytes());
    let digits = digest
        .iter()
        .take(5)
        .flat_map(|byte| [byte >> 4, byte & 15]);
    let letter = |digit: u8| {
        let hex = char::from_digit(u32::from(digit), 16).unwrap_or('0');
        let other = REPLACED.iter().find(|(from, _)| *from == hex);
        other.map_or(hex, |(_, to)| *to)
    };
    Ok(digits.map(letter).collect())
}

/// A mapping of texts as compact JSON with sorted keys.
fn encoded(tree: &Tree) -> String {
    let Some(map) = tree.map() else {
        return "\"\"".to_owned();
    };
    let mut pairs: Vec<(&String, String)> = map
        .iter()
        .map(|(key, field)| (key, field.value.scalar().unwrap_or_default()))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(key, value)| format!("{}:{}", quoted(key), quoted(&value)))
        .collect();
    format!("{{{}}}", pairs.join(","))
}

/// A JSON text as Go's encoder writes it, which escapes what is special in HTML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                out.push_str("\\u");
                let code = u32::from(character);
                let digits = [12, 8, 4, 0].map(|shift| char::from_digit(code >> shift & 15, 16));
                out.extend(digits.into_iter().flatten());
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
