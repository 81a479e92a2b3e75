//! What the mesh answers: how a port must be called, and whether a caller may call it.

use palisade_model::{AuthorizationAction, Control, MtlsMode, NodeId};

/// Which mesh takes a workload's traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Membership {
    /// None: no mesh policy is enforced for it.
    Outside,
    /// An Istio sidecar.
    IstioSidecar,
    /// Istio's node proxy (ambient), perhaps with a waypoint.
    IstioAmbient,
    /// A Linkerd proxy.
    Linkerd,
}

/// Where a mutual TLS mode comes from, from the narrowest to the widest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MtlsScope {
    /// The workload has no proxy.
    OutsideMesh,
    /// The port is kept from the proxy.
    ExcludedPort,
    /// A policy for this port of the workload.
    Port,
    /// A policy for the workload.
    Workload,
    /// A policy for the namespace.
    Namespace,
    /// A policy for the whole mesh.
    Mesh,
    /// Nobody said anything.
    Default,
}

impl MtlsScope {
    /// The scope in words, as the end of "decided ...".
    pub const fn words(self) -> &'static str {
        match self {
            Self::OutsideMesh => "outside the mesh",
            Self::ExcludedPort => "by a port kept from the proxy",
            Self::Port => "for the port",
            Self::Workload => "for the workload",
            Self::Namespace => "for the namespace",
            Self::Mesh => "for the whole mesh",
            Self::Default => "by the mesh's default",
        }
    }
}

/// How a port takes connections.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MtlsState<'m> {
    /// Which mesh takes the traffic.
    pub membership: Membership,
    /// The mode; never `Unset`. A workload without a proxy, or a port kept from it, is `Disable`.
    pub mode: MtlsMode,
    /// The policy that decides; `None` for defaults.
    pub decided_by: Option<&'m Control>,
    /// Where the mode comes from.
    pub scope: MtlsScope,
}

impl MtlsState<'_> {
    /// Whether a caller without mutual TLS is refused.
    pub fn is_required(&self) -> bool {
        self.mode == MtlsMode::Strict
    }
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller<'a> {
    /// A workload, as its service account where its traffic is in the mesh.
    Workload(&'a NodeId),
    /// Somebody outside, without identity or token.
    Internet,
}

/// What a verdict depends on, of the request itself. Every field that is not empty must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestConditions {
    /// One of these methods.
    pub methods: Vec<String>,
    /// None of these methods.
    pub not_methods: Vec<String>,
    /// One of these paths.
    pub paths: Vec<String>,
    /// None of these paths.
    pub not_paths: Vec<String>,
    /// One of these hosts.
    pub hosts: Vec<String>,
    /// None of these hosts.
    pub not_hosts: Vec<String>,
    /// One of these token subjects (`iss/sub`, `*` is any valid token).
    pub tokens: Vec<String>,
    /// None of these token subjects; `*` means "without a token".
    pub not_tokens: Vec<String>,
    /// Anything else, in words.
    pub other: Vec<String>,
}

impl RequestConditions {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The condition in words, as the end of "when ...".
    pub fn words(&self) -> String {
        let lists = [
            ("the method is", &self.methods),
            ("the method is not", &self.not_methods),
            ("the path is", &self.paths),
            ("the path is not", &self.not_paths),
            ("the host is", &self.hosts),
            ("the host is not", &self.not_hosts),
        ];
        let listed = lists
            .into_iter()
            .filter(|(_, list)| !list.is_empty())
            .map(|(what, list)| format!("{what} {}", list.join(" or ")));
        let any = |list: &[String]| list.iter().any(|token| token == "*");
        let tokens = (!self.tokens.is_empty()).then(|| {
            if any(&self.tokens) {
                "it has a valid token".to_owned()
            } else {
                format!("its token is {}", self.tokens.join(" or "))
            }
        });
        let not_tokens = (!self.not_tokens.is_empty()).then(|| {
            if any(&self.not_tokens) {
                "it has no valid token".to_owned()
            } else {
                format!("its token is not {}", self.not_tokens.join(" or "))
            }
        });
        let parts: Vec<String> = listed
            .chain(tokens)
            .chain(not_tokens)
            .chain(self.other.iter().cloned())
            .collect();
        parts.join(", and ")
    }

    /// Whether only a request with a valid token meets it.
    pub fn needs_token(&self) -> bool {
        !self.tokens.is_empty()
    }
}

/// Which way a condition decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// The request passes when it holds.
    AllowedWhen,
    /// The request is refused when it holds; asked before every `AllowedWhen`.
    DeniedWhen,
    /// An outside provider decides when it holds.
    DelegatedWhen,
}

impl Effect {
    /// What a rule of this action does; `None` for those that never decide.
    pub const fn of(action: AuthorizationAction) -> Option<Self> {
        match action {
            AuthorizationAction::Allow => Some(Self::AllowedWhen),
            AuthorizationAction::Deny => Some(Self::DeniedWhen),
            AuthorizationAction::Custom => Some(Self::DelegatedWhen),
            AuthorizationAction::Audit => None,
        }
    }
}

/// A condition on the request and what it does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConditionalEffect {
    /// What it does.
    pub effect: Effect,
    /// When.
    pub when: RequestConditions,
}

/// May the caller call?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every request passes.
    Allowed,
    /// No request passes.
    Denied,
    /// It depends on the request. Without any `AllowedWhen`, what is not refused passes.
    Conditional(Vec<ConditionalEffect>),
}

/// The verdict with what decides it.
#[derive(Debug, Clone, PartialEq)]
pub struct MeshDecision<'m> {
    /// The verdict.
    pub verdict: Verdict,
    /// Deciding controls with the rule's index; `None` when the control decides without a rule.
    pub rules: Vec<(&'m Control, Option<usize>)>,
    /// Why, in words.
    pub reasons: Vec<String>,
}

impl MeshDecision<'_> {
    /// Whether some request passes.
    pub fn may_pass(&self) -> bool {
        self.verdict != Verdict::Denied
    }

    /// Whether a request passes only with a valid token.
    pub fn needs_token(&self) -> bool {
        let Verdict::Conditional(effects) = &self.verdict else {
            return false;
        };
        let mut allowed = effects
            .iter()
            .filter(|effect| effect.effect == Effect::AllowedWhen)
            .peekable();
        let refused_without = effects.iter().any(|effect| {
            effect.effect == Effect::DeniedWhen && is_only_missing_token(&effect.when)
        });
        refused_without
            || (allowed.peek().is_some() && allowed.all(|effect| effect.when.needs_token()))
    }
}

/// Whether a condition holds for every request without a token.
fn is_only_missing_token(when: &RequestConditions) -> bool {
    let rest = RequestConditions {
        not_tokens: Vec::new(),
        not_paths: Vec::new(),
        ..when.clone()
    };
    when.not_tokens.iter().any(|token| token == "*") && rest.is_empty()
}
