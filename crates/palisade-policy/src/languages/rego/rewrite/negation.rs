//! Arguments of a negated call are evaluated before the negation, not inside it; and what `walk`
//! gives is taken by its last argument.
//!
//! `not f(input.x)` has no answer where `input.x` is undefined: the language binds what a negated
//! call is given in a statement of its own. The engine does not, and would say `true`.

use std::collections::BTreeSet;

use palisade_document::Span;

use super::super::syntax::{
    Expr, ExprKind, Module, Node, Part, Query, Statement, StatementKind, lex, walk_module,
};
use super::Edit;

/// The edits that move such arguments out of the innermost negations.
pub(super) fn lift(
    text: &str,
    module: &Module,
    rules: Option<&BTreeSet<String>>,
    round: usize,
) -> Vec<Edit> {
    let mut names: BTreeSet<&str> = rules.into_iter().flatten().map(String::as_str).collect();
    names.extend(module.imports.iter().filter_map(|import| import.name()));
    names.extend(["input", "data"]);
    let mut lifter = Lifter {
        text,
        names,
        round,
        count: 0,
        edits: Vec::new(),
        done: Vec::new(),
    };
    let mut queries: Vec<&Query> = Vec::new();
    walk_module(module, &mut |node| {
        if let Node::Query(query) = node {
            queries.push(query);
        }
    });
    // Innermost first: what stands around an edit waits for the next round.
    queries.sort_by_key(|query| query.span.end - query.span.start);
    for query in queries {
        for statement in &query.statements {
            lifter.statement(query, statement);
        }
    }
    lifter.edits
}

struct Lifter<'t> {
    text: &'t str,
    names: BTreeSet<&'t str>,
    round: usize,
    count: usize,
    edits: Vec<Edit>,
    done: Vec<Span>,
}

impl Lifter<'_> {
    fn statement(&mut self, query: &Query, statement: &Statement) {
        let StatementKind::Expr(expr) = &statement.kind else {
            return;
        };
        let overlaps = self
            .done
            .iter()
            .any(|done| done.start < statement.span.end && statement.span.start < done.end);
        if overlaps {
            return;
        }
        if !statement.negated {
            return self.walked(query, statement, expr);
        }
        let mut moved = Vec::new();
        self.top(expr, &mut moved);
        if moved.is_empty() {
            return;
        }
        self.done.push(statement.span);
        let with = self.with(statement);
        let mut before = if query.enclosed {
            String::new()
        } else {
            "{ ".to_owned()
        };
        for expr in moved {
            let name = format!("__lifted_{}_{}", self.round, self.count);
            self.count += 1;
            let said = one_line(self.text, expr.span);
            before.extend([&name, " := ", &said, &with, "; "]);
            self.edits.push(Edit {
                span: expr.span,
                text: name,
            });
        }
        self.edits.push(Edit::insert(statement.span.start, before));
        if !query.enclosed {
            self.edits.push(Edit::insert(statement.span.end, " }"));
        }
    }

    fn with(&self, statement: &Statement) -> String {
        let mut said = String::new();
        for with in &statement.with {
            said.push(' ');
            said.push_str(&one_line(self.text, with.span));
        }
        said
    }

    /// `x := walk(y)` gives one value after another, which the engine knows only of `walk(y, x)`.
    fn walked(&mut self, query: &Query, statement: &Statement, expr: &Expr) {
        let ExprKind::Binary(":=" | "=", sides) = &expr.kind else {
            return;
        };
        let Some((call, argument)) = sides.iter().find_map(walk_call) else {
            return;
        };
        self.done.push(statement.span);
        let name = format!("__walked_{}_{}", self.round, self.count);
        self.count += 1;
        let said = one_line(self.text, argument.span);
        let with = self.with(statement);
        let open = if query.enclosed { "" } else { "{ " };
        let before = format!("{open}walk({said}, {name}){with}; ");
        self.edits.push(Edit::insert(statement.span.start, before));
        self.edits.push(Edit {
            span: call.span,
            text: name,
        });
        if !query.enclosed {
            self.edits.push(Edit::insert(statement.span.end, " }"));
        }
    }

    /// What a negated expression is about.
    fn top<'e>(&self, expr: &'e Expr, moved: &mut Vec<&'e Expr>) {
        match &expr.kind {
            ExprKind::Group(inner) => self.top(inner, moved),
            ExprKind::Binary("=" | "==", operands) => {
                for operand in operands {
                    self.side(operand, moved);
                }
            }
            ExprKind::Call(_, operands) | ExprKind::Binary(_, operands) => {
                for operand in operands {
                    self.operand(operand, moved);
                }
            }
            _ => self.side(expr, moved),
        }
    }

    /// A side of a unification, or a term alone: the reference itself stays.
    fn side<'e>(&self, expr: &'e Expr, moved: &mut Vec<&'e Expr>) {
        match &expr.kind {
            ExprKind::Ref(head, parts) => {
                if matches!(head.kind, ExprKind::Call(..)) {
                    moved.push(head);
                }
                for part in parts {
                    if let Part::Index(index) = part {
                        self.operand(index, moved);
                    }
                }
            }
            ExprKind::Group(inner) => self.side(inner, moved),
            ExprKind::Var(_) | ExprKind::Comprehension(..) => {}
            _ => self.operand(expr, moved),
        }
    }

    /// An argument.
    fn operand<'e>(&self, expr: &'e Expr, moved: &mut Vec<&'e Expr>) {
        match &expr.kind {
            ExprKind::Ref(..) | ExprKind::Call(..) | ExprKind::Binary(..) => moved.push(expr),
            ExprKind::Var(name) if self.names.contains(name.as_str()) => moved.push(expr),
            ExprKind::Group(inner) => self.operand(inner, moved),
            ExprKind::List(items) => {
                for item in items {
                    self.operand(item, moved);
                }
            }
            ExprKind::Object(entries) => {
                for (key, value) in entries {
                    self.operand(key, moved);
                    self.operand(value, moved);
                }
            }
            ExprKind::Scalar
            | ExprKind::Text(_)
            | ExprKind::Template(..)
            | ExprKind::Var(_)
            | ExprKind::Comprehension(..) => {}
        }
    }
}

/// A call of `walk` with what it walks only, and that.
pub(super) fn walk_call(expr: &Expr) -> Option<(&Expr, &Expr)> {
    let ExprKind::Call(function, args) = &expr.kind else {
        return None;
    };
    let named = matches!(&function.kind, ExprKind::Var(name) if name == "walk");
    match args.as_slice() {
        [argument] if named => Some((expr, argument)),
        _ => None,
    }
}

/// The tokens of a span without the lines and comments between them.
pub(super) fn one_line(text: &str, span: Span) -> String {
    let mut said = String::new();
    for token in lex(text, span)
        .map(|lexed| lexed.tokens)
        .unwrap_or_default()
    {
        if token.apart && !said.is_empty() {
            said.push(' ');
        }
        said.push_str(
            text.get(token.span.start as usize..token.span.end as usize)
                .unwrap_or(""),
        );
    }
    said
}
