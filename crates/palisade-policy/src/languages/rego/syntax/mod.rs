//! Rego's syntax with spans: what the engine does not tell (places, annotations, shapes to rewrite).

mod bounds;
mod expression;
mod lexer;
mod module;
mod statement;
mod tree;
mod walk;

pub(super) use self::lexer::{Comment, lex};
pub(super) use self::module::parse;
pub(super) use self::tree::{
    Expr, ExprKind, Module, Part, Query, Rule, Statement, StatementKind, data_key,
};

pub(super) use self::walk::{Node, walk_module, walk_rule};

use palisade_document::Span;

/// A mistake in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Where.
    pub(super) span: Span,
    /// One sentence.
    pub(super) message: String,
}

impl Mistake {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
        }
    }
}
