//! Runs a team's own policies unmodified: one folder per language behind one trait.
//!
//! Start at [`languages::ALL`]: each [`Language`] takes the texts that are its own out of a
//! [`Folder`], compiles them to an immutable [`Compiled`] policy set that threads share, and runs
//! tests written in its ecosystem's own format. Evaluation borrows the input's
//! [`palisade_document::Value`]s and a per-thread [`Context`] with budgets.
//!
//! **Invariant:** an evaluation sees no clock, network or chance that was not handed in
//! ([`Effects`]).
//! **Invariant:** no answer is never a "yes": a budget that runs out, a defect of an engine and an
//! error of a policy are answers with [`Status::Error`], and gates fail closed on them.
//! **Invariant:** this crate knows no model and no pattern; what a policy may ask about the system
//! comes in as a document ([`Input::data`]).

pub mod admission;
mod answer;
mod budget;
mod compiled;
mod context;
mod datum;
mod error;
mod exception;
mod fit;
mod folder;
mod input;
mod language;
pub mod languages;
mod listed;
mod mentions;
mod overlooked;
mod suite;

pub use crate::answer::{Answer, Change, Enforcement, Status};
pub use crate::budget::{Budget, Exhausted, Meter};
pub use crate::compiled::{Compiled, RuleSummary, evaluate_guarded};
pub use crate::context::{Context, Effects, HttpClient, HttpRequest, HttpResponse};
pub use crate::datum::{Datum, to_json};
pub use crate::error::{EvaluationError, PolicyError};
pub use crate::exception::{End, PolicyException};
pub use crate::folder::{Folder, ReadError};
pub use crate::input::{Input, Operation, Subject, Supplied};
pub use crate::language::{Bundle, Compile, Conform, Language, Settings};
pub use crate::suite::{CaseResult, ConformanceReport, SuiteReport, Verdict};
