//! Pods of a Kubernetes cluster, as its API server knows them.
//!
//! A token of a service account says who it was made for, but the API server goes on accepting it
//! for seconds after its pod is gone. So a token is reviewed *and* its pod is looked up; a pod
//! that is gone, is going or is another one has no identity.

mod api;
mod attributes;
mod node;
mod objects;
mod review;

pub use api::{Access, Api, ApiError};
pub use node::{Node, NodeError};
pub use objects::{ContainerStatus, Pod, PodError};
pub use review::{ReviewError, ServiceAccount};
