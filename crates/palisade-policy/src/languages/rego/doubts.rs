//! What is doubtful in modules although they load: what is never used, and what never holds.

use std::collections::BTreeSet;

use palisade_document::Span;

use super::metadata::rule_path;
use super::modules::Loaded;
use super::reads::Readings;
use super::syntax::{Statement, StatementKind};
use crate::error::PolicyError;
use crate::mentions;

/// The doubts about modules whose rules at these paths (without `data`) are asked. Packages without
/// such a rule are libraries: others may use what nobody uses here.
pub(super) fn find(modules: &[Loaded], asked: &BTreeSet<Vec<String>>) -> Vec<PolicyError> {
    let readings = Readings::of(modules);
    let used = readings.reached(asked);
    let mut found = Vec::new();
    for loaded in modules {
        let module = &loaded.module;
        let mut doubt = |span: Span, message: String| {
            found.push(PolicyError::at(loaded.text.origin(span), message));
        };
        for import in &module.imports {
            let name = import.name().unwrap_or_default();
            let is_dialect = matches!(
                import.path.first().map(String::as_str),
                Some("rego" | "future")
            );
            let is_whole = import.path == ["input"] || import.path == ["data"];
            if !is_dialect && !is_whole && mentions::count(&code(loaded), name) < 2 {
                doubt(import.span, format!("the import `{name}` is never used"));
            }
        }
        let is_library = !asked.iter().any(|path| {
            path.len() == module.package.len() + 1 && path.starts_with(&module.package)
        });
        let mut told = BTreeSet::new();
        for rule in &module.rules {
            let mut path = module.package.clone();
            path.extend(rule_path(rule));
            let name = rule_path(rule).join(".");
            if !is_library && !used.contains(&path) && told.insert(path) {
                let message = format!("the rule `{name}` is never used");
                doubt(rule.head.span, message);
            }
            for body in &rule.bodies {
                let mut statements = body.query.statements.iter();
                if let Some(never) = statements.find(|one| is_false(loaded, one)) {
                    let message = format!("this body of `{name}` never holds");
                    doubt(never.span, message);
                }
            }
        }
    }
    found
}

fn is_false(loaded: &Loaded, statement: &Statement) -> bool {
    let StatementKind::Expr(expr) = &statement.kind else {
        return false;
    };
    let (start, end) = (expr.span.start as usize, expr.span.end as usize);
    let word = if statement.negated { "true" } else { "false" };
    statement.with.is_empty() && loaded.text.text.get(start..end) == Some(word)
}

/// The text without comments.
fn code(loaded: &Loaded) -> String {
    let mut code = String::with_capacity(loaded.text.text.len());
    let mut at = 0;
    for comment in &loaded.module.comments {
        let start = comment.span.start as usize;
        code.push_str(loaded.text.text.get(at..start).unwrap_or_default());
        at = comment.span.end as usize;
    }
    code.push_str(loaded.text.text.get(at..).unwrap_or_default());
    code
}
