//! What builtins see of the world in one evaluation: only what was handed in.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::term::Term;

/// Most HTTP requests of one evaluation.
pub(super) const MAX_REQUESTS: usize = 32;

/// The state of one evaluation on this thread.
#[derive(Debug, Default, Clone)]
pub(super) struct World {
    /// The moment, if it was handed in.
    pub(super) now_ns: Option<i64>,
    /// Where chance begins, if it was handed in.
    pub(super) seed: Option<u64>,
    /// Environment variables.
    pub(super) environment: Vec<(String, String)>,
    /// Whether errors of builtins end the evaluation (else they are undefined).
    pub(super) strict: bool,
    /// Whether requests may be sent.
    pub(super) http: bool,
    /// Answers of requests, by the request's literal.
    pub(super) answers: BTreeMap<String, Term>,
    /// A request that has no answer yet: the evaluation is repeated once it has one.
    pub(super) wanted: Option<Term>,
    /// Why the evaluation may not go on.
    pub(super) halted: Option<String>,
}

/// Why a builtin gives no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The call has no value: undefined, or an error where strictness is asked for.
    Undefined(String),
    /// The evaluation must end.
    Halt(String),
}

impl Fault {
    pub(super) fn undefined(message: impl Into<String>) -> Self {
        Self::Undefined(message.into())
    }

    pub(super) fn halt(message: impl Into<String>) -> Self {
        Self::Halt(message.into())
    }
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::default();
}

/// Puts a world in place on this thread and gives back the one before.
pub(super) fn enter(world: World) -> World {
    WORLD.with(|current| current.replace(world))
}

/// Runs with this thread's world.
pub(super) fn with<T>(run: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with(|current| run(&mut current.borrow_mut()))
}
