//! JMESPath over borrowed values: compiled once, with Kyverno's functions and its reading of
//! missing keys.
//!
//! Kyverno's dialect differs from the standard in one thing: a key that an object lacks is an
//! error ([`SearchError::NotFound`]) until something reads it as absent (`||`, a comparison, a
//! function's argument, a projection, a pipe).

#[expect(
    clippy::unnecessary_wraps,
    reason = "all functions of the language have one signature"
)]
mod arithmetic;
mod certificates;
#[expect(
    clippy::unnecessary_wraps,
    reason = "all functions of the language have one signature"
)]
mod collections;
#[expect(
    clippy::unnecessary_wraps,
    reason = "all functions of the language have one signature"
)]
mod dates;
#[expect(
    clippy::unnecessary_wraps,
    reason = "all functions of the language have one signature"
)]
mod digests;
mod functions;
mod interpret;
mod lexer;
mod parser;
#[expect(
    clippy::unnecessary_wraps,
    reason = "all functions of the language have one signature"
)]
mod strings;

use palisade_document::{Limits, SourceFile};

use crate::budget::Exhausted;
use crate::context::Context;
use crate::datum::Datum;

/// Deepest nesting of an expression.
const MAX_DEPTH: usize = 64;
/// Longest expression.
const MAX_BYTES: usize = 64 << 10;

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Expression {
    root: parser::Node,
    fields: Vec<Box<str>>,
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SearchError {
    /// An object lacks a key.
    #[error("unknown key `{0}` in path")]
    NotFound(String),
    /// A function was called with what it does not take.
    #[error("{0}")]
    Failed(String),
    /// A budget ran out.
    #[error(transparent)]
    Exhausted(#[from] Exhausted),
}

impl Expression {
    /// Compiles; the error is a sentence.
    pub(crate) fn compile(text: &str) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("the expression is longer than {MAX_BYTES} bytes"));
        }
        let root = parser::parse(lexer::tokens(text)?)
            .map_err(|reason| format!("`{text}` is not JMESPath: {reason}"))?;
        let mut fields = Vec::new();
        root.fields(&mut fields);
        fields.sort_unstable();
        fields.dedup();
        Ok(Self { root, fields })
    }

    /// The names of fields that the expression reads, at any level.
    pub(crate) fn reads(&self, field: &str) -> bool {
        self.fields
            .binary_search_by(|known| known.as_ref().cmp(field))
            .is_ok()
    }

    /// Evaluates over a value.
    pub(crate) fn search<'a>(
        &self,
        context: &Context<'a>,
        value: Datum<'a>,
    ) -> Result<Datum<'a>, SearchError> {
        interpret::Interpreter { context }.run(&self.root, value)
    }
}

/// Reads JSON or YAML into an arena.
pub(crate) fn read_text<'a>(
    context: &Context<'a>,
    text: &str,
    syntax: palisade_document::Syntax,
) -> Result<Datum<'a>, SearchError> {
    let file = std::sync::Arc::new(SourceFile::new("text", text));
    let (document, errors) = palisade_document::parse(file, syntax, &Limits::default());
    let fatal = errors
        .iter()
        .find(|error| error.severity == palisade_document::SyntaxSeverity::Fatal);
    if let Some(error) = fatal {
        return Err(SearchError::Failed(error.message.clone()));
    }
    context.charge(u64::try_from(document.len()).unwrap_or(u64::MAX))?;
    let root = document.roots().next();
    Ok(root.map_or(Datum::Null, |root| {
        super::scalars::build::copy(context.arena, root.into())
    }))
}

#[cfg(test)]
mod tests;
