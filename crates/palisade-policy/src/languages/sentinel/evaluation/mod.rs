//! Runs a program: one [`Machine`] per evaluation, with frames and values in the arena.
//!
//! **Invariant:** every expression is counted by the budget's meter and by the depth of nesting,
//! so that no text makes the machine run on or overflow its stack.

mod builtins;
mod calls;
mod expressions;
mod frames;
mod operators;
mod patterns;
mod places;
mod programs;
mod quantifiers;
mod statements;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use bumpalo::Bump;
use palisade_document::{SourceFile, Span, Value as Borrowed};
use regex::Regex;
use typed_arena::Arena;

use super::environment::Environment;
use super::imports::Kept;
use super::syntax::Program;
use super::value::Value;
use crate::budget::Exhausted;
use crate::context::Context;
use crate::input::Input;

pub(super) use self::builtins::builtin;
pub(super) use self::frames::{Closure, LazyRule, Module, Scope};

/// Deepest nesting of expressions, blocks and calls while a policy runs.
pub(super) const MAX_DEPTH: u32 = 4000;
/// Why an evaluation stopped.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// A budget ran out.
    Exhausted(Exhausted),
    /// The policy did what the language forbids.
    Failed(String, Option<(Arc<SourceFile>, Span)>),
    /// The policy called `error`.
    Halted(String, Option<(Arc<SourceFile>, Span)>),
}

impl Fault {
    /// The sentence.
    pub(super) fn message(&self) -> String {
        match self {
            Self::Exhausted(exhausted) => exhausted.to_string(),
            Self::Failed(message, _) | Self::Halted(message, _) => message.clone(),
        }
    }

    /// Where.
    pub(super) fn place(&self) -> Option<&(Arc<SourceFile>, Span)> {
        match self {
            Self::Exhausted(_) => None,
            Self::Failed(_, place) | Self::Halted(_, place) => place.as_ref(),
        }
    }
}

impl From<Exhausted> for Box<Fault> {
    fn from(exhausted: Exhausted) -> Self {
        Self::new(Fault::Exhausted(exhausted))
    }
}

/// A result of evaluation.
pub(super) type Outcome<T> = Result<T, Box<Fault>>;

/// A place in a program.
#[derive(Clone, Copy)]
pub(super) struct At<'r> {
    pub(super) program: &'r Program,
    pub(super) span: Span,
}

/// A rule that was evaluated.
#[derive(Clone, Copy)]
pub(super) struct Traced<'r> {
    pub(super) program: &'r Program,
    pub(super) rule: &'r super::syntax::Rule,
    pub(super) value: Value<'r>,
}

/// One evaluation.
pub(super) struct Machine<'r> {
    pub(super) arena: &'r Bump,
    pub(super) kept: &'r Arena<Kept>,
    pub(super) context: &'r Context<'r>,
    pub(super) environment: &'r Environment,
    pub(super) input: Option<&'r Input<'r>>,
    loaded: RefCell<BTreeMap<String, Option<Value<'r>>>>,
    depth: Cell<u32>,
    held_bytes: Cell<usize>,
    trace: RefCell<Vec<Traced<'r>>>,
    places: places::Places<'r>,
    undefined_at: Cell<Option<At<'r>>>,
    regexes: RefCell<BTreeMap<String, Regex>>,
}

impl<'r> Machine<'r> {
    pub(super) fn new(
        context: &'r Context<'r>,
        kept: &'r Arena<Kept>,
        environment: &'r Environment,
        input: Option<&'r Input<'r>>,
    ) -> Self {
        Self {
            arena: context.arena,
            kept,
            context,
            environment,
            input,
            loaded: RefCell::default(),
            depth: Cell::new(0),
            held_bytes: Cell::new(0),
            trace: RefCell::default(),
            places: places::Places::default(),
            undefined_at: Cell::new(None),
            regexes: RefCell::default(),
        }
    }

    /// The rules of the policy that were evaluated, in that order.
    pub(super) fn trace(&self) -> Vec<Traced<'r>> {
        self.trace.borrow().clone()
    }

    /// Where `undefined` came up last.
    pub(super) fn undefined_at(&self) -> Option<At<'r>> {
        self.undefined_at.get()
    }

    /// The part of a document that a quantifier singled out.
    pub(super) fn element(&self) -> Option<Borrowed<'r>> {
        self.places.element()
    }

    /// The part of a document that was looked up last.
    pub(super) fn touched(&self) -> Option<Borrowed<'r>> {
        self.places.touched()
    }

    /// Counts steps and memory.
    pub(super) fn charge(&self, steps: u64) -> Outcome<()> {
        Ok(self.context.charge(steps)?)
    }

    /// Counts what a loop keeps of a collection outside of the arena while it runs.
    pub(super) fn hold(&self, items: usize) -> Outcome<Held<'_>> {
        let bytes = items.saturating_mul(size_of::<(Value<'r>, Value<'r>)>());
        let held = self.held_bytes.get().saturating_add(bytes);
        self.held_bytes.set(held);
        let held = Held {
            bytes,
            total: &self.held_bytes,
        };
        let used = self.arena.allocated_bytes();
        let used = used.saturating_add(self.held_bytes.get());
        self.context.meter.check_memory(used)?;
        Ok(held)
    }

    /// Runs something one level deeper.
    fn deeper<T>(&self, at: At<'r>, run: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        let depth = self.depth.get();
        if depth >= MAX_DEPTH {
            let sentence = format!("calls and expressions nest deeper than {MAX_DEPTH} levels");
            return Err(failed(at, sentence));
        }
        self.depth.set(depth + 1);
        let result = run();
        self.depth.set(depth);
        result
    }

    /// `undefined`, remembering where it came up.
    pub(super) fn undefined(&self, at: At<'r>) -> Value<'r> {
        self.undefined_at.set(Some(at));
        Value::Undefined
    }

    /// Whether a pattern matches a text; patterns are compiled once per evaluation.
    pub(super) fn matches(&self, pattern: &str, text: &str) -> Result<bool, String> {
        if let Some(regex) = self.regexes.borrow().get(pattern) {
            return Ok(regex.is_match(text));
        }
        let regex = patterns::compile(pattern)?;
        let found = regex.is_match(text);
        self.regexes.borrow_mut().insert(pattern.to_owned(), regex);
        Ok(found)
    }
}

/// What a loop keeps outside of the arena, counted until it is dropped.
pub(super) struct Held<'m> {
    bytes: usize,
    total: &'m Cell<usize>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.total.set(self.total.get().saturating_sub(self.bytes));
    }
}

/// A failure at a place.
#[expect(
    clippy::unnecessary_box_returns,
    reason = "faults are boxed wherever they are returned"
)]
pub(super) fn failed(at: At<'_>, message: impl Into<String>) -> Box<Fault> {
    let place = (Arc::clone(&at.program.file), at.span);
    Box::new(Fault::Failed(message.into(), Some(place)))
}

/// A failure whose place the caller does not know.
#[expect(
    clippy::unnecessary_box_returns,
    reason = "faults are boxed wherever they are returned"
)]
pub(super) fn failed_anywhere(message: String) -> Box<Fault> {
    Box::new(Fault::Failed(message, None))
}
