//! Linkerd's inbound policy: a Server per port, authorizations for it, and a default.

use std::collections::BTreeMap;

use palisade_model::{
    Control, ControlKind, LinkerdAuthentication, LinkerdAuthorization, LinkerdServer,
    LinkerdTarget, MeshTlsAuthentication, NetworkAuthentication, Port, Workload,
};

use crate::mesh::pattern::Peer;
use crate::mesh::selecting::Selecting;
use crate::mesh::target::resolve_port;
use crate::mesh::{ConditionalEffect, Effect, MeshDecision, RequestConditions, Verdict};

/// Linkerd's policies of a model.
#[derive(Debug, Default)]
pub(crate) struct LinkerdPolicies<'m> {
    servers: Selecting<'m, (&'m Control, &'m LinkerdServer)>,
    authorizations: BTreeMap<&'m str, Vec<(&'m Control, &'m LinkerdAuthorization)>>,
    identities: BTreeMap<(&'m str, &'m str), &'m MeshTlsAuthentication>,
    networks: BTreeMap<(&'m str, &'m str), &'m NetworkAuthentication>,
}

/// Whether an authentication is met.
enum Met {
    No,
    Yes,
    When(String),
}

impl<'m> LinkerdPolicies<'m> {
    /// Adds a policy; those of other meshes are left alone.
    pub(crate) fn add(&mut self, control: &'m Control) {
        match &control.kind {
            ControlKind::LinkerdServer(server) => {
                self.servers
                    .add(&server.namespace, Some(&server.pods), (control, server));
            }
            ControlKind::LinkerdAuthorization(policy) => {
                let own = self.authorizations.entry(&policy.namespace).or_default();
                own.push((control, policy));
            }
            ControlKind::MeshTlsAuthentication(policy) => {
                let key = (policy.namespace.as_str(), policy.name.as_str());
                self.identities.entry(key).or_insert(policy);
            }
            ControlKind::NetworkAuthentication(policy) => {
                let key = (policy.namespace.as_str(), policy.name.as_str());
                self.networks.entry(key).or_insert(policy);
            }
            _ => {}
        }
    }

    /// What happens to a caller; `peer` is its proven identity.
    pub(crate) fn decide(
        &self,
        workload: &Workload,
        port: Port,
        peer: Option<Peer<'_>>,
    ) -> MeshDecision<'m> {
        let default = workload
            .mesh
            .linkerd_inbound_policy
            .as_ref()
            .map_or("all-unauthenticated", |fact| fact.value.as_str());
        let Some((control, server)) = self.server(workload, port) else {
            let reason = format!("the default inbound policy is `{default}`");
            return decision(default_admits(default, peer), Vec::new(), reason);
        };
        let mut rules = vec![(control, None)];
        let mut effects = Vec::new();
        for (authorization, routed) in self.authorizations_of(server) {
            let Some(when) = self.met(authorization.1, routed, peer) else {
                continue;
            };
            rules.push((authorization.0, None));
            if when.is_empty() {
                let reason = format!("`{}` authorizes it", authorization.0.name);
                return decision(Verdict::Allowed, vec![(authorization.0, None)], reason);
            }
            effects.push(ConditionalEffect {
                effect: Effect::AllowedWhen,
                when,
            });
        }
        let access = server
            .access_policy
            .as_ref()
            .map_or("deny", |fact| fact.value.as_str());
        let fallback = default_admits(access, peer);
        if fallback == Verdict::Allowed || effects.is_empty() {
            let reason = format!("`{}` falls back to `{access}`", control.name);
            return decision(fallback, vec![(control, None)], reason);
        }
        let reason = "it depends on the request".to_owned();
        decision(Verdict::Conditional(effects), rules, reason)
    }

    fn server(&self, workload: &Workload, port: Port) -> Option<(&'m Control, &'m LinkerdServer)> {
        self.servers
            .of(&workload.namespace, &workload.pod_labels)
            .find(|(_, server)| resolve_port(workload, &server.port) == Some(port))
    }

    /// Authorizations for a server, and whether they are for a route only.
    fn authorizations_of(
        &self,
        server: &'m LinkerdServer,
    ) -> impl Iterator<Item = (&(&'m Control, &'m LinkerdAuthorization), bool)> {
        let own = self.authorizations.get(server.namespace.as_str());
        own.into_iter()
            .flatten()
            .filter_map(move |found| match &found.1.target {
                LinkerdTarget::Server { name } => (*name == server.name).then_some((found, false)),
                LinkerdTarget::Namespace { name } => {
                    (*name == server.namespace).then_some((found, false))
                }
                LinkerdTarget::HttpRoute { servers, .. } => {
                    let own = servers.is_empty() || servers.contains(&server.name);
                    own.then_some((found, true))
                }
            })
    }

    fn met(
        &self,
        authorization: &LinkerdAuthorization,
        routed: bool,
        peer: Option<Peer<'_>>,
    ) -> Option<RequestConditions> {
        let mut when = RequestConditions::default();
        if let (true, LinkerdTarget::HttpRoute { name, .. }) = (routed, &authorization.target) {
            when.other.push(format!("the request is on route `{name}`"));
        }
        for required in &authorization.required {
            match self.is_met(required, peer) {
                Met::No => return None,
                Met::Yes => {}
                Met::When(words) => when.other.push(words),
            }
        }
        Some(when)
    }

    fn is_met(&self, required: &LinkerdAuthentication, peer: Option<Peer<'_>>) -> Met {
        let yes = |met: bool| if met { Met::Yes } else { Met::No };
        let key = (required.namespace.as_str(), required.name.as_str());
        match required.kind.as_str() {
            "ServiceAccount" => yes(peer.is_some_and(|peer| {
                peer.namespace == required.namespace && peer.service_account == required.name
            })),
            "MeshTLSAuthentication" => {
                let found = self.identities.get(&key);
                yes(found.is_some_and(|found| peer.is_some_and(|peer| is_listed(found, peer))))
            }
            _ => match self.networks.get(&key) {
                None => Met::No,
                Some(found) if found.networks.iter().any(|block| block.ends_with("/0")) => Met::Yes,
                Some(found) => Met::When(format!(
                    "the peer's address is in {}",
                    found.networks.join(", ")
                )),
            },
        }
    }
}

fn is_listed(authentication: &MeshTlsAuthentication, peer: Peer<'_>) -> bool {
    let own = format!(
        "{}.{}.serviceaccount.identity.",
        peer.service_account, peer.namespace
    );
    let by_identity = authentication.identities.iter().any(|pattern| {
        pattern == "*"
            || pattern.starts_with(&own)
            || pattern
                .strip_prefix("*.")
                .is_some_and(|rest| rest.starts_with(&format!("{}.", peer.namespace)))
    });
    by_identity
        || authentication
            .service_accounts
            .iter()
            .any(|pattern| peer.is_service_account(pattern, &authentication.namespace))
}

fn default_admits(policy: &str, peer: Option<Peer<'_>>) -> Verdict {
    match policy {
        "deny" => Verdict::Denied,
        "all-authenticated" | "cluster-authenticated" if peer.is_none() => Verdict::Denied,
        "cluster-unauthenticated" => Verdict::Conditional(vec![ConditionalEffect {
            effect: Effect::AllowedWhen,
            when: RequestConditions {
                other: vec!["the caller's address is in the cluster's networks".to_owned()],
                ..RequestConditions::default()
            },
        }]),
        // `audit` lets every request through and only records it.
        _ => Verdict::Allowed,
    }
}

fn decision(
    verdict: Verdict,
    rules: Vec<(&Control, Option<usize>)>,
    reason: String,
) -> MeshDecision<'_> {
    MeshDecision {
        verdict,
        rules,
        reasons: vec![reason],
    }
}
