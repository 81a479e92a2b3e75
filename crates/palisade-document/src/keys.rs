//! The keys of all objects of a text, each kept once and known by a number.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::file::offset;

/// Keys by number, and numbers by key.
#[derive(Debug)]
pub(crate) struct Keys {
    /// All keys, one after the other.
    text: String,
    /// Where each key ends; it begins where the one before it ends.
    ends: Vec<u32>,
    /// Numbers, found by the hash of their keys.
    table: HashTable<u32>,
    hasher: RandomState,
}

/// Keys for which room is made ahead; an object of Kubernetes has about 50 different ones.
const AHEAD: usize = 56;

impl Keys {
    /// No keys yet.
    pub(crate) fn new() -> Self {
        Self {
            text: String::with_capacity(AHEAD * 12),
            ends: Vec::with_capacity(AHEAD),
            table: HashTable::with_capacity(AHEAD),
            hasher: RandomState::default(),
        }
    }

    /// The number of a key, if any object has it.
    pub(crate) fn find(&self, key: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        self.table.find(hash, |id| self.name(*id) == key).copied()
    }

    /// The number of a key, which is kept from now on.
    pub(crate) fn intern(&mut self, key: &str) -> u32 {
        let hash = self.hasher.hash_one(key);
        let (text, ends) = (&self.text, &self.ends);
        let known = self.table.find(hash, |id| name(text, ends, *id) == key);
        if let Some(id) = known {
            return *id;
        }
        let id = offset(self.ends.len());
        self.text.push_str(key);
        self.ends.push(offset(self.text.len()));
        let (text, ends, hasher) = (&self.text, &self.ends, &self.hasher);
        self.table
            .insert_unique(hash, id, |id| hasher.hash_one(name(text, ends, *id)));
        id
    }

    /// The key of a number.
    pub(crate) fn name(&self, id: u32) -> &str {
        name(&self.text, &self.ends, id)
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }
}

fn name<'t>(text: &'t str, ends: &[u32], id: u32) -> &'t str {
    let id = id as usize;
    let start = id.checked_sub(1).and_then(|before| ends.get(before));
    let start = start.copied().unwrap_or(0) as usize;
    let end = ends.get(id).copied().unwrap_or(0) as usize;
    text.get(start..end).unwrap_or("")
}
