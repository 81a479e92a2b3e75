//! Falco: rules files, and the rules by which Falco Talon responds to them.

use std::sync::Arc;

use palisade_document::{Document, Limits, SourceFile, Syntax, SyntaxSeverity, Value, parse};
use palisade_model::{ControlKind, Diagnostic, DiagnosticLevel, Origin, Outcome};

use crate::facts::Facts;
use crate::object::Object;

const SLUG: &str = "falco";

/// What Falco Talon does on a detection.
#[derive(Debug)]
pub(crate) struct Response {
    /// Names of the Falco rules that it answers; empty means any.
    pub(crate) rules: Vec<String>,
}

/// Whether a file may hold rules, by its name.
pub(crate) fn names(path: &str) -> bool {
    super::is_yaml(path)
}

/// Whether a text looks like a list of rules.
pub(crate) fn applies(_: &str, text: &str) -> bool {
    let says = |start: &str| {
        text.lines()
            .any(|line| line.trim_start().starts_with(start))
    };
    let is_list = text.lines().any(|line| line.starts_with("- rule:"));
    is_list && (says("condition:") || says("actions:"))
}

/// Reads a rules file.
pub(crate) fn read(file: &Arc<SourceFile>, facts: &mut Facts) -> Outcome {
    let (document, errors) = parse(Arc::clone(file), Syntax::Yaml, &facts.limits);
    let mut broken = None;
    for error in errors {
        let origin = Origin::new(file, error.span);
        let fatal = error.severity == SyntaxSeverity::Fatal;
        if fatal {
            broken = Some(format!("{} at line {}", error.message, origin.start.line));
        }
        facts.diagnostics.push(Diagnostic {
            level: if fatal {
                DiagnosticLevel::Error
            } else {
                DiagnosticLevel::Warning
            },
            message: error.message,
            origin: Some(origin),
            help: None,
        });
    }
    let found = items(&document);
    let rules = detecting(&found);
    let responses: Vec<Response> = found.iter().filter_map(|item| response(*item)).collect();
    let resources = u32::try_from(rules.len() + responses.len()).unwrap_or(u32::MAX);
    facts.responses.extend(responses);
    if let (Some(first), false) = (found.first(), rules.is_empty()) {
        let mut control =
            Object::of_file(file, "FalcoRules", *first).cluster_control(ControlKind::Detection {
                rules,
                responds: false,
            });
        control.origin = Origin::new(file, first.span());
        facts.model.controls.push(control);
    }
    match broken {
        None => Outcome::Read {
            format: SLUG.to_owned(),
            resources,
        },
        Some(reason) if resources > 0 => Outcome::Partial {
            format: SLUG.to_owned(),
            reason,
        },
        Some(reason) => Outcome::Unread { reason },
    }
}

/// Names of the rules in a text that stands inside another file, such as a config map.
pub(crate) fn rules_in(text: &str, limits: &Limits) -> Vec<String> {
    if !applies("", text) {
        return Vec::new();
    }
    let file = Arc::new(SourceFile::new("rules.yaml", text));
    let (document, _) = parse(file, Syntax::Yaml, limits);
    detecting(&items(&document))
}

fn items(document: &Document) -> Vec<Value<'_>> {
    document.roots().flat_map(Value::items).collect()
}

/// Rules that detect: with a condition, and not turned off.
fn detecting(items: &[Value<'_>]) -> Vec<String> {
    let on = |item: &&Value<'_>| {
        let told = |key: &str| item.get(key).is_some();
        let off = item.get("enabled").and_then(Value::as_bool) == Some(false);
        // A rule without output changes another one that stands elsewhere.
        told("condition") && told("output") && !off
    };
    let named = items.iter().filter(on);
    named
        .filter_map(|item| item.get("rule")?.to_text())
        .collect()
}

fn response(item: Value<'_>) -> Option<Response> {
    item.get("rule")?;
    let acts = item
        .get("actions")
        .is_some_and(|actions| actions.items().len() > 0);
    let named = item.at(&["match", "rules"]);
    let rules = named.into_iter().flat_map(Value::items);
    acts.then(|| Response {
        rules: rules.filter_map(Value::to_text).collect(),
    })
}
