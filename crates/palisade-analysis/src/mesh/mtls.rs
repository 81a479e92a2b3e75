//! Which mutual TLS mode holds: PeerAuthentication from the port out to the mesh.

use palisade_model::{Control, Fact, MtlsMode, PeerAuthentication, Port};

use crate::mesh::MtlsScope;
use crate::mesh::target::Target;

/// A PeerAuthentication with its control.
pub(crate) type Peering<'m> = (&'m Control, &'m PeerAuthentication);

/// What decides, and what it says.
type Decision<'m> = (MtlsMode, Option<&'m Control>, MtlsScope);

/// The mode for a port of a target, or for all of its ports. The first policy of a scope counts,
/// as the oldest does in a cluster.
pub(crate) fn mode<'m>(
    policies: &[Peering<'m>],
    target: &Target<'_>,
    port: Option<Port>,
) -> Decision<'m> {
    let is_everything = |policy: &PeerAuthentication| {
        policy
            .scope
            .selector
            .as_ref()
            .is_none_or(palisade_model::Selector::is_everything)
    };
    let own = policies.iter().find(|(_, policy)| {
        // One with a selector in the root namespace is not the mesh's policy and not a workload's.
        !policy.scope.root
            && !is_everything(policy)
            && policy.scope.namespace == target.namespace
            && policy
                .scope
                .selector
                .as_ref()
                .is_some_and(|selector| selector.matches(target.labels))
    });
    let namespace = policies.iter().find(|(_, policy)| {
        !policy.scope.root && is_everything(policy) && policy.scope.namespace == target.namespace
    });
    let mesh = policies
        .iter()
        .find(|(_, policy)| policy.scope.root && is_everything(policy));
    let said = |mode: Option<&Fact<MtlsMode>>| {
        mode.map(|fact| fact.value)
            .filter(|mode| *mode != MtlsMode::Unset)
    };
    let on_port = own.and_then(|(control, policy)| {
        let fact = policy
            .ports
            .iter()
            .find(|(number, _)| Some(*number) == port);
        said(fact.map(|(_, fact)| fact)).map(|mode| (mode, Some(*control), MtlsScope::Port))
    });
    let whole = |found: Option<&Peering<'m>>, scope: MtlsScope| {
        let (control, policy) = found?;
        said(policy.mode.as_ref()).map(|mode| (mode, Some(*control), scope))
    };
    on_port
        .or_else(|| whole(own, MtlsScope::Workload))
        .or_else(|| whole(namespace, MtlsScope::Namespace))
        .or_else(|| whole(mesh, MtlsScope::Mesh))
        .unwrap_or((MtlsMode::Permissive, None, MtlsScope::Default))
}
