//! The syntax tree of an expression.

use palisade_document::Span;

/// An expression with its place in the text.
#[derive(Debug, Clone)]
pub(super) struct Expr {
    pub(super) kind: ExprKind,
    pub(super) span: Span,
}

/// What an expression is; macros are still calls here.
#[derive(Debug, Clone)]
pub(super) enum ExprKind {
    Literal(Literal),
    /// A name; absolute if it was written with a leading dot.
    Name {
        name: String,
        absolute: bool,
    },
    Select {
        operand: Box<Expr>,
        field: String,
        optional: bool,
    },
    Index {
        operand: Box<Expr>,
        index: Box<Expr>,
        optional: bool,
    },
    Call {
        receiver: Option<Box<Expr>>,
        name: String,
        arguments: Vec<Expr>,
    },
    List(Vec<Item>),
    Map(Vec<Entry>),
    Message {
        type_name: String,
        fields: Vec<Field>,
    },
    /// Both of the connectives keep their operands in one list, so that a long chain is not deep.
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Conditional(Box<[Expr; 3]>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Binary(Binary, Box<[Expr; 2]>),
}

/// An element of a list literal.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) value: Expr,
    /// Written with `?`: an empty optional leaves it out.
    pub(super) optional: bool,
}

/// An entry of a map literal.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: Expr,
    pub(super) value: Expr,
    pub(super) optional: bool,
}

/// A field of a message literal.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) value: Expr,
    pub(super) optional: bool,
}

/// A literal.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
}
