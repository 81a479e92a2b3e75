//! The engine: the one place that knows which one it is, so that another can take its place.
//!
//! A [`Program`] is immutable and shared. What the engine itself needs per evaluation lives per
//! thread ([`threads`]), built from the program's own texts, so that threads share no counters.

mod machine;
mod memory;
mod mends;
mod threads;
mod values;

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::anyhow;
use palisade_document::{SourceFile, Span};
use regorus::{Engine, LimitError, PolicyLengthConfig, Value};

use self::threads::Prepared;
use super::builtins;
use super::term::Term;
use super::world::{self, Fault, World};

pub(super) use self::machine::compared;
pub(super) use self::values::{Foreign, from_datum, from_term};

/// Longest policy that the engine is given, in bytes; larger ones are refused before.
pub(super) const MAX_POLICY_BYTES: usize = 8 << 20;
/// Work units between looks at the clock.
const UNITS_PER_LOOK: u32 = 256;

/// One policy text as the engine takes it (after rewriting).
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
    /// Whether it is written in the first dialect.
    pub(super) v0: bool,
    /// The text for the machine, if nothing in it is ours or seen from outside.
    pub(super) guarded: Option<String>,
}

/// Policies and base documents, ready to be asked.
#[derive(Debug)]
pub(super) struct Program {
    id: u64,
    sources: Arc<[Source]>,
    data: Vec<Foreign>,
    /// Whether the machine may run its rules.
    plain: bool,
}

/// Why the engine has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EngineError {
    pub(super) message: String,
    /// The policy's path, line and column, where the engine says them.
    pub(super) place: Option<(String, u32, u32)>,
    /// Whether the time ran out.
    pub(super) out_of_time: bool,
    /// Whether the memory did.
    pub(super) out_of_memory: bool,
}

/// Sends a request and says its answer.
pub(super) type Sender<'q> = &'q dyn Fn(&Term) -> Result<Term, String>;

/// What an evaluation is about.
pub(super) struct Question<'q> {
    pub(super) input: Option<Foreign>,
    /// Further base documents.
    pub(super) data: Option<Further<'q>>,
    pub(super) time: Duration,
    /// Bytes that it may take.
    pub(super) memory: usize,
    pub(super) world: World,
    /// Sends what the policy wants sent.
    pub(super) send: Option<Sender<'q>>,
}

/// Documents that come with the question, made only if they are not those of the last time.
#[derive(Clone, Copy)]
pub(super) struct Further<'q> {
    pub(super) key: &'q FurtherKey,
    pub(super) make: &'q dyn Fn() -> Foreign,
}

/// What tells further documents apart: the texts and spans that they were read from.
#[derive(Debug, Clone, Default)]
pub(super) struct FurtherKey(pub(super) Vec<(Arc<SourceFile>, Span)>);

impl FurtherKey {
    fn same(&self, other: &Self) -> bool {
        // INVARIANT: both hold their files, so that equal addresses are equal files.
        self.0.len() == other.0.len()
            && self
                .0
                .iter()
                .zip(&other.0)
                .all(|(left, right)| Arc::ptr_eq(&left.0, &right.0) && left.1 == right.1)
    }
}

/// What came of an evaluation.
#[derive(Debug, Default)]
pub(super) struct Outcome<T> {
    pub(super) value: T,
    pub(super) prints: Vec<String>,
}

/// Lines of a file that were run, and lines that were not.
pub(super) type Lines = BTreeMap<String, (Vec<u32>, Vec<u32>)>;

/// Who reads the policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Interpreter,
    Machine,
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

impl Program {
    /// Checks that the engine takes the policies and documents.
    pub(super) fn new(sources: Vec<Source>, data: Vec<Foreign>) -> Result<Self, Vec<EngineError>> {
        let program = Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            plain: sources.iter().all(|source| source.guarded.is_some()),
            sources: sources.into(),
            data,
        };
        let mut engine = program
            .engine(Reader::Interpreter)
            .map_err(|error| program.unread(error))?;
        engine.set_input(Value::new_object());
        // INVARIANT: the engine analyses its modules at the first question; asked here, so that a
        // mistake is one of the policy and not of the first input.
        engine
            .eval_query("true".to_owned(), false)
            .map_err(|error| vec![EngineError::of(&error)])?;
        Ok(program)
    }

    /// The errors of all policies that the engine does not read by themselves; the first error
    /// where there is none such.
    fn unread(&self, first: EngineError) -> Vec<EngineError> {
        let alone = |source: &Source| {
            let mut engine = Engine::new();
            engine.set_policy_length_config(lengths());
            engine.set_rego_v0(source.v0);
            engine.add_policy(source.path.clone(), source.text.clone())
        };
        let errors = self.sources.iter().filter_map(|source| alone(source).err());
        let errors: Vec<EngineError> = errors.map(|error| EngineError::of(&error)).collect();
        if errors.is_empty() {
            vec![first]
        } else {
            errors
        }
    }

    /// An engine with the policies and documents in it, as the interpreter or the machine reads them.
    fn engine(&self, reader: Reader) -> Result<Engine, EngineError> {
        let failed = |error: anyhow::Error| EngineError::of(&error);
        let mut engine = Engine::new();
        engine.set_policy_length_config(lengths());
        engine.set_gather_prints(true);
        for builtin in builtins::all() {
            let call = builtin.call;
            let extension = move |arguments: Vec<Value>| {
                let arguments: Vec<Term> = arguments
                    .iter()
                    .map(values::to_term)
                    .collect::<anyhow::Result<_>>()?;
                match world::with(|world| call(&arguments, world)) {
                    Ok(term) => Ok(from_term(&term).into_value()),
                    Err(Fault::Halt(message)) => {
                        world::with(|world| world.halted = Some(message.clone()));
                        Err(anyhow!(message))
                    }
                    Err(Fault::Undefined(message)) if world::with(|world| world.strict) => {
                        Err(anyhow!(message))
                    }
                    Err(Fault::Undefined(_)) => Ok(Value::Undefined),
                }
            };
            engine
                .add_extension(builtin.name.to_owned(), builtin.arity, Box::new(extension))
                .map_err(failed)?;
        }
        if reader == Reader::Interpreter {
            for (name, arity, call) in mends::ALL {
                let extension = move |arguments: Vec<Value>| call(&arguments);
                engine
                    .add_extension((*name).to_owned(), *arity, Box::new(extension))
                    .map_err(failed)?;
            }
        }
        for source in self.sources.iter() {
            engine.set_rego_v0(source.v0);
            let text = match (reader, &source.guarded) {
                (Reader::Machine, Some(guarded)) => guarded,
                _ => &source.text,
            };
            engine
                .add_policy(source.path.clone(), text.clone())
                .map_err(failed)?;
        }
        engine.set_rego_v0(false);
        for document in &self.data {
            engine.add_data(document.value().clone()).map_err(failed)?;
        }
        Ok(engine)
    }

    /// The value of a rule, by its path (`data.a.b`); `None` where it is undefined.
    pub(super) fn rule(
        &self,
        path: &str,
        question: Question<'_>,
    ) -> Result<Outcome<Option<Term>>, EngineError> {
        // The machine counts and changes letters beyond ASCII otherwise.
        let is_ascii = question.input.as_ref().is_none_or(Foreign::is_ascii);
        let may_use_machine = self.plain && !question.world.strict && is_ascii;
        let timer = machine::timer(question.time, UNITS_PER_LOOK);
        let input = question.input.as_ref().map(|input| input.value().clone());
        let input = input.unwrap_or(Value::Undefined);
        self.ask(question, |prepared| {
            let value = if may_use_machine {
                prepared.rule(self, path, &input, timer)?
            } else {
                prepared.engine.eval_rule(path.to_owned())?
            };
            Ok(match value {
                Value::Undefined => None,
                value => Some(values::to_term(&value)?),
            })
        })
    }

    /// The results of a query: the bindings of each, and the values of its expressions.
    pub(super) fn query(
        &self,
        text: &str,
        question: Question<'_>,
    ) -> Result<Outcome<Vec<QueryResult>>, EngineError> {
        self.ask(question, |prepared| {
            let results = prepared.engine.eval_query(text.to_owned(), false)?;
            results.result.iter().map(query_result).collect()
        })
    }

    /// The value of a rule, and which lines were run for it.
    pub(super) fn covered(
        &self,
        path: &str,
        question: Question<'_>,
    ) -> Result<(Outcome<Option<Term>>, Lines), EngineError> {
        let mut lines = Lines::new();
        let outcome = self.ask(question, |prepared| {
            let engine = &mut prepared.engine;
            engine.set_enable_coverage(true);
            let value = engine.eval_rule(path.to_owned());
            let report = engine.get_coverage_report()?;
            engine.set_enable_coverage(false);
            for file in report.files {
                let covered = file.covered.into_iter().collect();
                let not = file.not_covered.into_iter().collect();
                lines.insert(file.path, (covered, not));
            }
            Ok(match value? {
                Value::Undefined => None,
                value => Some(values::to_term(&value)?),
            })
        })?;
        Ok((outcome, lines))
    }

    /// Asks until no request is wanted any more.
    fn ask<T>(
        &self,
        question: Question<'_>,
        mut run: impl FnMut(&mut Prepared) -> anyhow::Result<T>,
    ) -> Result<Outcome<T>, EngineError> {
        let mut world = question.world;
        let (mut requests, mut tries) = (0, 0);
        while requests <= world::MAX_REQUESTS {
            memory::begin(question.memory);
            let before = world::enter(world);
            let ask = || {
                threads::with_engine(self, question.data, |prepared| {
                    let engine = &mut prepared.engine;
                    engine
                        .set_execution_timer_config(machine::timer(question.time, UNITS_PER_LOOK));
                    engine.set_strict_builtin_errors(world::with(|world| world.strict));
                    let input = question.input.as_ref().map(|input| input.value().clone());
                    engine.set_input(input.unwrap_or(Value::Undefined));
                    let value = run(prepared);
                    let prints = prepared.engine.take_prints().unwrap_or_default();
                    value.map(|value| Outcome { value, prints })
                })
            };
            let result = catch_unwind(AssertUnwindSafe(ask))
                .unwrap_or_else(|panic| Err(EngineError::panicked(panic.as_ref())));
            world = world::enter(before);
            let result = result?;
            match result
                .as_ref()
                .err()
                .map(|error| memory::tripped(error, question.memory))
            {
                Some(memory::Tripped::Others) if tries < memory::MAX_TRIES => {
                    tries += 1;
                    world.halted = None;
                    continue;
                }
                Some(memory::Tripped::Itself | memory::Tripped::Others) => {
                    return Err(EngineError::out_of_memory(question.memory));
                }
                Some(memory::Tripped::No) | None => {}
            }
            requests += 1;
            if let Some(wanted) = world.wanted.take() {
                world.halted = None;
                let Some(send) = question.send else {
                    return Err(EngineError::plain("no HTTP client was handed in"));
                };
                let answer = send(&wanted).map_err(EngineError::plain)?;
                world.answers.insert(wanted.literal(), answer);
                continue;
            }
            if let Some(message) = world.halted.take() {
                return Err(EngineError::plain(message));
            }
            return result.map_err(|error| EngineError::of(&error));
        }
        Err(EngineError::plain(format!(
            "the policy sends more than {} requests",
            world::MAX_REQUESTS
        )))
    }
}

/// One result of a query.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct QueryResult {
    pub(super) bindings: Term,
    pub(super) values: Vec<Term>,
}

fn query_result(result: &regorus::QueryResult) -> anyhow::Result<QueryResult> {
    let values = result.expressions.iter();
    Ok(QueryResult {
        bindings: values::to_term(&result.bindings)?,
        values: values
            .map(|expression| values::to_term(&expression.value))
            .collect::<anyhow::Result<_>>()?,
    })
}

fn lengths() -> PolicyLengthConfig {
    PolicyLengthConfig {
        max_col: NonZeroU32::MAX,
        max_file_bytes: NonZeroUsize::new(2 * MAX_POLICY_BYTES).unwrap_or(NonZeroUsize::MAX),
        max_lines: NonZeroUsize::new(1_000_000).unwrap_or(NonZeroUsize::MAX),
    }
}

impl EngineError {
    /// The engine's own fault: the rule has no answer, and the next one gets an engine of its own.
    fn panicked(panic: &(dyn std::any::Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        let text = text.unwrap_or_else(|| "it panicked".to_owned());
        Self::plain(format!("a fault of the engine: {text}"))
    }

    fn out_of_memory(budget: usize) -> Self {
        Self {
            out_of_memory: true,
            ..Self::plain(format!("it needs more than {budget} bytes of memory"))
        }
    }

    fn plain(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            place: None,
            out_of_time: false,
            out_of_memory: false,
        }
    }

    /// Takes the engine's own layout apart: `--> path:line:col` and `error: message`.
    fn of(error: &anyhow::Error) -> Self {
        let out_of_time = matches!(
            error.downcast_ref::<LimitError>(),
            Some(LimitError::TimeLimitExceeded { .. })
        );
        let text = error.to_string();
        let place = text.lines().find_map(|line| {
            let place = line.trim().strip_prefix("--> ")?;
            let mut parts = place.rsplitn(3, ':');
            let column = parts.next()?.parse().ok()?;
            let line = parts.next()?.parse().ok()?;
            Some((parts.next()?.to_owned(), line, column))
        });
        let message = text
            .rsplit_once("error: ")
            .map_or(text.as_str(), |(_, message)| message)
            .trim();
        Self {
            message: message.trim_end_matches('.').to_owned(),
            place,
            out_of_time,
            out_of_memory: false,
        }
    }
}
