//! A constraint: parameters for a template, what it is for, and what a breach asks for.

use palisade_document::Value;
use palisade_model::Origin;

use super::super::term::Term;
use super::matching::Matching;
use crate::answer::Enforcement;
use crate::datum::{Datum, to_json};
use crate::error::PolicyError;

/// A constraint.
#[derive(Debug)]
pub(in crate::languages::rego) struct Constraint {
    pub(in crate::languages::rego) kind: String,
    pub(in crate::languages::rego) name: String,
    pub(in crate::languages::rego) parameters: Term,
    pub(in crate::languages::rego) matching: Matching,
    pub(in crate::languages::rego) enforcement: Enforcement,
    pub(in crate::languages::rego) origin: Origin,
}

impl Constraint {
    /// Reads a constraint.
    pub(in crate::languages::rego) fn read(value: Value<'_>) -> Result<Self, PolicyError> {
        let text = |path: &[&str]| value.at(path).and_then(Value::as_str);
        let origin = |value: Value<'_>| Origin::new(value.document().file(), value.span());
        let kind = text(&["kind"])
            .ok_or_else(|| PolicyError::at(origin(value), "this constraint has no `kind`"))?;
        let parameters = value
            .at(&["spec", "parameters"])
            .map_or(Term::Object(Vec::new()), |value| {
                Term::from_json(&to_json(Datum::from(value)))
            });
        let name = value.at(&["metadata", "name"]);
        Ok(Self {
            kind: kind.to_owned(),
            name: name.and_then(Value::as_str).unwrap_or("").to_owned(),
            parameters,
            matching: Matching::read(value.at(&["spec", "match"]))
                .map_err(|(at, message)| PolicyError::at(origin(at), message))?,
            enforcement: enforcement(value)
                .map_err(|(at, message)| PolicyError::at(origin(at), message))?,
            origin: origin(name.unwrap_or(value)),
        })
    }
}

/// `enforcementAction`; of scoped actions the strongest that holds at admission or in CI.
fn enforcement(value: Value<'_>) -> Result<Enforcement, (Value<'_>, String)> {
    let Some(action) = value.at(&["spec", "enforcementAction"]) else {
        return Ok(Enforcement::Deny);
    };
    if action.as_str() != Some("scoped") {
        return word(action);
    }
    let mut strongest = Enforcement::Audit;
    for scoped in value
        .at(&["spec", "scopedEnforcementActions"])
        .into_iter()
        .flat_map(Value::items)
    {
        let here = scoped
            .get("enforcementPoints")
            .into_iter()
            .flat_map(Value::items)
            .filter_map(|point| point.get("name")?.as_str())
            .any(|name| {
                matches!(
                    name,
                    "*" | "validation.gatekeeper.sh" | "gator.gatekeeper.sh"
                )
            });
        if let Some(action) = scoped.get("action").filter(|_| here) {
            strongest = strongest.max(word(action)?);
        }
    }
    Ok(strongest)
}

fn word(action: Value<'_>) -> Result<Enforcement, (Value<'_>, String)> {
    match action.as_str() {
        Some("deny" | "") => Ok(Enforcement::Deny),
        Some("warn") => Ok(Enforcement::Warn),
        Some("dryrun") => Ok(Enforcement::Audit),
        other => {
            let message = format!(
                "`{}` is no enforcement action; say `deny`, `warn`, `dryrun` or `scoped`",
                other.unwrap_or("?")
            );
            Err((action, message))
        }
    }
}
