//! What was issued to whom and why, and what was refused: one record each, without any secret.

mod log;
mod recent;
mod record;
mod spool;

pub use log::{EvidenceLog, LogError};
pub(crate) use recent::{News, Recent, key_of};
pub use record::{Document, EVIDENCE_VERSION, Event, Evidence, Held, Image};
pub use spool::{Left, Spool, SpoolError};
