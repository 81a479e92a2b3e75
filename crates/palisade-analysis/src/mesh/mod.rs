//! What a service mesh requires of callers: mutual TLS and authorization, for Istio and Linkerd.
//!
//! Start at [`MeshView::of`].

mod admitted;
mod client;
mod decision;
mod explain;
mod istio;
mod linkerd;
mod mtls;
mod path;
mod pattern;
mod protocol;
mod rule;
mod scoped;
mod selecting;
mod target;
mod token;

use palisade_model::{
    Control, ControlKind, Model, MtlsMode, NodeId, Port, RequestAuthentication, Service, TlsMode,
    Workload,
};

use crate::mesh::client::Clients;
use crate::mesh::istio::Applied;
use crate::mesh::linkerd::LinkerdPolicies;
use crate::mesh::mtls::Peerings;
use crate::mesh::pattern::Peer;
use crate::mesh::protocol::PortProtocol;
use crate::mesh::rule::Request;
use crate::mesh::scoped::Scoped;
use crate::mesh::target::{Enforcer, Services, Target};

pub use crate::mesh::decision::{
    Caller, ConditionalEffect, Effect, Membership, MeshDecision, MtlsScope, MtlsState,
    RequestConditions, Verdict,
};

pub use crate::mesh::explain::{MeshCall, MeshRule};

pub(crate) use crate::mesh::target::{labels_asked, membership_of, resolve_port};

/// Istio's root namespace where no policy says another.
const DEFAULT_ROOT: &str = "istio-system";

/// The service account of pods that name none.
pub(crate) const DEFAULT_ACCOUNT: &str = "default";

/// Mesh semantics over a model.
#[derive(Debug)]
pub struct MeshView<'m> {
    model: &'m Model,
    services: Services<'m>,
    root: &'m str,
    peers: Peerings<'m>,
    authorizations: Scoped<'m, Applied<'m>>,
    tokens: Scoped<'m, &'m RequestAuthentication>,
    clients: Clients<'m>,
    linkerd: LinkerdPolicies<'m>,
}

impl<'m> MeshView<'m> {
    /// Analyses a model.
    pub fn of(model: &'m Model) -> Self {
        let mut view = Self {
            model,
            services: Services::of(&model.services),
            root: DEFAULT_ROOT,
            peers: Peerings::default(),
            authorizations: Scoped::default(),
            tokens: Scoped::default(),
            clients: Clients::default(),
            linkerd: LinkerdPolicies::default(),
        };
        for control in model.active_controls() {
            view.add(control);
        }
        view
    }

    fn add(&mut self, control: &'m Control) {
        let scope = match &control.kind {
            ControlKind::PeerAuthentication(policy) => {
                self.peers.add(control, policy);
                Some(&policy.scope)
            }
            ControlKind::Authorization(policy) => {
                self.authorizations.add(&policy.scope, (control, policy));
                Some(&policy.scope)
            }
            ControlKind::RequestAuthentication(policy) => {
                self.tokens.add(&policy.scope, policy);
                Some(&policy.scope)
            }
            ControlKind::DestinationRule(rule) => {
                self.clients.add(control, rule);
                None
            }
            _ => {
                self.linkerd.add(control);
                None
            }
        };
        if let Some(scope) = scope.filter(|scope| scope.root) {
            self.root = &scope.namespace;
        }
    }

    /// Services that select a workload's pods.
    pub(crate) fn services_of(&self, workload: &Workload) -> Vec<&'m Service> {
        self.services
            .selecting(&workload.namespace, &workload.pod_labels)
    }

    /// How a workload takes connections, on one port or in general.
    pub fn mtls(&self, workload: &NodeId, port: Option<Port>) -> MtlsState<'m> {
        let Some(workload) = self.model.workload(workload) else {
            return outside();
        };
        self.mtls_of(workload, port)
    }

    fn mtls_of(&self, workload: &'m Workload, port: Option<Port>) -> MtlsState<'m> {
        let target = Target::of(workload);
        let membership = target.membership;
        if membership == Membership::Outside {
            return outside();
        }
        let excluded = &workload.mesh.excluded_inbound;
        if port.is_some_and(|port| excluded.iter().any(|range| covers(&range.value, port))) {
            return MtlsState {
                membership,
                mode: MtlsMode::Disable,
                decided_by: None,
                scope: MtlsScope::ExcludedPort,
            };
        }
        if membership == Membership::Linkerd {
            return self.linkerd_mtls(workload, port);
        }
        let (mode, decided_by, scope) = self.peers.mode(&target, port);
        MtlsState {
            membership,
            mode,
            decided_by,
            scope,
        }
    }

    /// Linkerd encrypts between proxies by itself; plain text is refused only where policy asks
    /// for an identity.
    fn linkerd_mtls(&self, workload: &Workload, port: Option<Port>) -> MtlsState<'m> {
        let declared = workload
            .containers
            .iter()
            .flat_map(|container| &container.ports)
            .map(|port| port.port);
        let ports: Vec<Port> = port.map_or_else(|| declared.collect(), |port| vec![port]);
        let decisions: Vec<MeshDecision<'m>> = ports
            .iter()
            .map(|port| self.linkerd.decide(workload, *port, None))
            .collect();
        let strict = !decisions.is_empty() && decisions.iter().all(|found| !found.may_pass());
        let decided_by = decisions
            .first()
            .filter(|_| strict)
            .and_then(|found| found.rules.first())
            .map(|(control, _)| *control);
        let (mode, scope) = match (strict, decided_by.is_some()) {
            (true, true) => (MtlsMode::Strict, MtlsScope::Port),
            (true, false) => (MtlsMode::Strict, MtlsScope::Workload),
            (false, _) => (MtlsMode::Permissive, MtlsScope::Default),
        };
        MtlsState {
            membership: Membership::Linkerd,
            mode,
            decided_by,
            scope,
        }
    }

    /// Whether the mesh lets a caller call a port of a workload.
    pub fn authorization(&self, from: Caller<'_>, to: &NodeId, port: Port) -> MeshDecision<'m> {
        let Some(workload) = self.model.workload(to) else {
            return unguarded("the workload is not in the code");
        };
        let state = self.mtls_of(workload, Some(port));
        match state.scope {
            MtlsScope::OutsideMesh => return unguarded("the workload is outside the mesh"),
            MtlsScope::ExcludedPort => return unguarded("the port is kept from the proxy"),
            _ => {}
        }
        let peer = self.peer(from, workload, port, &state);
        if state.membership == Membership::Linkerd {
            return self.linkerd.decide(workload, port, peer);
        }
        if peer.is_none() && state.is_required() {
            return MeshDecision {
                verdict: Verdict::Denied,
                rules: state.decided_by.into_iter().map(|by| (by, None)).collect(),
                reasons: vec![format!(
                    "mutual TLS is required {} and the caller does not start it",
                    state.scope.words()
                )],
            };
        }
        self.istio((workload, port), peer, from)
    }

    /// What Istio's proxies decide. In ambient mode a caller that is ambient itself is sent through
    /// the waypoint, and the destination's node proxy then sees the waypoint's identity; every
    /// other caller does not know of the waypoint and meets the node proxy only.
    fn istio(
        &self,
        (workload, port): (&Workload, Port),
        peer: Option<Peer<'_>>,
        from: Caller<'_>,
    ) -> MeshDecision<'m> {
        let target = Target::of(workload);
        let services = self.services.selecting(target.namespace, target.labels);
        let leading = self.services.leading_to(workload, port);
        let leading: Vec<_> = leading.into_iter().map(|(_, port)| port).collect();
        let reads = protocol::of_port(&leading);
        let request = Request {
            peer,
            port,
            http: reads != PortProtocol::Tcp,
            tokens_validated: self.validates_tokens(&target, &services),
            policy_namespace: target.namespace,
        };
        let applied: Vec<(Enforcer, Applied<'m>)> = self
            .authorizations
            .of(&target)
            .filter_map(|found| Some((target.enforcer(&found.1.scope, &services)?, found)))
            .collect();
        let at = |place: fn(Enforcer) -> bool, request: &Request<'_>| {
            let here = applied.iter().filter(|(enforcer, _)| place(*enforcer));
            let policies: Vec<Applied<'m>> = here.map(|(_, found)| *found).collect();
            istio::decide(&policies, request)
        };
        if target.membership != Membership::IstioAmbient {
            return at(|place| place == Enforcer::Proxy, &request);
        }
        let on_node = |peer| {
            let request = Request {
                peer,
                http: false,
                ..request
            };
            at(|place| place == Enforcer::Node, &request)
        };
        let Some(waypoint) = target.waypoint.filter(|_| self.is_ambient(from)) else {
            return on_node(peer);
        };
        let through = at(|place| place != Enforcer::Node, &request);
        istio::in_turn(through, on_node(Some(waypoint)))
    }

    fn is_ambient(&self, caller: Caller<'_>) -> bool {
        let Caller::Workload(id) = caller else {
            return false;
        };
        let workload = self.model.workload(id);
        workload.is_some_and(|one| Target::of(one).membership == Membership::IstioAmbient)
    }

    fn validates_tokens(&self, target: &Target<'_>, services: &[&Service]) -> bool {
        self.tokens.of(target).any(|policy| {
            !policy.rules.is_empty() && target.enforcer(&policy.scope, services).is_some()
        })
    }

    /// The identity that a caller proves to a port: none from outside the mesh, over plain text,
    /// or where its own proxy is told not to use the mesh's TLS.
    fn peer(
        &self,
        from: Caller<'_>,
        to: &Workload,
        port: Port,
        state: &MtlsState<'_>,
    ) -> Option<Peer<'m>> {
        let Caller::Workload(from) = from else {
            return None;
        };
        let from = self.model.workload(from)?;
        let membership = Target::of(from).membership;
        let linkerd = |membership| membership == Membership::Linkerd;
        let same_mesh =
            membership != Membership::Outside && linkerd(membership) == linkerd(state.membership);
        let bypassed = from
            .mesh
            .excluded_outbound
            .iter()
            .any(|range| covers(&range.value, port));
        if !same_mesh || bypassed || state.mode == MtlsMode::Disable {
            return None;
        }
        if membership == Membership::IstioSidecar && self.client_turns_off(from, to, port) {
            return None;
        }
        Some(Peer {
            namespace: &from.namespace,
            service_account: from
                .service_account
                .as_ref()
                .map_or(DEFAULT_ACCOUNT, |fact| fact.value.as_str()),
        })
    }

    fn client_turns_off(&self, from: &Workload, to: &Workload, port: Port) -> bool {
        self.client_tls(from, to, port)
            .is_some_and(|(_, mode)| !client::proves_identity(mode))
    }

    /// The DestinationRule that says how a client connects to a port of a workload, and its mode.
    fn client_tls(
        &self,
        from: &Workload,
        to: &Workload,
        port: Port,
    ) -> Option<(&'m Control, TlsMode)> {
        self.services
            .leading_to(to, port)
            .into_iter()
            .find_map(|leading| self.clients.tls(&from.namespace, self.root, leading))
            .map(|(control, tls)| (control, tls.mode))
    }

    /// The DestinationRule that keeps a caller's proxy from proving an identity.
    fn turned_off(&self, from: &NodeId, to: &NodeId, port: Port) -> Option<&'m Control> {
        let (from, to) = (self.model.workload(from)?, self.model.workload(to)?);
        if Target::of(from).membership != Membership::IstioSidecar {
            return None;
        }
        self.client_tls(from, to, port)
            .filter(|(_, mode)| !client::proves_identity(*mode))
            .map(|(control, _)| control)
    }

    /// The DestinationRule that makes a call fail: it turns mutual TLS off where the workload
    /// requires it.
    pub fn broken_by(&self, from: &NodeId, to: &NodeId, port: Port) -> Option<&'m Control> {
        let required = self.mtls(to, Some(port)).is_required();
        self.turned_off(from, to, port).filter(|_| required)
    }

    /// Whether a caller without mesh identity and without token is refused on a port.
    pub fn requires_identity(&self, to: &NodeId, port: Port) -> bool {
        let decision = self.authorization(Caller::Internet, to, port);
        decision.verdict == Verdict::Denied || decision.needs_token()
    }
}

fn outside<'m>() -> MtlsState<'m> {
    MtlsState {
        membership: Membership::Outside,
        mode: MtlsMode::Disable,
        decided_by: None,
        scope: MtlsScope::OutsideMesh,
    }
}

fn unguarded<'m>(reason: &str) -> MeshDecision<'m> {
    MeshDecision {
        verdict: Verdict::Allowed,
        rules: Vec::new(),
        reasons: vec![reason.to_owned()],
    }
}

/// Whether `*`, a number or a range `4000-4100`, several of them after commas, covers a port.
fn covers(written: &str, port: Port) -> bool {
    let number = port.get();
    written.split(',').map(str::trim).any(|part| {
        if part == "*" {
            return true;
        }
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let bounds = (first.trim().parse::<u16>(), last.trim().parse::<u16>());
        matches!(bounds, (Ok(first), Ok(last)) if (first..=last).contains(&number))
    })
}
