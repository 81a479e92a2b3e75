//! Which mutual TLS mode holds: PeerAuthentication from the port out to the mesh.

use std::collections::BTreeMap;

use palisade_model::{Control, Fact, MtlsMode, PeerAuthentication, Port};

use crate::mesh::MtlsScope;
use crate::mesh::selecting::Selecting;
use crate::mesh::target::Target;

/// A PeerAuthentication with its control.
type Peering<'m> = (&'m Control, &'m PeerAuthentication);

/// What decides, and what it says.
type Decision<'m> = (MtlsMode, Option<&'m Control>, MtlsScope);

/// PeerAuthentications by what they are about. The first policy of a scope counts, as the oldest
/// does in a cluster.
#[derive(Debug, Default)]
pub(crate) struct Peerings<'m> {
    mesh: Option<Peering<'m>>,
    namespaces: BTreeMap<&'m str, Peering<'m>>,
    workloads: Selecting<'m, Peering<'m>>,
}

impl<'m> Peerings<'m> {
    /// Adds a policy.
    pub(crate) fn add(&mut self, control: &'m Control, policy: &'m PeerAuthentication) {
        let scope = &policy.scope;
        let selector = scope.selector.as_ref();
        let selector = selector.filter(|selector| !selector.is_everything());
        let namespace = scope.namespace.as_str();
        match (scope.root, selector) {
            (true, None) => {
                self.mesh.get_or_insert((control, policy));
            }
            // One with a selector in the root namespace is not the mesh's policy and not a
            // workload's.
            (true, Some(_)) => {}
            (false, None) => {
                self.namespaces
                    .entry(namespace)
                    .or_insert((control, policy));
            }
            (false, Some(selector)) => {
                self.workloads
                    .add(namespace, Some(selector), (control, policy));
            }
        }
    }

    /// The mode for a port of a target, or for all of its ports.
    pub(crate) fn mode(&self, target: &Target<'_>, port: Option<Port>) -> Decision<'m> {
        let own = self.workloads.of(target.namespace, target.labels).next();
        let said = |mode: Option<&Fact<MtlsMode>>| {
            mode.map(|fact| fact.value)
                .filter(|mode| *mode != MtlsMode::Unset)
        };
        let on_port = own.and_then(|(control, policy)| {
            let fact = policy
                .ports
                .iter()
                .find(|(number, _)| Some(*number) == port);
            said(fact.map(|(_, fact)| fact)).map(|mode| (mode, Some(control), MtlsScope::Port))
        });
        let whole = |found: Option<Peering<'m>>, scope: MtlsScope| {
            let (control, policy) = found?;
            said(policy.mode.as_ref()).map(|mode| (mode, Some(control), scope))
        };
        let namespace = self.namespaces.get(target.namespace).copied();
        on_port
            .or_else(|| whole(own, MtlsScope::Workload))
            .or_else(|| whole(namespace, MtlsScope::Namespace))
            .or_else(|| whole(self.mesh, MtlsScope::Mesh))
            .unwrap_or((MtlsMode::Permissive, None, MtlsScope::Default))
    }
}
