//! The entries of an agent as they travel: a list that is known by its digest.
//!
//! The server sends what makes one list of another, and the digests of both. An agent that holds
//! another list than the first, or gets another one than the second, asks for the whole.

mod difference;
mod held;
mod parts;
mod shelf;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use palisade_model::Origin;

pub(crate) use self::held::{Held, Unusable};
pub(crate) use self::parts::parts;
pub(super) use self::shelf::AGENT;
pub(crate) use self::shelf::Shelf;
use crate::TrustDomain;
use crate::entries::{Entries, EntriesError, Entry, MOST_ENTRIES, MintRules};

/// The most bytes of one list.
const LARGEST_LIST: usize = 512 << 20;

/// SHA-256 of a list.
pub(crate) type Digest = [u8; 32];

/// One entry, its text as it travels, and the digest of that.
#[derive(Debug)]
pub(crate) struct Line {
    pub(super) entry: Arc<Entry>,
    text: Bytes,
    digest: Digest,
}

impl Line {
    /// Without the place in its file, which moves with every line that is written above it.
    fn of(entry: &Arc<Entry>) -> Result<Self, serde_json::Error> {
        let mut sent = Entry::clone(entry);
        sent.origin = without_place(&sent.origin);
        let text = Bytes::from(serde_json::to_vec(&sent)?);
        Ok(Self {
            entry: Arc::clone(entry),
            digest: digest(&text),
            text,
        })
    }

    fn read(text: Bytes) -> Result<Self, serde_json::Error> {
        Ok(Self {
            entry: Arc::new(serde_json::from_slice(&text)?),
            digest: digest(&text),
            text,
        })
    }

    fn name(&self) -> &str {
        self.entry.name.as_str()
    }
}

/// Mint rules, and their text as it travels.
#[derive(Debug)]
pub(crate) struct Rules {
    all: MintRules,
    text: Bytes,
    digest: Digest,
}

impl Rules {
    fn of(rules: &MintRules) -> Result<Self, serde_json::Error> {
        let mut sent = rules.clone();
        for rule in &mut sent.0 {
            rule.origin = without_place(&rule.origin);
        }
        Self::read(Bytes::from(serde_json::to_vec(&sent)?))
    }

    fn read(text: Bytes) -> Result<Self, serde_json::Error> {
        Ok(Self {
            all: serde_json::from_slice(&text)?,
            digest: digest(&text),
            text,
        })
    }
}

/// Entries in their order, with the rules that they are held against.
#[derive(Debug)]
pub(crate) struct List {
    trust_domain: TrustDomain,
    lines: Vec<Arc<Line>>,
    rules: Arc<Rules>,
    digest: Digest,
}

impl List {
    fn new(trust_domain: TrustDomain, lines: Vec<Arc<Line>>, rules: Arc<Rules>) -> Self {
        let mut whole = Context::new(&SHA256);
        whole.update(&digest(trust_domain.name().as_bytes()));
        whole.update(&rules.digest);
        for line in &lines {
            whole.update(&line.digest);
        }
        Self {
            digest: bytes_of(whole.finish().as_ref()),
            trust_domain,
            lines,
            rules,
        }
    }

    /// What the list is known by.
    pub(crate) fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The entries, ready to answer.
    pub(crate) fn entries(&self) -> Result<Entries, EntriesError> {
        let all = self.lines.iter().map(|line| Arc::clone(&line.entry));
        let rules = self.rules.all.clone();
        Entries::new(self.trust_domain.clone(), all.collect(), rules)
    }

    fn is_within_bounds(&self) -> bool {
        let bytes = self.lines.iter().map(|line| line.text.len()).sum::<usize>();
        self.lines.len() <= MOST_ENTRIES && bytes <= LARGEST_LIST
    }
}

fn without_place(origin: &Origin) -> Origin {
    Origin {
        file: origin.file.clone(),
        ..Origin::nowhere()
    }
}

fn digest(bytes: &[u8]) -> Digest {
    bytes_of(aws_lc_rs::digest::digest(&SHA256, bytes).as_ref())
}

fn bytes_of(digest: &[u8]) -> Digest {
    // INVARIANT: SHA-256 has 32 bytes.
    digest.try_into().unwrap_or_default()
}
