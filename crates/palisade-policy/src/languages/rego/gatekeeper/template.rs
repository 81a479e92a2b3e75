//! A constraint template: the kind that it makes, and the policy of its target.

use std::sync::Arc;

use palisade_document::Value;
use palisade_model::{Origin, Severity};

use super::super::metadata::rule_path;
use super::super::modules::{Dialect, Policies, PolicyText, load};
use crate::error::PolicyError;

/// The one target that Gatekeeper has.
const TARGET: &str = "admission.k8s.gatekeeper.sh";

/// A loaded template.
#[derive(Debug)]
pub(in crate::languages::rego) struct Template {
    /// The kind of its constraints.
    pub(in crate::languages::rego) kind: String,
    pub(in crate::languages::rego) title: String,
    pub(in crate::languages::rego) severity: Option<Severity>,
    pub(in crate::languages::rego) policies: Policies,
    /// The path of the rule that reports.
    pub(in crate::languages::rego) entry: String,
    /// Where that rule stands.
    pub(in crate::languages::rego) defined_at: Origin,
}

/// The policy of a target, in whichever place the template has it.
struct Code<'a> {
    rego: Value<'a>,
    libs: Vec<Value<'a>>,
    dialect: Dialect,
}

impl Template {
    /// The kind of a template's constraints.
    pub(in crate::languages::rego) fn kind_of(value: Value<'_>) -> Option<&str> {
        let kind = value.at(&["spec", "crd", "spec", "names", "kind"]);
        kind.and_then(Value::as_str)
    }

    /// Loads a template.
    pub(in crate::languages::rego) fn load(value: Value<'_>) -> Result<Self, Vec<PolicyError>> {
        let file = value.document().file();
        let at = |value: Value<'_>, message: &str| {
            vec![PolicyError::at(Origin::new(file, value.span()), message)]
        };
        let name = value
            .at(&["metadata", "name"])
            .and_then(Value::as_str)
            .unwrap_or("template");
        let kind = Self::kind_of(value).ok_or_else(|| {
            at(
                value,
                "this constraint template names no kind (`spec.crd.spec.names.kind`)",
            )
        })?;
        let target = value
            .at(&["spec", "targets"])
            .into_iter()
            .flat_map(Value::items)
            .find(|target| target.get("target").and_then(Value::as_str) == Some(TARGET))
            .ok_or_else(|| {
                at(
                    value,
                    "this constraint template has no target `admission.k8s.gatekeeper.sh`",
                )
            })?;
        let code = code(target).map_err(|message| at(target, message))?;
        let mut texts = vec![text(name, 0, code.rego, code.dialect)];
        for (lib, index) in code.libs.iter().zip(1..) {
            texts.push(text(name, index, *lib, code.dialect));
        }
        let policies = load(texts, &[])?;
        let main = policies
            .modules
            .first()
            .ok_or_else(|| at(code.rego, "this constraint template has no policy"))?;
        let rule = main
            .module
            .rules
            .iter()
            .find(|rule| {
                rule_path(rule)
                    .first()
                    .is_some_and(|first| first == "violation")
            })
            .ok_or_else(|| at(code.rego, "this policy has no rule `violation`"))?;
        let mut path = vec!["data".to_owned()];
        path.extend(main.module.package.iter().cloned());
        path.push("violation".to_owned());
        let annotation = |key: &str| {
            value
                .at(&["metadata", "annotations", key])
                .and_then(Value::as_str)
        };
        Ok(Self {
            kind: kind.to_owned(),
            title: annotation("metadata.gatekeeper.sh/title")
                .unwrap_or("")
                .to_owned(),
            severity: annotation("policy.palisade.dev/severity").and_then(|word| word.parse().ok()),
            entry: super::super::rewrite::quoted_path(&path),
            defined_at: main.text.origin(rule.head.span),
            policies,
        })
    }
}

fn text(name: &str, index: usize, value: Value<'_>, dialect: Dialect) -> PolicyText {
    PolicyText {
        name: format!("{name}/{index}.rego"),
        file: Arc::clone(value.document().file()),
        text: Arc::from(value.as_str().unwrap_or("")),
        within: Some(value.span()),
        dialect,
    }
}

/// `rego` and `libs` of a target, or those of the Rego engine under `code`.
fn code(target: Value<'_>) -> Result<Code<'_>, &'static str> {
    let engines: Vec<_> = target
        .get("code")
        .into_iter()
        .flat_map(Value::items)
        .collect();
    let named = |name: &str| {
        engines
            .iter()
            .find(|engine| engine.get("engine").and_then(Value::as_str) == Some(name))
    };
    let source = match named("Rego").and_then(|engine| engine.get("source")) {
        Some(source) => source,
        None if target.get("rego").is_some() => target,
        None if named("K8sNativeValidation").is_some() => {
            return Err(
                "this template's policy is only in CEL (`K8sNativeValidation`), which is not run here; add its Rego, or use a ValidatingAdmissionPolicy",
            );
        }
        None => return Err("this target has no `rego`"),
    };
    let v1 = source.get("version").and_then(Value::as_str) == Some("v1");
    Ok(Code {
        rego: source.get("rego").ok_or("this target has no `rego`")?,
        libs: source
            .get("libs")
            .into_iter()
            .flat_map(Value::items)
            .collect(),
        dialect: if v1 { Dialect::V1 } else { Dialect::V0 },
    })
}
