//! The twelve patterns: one folder each, graph in, findings and coverage out.
//!
//! Start at [`evaluate`]; [`patterns`] is the one list of everything that is checked. A check is
//! data plus one pure function ([`Unit`]), in one file, with one line in its pattern's list.
//!
//! **Invariant:** checks read the model and the analysis and nothing else: no file, no clock.

mod build_view;
mod coming_from;
mod config_view;
mod container_view;
mod context;
mod coverage;
mod evaluate;
mod finding;
mod guardrail;
mod mutable_tags;
mod p01_identity_aware_ingress;
mod p02_mesh_mtls;
mod p03_workload_identity;
mod p04_least_privilege_access;
mod p05_network_segmentation;
mod p06_policy_as_code;
mod p07_signed_artifacts;
mod p08_hardened_runtime;
mod p09_data_protection;
mod p10_declarative_delivery;
mod p11_stitched_telemetry;
mod p12_automated_response;
mod registry;
mod selection;
mod suppression;

pub use crate::coming_from::coming_from;
pub use crate::context::Context;
pub use crate::evaluate::{Evaluation, PatternResult, evaluate};
pub use crate::finding::{Findings, Report};
pub use crate::guardrail::{GuardrailFault, GuardrailReport, Judging};
pub use crate::registry::{Pattern, Unit, find, patterns};
pub use crate::suppression::{Suppression, SuppressionError, WrittenException};
