//! What a review holds that no log may show.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use palisade_document::{Document, Value};

/// Shorter values are words that stand everywhere.
const SHORTEST: usize = 3;
/// What stands in the place of a value.
const MASK: &str = "(secret)";

/// The values of a `Secret` under review, as written and as decoded.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} secrets", self.0.len())
    }
}

impl Secrets {
    pub(super) fn of(review: &Document) -> Self {
        let mut found = Vec::new();
        let Some(request) = review.roots().next().and_then(|root| root.get("request")) else {
            return Self(found);
        };
        for object in ["object", "oldObject"]
            .into_iter()
            .filter_map(|key| request.get(key))
        {
            if object.get("kind").and_then(Value::as_str) != Some("Secret") {
                continue;
            }
            let under = |key: &str| object.get(key).into_iter().flat_map(Value::entries);
            let written = under("stringData").filter_map(|entry| entry.value.as_str());
            found.extend(written.map(str::to_owned));
            for text in under("data").filter_map(|entry| entry.value.as_str()) {
                let decoded = STANDARD.decode(text).ok();
                found.extend(decoded.and_then(|bytes| String::from_utf8(bytes).ok()));
                found.push(text.to_owned());
            }
        }
        found.retain(|value| value.len() >= SHORTEST);
        // The longest first: one may be a part of another.
        found.sort_by_key(|value| std::cmp::Reverse(value.len()));
        found.dedup();
        Self(found)
    }

    /// A text without these values.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut masked = Cow::Borrowed(text);
        for value in &self.0 {
            if masked.contains(value.as_str()) {
                masked = Cow::Owned(masked.replace(value.as_str(), MASK));
            }
        }
        masked
    }
}
