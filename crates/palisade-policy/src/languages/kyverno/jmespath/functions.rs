//! The functions that expressions may call, and the types they take.

use crate::datum::Datum;
use crate::languages::kyverno::scalars::build;

use super::SearchError;
use super::interpret::{Argument, Interpreter};
use super::{arithmetic, certificates, collections, dates, digests, strings};

/// What a function gives.
pub(crate) type Given<'a> = Result<Datum<'a>, SearchError>;

/// How a function is run.
pub(crate) type Run = for<'x, 'n, 'a> fn(Interpreter<'x, 'a>, &[Argument<'n, 'a>]) -> Given<'a>;

/// A type that an argument may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anything.
    Any,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A list.
    List,
    /// A list of numbers.
    Numbers,
    /// A list of texts.
    Texts,
    /// An object.
    Object,
    /// An expression.
    Expression,
}

/// A function.
#[derive(Debug)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: &'static str,
    /// What each argument may be.
    pub(crate) takes: &'static [&'static [Kind]],
    /// Whether the last argument may be repeated.
    pub(crate) repeats: bool,
    /// What it does.
    pub(crate) run: Run,
}

impl Function {
    /// A function with fixed arguments.
    pub(crate) const fn new(
        name: &'static str,
        takes: &'static [&'static [Kind]],
        run: Run,
    ) -> Self {
        Self {
            name,
            takes,
            repeats: false,
            run,
        }
    }

    /// A function whose last argument may be repeated.
    pub(crate) const fn repeating(
        name: &'static str,
        takes: &'static [&'static [Kind]],
        run: Run,
    ) -> Self {
        Self {
            name,
            takes,
            repeats: true,
            run,
        }
    }

    /// Checks the number of arguments.
    pub(crate) fn check_count(&self, count: usize) -> Result<(), String> {
        let fits = count == self.takes.len() || self.repeats && count > self.takes.len();
        if fits {
            return Ok(());
        }
        Err(format!(
            "function `{}` takes {} arguments and got {count}",
            self.name,
            self.takes.len()
        ))
    }

    /// Checks the arguments and runs.
    pub(crate) fn call<'a>(
        &self,
        interpreter: Interpreter<'_, 'a>,
        arguments: &[Argument<'_, 'a>],
    ) -> Given<'a> {
        for (at, argument) in arguments.iter().enumerate() {
            let kinds = self.takes.get(at).or(self.takes.last());
            if !kinds.is_some_and(|kinds| kinds.iter().any(|kind| fits(*kind, *argument))) {
                let got = match argument {
                    Argument::Value(value) => type_name(*value),
                    Argument::Expression(_) => "an expression",
                };
                return Err(SearchError::Failed(format!(
                    "function `{}` does not take {got} as argument {}",
                    self.name,
                    at + 1
                )));
            }
        }
        (self.run)(interpreter, arguments)
    }
}

/// The function of a name.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    [
        collections::FUNCTIONS,
        strings::FUNCTIONS,
        arithmetic::FUNCTIONS,
        dates::FUNCTIONS,
        digests::FUNCTIONS,
        certificates::FUNCTIONS,
    ]
    .into_iter()
    .flatten()
    .find(|function| function.name == name)
}

fn fits(kind: Kind, argument: Argument<'_, '_>) -> bool {
    let Argument::Value(value) = argument else {
        return kind == Kind::Expression;
    };
    match kind {
        Kind::Any => true,
        Kind::Number => build::as_number(value).is_some(),
        Kind::Text => value.as_text().is_some(),
        Kind::List => value.is_list(),
        Kind::Numbers => {
            value.is_list() && value.items().all(|item| build::as_number(item).is_some())
        }
        Kind::Texts => value.is_list() && value.items().all(|item| item.as_text().is_some()),
        Kind::Object => value.is_map(),
        Kind::Expression => false,
    }
}

/// JMESPath's name of a value's type.
pub(crate) fn type_name(value: Datum<'_>) -> &'static str {
    match value.scalar() {
        Datum::Null => "null",
        Datum::Bool(_) => "boolean",
        Datum::Int(_) | Datum::Float(_) => "number",
        Datum::Text(_) => "string",
        value if value.is_list() => "array",
        _ => "object",
    }
}

/// An argument's value.
pub(crate) fn value<'a>(arguments: &[Argument<'_, 'a>], at: usize) -> Datum<'a> {
    match arguments.get(at) {
        Some(Argument::Value(value)) => *value,
        _ => Datum::Null,
    }
}

/// An argument's text.
pub(crate) fn text<'a>(arguments: &[Argument<'_, 'a>], at: usize) -> &'a str {
    value(arguments, at).as_text().unwrap_or("")
}

/// An argument's number.
pub(crate) fn number(arguments: &[Argument<'_, '_>], at: usize) -> f64 {
    build::as_number(value(arguments, at)).unwrap_or(0.0)
}

/// A failure of a function.
pub(crate) fn failure<T>(function: &str, reason: impl std::fmt::Display) -> Result<T, SearchError> {
    Err(SearchError::Failed(format!(
        "function `{function}` failed: {reason}"
    )))
}
