//! What the engine does not understand, or understands wrongly, said in words that it does.
//!
//! **Invariant:** a rewritten text has the lines of the first: what the engine says of a line holds
//! for the file that a person wrote.

mod keywords;
mod negation;
mod overlap;
mod replaced;
mod scopes;
mod shape;

use std::collections::{BTreeMap, BTreeSet};

use palisade_document::Span;

use super::metadata::Annotations;
use super::syntax::{Expr, ExprKind, Mistake, Module, Node, StatementKind, parse, walk_module};

pub(super) use self::keywords::{rename_functions, separate};
pub(super) use self::overlap::{Overlaps, is_mendable};
pub(super) use self::replaced::Replaced;
pub(super) use self::shape::quoted_path;

/// What is known of all modules when one is rewritten.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    /// Names of rules, by package.
    pub(super) rules: BTreeMap<Vec<String>, BTreeSet<String>>,
    /// Builtins that stand in a `with`.
    pub(super) replaced: Replaced,
    /// Heads with constants beside heads with variables.
    pub(super) overlaps: Overlaps,
}

/// Most rounds of moving what stands inside nested negations.
const MAX_ROUNDS: usize = 32;

/// Rewrites a module.
pub(super) fn rewrite(
    text: &str,
    module: &Module,
    annotations: &Annotations,
    around: &Surroundings,
) -> Result<String, Mistake> {
    let mut rewritten = shape::reshape(text, module, annotations, around);
    let rules = around.rules.get(&module.package);
    if let Some(rules) = rules {
        rewritten = scopes::rename(&rewritten, &parse(&rewritten)?, rules);
    }
    rewritten = scopes::settle(&rewritten, &parse(&rewritten)?, rules);
    for round in 0..MAX_ROUNDS {
        let parsed = parse(&rewritten)?;
        let edits = negation::lift(&rewritten, &parsed, rules, round);
        if edits.is_empty() {
            refuse(module, &parsed)?;
            return Ok(scopes::bracket(&rewritten, &parsed));
        }
        rewritten = apply(&rewritten, edits);
    }
    Err(Mistake::new(
        module.package_span,
        format!("negations are nested deeper than {MAX_ROUNDS} levels"),
    ))
}

/// The text for the virtual machine, which goes on after `x := y` where `y` is undefined: each
/// such statement is followed by one that only holds where `x` is defined.
pub(super) fn guard(text: &str, module: &Module) -> String {
    let mut edits = Vec::new();
    walk_module(module, &mut |node| {
        let Node::Query(query) = node else { return };
        for statement in query
            .statements
            .iter()
            .filter(|statement| !statement.negated)
        {
            let StatementKind::Expr(Expr {
                kind: ExprKind::Binary(":=" | "=", sides),
                ..
            }) = &statement.kind
            else {
                continue;
            };
            let names: Vec<&str> = sides
                .iter()
                .filter_map(|side| match &side.kind {
                    ExprKind::Var(name) if name != "_" => Some(name.as_str()),
                    _ => None,
                })
                .collect();
            let Some(name) = names.first() else { continue };
            let (open, close) = if query.enclosed {
                ("", "")
            } else {
                ("{ ", " }")
            };
            edits.push(Edit::insert(statement.span.start, open));
            edits.push(Edit::insert(
                statement.span.end,
                format!("; {name} == {name}{close}"),
            ));
        }
    });
    apply(text, edits)
}

/// What the engine would answer wrongly and no rewriting helps.
fn refuse(module: &Module, parsed: &Module) -> Result<(), Mistake> {
    let mut found = None;
    walk_module(parsed, &mut |node| {
        if let Node::Expr(expr) = node
            && negation::walk_call(expr).is_some()
        {
            let message = "`walk` is supported as a statement only: `walk(x, [path, value])` or `[path, value] := walk(x)`";
            found = Some(Mistake::new(module.package_span, message));
        }
    });
    for rule in module
        .rules
        .iter()
        .filter(|rule| rule.default && rule.head.args.is_some())
    {
        let path = rule.head.name.path().unwrap_or_default();
        if path.iter().any(|key| shape::WORDS.contains(&key.as_str())) {
            let message = "a default for a function with a keyword in its name is not supported; rename the function";
            found = Some(Mistake::new(rule.head.span, message));
        }
    }
    found.map_or(Ok(()), Err)
}

/// A piece of text to put in place of another.
#[derive(Debug)]
struct Edit {
    span: Span,
    text: String,
}

impl Edit {
    fn new(start: u32, end: u32, text: impl Into<String>) -> Self {
        Self {
            span: Span::new(start, end),
            text: text.into(),
        }
    }

    fn insert(at: u32, text: impl Into<String>) -> Self {
        Self::new(at, at, text)
    }
}

/// Makes the edits, which must not overlap; lines that a piece loses are given back after it.
fn apply(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut made = String::with_capacity(text.len() + 64);
    let mut from = 0usize;
    for edit in edits {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        if start < from {
            continue;
        }
        made.push_str(text.get(from..start).unwrap_or(""));
        made.push_str(&edit.text);
        let lost = lines(text.get(start..end).unwrap_or(""));
        for _ in lines(&edit.text)..lost {
            made.push('\n');
        }
        from = end.max(from);
    }
    made.push_str(text.get(from..).unwrap_or(""));
    made
}

fn lines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}
