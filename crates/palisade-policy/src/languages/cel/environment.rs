//! What an evaluation sees: variables, composed variables, and facts that were handed in.

use std::cell::Cell;

use super::fault::Fault;
use super::program::Program;
use super::value::Val;
use crate::context::Context;
use crate::datum::Datum;
use crate::input::Supplied;

/// Values of the scope's names, and facts. It lives in the arena of its evaluation.
#[derive(Debug, Default)]
pub(crate) struct Environment<'v> {
    /// In the order of the scope's roots; `None` is a variable without a value.
    pub(crate) roots: &'v [Option<Val<'v>>],
    /// In the order of the scope's composed variables.
    pub(crate) composed: &'v [Composed<'v>],
    /// What look-ups are answered by.
    pub(crate) facts: Facts<'v>,
}

/// What look-ups of libraries are answered by; what is not here is unknown, and an error.
#[derive(Debug, Default)]
pub(crate) struct Facts<'v> {
    /// Kubernetes objects.
    pub(crate) objects: &'v [Datum<'v>],
    /// What the caller supplied.
    pub(crate) supplied: Supplied<'v>,
    /// Values of global context entries and other named values.
    pub(crate) named: &'v [(&'v str, Datum<'v>)],
    /// The namespace that a namespaced policy is confined to; empty for others.
    pub(crate) namespace: &'v str,
    /// Objects that the policy asked to be generated, the last first.
    pub(crate) generated: Cell<Option<&'v Generated<'v>>>,
}

/// An object that a policy asked to be generated, and those before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Generated<'v> {
    /// Where it is to be made; may be empty.
    pub(crate) namespace: &'v str,
    /// The object.
    pub(crate) object: Datum<'v>,
    /// The one before.
    pub(crate) before: Option<&'v Generated<'v>>,
}

impl<'v> Facts<'v> {
    /// Notes an object that is to be generated.
    pub(crate) fn note(&self, context: &'v Context<'v>, namespace: &'v str, object: Datum<'v>) {
        let before = self.generated.get();
        let generated = Generated {
            namespace,
            object,
            before,
        };
        self.generated.set(Some(context.arena.alloc(generated)));
    }
}

/// A composed variable: computed when it is first used.
#[derive(Debug)]
pub(crate) struct Composed<'v> {
    program: &'v Program,
    state: Cell<State<'v>>,
}

#[derive(Debug, Clone, Copy)]
enum State<'v> {
    Unused,
    Running,
    Known(Val<'v>),
    Failed(&'v str),
}

impl<'v> Environment<'v> {
    pub(super) fn root(&self, index: usize) -> Result<Val<'v>, Fault> {
        match self.roots.get(index) {
            Some(Some(value)) => Ok(*value),
            _ => Err(Fault::new(
                "no such attribute: the variable has no value here",
            )),
        }
    }

    pub(super) fn composed(&self, index: usize) -> Result<&'v Composed<'v>, Fault> {
        let missing = || Fault::new("the composed variable has no value here");
        self.composed.get(index).ok_or_else(missing)
    }
}

impl<'v> Composed<'v> {
    /// A variable that nobody has used.
    pub(crate) fn new(program: &'v Program) -> Self {
        Self {
            program,
            state: Cell::new(State::Unused),
        }
    }

    pub(super) fn value(
        &self,
        context: &'v Context<'v>,
        environment: &'v Environment<'v>,
    ) -> Result<Val<'v>, Fault> {
        match self.state.get() {
            State::Known(value) => Ok(value),
            State::Failed(message) => Err(Fault::new(message)),
            State::Running => Err(Fault::new("a variable is defined by itself")),
            State::Unused => {
                self.state.set(State::Running);
                let result = self.program.run(context, environment);
                let state = match &result {
                    Ok(value) => State::Known(*value),
                    Err(fault) => State::Failed(context.arena.alloc_str(fault.message())),
                };
                self.state.set(state);
                result.map_err(Fault::without_place)
            }
        }
    }
}
