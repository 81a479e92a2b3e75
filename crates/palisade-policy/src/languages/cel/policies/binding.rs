//! Bindings: where a policy is in force, with which parameters, and what a breach asks for.

use palisade_model::Origin;

use super::super::admission::{Matcher, Selector, origin};
use super::kind_of;
use crate::answer::Enforcement;
use crate::datum::Datum;

/// A binding of a policy.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    /// Its name.
    pub(crate) name: String,
    /// The policy's name.
    pub(crate) policy: String,
    /// Further constraints on the requests.
    pub(crate) matcher: Matcher,
    /// The strongest of its actions.
    pub(crate) enforcement: Enforcement,
    /// Where the parameters are.
    pub(crate) params: Option<ParamReference>,
    /// Where it stands.
    pub(crate) origin: Option<Origin>,
}

/// Which objects are the parameters.
#[derive(Debug, Clone)]
pub(crate) struct ParamReference {
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) selector: Option<Selector>,
    /// Whether a request passes if there are none.
    pub(super) allow_missing: bool,
}

impl Binding {
    /// Reads a binding; `None` for other documents.
    pub(crate) fn read(document: Datum<'_>) -> Option<Self> {
        let known = matches!(
            kind_of(document),
            Some("ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding")
        );
        known.then_some(())?;
        let spec = document.get("spec")?;
        let text = |of: Datum<'_>, key| of.get(key).and_then(Datum::as_text).map(str::to_owned);
        let metadata = document.get("metadata").unwrap_or(Datum::Null);
        let actions = spec
            .get("validationActions")
            .into_iter()
            .flat_map(Datum::items);
        let strongest = actions.filter_map(|action| match action.as_text() {
            Some("Deny") => Some(Enforcement::Deny),
            Some("Warn") => Some(Enforcement::Warn),
            Some("Audit") => Some(Enforcement::Audit),
            _ => None,
        });
        Some(Self {
            name: text(metadata, "name").unwrap_or_default(),
            policy: text(spec, "policyName")?,
            matcher: Matcher::read(spec.get("matchResources")),
            enforcement: strongest.max().unwrap_or(Enforcement::Deny),
            params: spec.get("paramRef").map(|reference| ParamReference {
                name: text(reference, "name"),
                namespace: text(reference, "namespace"),
                selector: reference
                    .get("selector")
                    .map(|selector| Selector::read(Some(selector))),
                allow_missing: text(reference, "parameterNotFoundAction").as_deref()
                    == Some("Allow"),
            }),
            origin: metadata.get("name").and_then(origin),
        })
    }
}
