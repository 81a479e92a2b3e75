//! One entry: who it matches, which identity it gives, and on which conditions.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use palisade_model::Origin;
use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::pattern::{Pattern, PatternError};
use super::template::{FillError, IdTemplate, NameTemplate};
use crate::{Attribute, Attributes, TrustDomain};

/// The most attributes that one entry matches.
pub(super) const MOST_MATCHED: usize = 32;
/// The most alternatives of one attribute.
pub(super) const MOST_ALTERNATIVES: usize = 256;
/// The most items of any other list of an entry.
pub(super) const MOST_ITEMS: usize = 64;
/// The longest hint (Workload API, section 5.2.1) and the longest name, owner and audience.
pub(super) const LONGEST_TEXT: usize = 1024;
const LONGEST_NAME: usize = 253;
/// The bounds of lifetimes.
const LIFETIMES: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(24));
const JWT_LIFETIMES: (Duration, Duration) = (Duration::from_secs(30), Duration::from_hours(1));

/// What the file of an entry begins with that was pushed rather than read from a file.
pub(crate) const PUSHED: &str = "pushed:";

/// Why an entry is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Nothing is matched.
    #[error("the entry matches nothing: add at least one attribute under `match`")]
    NoMatch,
    /// Too many of something.
    #[error("{what} holds {found} items, and at most {most} are taken")]
    Count {
        /// Of what.
        what: String,
        /// How many there are.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// A list of alternatives is empty.
    #[error("`{0}` has no value to match: write one, or `*` for any")]
    NoValue(Attribute),
    /// A pattern does not suit its attribute.
    #[error("{0}")]
    Pattern(#[from] PatternError),
    /// Everybody would have this identity.
    #[error(
        "every caller of whom {0} is attested would get the same identity: match a value, or put the value into `id`"
    )]
    Everybody(String),
    /// A text is empty or too long.
    #[error("`{0}` is a text of 1 to {LONGEST_TEXT} bytes without control characters")]
    Text(&'static str),
    /// A name with characters that names do not have.
    #[error("`{0}` is not a name: use up to {LONGEST_NAME} letters, digits, `.`, `-`, `_` and `/`")]
    Name(String),
    /// A lifetime out of bounds.
    #[error("`{what}` is between {least} and {most}")]
    Lifetime {
        /// Which lifetime.
        what: &'static str,
        /// The least.
        least: &'static str,
        /// The most.
        most: &'static str,
    },
}

/// The name of an entry, by which records and people speak of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntryName(Arc<str>);

impl EntryName {
    /// Reads a name.
    ///
    /// # Errors
    /// The name is empty, too long, or holds characters that names do not have.
    pub fn new(name: &str) -> Result<Self, EntryError> {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(legal) {
            return Err(EntryError::Name(name.chars().take(80).collect()));
        }
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for EntryName {
    type Error = EntryError;

    fn try_from(name: String) -> Result<Self, EntryError> {
        Self::new(&name)
    }
}

impl From<EntryName> for String {
    fn from(name: EntryName) -> Self {
        name.0.as_ref().to_owned()
    }
}

/// Gives an identity to every caller that it matches.
///
/// The serialised form is for the store and for agents; people write entry files.
// INVARIANT: whoever holds an `Entry` from outside calls `validate`; `Entries::new` does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Entry {
    /// What people and records call it; unique among all entries.
    pub name: EntryName,
    /// What must have been attested, in the order that it is written; all of it, each with one of
    /// the values.
    #[serde(rename = "match")]
    pub matches: IndexMap<Attribute, Vec<Pattern>>,
    /// The identity.
    pub id: IdTemplate,
    /// Who answers for it.
    pub owner: String,
    /// How long X.509 documents live; `None`: as the issuer says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x509_lifetime: Option<Duration>,
    /// How long tokens live; `None`: as the issuer says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwt_lifetime: Option<Duration>,
    /// The only audiences that tokens are issued for; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// Other trust domains whose bundles the caller receives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub federates_with: Vec<TrustDomain>,
    /// DNS names in the certificate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns_names: Vec<NameTemplate>,
    /// Tells several identities of one workload apart.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hint: String,
    /// What must hold besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Condition>,
    /// Where the entry is written.
    pub origin: Origin,
}

impl Entry {
    /// Whether it was pushed rather than read from a file of the issuer.
    pub fn is_pushed(&self) -> bool {
        self.origin.file.starts_with(PUSHED)
    }

    /// Whether all values of all attributes are there.
    pub fn matches(&self, caller: &Attributes) -> bool {
        self.matches
            .iter()
            .all(|(attribute, patterns)| any_value(caller.get(attribute), patterns))
    }

    /// The one value that a template puts in: of those attested, what the match asked for.
    ///
    /// # Errors
    /// There is no such value, or more than one.
    pub fn value<'c>(
        &self,
        attribute: &Attribute,
        caller: &'c Attributes,
    ) -> Result<&'c str, FillError> {
        let asked = self.matches.get(attribute);
        let is_asked = |value: &&String| {
            asked.is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(value)))
        };
        let mut values = caller.get(attribute).into_iter().flatten().filter(is_asked);
        let first = values.next().ok_or_else(|| FillError::Missing {
            attribute: attribute.clone(),
        })?;
        match values.count() {
            0 => Ok(first),
            others => Err(FillError::Several {
                attribute: attribute.clone(),
                values: others + 1,
            }),
        }
    }

    /// Whether a token may be for this audience.
    pub fn allows_audience(&self, audience: &str) -> bool {
        self.audiences.is_empty() || self.audiences.iter().any(|allowed| allowed == audience)
    }

    /// Checks what the types alone do not hold.
    ///
    /// # Errors
    /// Tells what is wrong with the entry, and what to write instead.
    pub fn validate(&self) -> Result<(), EntryError> {
        self.validate_match()?;
        text("owner", &self.owner)?;
        if !self.hint.is_empty() {
            text("hint", &self.hint)?;
        }
        for audience in &self.audiences {
            text("audiences", audience)?;
        }
        for (what, found) in [
            ("audiences", self.audiences.len()),
            ("federates-with", self.federates_with.len()),
            ("dns-names", self.dns_names.len()),
            ("requires", self.requires.len()),
        ] {
            count(what, found, MOST_ITEMS)?;
        }
        lifetime(
            "x509-lifetime",
            self.x509_lifetime,
            LIFETIMES,
            ("1m", "24h"),
        )?;
        lifetime(
            "jwt-lifetime",
            self.jwt_lifetime,
            JWT_LIFETIMES,
            ("30s", "1h"),
        )
    }

    fn validate_match(&self) -> Result<(), EntryError> {
        if self.matches.is_empty() {
            return Err(EntryError::NoMatch);
        }
        count("match", self.matches.len(), MOST_MATCHED)?;
        for (attribute, patterns) in &self.matches {
            if patterns.is_empty() {
                return Err(EntryError::NoValue(attribute.clone()));
            }
            count(attribute.as_str(), patterns.len(), MOST_ALTERNATIVES)?;
            patterns
                .iter()
                .try_for_each(|pattern| pattern.suits(attribute))?;
        }
        let any = |patterns: &Vec<Pattern>| patterns.contains(&Pattern::Any);
        if !self.matches.values().all(any) {
            return Ok(());
        }
        let told: BTreeSet<&Attribute> = self.id.attributes().collect();
        let untold: Vec<String> = self
            .matches
            .keys()
            .filter(|attribute| !told.contains(attribute))
            .map(|attribute| format!("`{attribute}`"))
            .collect();
        if untold.is_empty() {
            return Ok(());
        }
        Err(EntryError::Everybody(untold.join(" and ")))
    }
}

/// Whether one of the values is what one of the patterns asks for.
pub(crate) fn any_value(values: Option<&BTreeSet<String>>, patterns: &[Pattern]) -> bool {
    let Some(values) = values else {
        return false;
    };
    patterns.iter().any(|pattern| match pattern {
        Pattern::Exact(text) => values.contains(&**text),
        Pattern::Any => !values.is_empty(),
        Pattern::Wildcard { .. } => values.iter().any(|value| pattern.matches(value)),
    })
}

fn text(what: &'static str, text: &str) -> Result<(), EntryError> {
    let blank = text.trim().is_empty();
    if blank || text.len() > LONGEST_TEXT || text.chars().any(char::is_control) {
        return Err(EntryError::Text(what));
    }
    Ok(())
}

fn count(what: &str, found: usize, most: usize) -> Result<(), EntryError> {
    if found <= most {
        return Ok(());
    }
    Err(EntryError::Count {
        what: format!("`{what}`"),
        found,
        most,
    })
}

fn lifetime(
    what: &'static str,
    given: Option<Duration>,
    (least, most): (Duration, Duration),
    words: (&'static str, &'static str),
) -> Result<(), EntryError> {
    if given.is_none_or(|given| given >= least && given <= most) {
        return Ok(());
    }
    Err(EntryError::Lifetime {
        what,
        least: words.0,
        most: words.1,
    })
}
