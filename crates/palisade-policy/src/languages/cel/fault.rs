//! Why an expression does not compile, or has no value.

use palisade_document::Span;

use crate::budget::Exhausted;

/// A mistake in an expression, before it runs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Mistake {
    /// One sentence, lower case, without a full stop.
    pub(crate) message: String,
    /// Where in the expression.
    pub(crate) span: Span,
}

impl Mistake {
    pub(super) fn at(span: Span, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            span,
        }
    }
}

/// Why an evaluation has no value; boxed, since nearly every evaluation has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault(Box<Body>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Body {
    message: String,
    span: Option<Span>,
    exhausted: Option<Exhausted>,
}

impl Fault {
    /// An error of the language, which `&&` and `||` may absorb.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Body {
            message: message.into(),
            span: None,
            exhausted: None,
        }))
    }

    /// The error that a function or operator does not take these types.
    pub(super) fn no_overload() -> Self {
        Self::new("no such overload")
    }

    /// The sentence.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    /// The budget that ran out, if that is the reason; nothing absorbs it.
    pub(crate) fn exhausted(&self) -> Option<&Exhausted> {
        self.0.exhausted.as_ref()
    }

    /// The same with a place, unless it has a nearer one.
    pub(super) fn within(mut self, span: Span) -> Self {
        self.0.span.get_or_insert(span);
        self
    }

    /// The same without a place: it would be one of another expression.
    pub(super) fn without_place(mut self) -> Self {
        self.0.span = None;
        self
    }
}

impl From<Exhausted> for Fault {
    fn from(exhausted: Exhausted) -> Self {
        Self(Box::new(Body {
            message: exhausted.to_string(),
            span: None,
            exhausted: Some(exhausted),
        }))
    }
}
