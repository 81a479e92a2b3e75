//! Rego's values as builtins and answers see them, apart from the engine's own.

use std::cmp::Ordering;

use super::builtins::quote;

/// A number: whole where it fits, else a fraction, else digits.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Number {
    Int(i64),
    Float(f64),
    /// Decimal digits of a whole number beyond 64 bits.
    Big(String),
}

/// A value of Rego.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Term {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    Array(Vec<Term>),
    /// Sorted, without repetition.
    Set(Vec<Term>),
    /// Sorted by key.
    Object(Vec<(Term, Term)>),
}

impl Term {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// About how many bytes it takes to say it.
    pub(super) fn bytes(&self) -> usize {
        const MARKS: usize = 4;
        let all = |items: &[Self]| items.iter().map(Self::bytes).sum::<usize>();
        let inside = match self {
            Self::Null | Self::Bool(_) | Self::Number(Number::Int(_) | Number::Float(_)) => MARKS,
            Self::Number(Number::Big(text)) | Self::Text(text) => text.len(),
            Self::Array(items) | Self::Set(items) => all(items),
            Self::Object(entries) => entries
                .iter()
                .map(|(key, value)| key.bytes() + value.bytes())
                .sum(),
        };
        inside.saturating_add(MARKS)
    }

    pub(super) fn int(value: i64) -> Self {
        Self::Number(Number::Int(value))
    }

    /// An object with names as keys.
    pub(super) fn object<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        let mut entries: Vec<_> = entries
            .into_iter()
            .map(|(key, value)| (Self::text(key), value))
            .collect();
        entries.sort_by(|left, right| left.0.compare(&right.0));
        Self::Object(entries)
    }

    pub(super) fn set(items: impl IntoIterator<Item = Self>) -> Self {
        let mut items: Vec<_> = items.into_iter().collect();
        items.sort_by(Self::compare);
        items.dedup();
        Self::Set(items)
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_int(&self) -> Option<i64> {
        match self {
            Self::Number(Number::Int(value)) => Some(*value),
            _ => None,
        }
    }

    /// The items of an array or set.
    pub(super) fn items(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) | Self::Set(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn entries(&self) -> &[(Self, Self)] {
        match self {
            Self::Object(entries) => entries,
            _ => &[],
        }
    }

    /// The value under a name.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|(key, _)| key.as_text() == Some(name))
            .map(|(_, value)| value)
    }

    /// The name of its type, as Rego says it.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::Array(_) => "array",
            Self::Set(_) => "set",
            Self::Object(_) => "object",
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::Text(_) => 3,
            Self::Array(_) => 4,
            Self::Object(_) => 5,
            Self::Set(_) => 6,
        }
    }

    /// Rego's order over all values.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(left), Self::Bool(right)) => left.cmp(right),
            (Self::Number(left), Self::Number(right)) => left.compare(right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            (Self::Array(left), Self::Array(right)) | (Self::Set(left), Self::Set(right)) => {
                let mut pairs = left.iter().zip(right);
                pairs
                    .find_map(|(a, b)| Some(a.compare(b)).filter(|order| order.is_ne()))
                    .unwrap_or(left.len().cmp(&right.len()))
            }
            (Self::Object(left), Self::Object(right)) => {
                let mut pairs = left.iter().zip(right);
                pairs
                    .find_map(|(a, b)| {
                        let order = a.0.compare(&b.0).then_with(|| a.1.compare(&b.1));
                        Some(order).filter(|order| order.is_ne())
                    })
                    .unwrap_or(left.len().cmp(&right.len()))
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }

    /// As JSON: sets become arrays, keys that are no texts become their JSON.
    pub(super) fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Number(number) => number.to_json(),
            Self::Text(text) => Json::String(text.clone()),
            Self::Array(items) | Self::Set(items) => {
                Json::Array(items.iter().map(Self::to_json).collect())
            }
            Self::Object(entries) => Json::Object(
                entries
                    .iter()
                    .map(|(key, value)| {
                        let name = match key {
                            Self::Text(text) => text.clone(),
                            other => other.to_json().to_string(),
                        };
                        (name, value.to_json())
                    })
                    .collect(),
            ),
        }
    }

    pub(super) fn from_json(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => Self::Number(Number::parse(&number.to_string())),
            Json::String(text) => Self::Text(text.clone()),
            Json::Array(items) => Self::Array(items.iter().map(Self::from_json).collect()),
            Json::Object(entries) => Self::object(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), Self::from_json(value))),
            ),
        }
    }

    /// As a person reads it in a message: texts without quotes at the top, JSON below.
    pub(super) fn display(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            other => other.literal(),
        }
    }

    /// As it would stand in a policy.
    pub(super) fn literal(&self) -> String {
        let list = |items: &[Self]| {
            let items: Vec<_> = items.iter().map(Self::literal).collect();
            items.join(", ")
        };
        match self {
            Self::Array(items) => format!("[{}]", list(items)),
            Self::Set(items) if items.is_empty() => "set()".to_owned(),
            Self::Set(items) => format!("{{{}}}", list(items)),
            Self::Object(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| format!("{}: {}", key.literal(), value.literal()))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
            Self::Number(Number::Big(digits)) => digits.clone(),
            Self::Text(text) => quote(text, false),
            scalar => scalar.to_json().to_string(),
        }
    }
}

impl Number {
    /// The number that digits say.
    pub(super) fn parse(text: &str) -> Self {
        if let Ok(value) = text.parse() {
            return Self::Int(value);
        }
        let digits = text.strip_prefix('-').unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::Big(text.to_owned());
        }
        Self::Float(text.parse().unwrap_or(f64::NAN))
    }

    pub(super) fn as_f64(&self) -> f64 {
        match self {
            #[expect(
                clippy::cast_precision_loss,
                reason = "callers ask for the nearest fraction"
            )]
            Self::Int(value) => *value as f64,
            Self::Float(value) => *value,
            Self::Big(digits) => digits.parse().unwrap_or(f64::NAN),
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(left), Self::Int(right)) => left.cmp(right),
            _ => self
                .as_f64()
                .partial_cmp(&other.as_f64())
                .unwrap_or(Ordering::Equal),
        }
    }

    fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Int(value) => (*value).into(),
            Self::Float(value) => serde_json::Number::from_f64(*value)
                .map_or(serde_json::Value::Null, serde_json::Value::Number),
            Self::Big(digits) => digits
                .parse::<u64>()
                .map(Into::into)
                .or_else(|_| serde_json::from_str(digits))
                // Beyond what JSON holds here, the digits are a text.
                .unwrap_or_else(|_| serde_json::Value::from(digits.as_str())),
        }
    }
}
