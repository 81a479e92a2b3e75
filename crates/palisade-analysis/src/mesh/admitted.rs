//! Who can be let in at all, before each caller is asked: what makes a search over callers short.

use std::collections::BTreeSet;

use palisade_model::{AuthorizationAction, AuthorizationRule, MeshSource, Workload};

use crate::mesh::pattern::principal_parts;
use crate::mesh::target::{Enforcer, Target};
use crate::mesh::{Membership, MeshView};

/// The only callers that a workload's allow policies can match, by name. They may still be refused.
#[derive(Debug, Default)]
pub(crate) struct Admitted<'m> {
    /// Namespace and service account.
    pub(crate) identities: BTreeSet<(&'m str, &'m str)>,
    /// Whole namespaces.
    pub(crate) namespaces: BTreeSet<&'m str>,
}

impl<'m> MeshView<'m> {
    /// The callers that can be let in; `None` when they cannot be told by name.
    pub(crate) fn admitted(&self, workload: &'m Workload) -> Option<Admitted<'m>> {
        let target = Target::of(workload);
        let excluded = !workload.mesh.excluded_inbound.is_empty();
        let place = match target.membership {
            Membership::IstioSidecar => Enforcer::Proxy,
            Membership::IstioAmbient if target.waypoint.is_none() => Enforcer::Node,
            // A waypoint stands in for its callers, and Linkerd has other policies.
            _ => return None,
        };
        if excluded {
            return None;
        }
        let services = self.services.selecting(target.namespace, target.labels);
        let mut admitted = Admitted::default();
        let mut guarded = false;
        for (_, policy) in self.authorizations.of(&target) {
            let applies = policy.action == AuthorizationAction::Allow
                && target.enforcer(&policy.scope, &services) == Some(place);
            if !applies {
                continue;
            }
            guarded = true;
            for rule in &policy.rules {
                admitted.add(rule, &policy.scope.namespace)?;
            }
        }
        guarded.then_some(admitted)
    }
}

impl<'m> Admitted<'m> {
    /// Adds the callers of a rule; `None` when it can match callers that it does not name.
    fn add(&mut self, rule: &'m AuthorizationRule, policy_namespace: &'m str) -> Option<()> {
        if rule.from.is_empty() {
            return None;
        }
        rule.from
            .iter()
            .try_for_each(|from| self.add_source(from, policy_namespace))
    }

    fn add_source(&mut self, from: &'m MeshSource, policy_namespace: &'m str) -> Option<()> {
        let exact =
            |list: &[String]| !list.is_empty() && list.iter().all(|pattern| !pattern.contains('*'));
        if exact(&from.principals) {
            let named = from.principals.iter();
            self.identities
                .extend(named.filter_map(|principal| principal_parts(principal)));
            return Some(());
        }
        if exact(&from.service_accounts) {
            self.identities
                .extend(from.service_accounts.iter().map(|account| {
                    let own = (policy_namespace, account.as_str());
                    account.split_once('/').unwrap_or(own)
                }));
            return Some(());
        }
        if exact(&from.namespaces) {
            self.namespaces
                .extend(from.namespaces.iter().map(String::as_str));
            return Some(());
        }
        None
    }
}
