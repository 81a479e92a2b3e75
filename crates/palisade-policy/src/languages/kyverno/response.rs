//! What one rule says about one request.

use palisade_model::Origin;

use crate::answer::Status;
use crate::budget::Exhausted;
use crate::datum::Datum;
use crate::exception::PolicyException;

use super::jmespath::SearchError;

/// What kind of rule answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RuleKind {
    /// `validate`.
    Validation,
    /// `mutate`.
    Mutation,
    /// `generate`.
    Generation,
    /// `verifyImages`.
    ImageVerification,
}

/// An answer of a rule.
#[derive(Debug, Clone)]
pub(crate) struct Response<'a> {
    /// How it judged.
    pub(crate) status: Status,
    /// Its message.
    pub(crate) message: String,
    /// Path of the offending value, such as `/spec/containers/0/image`.
    pub(crate) path: String,
    /// The offending value.
    pub(crate) value: Option<Datum<'a>>,
    /// Where the offending value stands, where that is known without the value.
    pub(crate) place: Option<Origin>,
    /// The resource as changed.
    pub(crate) patched: Option<Datum<'a>>,
    /// Another object, as changed.
    pub(crate) target: Option<Datum<'a>>,
    /// Objects that it makes.
    pub(crate) generated: Vec<Datum<'a>>,
    /// The exception that took the resource out.
    pub(crate) exception: Option<PolicyException>,
}

impl<'a> Response<'a> {
    /// An answer with a message.
    pub(crate) fn new(status: Status, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            path: String::new(),
            value: None,
            place: None,
            patched: None,
            target: None,
            generated: Vec::new(),
            exception: None,
        }
    }

    /// The answer of a rule that could not be evaluated; a budget that ran out stays an error.
    pub(crate) fn error(what: &str, error: &SearchError) -> Result<Self, Exhausted> {
        match error {
            SearchError::Exhausted(reason) => Err(*reason),
            error => Ok(Self::new(Status::Error, format!("{what}: {error}"))),
        }
    }

    /// The same answer about a value at a path.
    pub(crate) fn at(mut self, path: impl Into<String>, value: Option<Datum<'a>>) -> Self {
        self.path = path.into();
        self.value = value;
        self
    }
}
