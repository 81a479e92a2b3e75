//! What processes of this machine talk to: the SPIFFE Workload API over a Unix socket.
//!
//! A connection belongs to one attested process. Every answer asks the [`Issuer`](crate::Issuer)
//! with what was attested, and what was attested is confirmed again before anything leaves.

mod alarm;
mod answers;
mod authority;
mod broker;
mod challenge;
mod frames;
mod limits;
mod peer;
mod proto;
mod pushes;
mod sds;
mod sds_changes;
mod secrets;
mod server;
mod services;
mod socket;
mod subject;
mod transport;
mod workload_api;

pub use alarm::{Alarm, SecurityEvent, Sign};
pub use broker::{BrokerAccess, BrokerListener, OwnDocuments};
pub use limits::Limits;
pub use server::{Endpoint, EndpointError, Settings};
pub use socket::{SocketError, bind};
