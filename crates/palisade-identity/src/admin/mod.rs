//! What an operator asks of a running server or agent: JSON over HTTP on a Unix socket that only
//! its owner can use.

mod client;
mod routes;
mod serve;
mod status;

pub use client::{AdminError, Verb, call};
pub use routes::{agent_router, router};
pub use serve::serve;
pub use status::{AgentStatus, KeyStatus, OutageStatus, Status};

use serde::{Deserialize, Serialize};

use crate::authority::Kind;
use crate::entries::{Entry, EntryName};
use crate::server::WrongEntry;

/// Asks for new keys before their time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rotate {
    /// Which kind of key; none: all kinds.
    #[serde(default)]
    pub kind: Option<Kind>,
    /// Whether they sign at once, before other trust domains know them.
    #[serde(default)]
    pub now: bool,
}

/// Names a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Key {
    /// Its id.
    pub id: String,
}

/// Asks for a join token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Invite {
    /// The name that the agent gets.
    pub agent: String,
    /// For how long it can be redeemed, in seconds.
    pub seconds: u32,
}

/// A join token; it is shown once.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Invited {
    /// The text to give to the agent.
    pub token: String,
    /// The id that the agent gets.
    pub agent: String,
    /// Until when it can be redeemed.
    pub expires: jiff::Timestamp,
}

/// Names an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Agent {
    /// Its SPIFFE ID.
    pub id: String,
}

/// Asks for evidence: the last records, or those after a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EvidenceAsked {
    /// The number of the record before the first one; none: the last records.
    #[serde(default)]
    pub after: Option<i64>,
    /// How many.
    pub count: u32,
    /// Only records of this identity.
    #[serde(default)]
    pub id: Option<String>,
}

/// A record of evidence with its number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct EvidenceTold {
    /// Grows with every record.
    pub number: i64,
    /// When it was kept.
    pub at: jiff::Timestamp,
    /// The record: what is issued and refused, and what is exchanged.
    pub record: serde_json::Value,
}

/// Asks to keep entries and to put them in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Push {
    /// The entries, each in the place of one of its name.
    pub entries: Vec<Entry>,
    /// Whether only the answer is wanted.
    #[serde(default)]
    pub dry_run: bool,
    /// What must still stand under these names, as an earlier answer said it.
    #[serde(default)]
    pub expected: Option<String>,
}

/// Asks to forget entries that were pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Withdraw {
    /// Their names.
    pub names: Vec<EntryName>,
    /// Whether only the answer is wanted.
    #[serde(default)]
    pub dry_run: bool,
}

/// Why something was not done, in a sentence.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Told {
    error: String,
    /// The entries that are the reason, if any are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    wrong: Vec<WrongEntry>,
}
