//! Frames of variables, and what keeps them: functions, rules and modules.

use std::cell::Cell;

use bumpalo::Bump;

use super::super::syntax::{Program, Rule};
use super::super::value::Value;

/// The variables of a scope that is being run; a slot is empty until it is assigned.
pub(in super::super) struct Frame<'r> {
    pub(super) parent: Option<&'r Self>,
    slots: &'r [Cell<Option<Value<'r>>>],
}

impl<'r> Frame<'r> {
    pub(super) fn new(arena: &'r Bump, parent: Option<&'r Self>, slots: u32) -> &'r Self {
        let empty = (0..slots).map(|_| Cell::new(None));
        let slots = arena.alloc_slice_fill_iter(empty.collect::<Vec<_>>());
        arena.alloc(Self { parent, slots })
    }

    pub(super) fn get(&self, slot: u32) -> Option<Value<'r>> {
        self.slots.get(slot as usize).and_then(Cell::get)
    }

    pub(super) fn set(&self, slot: u32, value: Value<'r>) {
        if let Some(found) = self.slots.get(slot as usize) {
            found.set(Some(value));
        }
    }

    /// Empties every slot, for the next turn of a loop.
    pub(super) fn clear(&self) {
        for slot in self.slots {
            slot.set(None);
        }
    }

    /// The frame so many scopes outwards.
    pub(super) fn outwards(&self, hops: u32) -> Option<&Self> {
        let mut frame = self;
        for _ in 0..hops {
            frame = frame.parent?;
        }
        Some(frame)
    }
}

/// A program that runs, with its outermost variables.
pub(in super::super) struct Module<'r> {
    pub(in super::super) program: &'r Program,
    pub(super) frame: &'r Frame<'r>,
    /// Whether this is the policy itself, whose rules are traced.
    pub(super) is_policy: bool,
}

impl<'r> Module<'r> {
    /// The value of an outermost variable.
    pub(in super::super) fn global(&self, name: &str) -> Option<Value<'r>> {
        self.frame.get(self.program.global(name)?)
    }

    /// Its outermost scope.
    pub(in super::super) fn scope(&'r self) -> Scope<'r> {
        Scope {
            module: self,
            frame: self.frame,
        }
    }
}

/// Where an expression is evaluated.
#[derive(Clone, Copy)]
pub(in super::super) struct Scope<'r> {
    pub(in super::super) module: &'r Module<'r>,
    pub(super) frame: &'r Frame<'r>,
}

/// A function with the variables around it.
pub(in super::super) struct Closure<'r> {
    pub(super) scope: Scope<'r>,
    pub(super) function: &'r super::super::syntax::Function,
}

impl Closure<'_> {
    /// How many parameters it takes.
    pub(in super::super) fn parameters(&self) -> u32 {
        self.function.parameters
    }
}

/// A rule with the variables around it, and its value once it was asked for.
pub(in super::super) struct LazyRule<'r> {
    pub(super) scope: Scope<'r>,
    pub(super) rule: &'r Rule,
    pub(super) state: Cell<RuleState<'r>>,
}

#[derive(Clone, Copy)]
pub(super) enum RuleState<'r> {
    Asleep,
    Running,
    Done(Value<'r>),
}
