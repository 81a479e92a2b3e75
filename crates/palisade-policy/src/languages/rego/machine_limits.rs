//! Which policies the engine's virtual machine may run at all.
//!
//! Comparing it with the interpreter on public suites found shapes that it answers differently.
//! Policies with one of them are interpreted, so that a difference cannot show at a later input.

use std::collections::BTreeSet;

use super::builtins;
use super::metadata::rule_path;
use super::syntax::{Expr, ExprKind, Module, Node, Part, Rule, StatementKind, walk_module};

/// Functions of ours that the machine has too and that answer alike there for texts in ASCII, which
/// is all that it is asked about: but for words of messages (`sprintf` of what a verb is not for) and
/// for bounds, which it keeps between instructions.
const ALIKE: &[&str] = &[
    "array.concat",
    "concat",
    "lower",
    "replace",
    "sprintf",
    "upper",
];

/// Whether the machine may run the rules of some (rewritten) modules.
pub(super) fn may_run(modules: &[Module]) -> bool {
    let rules: BTreeSet<Vec<String>> = modules
        .iter()
        .flat_map(|module| {
            module.rules.iter().map(|rule| {
                let names = rule_path(rule).into_iter().take(1);
                module.package.iter().cloned().chain(names).collect()
            })
        })
        .collect();
    let packages: BTreeSet<&[String]> = modules.iter().map(|module| &*module.package).collect();
    modules.iter().all(|module| {
        module
            .rules
            .iter()
            .all(|rule| has_plain_head(rule) && has_plain_default(rule))
            && is_plain(module, &rules, &packages)
    })
}

/// A name, alone or with one key.
fn has_plain_head(rule: &Rule) -> bool {
    match &rule.head.name.kind {
        ExprKind::Var(_) => true,
        ExprKind::Ref(head, parts) => {
            matches!(head.kind, ExprKind::Var(_)) && matches!(parts.as_slice(), [Part::Index(_)])
        }
        _ => false,
    }
}

/// A default, if it is one, is a constant of a rule without arguments.
fn has_plain_default(rule: &Rule) -> bool {
    let constant = matches!(
        rule.head.value.as_ref().map(|value| &value.kind),
        None | Some(ExprKind::Scalar | ExprKind::Text(_))
    );
    !rule.default || (rule.head.args.is_none() && constant)
}

/// Calls nothing of ours, prints nothing, replaces nothing, and takes no package as a value.
fn is_plain(
    module: &Module,
    rules: &BTreeSet<Vec<String>>,
    packages: &BTreeSet<&[String]>,
) -> bool {
    let mut plain = module
        .imports
        .iter()
        .all(|import| names_rule(&import.path, rules, packages));
    walk_module(module, &mut |node| match node {
        Node::Statement(statement) => {
            plain &=
                statement.with.is_empty() && !matches!(statement.kind, StatementKind::Every(..));
        }
        Node::Expr(Expr {
            kind: ExprKind::Call(function, _),
            ..
        }) => {
            let name = function.path().map(|path| path.join("."));
            let name = name.as_deref().unwrap_or("print");
            let is_ours = builtins::find(name).is_some() && !ALIKE.contains(&name);
            plain &= !matches!(name, "print" | "trace" | "walk") && !is_ours;
        }
        Node::Expr(Expr {
            kind: ExprKind::Ref(head, parts),
            ..
        }) => {
            if matches!(&head.kind, ExprKind::Var(name) if name == "data") {
                let mut path = vec!["data".to_owned()];
                path.extend(constant(parts));
                plain &= names_rule(&path, rules, packages) && !parts.iter().any(is_number);
            }
        }
        _ => {}
    });
    plain
}

/// Whether a part is a constant number: a document's keys may be numbers too.
fn is_number(part: &Part) -> bool {
    matches!(
        part,
        Part::Index(Expr {
            kind: ExprKind::Scalar,
            ..
        })
    )
}

/// The constant keys that a reference begins with.
fn constant(parts: &[Part]) -> Vec<String> {
    parts
        .iter()
        .map_while(|part| match part {
            Part::Field(_, name) => Some(name.clone()),
            Part::Index(Expr {
                kind: ExprKind::Text(text),
                ..
            }) => Some(text.clone()),
            Part::Index(_) => None,
        })
        .collect()
}

/// Whether a path of `data` is that of a rule, or of a document that no package stands in.
fn names_rule(
    path: &[String],
    rules: &BTreeSet<Vec<String>>,
    packages: &BTreeSet<&[String]>,
) -> bool {
    let Some((root, path)) = path.split_first() else {
        return false;
    };
    if root != "data" {
        return true;
    }
    (1..=path.len()).any(|length| path.get(..length).is_some_and(|part| rules.contains(part)))
        || !packages
            .iter()
            .any(|package| package.starts_with(path) || path.starts_with(package))
}
