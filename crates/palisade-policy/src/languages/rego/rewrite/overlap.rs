//! A head that runs over keys (`p[k].r`) beside one that names a key there (`p.b.r`): the engine
//! answers a reference through that key from the second rule alone. Where the second can be said
//! with a variable too (`p[k].r if k := "b"`), it is.

use std::collections::BTreeSet;

use super::super::syntax::{Expr, ExprKind, Module, Part, Rule};
use super::Edit;

/// A head's path; `None` for what is no constant.
type Path = Vec<Option<String>>;

/// The places, by package and beginning of a path, after which heads with constants and heads
/// with variables stand side by side.
#[derive(Debug, Default)]
pub(in crate::languages::rego) struct Overlaps(BTreeSet<(Vec<String>, Path)>);

impl Overlaps {
    /// Those of some modules.
    pub(in crate::languages::rego) fn of<'m>(modules: impl Iterator<Item = &'m Module>) -> Self {
        let heads: Vec<(&Module, &Rule, Path)> = modules
            .flat_map(|module| {
                let rules = module.rules.iter();
                rules.filter_map(move |rule| Some((module, rule, head_path(rule)?)))
            })
            .collect();
        let mut found = BTreeSet::new();
        for (module, rule, path) in &heads {
            let Some(at) = path.iter().position(Option::is_none) else {
                continue;
            };
            let clashes = heads.iter().any(|(other, fixed, constant)| {
                let is_deeper = path.len() > at + 1 || constant.len() > at + 1;
                let is_partial = rule.head.key.is_some() || fixed.head.key.is_some();
                other.package == module.package
                    && constant.get(at).is_some_and(Option::is_some)
                    && constant.get(..at) == path.get(..at)
                    && (is_deeper || is_partial)
            });
            if clashes {
                let beginning = path.get(..at).unwrap_or_default();
                found.insert((module.package.clone(), beginning.to_vec()));
            }
        }
        Self(found)
    }

    /// Which constants of a head stand beside variables, as indices of its path.
    pub(in crate::languages::rego) fn constants(&self, module: &Module, rule: &Rule) -> Vec<usize> {
        let Some(path) = head_path(rule) else {
            return Vec::new();
        };
        let own = self
            .0
            .iter()
            .filter(|(package, _)| *package == module.package);
        own.map(|(_, beginning)| (beginning.len(), beginning))
            .filter(|(at, beginning)| {
                path.get(*at).is_some_and(Option::is_some)
                    && path.get(..*at) == Some(beginning.as_slice())
            })
            .map(|(at, _)| at)
            .collect()
    }
}

/// Whether a rule can say constants of its head as variables.
pub(in crate::languages::rego) fn is_mendable(rule: &Rule, is_v0: bool) -> bool {
    let is_plain = !rule.default && rule.bodies.iter().all(|body| !body.is_else);
    match rule.bodies.as_slice() {
        [] => is_plain && !is_v0,
        [_] => is_plain,
        _ => false,
    }
}

/// The edits that say constants of a head as variables.
pub(super) fn edits(rule: &Rule, constants: &[usize]) -> Vec<Edit> {
    let ExprKind::Ref(_, parts) = &rule.head.name.kind else {
        return Vec::new();
    };
    let mut edits = Vec::new();
    let mut values = Vec::new();
    for at in constants {
        let part = at.checked_sub(1).and_then(|at| parts.get(at));
        let name = format!("palisade_key_{at}");
        let (start, end, key) = match part {
            // The point before a name goes with it.
            Some(Part::Field(span, key)) => (span.start.saturating_sub(1), span.end, key),
            Some(Part::Index(Expr {
                span,
                kind: ExprKind::Text(key),
            })) => (span.start.saturating_sub(1), span.end + 1, key),
            _ => continue,
        };
        edits.push(Edit::new(start, end, format!("[{name}]")));
        let key = serde_json::Value::from(key.as_str());
        values.push(format!("{name} := {key}"));
    }
    let values = values.join("; ");
    match rule.bodies.first().map(|body| &body.query) {
        None => {
            let end = rule.head.span.end;
            edits.push(Edit::insert(end, format!(" if {{ {values} }}")));
        }
        Some(query) if query.enclosed => {
            edits.push(Edit::insert(query.span.start, format!("{values}; ")));
        }
        Some(query) => {
            let span = query.span;
            edits.push(Edit::insert(span.start, format!("{{ {values}; ")));
            edits.push(Edit::insert(span.end, " }"));
        }
    }
    edits
}

/// The keys of a head that is a reference; `None` for one that is a name alone.
fn head_path(rule: &Rule) -> Option<Path> {
    let ExprKind::Ref(head, parts) = &rule.head.name.kind else {
        return None;
    };
    if rule.head.args.is_some() {
        return None;
    }
    let first = head.path()?.into_iter().map(Some);
    let rest = parts.iter().map(|part| match part {
        Part::Field(_, name) => Some(name.clone()),
        Part::Index(index) => match &index.kind {
            ExprKind::Text(text) => Some(text.clone()),
            _ => None,
        },
    });
    Some(first.chain(rest).collect())
}
