//! What attestation saw of a caller: named attributes with one or more values.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest value that is kept, in bytes.
const LONGEST_VALUE: usize = 1024;
/// The most values that one caller can have.
const MOST_VALUES: usize = 512;

/// The dotted name of an attribute, such as `unix.uid` or `k8s.pod-label.app`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Attribute(String);

/// Why an attribute is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttributeError {
    /// The name is not dotted words.
    #[error("`{0}` is not the name of an attribute: write a source and a name, such as `unix.uid`")]
    Name(String),
    /// A value is too long.
    #[error("a value of `{0}` has more than {LONGEST_VALUE} bytes")]
    Length(Attribute),
    /// Too many values.
    #[error("a caller has at most {MOST_VALUES} attribute values")]
    Count,
}

impl Attribute {
    /// Reads a name.
    ///
    /// # Errors
    /// The name has no source, or a character that names do not have.
    pub fn new(name: &str) -> Result<Self, AttributeError> {
        let error = || AttributeError::Name(name.chars().take(80).collect());
        let (source, rest) = name.split_once('.').ok_or_else(error)?;
        let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        if name.len() > 317 || !word(source) || !word(rest) {
            return Err(error());
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Attribute {
    type Err = AttributeError;

    fn from_str(text: &str) -> Result<Self, AttributeError> {
        Self::new(text)
    }
}

impl TryFrom<String> for Attribute {
    type Error = AttributeError;

    fn try_from(text: String) -> Result<Self, AttributeError> {
        Self::new(&text)
    }
}

impl From<Attribute> for String {
    fn from(name: Attribute) -> Self {
        name.0
    }
}

/// Everything that was attested of one caller, in the order of names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, BTreeSet<String>>")]
pub struct Attributes(BTreeMap<Attribute, BTreeSet<String>>);

impl Attributes {
    /// Adds a value.
    ///
    /// # Errors
    /// The name is not one, the value is too long, or there are too many.
    pub fn add(&mut self, name: &str, value: impl Into<String>) -> Result<(), AttributeError> {
        let (name, value) = (Attribute::new(name)?, value.into());
        if value.len() > LONGEST_VALUE {
            return Err(AttributeError::Length(name));
        }
        if self.0.values().map(BTreeSet::len).sum::<usize>() >= MOST_VALUES {
            return Err(AttributeError::Count);
        }
        self.0.entry(name).or_default().insert(value);
        Ok(())
    }

    /// Forgets everything that a source said, such as `unix`.
    pub fn forget(&mut self, source: &str) {
        let is_other = |name: &Attribute| name.as_str().split('.').next() != Some(source);
        self.0.retain(|name, _| is_other(name));
    }

    /// The values under a name.
    pub fn get(&self, name: &Attribute) -> Option<&BTreeSet<String>> {
        self.0.get(name)
    }

    /// All names with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&Attribute, &BTreeSet<String>)> {
        self.0.iter()
    }

    /// Whether nothing was attested.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<BTreeMap<String, BTreeSet<String>>> for Attributes {
    type Error = AttributeError;

    fn try_from(written: BTreeMap<String, BTreeSet<String>>) -> Result<Self, AttributeError> {
        let mut attributes = Self::default();
        for (name, values) in written {
            for value in values {
                attributes.add(&name, value)?;
            }
        }
        Ok(attributes)
    }
}
