//! The calls of one connection.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::Stream;
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use tonic::{Request, Response, Status};

use super::proto::nodes_server::Nodes as NodesApi;
use super::proto::{
    AttestRequest, Attested, Document, IssueRequest, Issued, MintRequest, Minted, State, Token,
    Wanted, WatchRequest,
};
use super::{Nodes, attest};
use crate::entries::{Entries, Entry, Grant, MintRules};
use crate::issuing::World;
use crate::server::Server;
use crate::spiffe::{X509Identity, bundles_to_json};
use crate::store::KeptAgent;
use crate::{Attributes, Refusal, SpiffeId};

/// The most documents of one call.
const MOST_WANTED: usize = 256;
/// The source whose attributes only the server says.
const AGENT: &str = "agent";

/// An agent at the other end of a connection.
#[derive(Debug, Clone)]
pub(super) struct PeerAgent {
    id: SpiffeId,
    public_key: Vec<u8>,
    expires: jiff::Timestamp,
}

impl PeerAgent {
    pub(super) fn of(leaf: &CertificateDer<'_>, identity: X509Identity) -> Option<Self> {
        let (_, leaf) = x509_parser::parse_x509_certificate(leaf).ok()?;
        Some(Self {
            id: identity.id,
            public_key: leaf.public_key().raw.to_vec(),
            expires: identity.not_after,
        })
    }
}

/// One connection.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) nodes: Arc<Nodes>,
    pub(super) agent: Option<PeerAgent>,
    pub(super) exporter: [u8; 32],
}

/// Entries and rules as they travel.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sent {
    pub(crate) entries: Vec<Arc<Entry>>,
    pub(crate) rules: MintRules,
}

type States = Pin<Box<dyn Stream<Item = Result<State, Status>> + Send>>;

impl Connection {
    /// The agent, unless it is banned, forgotten, or its document has ended meanwhile.
    fn agent(&self) -> Result<(&PeerAgent, KeptAgent), Status> {
        let server = &self.nodes.server;
        let agent = self.agent.as_ref().ok_or_else(|| {
            Status::unauthenticated("an agent's certificate is needed: attest first")
        })?;
        if agent.expires <= server.now() {
            return Err(Status::unauthenticated(
                "the agent's document has ended: attest again",
            ));
        }
        let known = server.agent(agent.id.as_str());
        let known = known.filter(|known| !known.banned && known.public_key == agent.public_key);
        let known = known.ok_or_else(|| {
            Status::permission_denied("this agent is not known, is banned, or has another key")
        })?;
        Ok((agent, known))
    }

    /// What was attested of a caller, with what the server knows of the agent.
    fn caller(&self, text: &[u8]) -> Result<Attributes, Status> {
        let (agent, known) = self.agent()?;
        let mut caller: Attributes = serde_json::from_slice(text)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        caller.forget(AGENT);
        for (name, values) in of_agent(agent, &known)?.iter() {
            for value in values {
                caller
                    .add(name.as_str(), value)
                    .map_err(|error| Status::invalid_argument(error.to_string()))?;
            }
        }
        Ok(caller)
    }

    fn issue_one(&self, caller: &Attributes, grants: &[Grant], wanted: &Wanted) -> Document {
        let grant = grants.iter().find(|grant| {
            grant.entry.name.as_str() == wanted.entry && grant.id.as_str() == wanted.id
        });
        let signed = match grant {
            Some(grant) => {
                let local = self.nodes.server.engine.signer();
                local.document_for(caller, grant, &wanted.csr)
            }
            None => Err(Refusal::NoIdentity),
        };
        match signed {
            Ok(signed) => Document {
                chain: signed
                    .document
                    .chain
                    .iter()
                    .map(|der| der.to_vec())
                    .collect(),
                authority: signed.authority.to_string(),
                ..Document::default()
            },
            Err(refusal) => Document {
                denied: refusal == Refusal::NoIdentity,
                refused: refusal.to_string(),
                ..Document::default()
            },
        }
    }
}

#[tonic::async_trait]
impl NodesApi for Connection {
    type WatchStream = States;

    async fn attest(&self, request: Request<AttestRequest>) -> Result<Response<Attested>, Status> {
        attest::attest(self, request.into_inner())
            .await
            .map(Response::new)
    }

    async fn watch(&self, _: Request<WatchRequest>) -> Result<Response<States>, Status> {
        self.agent()?;
        let own = self.clone();
        let generations = own.nodes.server.engine.generations();
        let begin = Watching {
            own,
            generations,
            told: None,
        };
        let states = futures_util::stream::unfold(Some(begin), |watching| async {
            let mut watching = watching?;
            let next = watching.next().await;
            let rest = next.is_ok().then_some(watching);
            Some((next, rest))
        });
        Ok(Response::new(Box::pin(states)))
    }

    async fn issue(&self, request: Request<IssueRequest>) -> Result<Response<Issued>, Status> {
        let request = request.into_inner();
        if request.wanted.len() > MOST_WANTED {
            return Err(Status::invalid_argument(
                "too many documents are asked for at once",
            ));
        }
        let caller = self.caller(&request.caller)?;
        let grants = self.nodes.server.engine.grants(&caller);
        let one = |wanted: &Wanted| self.issue_one(&caller, &grants, wanted);
        Ok(Response::new(Issued {
            documents: request.wanted.iter().map(one).collect(),
        }))
    }

    async fn mint(&self, request: Request<MintRequest>) -> Result<Response<Minted>, Status> {
        let request = request.into_inner();
        let caller = self.caller(&request.caller)?;
        let server = &self.nodes.server;
        let mut tokens = Vec::new();
        for id in request.ids.iter().take(MOST_WANTED) {
            let id: SpiffeId = id
                .parse()
                .map_err(|_| Status::invalid_argument("an id is asked for that is none"))?;
            let made = crate::Issuer::tokens(&**server, &caller, &request.audiences, Some(&id));
            let made = made.await.map_err(|refusal| match refusal {
                Refusal::NoIdentity => Status::permission_denied(refusal.to_string()),
                Refusal::Unavailable(_) => Status::unavailable(refusal.to_string()),
                Refusal::Request(_) => Status::invalid_argument(refusal.to_string()),
            })?;
            tokens.extend(made.iter().map(|token| Token {
                id: token.id.to_string(),
                token: token.token.to_string(),
                expires: token.expires.as_second(),
                hint: token.hint.clone(),
            }));
        }
        Ok(Response::new(Minted { tokens }))
    }
}

/// What the server says of an agent.
fn of_agent(agent: &PeerAgent, known: &KeptAgent) -> Result<Attributes, Status> {
    let wrong = |error: crate::AttributeError| Status::internal(error.to_string());
    let mut attributes: Attributes = serde_json::from_str(&known.attributes).unwrap_or_default();
    attributes
        .add("agent.id", agent.id.as_str())
        .map_err(wrong)?;
    attributes
        .add("agent.method", known.method.as_str())
        .map_err(wrong)?;
    Ok(attributes)
}

/// A stream of states, each with what differs from the one before.
struct Watching {
    own: Connection,
    generations: tokio::sync::watch::Receiver<u64>,
    told: Option<(Vec<Arc<Entry>>, Arc<World>)>,
}

impl Watching {
    async fn next(&mut self) -> Result<State, Status> {
        loop {
            if self.told.is_some() {
                let changed = self.generations.changed().await;
                changed.map_err(|_| Status::unavailable("the server is stopping"))?;
            } else {
                self.generations.mark_unchanged();
            }
            if let Some(state) = self.state()? {
                return Ok(state);
            }
        }
    }

    fn state(&mut self) -> Result<Option<State>, Status> {
        let (agent, known) = self.own.agent()?;
        let server: &Server = &self.own.nodes.server;
        let attributes = of_agent(agent, &known)?;
        let (entries, world) = (server.engine.entries(), server.engine.world());
        let mine = concerning(&entries, &attributes);
        let wrong = |error: serde_json::Error| Status::internal(error.to_string());
        let is_new = |told: &Vec<Arc<Entry>>| {
            told.len() != mine.len()
                || !told
                    .iter()
                    .zip(&mine)
                    .all(|(told, own)| Arc::ptr_eq(told, own))
        };
        let new_entries = self.told.as_ref().is_none_or(|(told, _)| is_new(told));
        let new_world = self
            .told
            .as_ref()
            .is_none_or(|(_, told)| !Arc::ptr_eq(told, &world));
        if !new_entries && !new_world {
            return Ok(None);
        }
        let mut state = State {
            trust_domain: server.trust_domain().to_string(),
            distrusted: world.distrusted.iter().cloned().collect(),
            attributes: serde_json::to_vec(&attributes).map_err(wrong)?,
            ..State::default()
        };
        if new_entries {
            let sent = Sent {
                entries: mine.clone(),
                rules: entries.rules().clone(),
            };
            state.entries = Some(serde_json::to_vec(&sent).map_err(wrong)?);
        }
        if new_world {
            let bundles = Arc::clone(&crate::Issuer::bundles(server).borrow());
            state.bundles = Some(bundles_to_json(&bundles).to_string().into_bytes());
        }
        self.told = Some((mine, world));
        Ok(Some(state))
    }
}

/// Entries that can match a caller of this agent: none that asks for another agent.
fn concerning(entries: &Entries, attributes: &Attributes) -> Vec<Arc<Entry>> {
    let can_match = |entry: &&Arc<Entry>| {
        let of_agent = entry
            .matches
            .iter()
            .filter(|(name, _)| name.as_str().split('.').next() == Some(AGENT));
        let mut asked = of_agent.map(|(name, patterns)| {
            let values = attributes.get(name);
            values.is_some_and(|values| {
                patterns
                    .iter()
                    .any(|pattern| values.iter().any(|value| pattern.matches(value)))
            })
        });
        asked.all(|matches| matches)
    };
    entries.all().iter().filter(can_match).cloned().collect()
}
