//! A parsed text: expressions in one flat table, statements as trees, names as slots of scopes.

use std::sync::{Arc, OnceLock};

use palisade_document::{SourceFile, Span};
use regex::Regex;

/// An expression, by its index in [`Program::expressions`].
pub(in super::super) type ExpressionId = u32;

/// Consecutive entries of a table.
#[derive(Debug, Clone, Copy, Default)]
pub(in super::super) struct Range {
    pub(in super::super) start: u32,
    pub(in super::super) count: u32,
}

impl Range {
    /// These entries of a table.
    pub(in super::super) fn of<T>(self, table: &[T]) -> &[T] {
        let start = self.start as usize;
        table.get(start..start + self.count as usize).unwrap_or(&[])
    }
}

/// An expression with its place.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Expression {
    pub(in super::super) span: Span,
    pub(in super::super) kind: ExpressionKind,
}

/// What an expression is.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum ExpressionKind {
    Undefined,
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// A text that stands in the source as it is.
    Text(Span),
    /// A text that had escapes, by its bytes in [`Program::unescaped`].
    Unescaped(Span),
    /// Items, as a range of [`Program::operands`].
    List(Range),
    /// Keys and values in turn, as a range of [`Program::operands`].
    Map(Range),
    /// A name, by its index in [`Program::references`].
    Name(u32),
    Not(ExpressionId),
    Negate(ExpressionId),
    Plus(ExpressionId),
    Binary(BinaryOperator, ExpressionId, ExpressionId),
    IsEmpty(ExpressionId),
    IsDefined(ExpressionId),
    Index(ExpressionId, ExpressionId),
    /// A value and the place of a selector.
    Select(ExpressionId, Span),
    /// A value and its bounds: a range of two [`Program::operands`]; `NOWHERE` leaves one out.
    Slice(ExpressionId, Range),
    /// A callee and its arguments.
    Call(ExpressionId, Range),
    /// By its index in [`Program::quantifiers`].
    Quantifier(u32),
    /// By its index in [`Program::functions`].
    Function(u32),
    /// By its index in [`Program::rules`].
    Rule(u32),
}

/// The index of no expression.
pub(in super::super) const NOWHERE: ExpressionId = u32::MAX;

/// Operators with two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum BinaryOperator {
    Or,
    Xor,
    And,
    Else,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    NotContains,
    In,
    NotIn,
    Matches,
    NotMatches,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// Which quantifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum QuantifierKind {
    All,
    Any,
    Filter,
    Map,
}

/// Names that a loop or a quantifier gives to a key and a value, as slots of its scope.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Binding {
    pub(in super::super) scope: u32,
    /// The slot of the only or the first name.
    pub(in super::super) first: u32,
    /// The slot of the second name.
    pub(in super::super) second: Option<u32>,
}

/// `all x as y { … }` and its kin.
#[derive(Debug)]
pub(in super::super) struct Quantifier {
    pub(in super::super) kind: QuantifierKind,
    pub(in super::super) collection: ExpressionId,
    pub(in super::super) binding: Binding,
    pub(in super::super) body: ExpressionId,
}

/// A function.
#[derive(Debug)]
pub(in super::super) struct Function {
    /// Its name, where it is declared with one.
    pub(in super::super) name: String,
    /// Its scope; the parameters are the first slots.
    pub(in super::super) scope: u32,
    pub(in super::super) parameters: u32,
    pub(in super::super) body: Box<[Statement]>,
}

/// A rule.
#[derive(Debug)]
pub(in super::super) struct Rule {
    /// The name that it is assigned to.
    pub(in super::super) name: String,
    /// What an author wrote above it.
    pub(in super::super) description: String,
    /// Where the name stands.
    pub(in super::super) span: Span,
    pub(in super::super) when: Option<ExpressionId>,
    pub(in super::super) body: ExpressionId,
}

/// A statement with its place.
#[derive(Debug)]
pub(in super::super) struct Statement {
    pub(in super::super) span: Span,
    pub(in super::super) kind: StatementKind,
}

/// What a statement does.
#[derive(Debug)]
pub(in super::super) enum StatementKind {
    Expression(ExpressionId),
    /// A name (by its reference), an operator where one is combined with `=`, a value.
    Assign(u32, Option<BinaryOperator>, ExpressionId),
    /// A collection, an index, an operator, a value.
    AssignIndex(
        ExpressionId,
        ExpressionId,
        Option<BinaryOperator>,
        ExpressionId,
    ),
    If(ExpressionId, Box<[Statement]>, Box<[Statement]>),
    Case(Option<ExpressionId>, Box<[Clause]>, Box<[Statement]>),
    For(ExpressionId, Binding, Box<[Statement]>),
    Return(Option<ExpressionId>),
    Break,
    Continue,
}

/// One `when` of a `case`.
#[derive(Debug)]
pub(in super::super) struct Clause {
    pub(in super::super) values: Box<[ExpressionId]>,
    pub(in super::super) body: Box<[Statement]>,
}

/// A scope: the names that may be assigned in it.
#[derive(Debug)]
pub(in super::super) struct ScopeShape {
    pub(in super::super) parent: Option<u32>,
    /// How many names it may hold.
    pub(in super::super) slots: u32,
    /// Whether a function or a rule within keeps it alive.
    pub(in super::super) kept: bool,
}

/// A use of a name: the slots that may hold it, innermost first.
#[derive(Debug)]
pub(in super::super) struct Reference {
    pub(in super::super) symbol: u32,
    /// As a range of [`Program::candidates`].
    pub(in super::super) candidates: Range,
}

/// A slot, so many scopes outwards.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Candidate {
    pub(in super::super) hops: u32,
    pub(in super::super) slot: u32,
}

/// `import "name" as alias`.
#[derive(Debug)]
pub(in super::super) struct Import {
    pub(in super::super) name: String,
    pub(in super::super) slot: u32,
    pub(in super::super) span: Span,
}

/// `param name default value`.
#[derive(Debug)]
pub(in super::super) struct Parameter {
    pub(in super::super) name: String,
    pub(in super::super) slot: u32,
    pub(in super::super) default: Option<ExpressionId>,
    pub(in super::super) span: Span,
}

/// A whole text.
#[derive(Debug)]
pub(in super::super) struct Program {
    pub(in super::super) file: Arc<SourceFile>,
    pub(in super::super) imports: Vec<Import>,
    pub(in super::super) parameters: Vec<Parameter>,
    pub(in super::super) statements: Box<[Statement]>,
    pub(in super::super) expressions: Vec<Expression>,
    pub(in super::super) operands: Vec<ExpressionId>,
    pub(in super::super) unescaped: String,
    pub(in super::super) quantifiers: Vec<Quantifier>,
    pub(in super::super) functions: Vec<Function>,
    pub(in super::super) rules: Vec<Rule>,
    pub(in super::super) scopes: Vec<ScopeShape>,
    pub(in super::super) references: Vec<Reference>,
    pub(in super::super) candidates: Vec<Candidate>,
    /// Names that occur.
    pub(in super::super) symbols: indexmap::IndexSet<String>,
    /// Symbols of the outermost scope, by slot.
    pub(in super::super) globals: Vec<u32>,
    /// Patterns that stand as texts behind `matches`, by that expression.
    pub(in super::super) patterns: Vec<(ExpressionId, OnceLock<Result<Regex, String>>)>,
}

impl Program {
    /// The text at a span.
    pub(in super::super) fn text(&self, span: Span) -> &str {
        self.file.slice(span)
    }

    /// The name of a reference.
    pub(in super::super) fn name(&self, reference: u32) -> &str {
        let reference = self.references.get(reference as usize);
        reference.map_or("", |reference| self.symbol(reference.symbol))
    }

    /// The text of a symbol.
    pub(in super::super) fn symbol(&self, symbol: u32) -> &str {
        self.symbols
            .get_index(symbol as usize)
            .map_or("", String::as_str)
    }

    /// The slot of a name in the outermost scope.
    pub(in super::super) fn global(&self, name: &str) -> Option<u32> {
        let symbol = u32::try_from(self.symbols.get_index_of(name)?).ok()?;
        let slot = self.globals.iter().position(|found| *found == symbol)?;
        u32::try_from(slot).ok()
    }
}
