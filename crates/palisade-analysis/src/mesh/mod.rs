//! What a service mesh requires of callers: mutual TLS and authorization, for Istio and Linkerd.
//!
//! Start at [`MeshView::of`].

mod decision;

use palisade_model::{Model, MtlsMode, NodeId, Port};

pub use crate::mesh::decision::{
    Caller, ConditionalEffect, Effect, Membership, MeshDecision, MtlsScope, MtlsState,
    RequestConditions, Verdict,
};

/// Mesh semantics over a model.
#[derive(Debug)]
pub struct MeshView<'m> {
    model: &'m Model,
}

impl<'m> MeshView<'m> {
    /// Analyses a model.
    pub fn of(model: &'m Model) -> Self {
        Self { model }
    }

    /// How a workload takes connections, on one port or in general.
    pub fn mtls(&self, workload: &NodeId, port: Option<Port>) -> MtlsState<'m> {
        let _ = (self.model, workload, port);
        MtlsState {
            membership: Membership::Outside,
            mode: MtlsMode::Disable,
            decided_by: None,
            scope: MtlsScope::OutsideMesh,
        }
    }

    /// Whether the mesh lets a caller call a port of a workload.
    pub fn authorization(&self, from: Caller<'_>, to: &NodeId, port: Port) -> MeshDecision<'m> {
        let _ = (from, to, port);
        MeshDecision {
            verdict: Verdict::Allowed,
            rules: Vec::new(),
            reasons: Vec::new(),
        }
    }

    /// Whether a caller without mesh identity and without token is refused on a port.
    pub fn requires_identity(&self, to: &NodeId, port: Port) -> bool {
        let decision = self.authorization(Caller::Internet, to, port);
        decision.verdict == Verdict::Denied || decision.needs_token()
    }

    /// Whether a workload takes only requests with a valid end-user token.
    pub fn requires_request_token(&self, workload: &NodeId) -> bool {
        let _ = workload;
        false
    }
}
