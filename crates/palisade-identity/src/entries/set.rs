//! All entries of an issuer: who gets which identity, and what is withheld and why.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::condition::{Condition, Facts, Verdict};
use super::entry::{Entry, EntryError, EntryName};
use super::index::Index;
use super::mint::{MintError, MintRules};
use super::template::FillError;
use crate::{Attributes, SpiffeId, TrustDomain};

/// The most entries of one issuer.
pub const MOST_ENTRIES: usize = 100_000;
/// The most identities that one caller is given.
pub const MOST_GRANTS: usize = 64;

/// Why entries are not taken together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntriesError {
    /// Too many.
    #[error("there are {0} entries, and an issuer takes at most {MOST_ENTRIES}")]
    Count(usize),
    /// One of them is wrong.
    #[error("entry `{name}`: {error}")]
    Entry {
        /// Which.
        name: EntryName,
        /// What is wrong.
        error: EntryError,
    },
    /// Two have one name.
    #[error("two entries are called `{0}`: give one of them another name")]
    Name(EntryName),
    /// One is for another issuer.
    #[error("entry `{name}` is for the trust domain `{theirs}`, and this issuer is `{own}`")]
    TrustDomain {
        /// Which.
        name: EntryName,
        /// Its trust domain.
        theirs: TrustDomain,
        /// The issuer's.
        own: TrustDomain,
    },
    /// One gives what its owner may not mint.
    #[error("entry `{name}`: {error}")]
    Mint {
        /// Which.
        name: EntryName,
        /// What its owner may mint.
        error: MintError,
    },
}

/// An identity for a caller, and the entry that gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    /// The entry: lifetimes, audiences, federation and hint.
    pub entry: Arc<Entry>,
    /// The identity.
    pub id: SpiffeId,
    /// The DNS names of its certificate.
    pub dns_names: Vec<String>,
}

/// Why an entry that matches gives nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Withheld {
    /// A template cannot be filled.
    #[error("{error}")]
    Template {
        /// Why.
        error: FillError,
    },
    /// A condition does not hold, or nobody knows.
    #[error("`requires: {condition}` {}", told(verdict))]
    Condition {
        /// Which.
        condition: Condition,
        /// What is known of it.
        verdict: Verdict,
    },
    /// The identity is not the owner's to mint.
    #[error("{reason}")]
    Mint {
        /// Why.
        reason: String,
    },
}

fn told(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Holds => "holds".to_owned(),
        Verdict::Fails(reason) => format!("does not hold: {reason}"),
        Verdict::Unknown(reason) => format!("is not known to hold: {reason}"),
    }
}

/// What all entries together say about one caller.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Resolution {
    /// Identities in the order of entries; the first is the default one.
    pub grants: Vec<Grant>,
    /// Entries that match and give nothing, with the reason.
    pub withheld: Vec<(Arc<Entry>, Withheld)>,
    /// How many more entries match than are given out.
    pub left_out: usize,
}

/// The entries of one issuer, checked and indexed.
#[derive(Debug)]
pub struct Entries {
    trust_domain: TrustDomain,
    list: Vec<Arc<Entry>>,
    names: BTreeMap<EntryName, u32>,
    rules: MintRules,
    index: Index,
}

impl Entries {
    /// Checks entries against the rules and indexes them; their order is the order of identities.
    ///
    /// # Errors
    /// The first entry that is wrong, in words that name it.
    pub fn new(
        trust_domain: TrustDomain,
        entries: Vec<Arc<Entry>>,
        rules: MintRules,
    ) -> Result<Self, EntriesError> {
        if entries.len() > MOST_ENTRIES {
            return Err(EntriesError::Count(entries.len()));
        }
        let mut names = BTreeMap::new();
        for (place, entry) in (0..).zip(&entries) {
            let name = entry.name.clone();
            check(entry, &trust_domain, &rules)?;
            if names.insert(name.clone(), place).is_some() {
                return Err(EntriesError::Name(name));
            }
        }
        Ok(Self {
            index: Index::of(&entries),
            trust_domain,
            list: entries,
            names,
            rules,
        })
    }

    /// No entries at all: nobody gets an identity.
    pub fn none(trust_domain: TrustDomain) -> Self {
        Self {
            trust_domain,
            list: Vec::new(),
            names: BTreeMap::new(),
            rules: MintRules::default(),
            index: Index::default(),
        }
    }

    /// The issuer's trust domain.
    pub fn trust_domain(&self) -> &TrustDomain {
        &self.trust_domain
    }

    /// All entries in order.
    pub fn all(&self) -> &[Arc<Entry>] {
        &self.list
    }

    /// Who may mint what.
    pub fn rules(&self) -> &MintRules {
        &self.rules
    }

    /// An entry by name.
    pub fn named(&self, name: &EntryName) -> Option<&Arc<Entry>> {
        let place = usize::try_from(*self.names.get(name)?).ok()?;
        self.list.get(place)
    }

    /// The entries that match a caller, in order; conditions are not asked.
    pub fn matching<'e>(
        &'e self,
        caller: &'e Attributes,
    ) -> impl Iterator<Item = &'e Arc<Entry>> + use<'e> {
        let places = self.index.candidates(caller);
        places
            .into_iter()
            .filter_map(|place| self.list.get(usize::try_from(place).ok()?))
            .filter(|entry| entry.matches(caller))
    }

    /// What a caller gets, and what it does not get and why.
    pub fn resolve(&self, caller: &Attributes, facts: &dyn Facts) -> Resolution {
        let mut resolution = Resolution::default();
        for entry in self.matching(caller) {
            if resolution.grants.len() >= MOST_GRANTS {
                resolution.left_out += 1;
                continue;
            }
            match self.grant(entry, caller, facts) {
                Ok(grant) => {
                    let same = |other: &Grant| {
                        other.id == grant.id && other.entry.hint == grant.entry.hint
                    };
                    if !resolution.grants.iter().any(same) {
                        resolution.grants.push(grant);
                    }
                }
                Err(reason) => resolution.withheld.push((Arc::clone(entry), reason)),
            }
        }
        resolution
    }

    /// What one entry gives to a caller that it matches.
    ///
    /// # Errors
    /// A template cannot be filled, a condition does not hold, or the owner may not mint the id.
    pub fn grant(
        &self,
        entry: &Arc<Entry>,
        caller: &Attributes,
        facts: &dyn Facts,
    ) -> Result<Grant, Withheld> {
        let template = |error| Withheld::Template { error };
        let value = |attribute: &_| entry.value(attribute, caller);
        let id = entry.id.fill(&self.trust_domain, value).map_err(template)?;
        let dns_names = entry.dns_names.iter().map(|name| name.fill(value));
        let dns_names = dns_names.collect::<Result<_, _>>().map_err(template)?;
        self.rules
            .permit_id(entry, &id)
            .map_err(|error| Withheld::Mint {
                reason: error.to_string(),
            })?;
        for condition in &entry.requires {
            let verdict = facts.verdict(condition, caller);
            if !verdict.holds() {
                return Err(Withheld::Condition {
                    condition: condition.clone(),
                    verdict,
                });
            }
        }
        Ok(Grant {
            entry: Arc::clone(entry),
            id,
            dns_names,
        })
    }
}

/// Whether an entry suits an issuer and its rules.
pub(crate) fn check(
    entry: &Entry,
    own: &TrustDomain,
    rules: &MintRules,
) -> Result<(), EntriesError> {
    let name = || entry.name.clone();
    entry.validate().map_err(|error| EntriesError::Entry {
        name: name(),
        error,
    })?;
    if let Some(theirs) = entry.id.trust_domain().filter(|theirs| *theirs != own) {
        return Err(EntriesError::TrustDomain {
            name: name(),
            theirs: theirs.clone(),
            own: own.clone(),
        });
    }
    rules
        .permit_entry(entry)
        .map_err(|error| EntriesError::Mint {
            name: name(),
            error,
        })
}
