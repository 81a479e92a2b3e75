//! What the mesh does with a call, port by port, with what decides it.

use palisade_model::{Control, ControlKind, NodeId, Origin, Port};

use crate::mesh::{Caller, DEFAULT_ACCOUNT, Effect, MeshDecision, MeshView, MtlsState};

/// A call to one declared port of a workload.
#[derive(Debug, Clone, PartialEq)]
pub struct MeshCall<'m> {
    /// The port.
    pub port: Port,
    /// Namespace and service account that the caller proves; `None` when it proves nothing.
    pub identity: Option<String>,
    /// How the port takes connections.
    pub mtls: MtlsState<'m>,
    /// The DestinationRule that keeps the caller's proxy from proving an identity.
    pub turned_off_by: Option<&'m Control>,
    /// What is decided.
    pub decision: MeshDecision<'m>,
}

impl<'m> MeshView<'m> {
    /// Calls from somebody to each declared port of a workload; none when it declares no port.
    pub fn calls(&self, from: Caller<'_>, to: &NodeId) -> Vec<MeshCall<'m>> {
        let Some(workload) = self.model.workload(to) else {
            return Vec::new();
        };
        let containers = workload.containers.iter();
        let mut ports: Vec<Port> = containers
            .flat_map(|container| &container.ports)
            .map(|port| port.port)
            .collect();
        ports.sort_unstable();
        ports.dedup();
        ports
            .into_iter()
            .map(|port| {
                let mtls = self.mtls_of(workload, Some(port));
                let identity = self.peer(from, workload, port, &mtls);
                let turned_off_by = match from {
                    Caller::Workload(id) if identity.is_none() => self.turned_off(id, to, port),
                    _ => None,
                };
                MeshCall {
                    port,
                    identity: identity.map(|peer| {
                        let account = match peer.service_account {
                            "" => DEFAULT_ACCOUNT,
                            account => account,
                        };
                        format!("{}/{account}", peer.namespace)
                    }),
                    mtls,
                    turned_off_by,
                    decision: self.authorization(from, to, port),
                }
            })
            .collect()
    }
}

/// A control that decides, and where it says so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeshRule<'m> {
    /// The control.
    pub control: &'m Control,
    /// The rule in it, from 1; `None` when the control decides without one.
    pub number: Option<usize>,
    /// Where the rule stands, or the control.
    pub origin: &'m Origin,
    /// What a rule of Istio's does when it matches.
    pub effect: Option<Effect>,
}

impl<'m> MeshDecision<'m> {
    /// The controls that decide, with the places that say so.
    pub fn deciding(&self) -> impl Iterator<Item = MeshRule<'m>> + '_ {
        self.rules.iter().map(|(control, index)| {
            let policy = match &control.kind {
                ControlKind::Authorization(policy) => Some(policy),
                _ => None,
            };
            let rule = index.and_then(|index| policy?.rules.get(index));
            MeshRule {
                control,
                number: index.map(|index| index + 1),
                origin: rule.map_or(&control.origin, |rule| &rule.origin),
                effect: policy.and_then(|policy| Effect::of(policy.action)),
            }
        })
    }
}
