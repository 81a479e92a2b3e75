//! From text to [`Program`]: tokens, expressions, statements, and the slots of names.

mod expressions;
mod lexer;
mod literals;
mod names;
mod parser;
mod program;
mod statements;
mod token;

pub(super) use self::literals::whole_number;
pub(super) use self::parser::parse;
pub(super) use self::program::{
    BinaryOperator, Binding, Clause, ExpressionId, ExpressionKind, Function, NOWHERE, Program,
    QuantifierKind, Range, Rule, Statement, StatementKind,
};

/// What is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyntaxMistake {
    pub(super) message: String,
    pub(super) span: palisade_document::Span,
}
