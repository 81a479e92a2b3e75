//! Whether a workload, or the pods of a gateway, take only requests with a valid token.

use palisade_model::{AuthorizationAction, AuthorizationRule, Labels, NodeId, Port};

use crate::mesh::rule::{Request, alternatives};
use crate::mesh::target::{Enforcer, Target};
use crate::mesh::{Membership, MeshView};

impl MeshView<'_> {
    /// Whether a workload takes only requests with a valid end-user token: it validates tokens and
    /// either every allow rule asks for one, or a deny rule refuses requests without one.
    pub fn requires_request_token(&self, workload: &NodeId) -> bool {
        let Some(workload) = self.model.workload(workload) else {
            return false;
        };
        let target = Target::of(workload);
        target.membership != Membership::Outside && self.requires_token(&target)
    }

    /// The same for a gateway whose pods are not in the code, by namespace and labels.
    pub fn gateway_requires_token(&self, namespace: &str, labels: &Labels) -> bool {
        self.requires_token(&gateway(namespace, labels))
    }

    /// The outside provider that decides about every request to a workload (`CUSTOM`).
    pub fn delegates_to(&self, workload: &NodeId) -> Option<&str> {
        let workload = self.model.workload(workload)?;
        let target = Target::of(workload);
        if target.membership == Membership::Outside {
            return None;
        }
        self.provider(&target)
    }

    /// The same for a gateway whose pods are not in the code.
    pub fn gateway_delegates_to(&self, namespace: &str, labels: &Labels) -> Option<&str> {
        self.provider(&gateway(namespace, labels))
    }

    fn provider(&self, target: &Target<'_>) -> Option<&str> {
        let services = self.services.selecting(target.namespace, target.labels);
        self.authorizations
            .of(target)
            .filter(|(_, policy)| policy.action == AuthorizationAction::Custom)
            .filter(|(_, policy)| {
                let asks_nothing = |rule: &AuthorizationRule| {
                    rule.from.is_empty() && rule.to.is_empty() && rule.when.is_empty()
                };
                policy.rules.iter().any(asks_nothing)
            })
            .find(|(_, policy)| target.enforcer(&policy.scope, &services).is_some())
            .map(|(_, policy)| policy.provider.as_deref().unwrap_or("a provider"))
    }

    /// The mesh's root namespace.
    pub fn root_namespace(&self) -> &str {
        self.root
    }

    fn requires_token(&self, target: &Target<'_>) -> bool {
        let services = self.services.selecting(target.namespace, target.labels);
        if !self.validates_tokens(target, &services) {
            return false;
        }
        let mut allows = 0_usize;
        let mut without_token = false;
        for (_, policy) in self.authorizations.of(target) {
            let place = target.enforcer(&policy.scope, &services);
            if place.is_none_or(|place| place == Enforcer::Node) {
                continue;
            }
            match policy.action {
                AuthorizationAction::Deny if policy.rules.iter().any(refuses_without_token) => {
                    return true;
                }
                AuthorizationAction::Allow => {
                    allows += 1;
                    without_token |= policy
                        .rules
                        .iter()
                        .any(|rule| admits_without_token(rule, target.namespace));
                }
                _ => {}
            }
        }
        allows > 0 && !without_token
    }
}

fn gateway<'a>(namespace: &'a str, labels: &'a Labels) -> Target<'a> {
    Target {
        namespace,
        labels,
        membership: Membership::IstioSidecar,
        waypoint: None,
    }
}

/// A deny rule for `notRequestPrincipals: ["*"]`, on everything but excluded paths and hosts.
fn refuses_without_token(rule: &AuthorizationRule) -> bool {
    let from = rule.from.iter().any(|from| {
        let mut rest = from.clone();
        rest.not_request_principals.clear();
        from.not_request_principals
            .iter()
            .any(|subject| subject == "*")
            && rest == palisade_model::MeshSource::default()
    });
    let by_condition = rule.from.is_empty()
        && matches!(rule.when.as_slice(), [condition]
            if condition.key == "request.auth.principal"
                && condition.values.is_empty()
                && condition.not_values.iter().any(|value| value == "*"));
    let to = rule.to.iter().all(|to| {
        to.methods.is_empty() && to.paths.is_empty() && to.hosts.is_empty() && to.ports.is_empty()
    });
    ((from && rule.when.is_empty()) || by_condition) && to
}

/// Whether an allow rule lets an anonymous caller of some port through without a token.
fn admits_without_token(rule: &AuthorizationRule, namespace: &str) -> bool {
    // Ports are left out of the question: any port that admits is enough.
    let mut rule = rule.clone();
    for to in &mut rule.to {
        to.ports.clear();
        to.not_ports.clear();
    }
    let Some(port) = Port::new(80) else {
        return true;
    };
    let request = Request {
        peer: None,
        port,
        http: true,
        tokens_validated: true,
        policy_namespace: namespace,
    };
    alternatives(&rule, AuthorizationAction::Allow, &request)
        .iter()
        .any(|when| !when.needs_token())
}
