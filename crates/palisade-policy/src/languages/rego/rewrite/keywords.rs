//! Rules whose names begin with a keyword (`with.foo := 1`).
//!
//! The engine reads no keyword at the beginning of a name. Such a rule is one of the package below:
//! it moves into a text of its own, in which the other names of the package are imported.

use std::collections::BTreeSet;

use super::super::metadata::rule_path;
use super::super::syntax::{Expr, ExprKind, Module, Node, Part, Rule, walk_rule};
use super::shape::WORDS;
use super::{Edit, apply, quoted_path};

/// The text with functions renamed whose names hold a keyword: nothing but calls sees their names.
pub(in crate::languages::rego) fn rename_functions(text: &str, module: &Module) -> String {
    let mut edits = Vec::new();
    let mut rename = |name: &Expr| {
        let ExprKind::Ref(head, parts) = &name.kind else {
            return;
        };
        let ExprKind::Var(first) = &head.kind else {
            return;
        };
        let imported = module
            .imports
            .iter()
            .any(|import| import.name() == Some(first));
        if imported || matches!(first.as_str(), "data" | "input") {
            return;
        }
        let fields = parts.iter().filter_map(|part| match part {
            Part::Field(span, name) => Some((span, name)),
            Part::Index(_) => None,
        });
        for (span, name) in std::iter::once((&head.span, first)).chain(fields) {
            if is_word(name) {
                edits.push(Edit::new(span.start, span.end, format!("{name}__word")));
            }
        }
    };
    for rule in &module.rules {
        if rule.head.args.is_some() {
            rename(&rule.head.name);
        }
        walk_rule(rule, &mut |node| {
            if let Node::Expr(Expr {
                kind: ExprKind::Call(function, _),
                ..
            }) = node
            {
                rename(function);
            }
        });
    }
    apply(text, edits)
}

/// The text without such rules, and one text per keyword with them.
pub(in crate::languages::rego) fn separate(text: &str, module: &Module) -> Vec<String> {
    let words: BTreeSet<&str> = module.rules.iter().filter_map(word).collect();
    if words.is_empty() {
        return vec![text.to_owned()];
    }
    let mut texts = vec![only(text, module, None)];
    texts.extend(words.into_iter().map(|word| only(text, module, Some(word))));
    texts
}

/// The keyword that a rule's name begins with.
fn word(rule: &Rule) -> Option<&str> {
    let ExprKind::Ref(head, parts) = &rule.head.name.kind else {
        return None;
    };
    let ExprKind::Var(name) = &head.kind else {
        return None;
    };
    let named = matches!(parts.first(), Some(Part::Field(..)));
    (named && is_word(name)).then_some(name)
}

fn is_word(name: &str) -> bool {
    WORDS.contains(&name) && !matches!(name, "data" | "input")
}

/// The text with the rules of one keyword, or of none.
fn only(text: &str, module: &Module, wanted: Option<&str>) -> String {
    let mut edits = Vec::new();
    let mut package = format!("package {}", quoted_path(&module.package));
    if let Some(wanted) = wanted {
        let mut path = module.package.clone();
        path.push(wanted.to_owned());
        package = format!("package {}", quoted_path(&path));
        for name in &siblings(module) {
            let mut path = vec!["data".to_owned()];
            path.extend(module.package.iter().cloned());
            path.push(name.clone());
            package.extend([" import ", &quoted_path(&path), " as ", name]);
        }
    }
    edits.push(Edit::new(
        module.package_span.start,
        module.package_span.end,
        package,
    ));
    for rule in &module.rules {
        if word(rule) != wanted {
            edits.push(Edit::new(rule.span.start, rule.span.end, ""));
            continue;
        }
        let name = &rule.head.name;
        if let (Some(_), ExprKind::Ref(_, parts)) = (wanted, &name.kind)
            && let Some(Part::Field(span, _)) = parts.first()
        {
            edits.push(Edit::new(name.span.start, span.start, ""));
        }
        walk_rule(rule, &mut |node| {
            if let Node::Expr(expr) = node
                && expr.span.start != name.span.start
            {
                edits.extend(full(expr, module));
            }
        });
    }
    apply(text, edits)
}

/// Names of the package's other rules.
fn siblings(module: &Module) -> BTreeSet<String> {
    let names = module
        .rules
        .iter()
        .filter_map(|rule| rule_path(rule).into_iter().next());
    names
        .filter(|name| !WORDS.contains(&name.as_str()))
        .collect()
}

/// A reference that begins with a keyword, by its full path.
fn full(expr: &Expr, module: &Module) -> Option<Edit> {
    let ExprKind::Ref(head, _) = &expr.kind else {
        return None;
    };
    let ExprKind::Var(name) = &head.kind else {
        return None;
    };
    if !is_word(name)
        || module
            .imports
            .iter()
            .any(|import| import.name() == Some(name))
    {
        return None;
    }
    let mut path = vec!["data".to_owned()];
    path.extend(module.package.iter().cloned());
    path.push(name.clone());
    Some(Edit::new(
        head.span.start,
        head.span.end,
        quoted_path(&path),
    ))
}
