//! Rules that need themselves: the language forbids them, and the engine would not end.

use std::collections::{BTreeMap, BTreeSet};

use palisade_document::Span;

use super::metadata::rule_path;
use super::syntax::{
    Expr, ExprKind, Module, Node, Part, Rule, Statement, StatementKind, walk_rule,
};

/// A rule that needs itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cycle {
    /// Which module.
    pub(super) module: usize,
    pub(super) span: Span,
    /// The paths on the way round.
    pub(super) path: Vec<String>,
}

/// The nodes of the graph: rules by their full path.
pub(super) type Graph = BTreeMap<Vec<String>, Reached>;

/// Where a rule stands and what it refers to.
#[derive(Debug, Default)]
pub(super) struct Reached {
    place: Option<(usize, Span)>,
    needs: Vec<Vec<String>>,
}

/// The first rule that needs itself, if there is one.
pub(super) fn find<'m>(modules: impl IntoIterator<Item = &'m Module>) -> Option<Cycle> {
    let graph = graph(modules);
    let mut states: BTreeMap<&[String], bool> = BTreeMap::new();
    for path in graph.keys() {
        if let Some(cycle) = search(&graph, &mut states, path) {
            return Some(cycle);
        }
    }
    None
}

/// The rules of modules and what they refer to.
pub(super) fn graph<'m>(modules: impl IntoIterator<Item = &'m Module>) -> Graph {
    let mut graph = Graph::new();
    for (index, module) in modules.into_iter().enumerate() {
        for rule in &module.rules {
            let mut path = module.package.clone();
            path.extend(rule_path(rule));
            let node = graph.entry(path).or_default();
            node.place.get_or_insert((index, rule.span));
            node.needs.extend(needs(module, rule));
        }
    }
    graph
}

/// Depth first without recursion of our own: a chain of rules may be long.
fn search<'g>(
    graph: &'g Graph,
    states: &mut BTreeMap<&'g [String], bool>,
    root: &'g [String],
) -> Option<Cycle> {
    let mut stack: Vec<(&[String], Vec<&'g [String]>)> = Vec::new();
    if states.contains_key(root) {
        return None;
    }
    states.insert(root, false);
    stack.push((root, successors(graph, root)));
    while let Some((path, left)) = stack.last_mut() {
        let Some(next) = left.pop() else {
            states.insert(path, true);
            stack.pop();
            continue;
        };
        match states.get(next) {
            Some(true) => {}
            Some(false) => {
                let place = graph.get(next).and_then(|node| node.place)?;
                let on_way = stack
                    .iter()
                    .map(|(path, _)| format!("data.{}", path.join(".")));
                return Some(Cycle {
                    module: place.0,
                    span: place.1,
                    path: on_way.collect(),
                });
            }
            None => {
                states.insert(next, false);
                stack.push((next, successors(graph, next)));
            }
        }
    }
    None
}

/// The rules that a rule's references may mean: those below a reference, and those above it.
pub(super) fn successors<'g>(graph: &'g Graph, path: &[String]) -> Vec<&'g [String]> {
    let needs = graph.get(path).map(|node| node.needs.as_slice());
    meant(graph, needs.unwrap_or_default())
}

/// The rules that references to paths may mean.
pub(super) fn meant<'g>(graph: &'g Graph, needs: &[Vec<String>]) -> Vec<&'g [String]> {
    let mut found = Vec::new();
    for need in needs {
        for (other, _) in graph.range(need.clone()..) {
            if !other.starts_with(need) {
                break;
            }
            found.push(other.as_slice());
        }
        for length in 1..need.len() {
            if let Some((other, _)) = need.get(..length).and_then(|p| graph.get_key_value(p)) {
                found.push(other.as_slice());
            }
        }
    }
    found
}

/// The paths (without `data`) that a rule refers to.
pub(super) fn needs(module: &Module, rule: &Rule) -> Vec<Vec<String>> {
    let own = own_names(module);
    let local = local_names(rule);
    let mut found = Vec::new();
    for path in references(rule) {
        if path.first().is_none_or(|first| !local.contains(first)) {
            found.extend(resolve(module, &own, path));
        }
    }
    found
}

/// The first names of a module's rules.
pub(super) fn own_names(module: &Module) -> Vec<&str> {
    let names = module
        .rules
        .iter()
        .filter_map(|rule| match &rule.head.name.kind {
            ExprKind::Var(name) => Some(name.as_str()),
            ExprKind::Ref(head, _) => match &head.kind {
                ExprKind::Var(name) => Some(name.as_str()),
                _ => None,
            },
            _ => None,
        });
    names.collect()
}

/// The names and paths in a rule as they are written, up to the first key that is computed.
pub(super) fn references(rule: &Rule) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut heads_seen: Vec<Span> = Vec::new();
    walk_rule(rule, &mut |node| {
        let Node::Expr(expr) = node else { return };
        if expr.span == rule.head.name.span {
            if let ExprKind::Ref(head, _) = &expr.kind {
                heads_seen.push(head.span);
            }
            return;
        }
        if heads_seen.contains(&expr.span) {
            return;
        }
        let path = match &expr.kind {
            ExprKind::Var(name) => vec![name.clone()],
            ExprKind::Ref(head, parts) => {
                heads_seen.push(head.span);
                let Some(mut path) = head.path() else { return };
                for part in parts {
                    match part {
                        Part::Field(_, name) => path.push(name.clone()),
                        Part::Index(index) => match &index.kind {
                            ExprKind::Text(text) => path.push(text.clone()),
                            _ => break,
                        },
                    }
                }
                path
            }
            _ => return,
        };
        found.push(path);
    });
    found
}

/// Names that a rule declares for itself: arguments, `:=` and `some`.
pub(super) fn local_names(rule: &Rule) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for argument in rule.head.args.iter().flatten() {
        names_in(argument, &mut found);
    }
    walk_rule(rule, &mut |node| match node {
        Node::Expr(Expr {
            kind: ExprKind::Binary(":=", sides),
            ..
        }) => {
            if let Some(left) = sides.first() {
                names_in(left, &mut found);
            }
        }
        Node::Statement(Statement { kind, .. }) => match kind {
            StatementKind::Some(names, _) | StatementKind::Every(names, ..) => {
                for name in names {
                    names_in(name, &mut found);
                }
            }
            StatementKind::Expr(_) => {}
        },
        _ => {}
    });
    found
}

fn names_in(expr: &Expr, found: &mut BTreeSet<String>) {
    if let ExprKind::Var(name) = &expr.kind {
        found.insert(name.clone());
    }
    for inner in expr.inner() {
        names_in(inner, found);
    }
}

/// The full path that a reference means, if it means one of `data`.
pub(super) fn resolve(module: &Module, own: &[&str], path: Vec<String>) -> Option<Vec<String>> {
    let (first, rest) = path.split_first()?;
    if first == "data" {
        return (!rest.is_empty()).then(|| rest.to_vec());
    }
    if own.contains(&first.as_str()) {
        let mut full = module.package.clone();
        full.extend(path);
        return Some(full);
    }
    let import = module
        .imports
        .iter()
        .find(|import| import.name() == Some(first.as_str()))?;
    let (root, prefix) = import.path.split_first()?;
    (root == "data").then(|| prefix.iter().chain(rest).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::super::syntax::parse;
    use super::*;

    fn cycle(texts: &[&str]) -> Option<Cycle> {
        let modules: Vec<_> = texts.iter().map(|text| parse(text).unwrap()).collect();
        find(&modules)
    }

    #[test]
    fn a_rule_that_needs_itself_over_an_import_is_found() {
        let found = cycle(&[
            "package a\nimport data.b\np if b.q\n",
            "package b\nq if data.a.p\n",
        ]);
        assert_eq!(found.map(|cycle| cycle.path.len()), Some(2));
        assert!(cycle(&["package a\nf(x) := f(x - 1)\n"]).is_some());
    }

    #[test]
    fn rules_that_only_need_others_pass() {
        assert_eq!(
            cycle(&["package a\np if q\nq if r\nr if { input.p; some p in [1]; p == 1 }\n"])
                .map(|cycle| cycle.path),
            None
        );
    }
}
