//! The shapes of a module.

use palisade_document::Span;

use super::lexer::Comment;

/// One file.
#[derive(Debug, Default)]
pub(in crate::languages::rego) struct Module {
    /// Keys of the package path, without `data`.
    pub(in crate::languages::rego) package: Vec<String>,
    /// Where the package stands, the keyword included.
    pub(in crate::languages::rego) package_span: Span,
    pub(in crate::languages::rego) imports: Vec<Import>,
    pub(in crate::languages::rego) rules: Vec<Rule>,
    pub(in crate::languages::rego) comments: Vec<Comment>,
}

/// One import.
#[derive(Debug)]
pub(in crate::languages::rego) struct Import {
    pub(in crate::languages::rego) span: Span,
    /// `data` or `input` and what follows.
    pub(in crate::languages::rego) path: Vec<String>,
    pub(in crate::languages::rego) alias: Option<String>,
}

impl Import {
    /// The name under which the module sees it.
    pub(in crate::languages::rego) fn name(&self) -> Option<&str> {
        self.alias
            .as_deref()
            .or_else(|| self.path.last().map(String::as_str))
    }
}

/// One rule with its chained bodies and `else` branches.
#[derive(Debug)]
pub(in crate::languages::rego) struct Rule {
    pub(in crate::languages::rego) span: Span,
    pub(in crate::languages::rego) default: bool,
    pub(in crate::languages::rego) head: Head,
    pub(in crate::languages::rego) bodies: Vec<Body>,
}

/// What a rule defines.
#[derive(Debug)]
pub(in crate::languages::rego) struct Head {
    pub(in crate::languages::rego) span: Span,
    /// The name: a variable or a reference.
    pub(in crate::languages::rego) name: Expr,
    pub(in crate::languages::rego) args: Option<Vec<Expr>>,
    /// What `contains` names.
    pub(in crate::languages::rego) key: Option<Expr>,
    pub(in crate::languages::rego) value: Option<Expr>,
}

/// A body of a rule.
#[derive(Debug)]
pub(in crate::languages::rego) struct Body {
    pub(in crate::languages::rego) is_else: bool,
    /// Whether `if` stands before it.
    pub(in crate::languages::rego) after_if: bool,
    /// The value of an `else`.
    pub(in crate::languages::rego) value: Option<Expr>,
    pub(in crate::languages::rego) query: Query,
}

/// Statements that must all hold.
#[derive(Debug, Default)]
pub(in crate::languages::rego) struct Query {
    pub(in crate::languages::rego) span: Span,
    /// Whether it stands in braces or brackets, so that statements can be added.
    pub(in crate::languages::rego) enclosed: bool,
    pub(in crate::languages::rego) statements: Vec<Statement>,
}

/// One statement.
#[derive(Debug)]
pub(in crate::languages::rego) struct Statement {
    pub(in crate::languages::rego) span: Span,
    /// Where the negated part begins, if it is negated.
    pub(in crate::languages::rego) negated: bool,
    pub(in crate::languages::rego) kind: StatementKind,
    pub(in crate::languages::rego) with: Vec<With>,
}

/// What a statement says.
#[derive(Debug)]
pub(in crate::languages::rego) enum StatementKind {
    Expr(Expr),
    /// `some x, y` or `some k, v in xs`: the names or patterns, and the collection.
    Some(Vec<Expr>, Option<Expr>),
    /// `every k, v in xs { … }`.
    Every(Vec<Expr>, Expr, Query),
}

/// `with target as value`.
#[derive(Debug)]
pub(in crate::languages::rego) struct With {
    pub(in crate::languages::rego) span: Span,
    pub(in crate::languages::rego) target: Expr,
    pub(in crate::languages::rego) value: Expr,
}

/// An expression.
#[derive(Debug)]
pub(in crate::languages::rego) struct Expr {
    pub(in crate::languages::rego) span: Span,
    pub(in crate::languages::rego) kind: ExprKind,
}

/// What an expression is.
#[derive(Debug)]
pub(in crate::languages::rego) enum ExprKind {
    /// `null`, `true`, `false`, a number.
    Scalar,
    /// A text, with its value.
    Text(String),
    /// `$"…"`: the spans of the texts and the expressions between them.
    Template(Vec<Span>, Vec<Statement>),
    /// A name.
    Var(String),
    /// A head and what is looked up in it.
    Ref(Box<Expr>, Vec<Part>),
    /// A function and its arguments.
    Call(Box<Expr>, Vec<Expr>),
    /// An array or set.
    List(Vec<Expr>),
    /// Keys and values.
    Object(Vec<(Expr, Expr)>),
    /// A comprehension: its head (one expression, or key and value) and body.
    Comprehension(Vec<Expr>, Query),
    /// An infix operator and its operands.
    Binary(&'static str, Vec<Expr>),
    /// `-x` or `(x)`.
    Group(Box<Expr>),
}

/// A step of a reference.
#[derive(Debug)]
pub(in crate::languages::rego) enum Part {
    /// `.name`; the span is the name's.
    Field(Span, String),
    /// `[x]`.
    Index(Expr),
}

impl Expr {
    /// The keys of a reference that names a constant path (`data.a["b"]`), or a name alone.
    pub(in crate::languages::rego) fn path(&self) -> Option<Vec<String>> {
        match &self.kind {
            ExprKind::Var(name) => Some(vec![name.clone()]),
            ExprKind::Ref(head, parts) => {
                let mut path = head.path()?;
                for part in parts {
                    match part {
                        Part::Field(_, name) => path.push(name.clone()),
                        Part::Index(Expr {
                            kind: ExprKind::Text(text),
                            ..
                        }) => path.push(text.clone()),
                        Part::Index(_) => return None,
                    }
                }
                Some(path)
            }
            _ => None,
        }
    }

    /// Visits the expressions directly inside, comprehension bodies left out.
    pub(in crate::languages::rego) fn inner(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Scalar | ExprKind::Text(_) | ExprKind::Var(_) | ExprKind::Template(..) => {
                Vec::new()
            }
            ExprKind::Ref(head, parts) => {
                let mut found: Vec<&Expr> = vec![head];
                found.extend(parts.iter().filter_map(|part| match part {
                    Part::Index(index) => Some(index),
                    Part::Field(..) => None,
                }));
                found
            }
            ExprKind::Call(function, args) => std::iter::once(&**function).chain(args).collect(),
            ExprKind::List(items) | ExprKind::Binary(_, items) => items.iter().collect(),
            ExprKind::Object(entries) => entries.iter().flat_map(|(k, v)| [k, v]).collect(),
            ExprKind::Comprehension(heads, _) => heads.iter().collect(),
            ExprKind::Group(inner) => vec![inner],
        }
    }

    /// The queries directly inside.
    pub(in crate::languages::rego) fn query(&self) -> Option<&Query> {
        match &self.kind {
            ExprKind::Comprehension(_, query) => Some(query),
            _ => None,
        }
    }
}

/// The key below `data` that a reference begins with; `*` where it is not constant.
pub(in crate::languages::rego) fn data_key(expr: &Expr) -> Option<String> {
    let ExprKind::Ref(head, parts) = &expr.kind else {
        return None;
    };
    if !matches!(&head.kind, ExprKind::Var(name) if name == "data") {
        return None;
    }
    match parts.first()? {
        Part::Field(_, name) => Some(name.clone()),
        Part::Index(Expr {
            kind: ExprKind::Text(text),
            ..
        }) => Some(text.clone()),
        Part::Index(_) => Some("*".to_owned()),
    }
}
