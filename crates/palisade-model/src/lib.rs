//! The typed graph of a system: what exists, who may reach what, and where we learned it; and the
//! vocabulary of answers about it ([`Finding`], [`Exception`], [`Coverage`]).
//!
//! Everything upstream (`palisade-sources`) only *builds* a [`Model`]; everything downstream only
//! *reads* it. Start at [`Model`].
//!
//! **Invariant:** no I/O, no clock and no file format is known here.
//! **Invariant:** every node carries an [`Origin`]; a fact without a source is a bug.
//! **Invariant:** no value of a secret is ever held here, only where it stands and of what kind it is.

mod access;
mod address;
mod answer;
mod builtin;
mod by_name;
mod container;
mod control;
mod data;
mod edge;
mod entry;
mod exception;
mod id;
mod linkerd;
mod mesh;
mod model;
mod network;
mod origin;
mod pattern;
mod pipeline;
mod rare;
mod reading;
mod selector;
mod tag;
mod workload;

pub use crate::access::{Binding, PolicyRule, Role, RoleRef, Subject, SubjectKind};
pub use crate::address::{Cidr, ParseCidrError, Port, PortRange, Protocol};
pub use crate::answer::{
    AddedValue, Addition, Check, CheckId, Confidence, Equivalent, Finding, ParseCheckIdError,
    ParseSeverityError, Patch, Place, Severity, Tool,
};
pub use crate::by_name::{ByName, Entries};
pub use crate::container::{
    BASELINE_CAPABILITIES, Capabilities, Container, ContainerPort, ContainerRole, EnvSource,
    EnvVar, Mount, PodSecurity, Probe, ProjectedToken, ResourceAmounts, SecurityContext, Volume,
    VolumeSource,
};
pub use crate::control::{AdmissionPolicy, Control, ControlKind, Enforcement};
pub use crate::data::{
    Classification, ConfigObject, Dataset, DatasetKind, Image, ImageRef, ImageUse, Secret,
    SecretForm, SecretKind,
};
pub use crate::edge::{Edge, EdgeKind, Flow, FlowState};
pub use crate::entry::{
    Backend, EntryKind, EntryPoint, Listener, PortRef, Service, ServiceKind, ServicePort,
};
pub use crate::exception::{Exception, ExceptionScope};
pub use crate::id::{NodeId, NodeKind};
pub use crate::linkerd::{
    LinkerdAuthentication, LinkerdAuthorization, LinkerdServer, LinkerdTarget,
    MeshTlsAuthentication, NetworkAuthentication,
};
pub use crate::mesh::{
    AuthorizationAction, AuthorizationPolicy, AuthorizationRule, Condition, DestinationRule,
    JwtRule, MeshOperation, MeshScope, MeshSource, MeshTelemetry, MtlsMode, PeerAuthentication,
    RequestAuthentication, ServiceEntry, SidecarScope, TargetRef, TlsMode, TrafficTls,
};
pub use crate::model::{Actor, Model, SCHEMA_VERSION, Zone, ZoneKind};
pub use crate::network::{
    NetworkAction, NetworkPeer, NetworkPolicy, NetworkPort, NetworkRule, NetworkTier, PolicySubject,
};
pub use crate::origin::{Fact, Origin};
pub use crate::pattern::{Coverage, Layer, PatternId, Status, View};
pub use crate::pipeline::{
    BuildCommand, BuildFile, BuildInstruction, BuildStage, DeployPath, MadeImage, Pipeline,
};
pub use crate::rare::{Blank, Rare};
pub use crate::reading::{Account, Diagnostic, DiagnosticLevel, Outcome};
pub use crate::selector::{Labels, Operator, Requirement, Selector};
pub use crate::tag::TagKind;
pub use crate::workload::{
    Identity, MeshMembership, Strategy, UpdateStrategy, Workload, WorkloadKind,
};
