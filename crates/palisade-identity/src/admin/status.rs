//! How a server or an agent is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::nodes::pin::ServerKey;
use crate::server::Server;
use crate::store::{KeptAgent, StoreError};

/// How a server or an agent is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// Whose documents it gives out.
    pub trust_domain: String,
    /// What it is: `server` or `agent`.
    pub role: String,
    /// The digest of the key that agents know a server by.
    pub server_pin: Option<String>,
    /// Its keys, if it is a server.
    pub keys: Vec<KeyStatus>,
    /// Entries in force.
    pub entries: usize,
    /// Different callers that hold something.
    pub callers: usize,
    /// Agents that were attested, if it is a server.
    pub agents: Vec<AgentStatus>,
    /// How long the server may be away.
    pub outage: OutageStatus,
    /// Records of evidence that wait to be written.
    pub evidence_waiting: usize,
    /// What is wrong now, in sentences.
    pub problems: Vec<String>,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct KeyStatus {
    /// Its id.
    pub id: String,
    /// What it signs.
    pub kind: String,
    /// Where it stands in its life.
    pub stage: String,
    /// When it is to sign, if it is prepared for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signs_from: Option<Timestamp>,
    /// When it ends.
    pub expires: Timestamp,
}

/// One agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AgentStatus {
    /// Its SPIFFE ID.
    pub id: String,
    /// How it was attested.
    pub method: String,
    /// When it was attested last.
    pub attested: Timestamp,
    /// Until when its document is valid.
    pub expires: Timestamp,
    /// Whether it must not come back.
    pub banned: bool,
}

/// How long callers could go on if the server stopped now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OutageStatus {
    /// When the first document that somebody holds ends.
    pub first_end: Option<Timestamp>,
    /// Seconds until then.
    pub seconds: Option<i64>,
    /// Seconds that are left to every document when it is replaced, at the least.
    pub at_least: i64,
    /// Since when the server has not answered, for an agent.
    pub away_since: Option<Timestamp>,
}

impl From<KeptAgent> for AgentStatus {
    fn from(kept: KeptAgent) -> Self {
        Self {
            id: kept.id,
            method: kept.method,
            attested: kept.attested,
            expires: kept.expires,
            banned: kept.banned,
        }
    }
}

impl Status {
    /// How a server is. A database that does not answer is one of its problems.
    pub async fn of(server: &Server) -> Self {
        let published = server.authority().subscribe().borrow().clone();
        let keys = published.authorities.iter().map(|info| KeyStatus {
            id: info.id.clone(),
            kind: info.kind.to_string(),
            stage: info.stage.to_string(),
            signs_from: info.signs_from,
            expires: info.expires,
        });
        let key = ServerKey::open(server.store()).await;
        let mut problems = Vec::new();
        let ledger = server.ledger();
        problems.extend(ledger.failure.map(|why| format!("evidence waits: {why}")));
        let unspooled = ledger.unspooled;
        problems.extend(unspooled.map(|why| format!("evidence waits in memory alone: {why}")));
        let left_out = server.left_out().into_iter();
        problems.extend(left_out.map(|one| {
            format!(
                "the pushed entry `{}` is not in force: {}",
                one.name, one.message
            )
        }));
        let agents = match server.store().agents().await {
            Ok(agents) => agents.into_iter().map(AgentStatus::from).collect(),
            Err(error) => {
                problems.push(StoreError::to_string(&error));
                Vec::new()
            }
        };
        Self {
            trust_domain: server.trust_domain().to_string(),
            role: "server".to_owned(),
            server_pin: key.ok().map(|key| key.pin.to_string()),
            keys: keys.collect(),
            entries: server.entries().all().len(),
            callers: server.held(),
            agents,
            outage: server.outage(),
            evidence_waiting: ledger.waiting,
            problems,
        }
    }
}
