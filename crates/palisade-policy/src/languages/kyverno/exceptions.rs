//! `PolicyException`: reviewed ways round a rule, for the resources that they name.

use palisade_document::Value;
use palisade_model::Origin;

use crate::datum::Datum;
use crate::exception::PolicyException;
use crate::fit::Fit;

use super::conditions::Conditions;
use super::jmespath::SearchError;
use super::matching::Filters;
use super::podsecurity::Exclusion;
use super::policy::{Policy, Rule};
use super::scalars::{build, wildcard};
use super::scope::Scope;

/// One exception.
#[derive(Debug)]
pub(crate) struct Exception {
    /// Its name (after its namespace), its place, and who answers for it until when.
    pub(crate) said: PolicyException,
    /// Pod security controls that it excludes; none if it takes whole rules out.
    pub(crate) pod_security: Vec<Exclusion>,
    policies: Vec<(String, Vec<String>)>,
    filters: Filters,
    conditions: Option<Conditions>,
}

impl Exception {
    /// Reads an exception.
    pub(crate) fn read(root: Value<'_>) -> Self {
        let exception = Datum::from(root);
        let spec = exception.get("spec").unwrap_or(Datum::Null);
        let text = |path: &[&str]| build::text_at(exception, path).unwrap_or("");
        let name = match (
            text(&["metadata", "namespace"]),
            text(&["metadata", "name"]),
        ) {
            ("", name) => name.to_owned(),
            (namespace, name) => format!("{namespace}/{name}"),
        };
        let listed = spec.get("exceptions").into_iter().flat_map(Datum::items);
        let policies = listed.map(|one| {
            let rules = one.get("ruleNames").into_iter().flat_map(Datum::items);
            let policy = one.get("policyName").and_then(Datum::as_text).unwrap_or("");
            (policy.to_owned(), rules.map(build::sprint).collect())
        });
        let excluded = spec.get("podSecurity").into_iter().flat_map(Datum::items);
        Self {
            said: PolicyException::of_object(
                name,
                Origin::new(root.document().file(), root.span()),
                exception,
            ),
            pod_security: excluded.map(Exclusion::read).collect(),
            policies: policies.collect(),
            filters: spec.get("match").map(Filters::read).unwrap_or_default(),
            conditions: spec.get("conditions").map(Conditions::read),
        }
    }

    /// Whether it is about a rule.
    pub(crate) fn names(&self, policy: &Policy, rule: &Rule) -> bool {
        let full = policy.full_name();
        self.policies.iter().any(|(name, rules)| {
            *name == full
                && rules
                    .iter()
                    .any(|pattern| wildcard::matches(pattern, &rule.name))
        })
    }

    /// Whether it takes the resource of a request; conditions that cannot be evaluated do not.
    pub(crate) fn takes(&self, scope: &Scope<'_, '_>) -> Result<bool, SearchError> {
        let subject = scope.object().or_else(|| scope.old_object());
        let subject = subject.unwrap_or(Datum::Null);
        if self.filters.take(scope.request, subject) != Fit::Yes {
            return Ok(false);
        }
        let Some(conditions) = &self.conditions else {
            return Ok(true);
        };
        match conditions.hold(scope) {
            Ok((holds, _)) => Ok(holds),
            Err(SearchError::Exhausted(reason)) => Err(reason.into()),
            Err(_) => Ok(false),
        }
    }
}
