//! What one thread evaluates with: an arena, a meter, and the effects that were handed in.

use std::cell::RefCell;

use bumpalo::Bump;

use crate::budget::{Exhausted, Meter};

/// Sends one request; the error is a sentence.
pub type HttpClient<'a> = &'a (dyn Fn(&HttpRequest<'_>) -> Result<HttpResponse, String> + Sync);

/// What an evaluation may ask the world for; everything is denied by default.
#[derive(Default, Clone, Copy)]
pub struct Effects<'a> {
    /// The moment of the evaluation, in nanoseconds since 1970-01-01T00:00:00Z.
    pub now_ns: Option<i64>,
    /// Sends an HTTP request; the caller enforces its allow-list, limits and caching.
    pub http: Option<HttpClient<'a>>,
    /// Gives random 64 bits.
    pub random: Option<&'a (dyn Fn() -> u64 + Sync)>,
    /// Environment variables that policies may see.
    pub environment: &'a [(String, String)],
}

impl std::fmt::Debug for Effects<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Effects")
            .field("now_ns", &self.now_ns)
            .field("http", &self.http.is_some())
            .field("random", &self.random.is_some())
            .finish_non_exhaustive()
    }
}

/// An HTTP request that a policy wants to send.
#[derive(Debug)]
pub struct HttpRequest<'r> {
    /// Method, upper case.
    pub method: &'r str,
    /// Absolute URL.
    pub url: &'r str,
    /// Header names and values.
    pub headers: &'r [(String, String)],
    /// Body.
    pub body: &'r [u8],
}

/// The answer to an [`HttpRequest`].
#[derive(Debug, Clone, Default)]
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// Header names (lower case) and values.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// What one evaluation works with; made anew (or its arena reset) per input, one per thread.
#[derive(Debug)]
pub struct Context<'a> {
    /// Where computed values live.
    pub arena: &'a Bump,
    /// Counts what is used.
    pub meter: Meter,
    /// What may be asked of the world.
    pub effects: Effects<'a>,
    prints: RefCell<Vec<String>>,
    missing: RefCell<Vec<String>>,
}

impl<'a> Context<'a> {
    /// A context over an arena.
    pub fn new(arena: &'a Bump, meter: Meter, effects: Effects<'a>) -> Self {
        Self {
            arena,
            meter,
            effects,
            prints: RefCell::new(Vec::new()),
            missing: RefCell::new(Vec::new()),
        }
    }

    /// Counts steps and checks the arena's size.
    pub fn charge(&self, steps: u64) -> Result<(), Exhausted> {
        self.meter.charge(steps)?;
        self.meter.check_memory(self.arena.allocated_bytes())
    }

    /// Keeps a line that the policy printed.
    pub fn print(&self, line: String) -> Result<(), Exhausted> {
        self.meter.write(line.len())?;
        self.prints.borrow_mut().push(line);
        Ok(())
    }

    /// Notes a fact that a rule asked for and nobody supplied.
    pub fn miss(&self, what: String) {
        self.missing.borrow_mut().push(what);
    }

    /// The facts that were asked for in vain so far; the context forgets them.
    pub fn take_missing(&self) -> Vec<String> {
        self.missing.take()
    }

    /// The printed lines so far; the context forgets them.
    pub fn take_prints(&self) -> Vec<String> {
        self.prints.take()
    }
}
