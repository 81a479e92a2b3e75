//! What an entry asks of one attested value: this text, one wildcard in it, or any value.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Attribute;

/// The longest pattern, in bytes; attested values are no longer than this either.
const LONGEST_PATTERN: usize = 1024;

/// Attributes whose values have a beginning that says something; others are matched whole. A name
/// that ends in a dot stands for all that begin with it.
const WITH_WILDCARDS: &[&str] = &[
    "unix.path",
    "unix.cgroup",
    "systemd.unit",
    "k8s.namespace",
    "k8s.service-account",
    "k8s.pod-name",
    "k8s.node-name",
    "k8s.owner",
    "k8s.image",
    "k8s.pod-label.",
    "k8s.namespace-label.",
];

/// Why a text is not a pattern for an attribute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing to match.
    #[error("an empty value matches nothing: write the value, or `*` for any")]
    Empty,
    /// Too long.
    #[error("a value has at most {LONGEST_PATTERN} bytes, this one has {0}")]
    Length(usize),
    /// More than one wildcard.
    #[error("`{0}` has more than one `*`: keep one, and list alternatives instead")]
    Wildcards(String),
    /// The wildcard stands at the beginning.
    #[error("`{0}` begins with `*`, so that a caller could choose the rest: begin with a text")]
    Beginning(String),
    /// The attribute is matched whole.
    #[error("`{0}` is compared whole: write its values out, or `*` alone for any")]
    Whole(Attribute),
}

/// A pattern over one value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Pattern {
    /// This text and no other.
    Exact(Box<str>),
    /// Begins and ends with these texts, with something between them that holds no slash.
    Wildcard {
        /// What stands before the wildcard; never empty.
        before: Box<str>,
        /// What stands after it.
        after: Box<str>,
    },
    /// Any value, as long as one was attested.
    Any,
}

impl Pattern {
    /// Reads a pattern: a text, a text with one `*`, or `*` alone.
    ///
    /// # Errors
    /// The text is empty, too long, or its wildcard is not a safe one.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.len() > LONGEST_PATTERN {
            return Err(PatternError::Length(text.len()));
        }
        match text.split_once('*') {
            None => Ok(Self::Exact(text.into())),
            Some(("", "")) => Ok(Self::Any),
            Some((_, after)) if after.contains('*') => Err(PatternError::Wildcards(text.into())),
            Some(("", _)) => Err(PatternError::Beginning(text.into())),
            Some((before, after)) => Ok(Self::Wildcard {
                before: before.into(),
                after: after.into(),
            }),
        }
    }

    /// Whether this pattern is safe for an attribute.
    ///
    /// # Errors
    /// A wildcard over values that are compared whole, such as user ids and digests.
    pub fn suits(&self, attribute: &Attribute) -> Result<(), PatternError> {
        let name = attribute.as_str();
        let known = |known: &&str| match known.strip_suffix('.') {
            Some(_) => name.starts_with(*known),
            None => name == *known,
        };
        match self {
            Self::Wildcard { .. } if !WITH_WILDCARDS.iter().any(known) => {
                Err(PatternError::Whole(attribute.clone()))
            }
            _ => Ok(()),
        }
    }

    /// Whether a value is what the pattern asks for.
    pub fn matches(&self, value: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(text) => **text == *value,
            Self::Wildcard { before, after } => value
                .strip_prefix(&**before)
                .and_then(|rest| rest.strip_suffix(&**after))
                .is_some_and(|between| !between.is_empty() && !between.contains('/')),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Exact(text) => f.write_str(text),
            Self::Wildcard { before, after } => write!(f, "{before}*{after}"),
        }
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        Self::new(&text)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}
