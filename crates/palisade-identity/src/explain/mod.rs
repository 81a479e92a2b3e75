//! Why a caller gets the identities that it gets, and why it does not get others.
//!
//! A pure function of entries, attributes and facts: the same question has the same answer in a
//! terminal, in the studio and in a record.

mod near;

use std::collections::BTreeSet;

use palisade_model::Origin;
use serde::Serialize;

use crate::entries::{Entries, Entry, EntryName, Facts, Withheld};
use crate::{Attribute, Attributes, SpiffeId};

pub use near::MOST_NEAR;

/// The version of the form of an explanation.
pub const EXPLANATION_VERSION: u32 = 1;

/// The whole answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Explanation {
    /// The version of this form.
    pub schema_version: u32,
    /// What was attested.
    pub attested: Attributes,
    /// How many entries there are.
    pub entries: usize,
    /// Identities that the caller gets, the default one first.
    pub granted: Vec<Granted>,
    /// Entries that match and give nothing.
    pub withheld: Vec<Refused>,
    /// Entries that match and are left out since the caller has enough identities.
    pub left_out: usize,
    /// Entries that nearly match, the nearest first.
    pub near: Vec<NearMiss>,
}

/// One entry by its name, place and owner.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct EntryRef {
    /// Its name.
    pub name: EntryName,
    /// Who answers for it.
    pub owner: String,
    /// Where it is written.
    pub origin: Origin,
    /// The identity that it would give, as written.
    pub id: String,
}

impl EntryRef {
    fn of(entry: &Entry) -> Self {
        Self {
            name: entry.name.clone(),
            owner: entry.owner.clone(),
            origin: entry.origin.clone(),
            id: entry.id.to_string(),
        }
    }
}

/// An identity and the entry that gives it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Granted {
    /// The identity.
    pub id: SpiffeId,
    /// The entry.
    pub entry: EntryRef,
}

/// An entry that matches and gives nothing.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Refused {
    /// The entry.
    pub entry: EntryRef,
    /// Why, in words.
    pub reason: String,
    /// Why, in parts.
    pub cause: Withheld,
}

/// An entry that does not match, and by how little.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct NearMiss {
    /// The entry.
    pub entry: EntryRef,
    /// How many of its attributes hold.
    pub held: usize,
    /// How many it has.
    pub of: usize,
    /// What does not hold, in the order of the entry; the first is the one that failed first.
    pub failed: Vec<Failed>,
}

/// One attribute of a match that does not hold.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Failed {
    /// The attribute.
    pub attribute: Attribute,
    /// What the entry asks for.
    pub asked: Vec<String>,
    /// What was attested instead; empty: nothing.
    pub seen: BTreeSet<String>,
    /// What this hints at.
    pub hint: Option<Hint>,
}

/// What a mismatch hints at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Hint {
    /// Nothing of this source was attested.
    Source {
        /// The source, such as `k8s`.
        source: String,
    },
    /// The attribute is written almost as one that was attested.
    Name {
        /// The attested one.
        attested: Attribute,
    },
    /// The values differ in so little that it may be a slip.
    Value {
        /// What was asked for.
        asked: String,
        /// What was seen.
        seen: String,
    },
}

impl std::fmt::Display for Hint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Source { source } => write!(
                f,
                "nothing of `{source}` was attested: is this attestation on, and does it know the caller?"
            ),
            Self::Name { attested } => write!(f, "did you mean `{attested}`?"),
            Self::Value { asked, seen } => {
                write!(f, "`{asked}` and `{seen}` are nearly the same: a slip?")
            }
        }
    }
}

/// Explains what a caller gets.
pub fn explain(entries: &Entries, caller: &Attributes, facts: &dyn Facts) -> Explanation {
    let resolution = entries.resolve(caller, facts);
    let near = near::nearest(entries, caller, !resolution.grants.is_empty());
    let granted = resolution.grants.into_iter().map(|grant| Granted {
        id: grant.id,
        entry: EntryRef::of(&grant.entry),
    });
    let withheld = resolution
        .withheld
        .into_iter()
        .map(|(entry, cause)| Refused {
            entry: EntryRef::of(&entry),
            reason: cause.to_string(),
            cause,
        });
    Explanation {
        schema_version: EXPLANATION_VERSION,
        attested: caller.clone(),
        entries: entries.all().len(),
        granted: granted.collect(),
        withheld: withheld.collect(),
        left_out: resolution.left_out,
        near,
    }
}
