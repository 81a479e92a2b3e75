//! Which slot a name means.
//!
//! A name is declared where it is first assigned, in the scope of that statement, unless a scope
//! around it holds it by then. Which of them does is known only when the statement runs, so that a
//! use of a name keeps every slot that may hold it, innermost first; nearly always there is one.

use std::collections::BTreeMap;

use indexmap::IndexSet;

use super::program::{Candidate, Range, Reference, ScopeShape};

/// Scopes and uses of names, as the parser meets them.
#[derive(Debug, Default)]
pub(super) struct Names {
    symbols: IndexSet<String>,
    scopes: Vec<ScopeShape>,
    slots: BTreeMap<(u32, u32), u32>,
    globals: Vec<u32>,
    uses: Vec<(u32, u32)>,
    current: u32,
}

/// What the names of a text came to.
pub(super) struct Resolved {
    pub(super) symbols: IndexSet<String>,
    pub(super) scopes: Vec<ScopeShape>,
    pub(super) references: Vec<Reference>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) globals: Vec<u32>,
}

impl Names {
    pub(super) fn new() -> Self {
        let mut names = Self::default();
        names.scopes.push(ScopeShape {
            parent: None,
            slots: 0,
            kept: true,
        });
        names
    }

    /// Opens a scope within the current one.
    pub(super) fn open(&mut self) -> u32 {
        let parent = Some(self.current);
        self.scopes.push(ScopeShape {
            parent,
            slots: 0,
            kept: false,
        });
        self.current = count(self.scopes.len()) - 1;
        self.current
    }

    /// Closes the current scope.
    pub(super) fn close(&mut self) {
        let scope = self.scopes.get(self.current as usize);
        self.current = scope.and_then(|scope| scope.parent).unwrap_or(0);
    }

    /// Notes that a function or a rule stands here, which may outlive the scopes around it.
    pub(super) fn keep(&mut self) {
        let mut next = Some(self.current);
        while let Some(scope) = next.and_then(|scope| self.scopes.get_mut(scope as usize)) {
            if std::mem::replace(&mut scope.kept, true) {
                break;
            }
            next = scope.parent;
        }
    }

    /// The slot of a name in the current scope, made if it is new.
    pub(super) fn declare(&mut self, name: &str) -> u32 {
        let symbol = self.symbol(name);
        let key = (self.current, symbol);
        if let Some(slot) = self.slots.get(&key) {
            return *slot;
        }
        let Some(scope) = self.scopes.get_mut(self.current as usize) else {
            return 0;
        };
        let slot = scope.slots;
        scope.slots += 1;
        self.slots.insert(key, slot);
        if self.current == 0 {
            self.globals.push(symbol);
        }
        slot
    }

    /// A use of a name in the current scope.
    pub(super) fn refer(&mut self, name: &str) -> u32 {
        let symbol = self.symbol(name);
        self.uses.push((self.current, symbol));
        count(self.uses.len()) - 1
    }

    fn symbol(&mut self, name: &str) -> u32 {
        if let Some(index) = self.symbols.get_index_of(name) {
            return count(index);
        }
        count(self.symbols.insert_full(name.to_owned()).0)
    }

    pub(super) fn resolve(self) -> Resolved {
        let mut candidates = Vec::new();
        let mut references = Vec::with_capacity(self.uses.len());
        for (scope, symbol) in &self.uses {
            let start = count(candidates.len());
            let (mut hops, mut next) = (0, Some(*scope));
            while let Some(scope) = next {
                if let Some(slot) = self.slots.get(&(scope, *symbol)) {
                    candidates.push(Candidate { hops, slot: *slot });
                }
                hops += 1;
                next = self.scopes.get(scope as usize).and_then(|at| at.parent);
            }
            references.push(Reference {
                symbol: *symbol,
                candidates: Range {
                    start,
                    count: count(candidates.len()) - start,
                },
            });
        }
        Resolved {
            symbols: self.symbols,
            scopes: self.scopes,
            references,
            candidates,
            globals: self.globals,
        }
    }
}

/// A count of things in a text, which is far below four thousand million.
fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
