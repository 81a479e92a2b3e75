//! The calls of one connection.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::Stream;
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::CertificateDer;
use tonic::{Request, Response, Status};

use super::list::AGENT;
use super::proto::nodes_server::Nodes as NodesApi;
use super::proto::{
    AttestRequest, Attested, Document, IssueRequest, Issued, MintRequest, Minted, ReportRequest,
    Reported, State, Token, Wanted, WatchRequest,
};
use super::watching::Watching;
use super::{MOST_REPORTED, Nodes, attest};
use crate::entries::Grant;
use crate::spiffe::X509Identity;
use crate::store::KeptAgent;
use crate::{Attributes, Refusal, SpiffeId};

/// The most documents of one call.
const MOST_WANTED: usize = 256;

/// The most refusals that one report says were lost.
const MOST_LOST: u64 = 1 << 20;
/// The longest time between a refusal and its report that is believed.
const LONGEST_AGO: SignedDuration = SignedDuration::from_hours(24);

/// An agent at the other end of a connection.
#[derive(Debug, Clone)]
pub(super) struct PeerAgent {
    id: SpiffeId,
    public_key: Vec<u8>,
    expires: Timestamp,
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

type States = Pin<Box<dyn Stream<Item = Result<State, Status>> + Send>>;

impl Connection {
    /// The agent, unless it is banned, forgotten, or its document has ended meanwhile.
    pub(super) fn agent(&self) -> Result<(&PeerAgent, KeptAgent), Status> {
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

    async fn watch(&self, request: Request<WatchRequest>) -> Result<Response<States>, Status> {
        self.agent()?;
        let begin = Watching::new(self.clone(), request.into_inner().holds);
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
        let engine = &self.nodes.server.engine;
        let resolution = engine.resolve(&caller);
        if resolution.grants.is_empty() {
            crate::issuing::Signer::refused(engine.signer(), &caller, &resolution, None);
        }
        let grants = resolution.grants;
        let one = |wanted: &Wanted| self.issue_one(&caller, &grants, wanted);
        Ok(Response::new(Issued {
            documents: request.wanted.iter().map(one).collect(),
        }))
    }

    async fn report(&self, request: Request<ReportRequest>) -> Result<Response<Reported>, Status> {
        let request = request.into_inner();
        if request.refused.len() > MOST_REPORTED {
            return Err(Status::invalid_argument(
                "too many refusals are told at once",
            ));
        }
        let (agent, _) = self.agent()?;
        let mut lost = request.lost;
        let mut taken = Vec::new();
        for refused in &request.refused {
            let asked = Some(refused.asked.as_str()).filter(|asked| !asked.is_empty());
            let asked: Option<SpiffeId> = asked
                .map(str::parse)
                .transpose()
                .map_err(|_| Status::invalid_argument("an id was asked for that is none"))?;
            taken.push((self.caller(&refused.caller)?, asked, refused.at));
        }
        let (server, nodes) = (&self.nodes.server, &self.nodes);
        for (caller, asked, at) in taken {
            if !nodes.reports.take(&agent.id, server.now()) {
                lost = lost.saturating_add(1);
                continue;
            }
            let resolution = server.engine.resolve(&caller);
            let local = server.engine.signer();
            local.refused_at(
                told_at(at, server.now()),
                &caller,
                &resolution,
                asked.as_ref(),
            );
        }
        server.ledger.lose(lost.min(MOST_LOST));
        Ok(Response::new(Reported {}))
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

/// When an agent says that something happened, as far as it can be so.
fn told_at(milliseconds: i64, now: Timestamp) -> Timestamp {
    let told = Timestamp::from_millisecond(milliseconds);
    let earliest = now.checked_sub(LONGEST_AGO);
    match (told, earliest) {
        (Ok(told), Ok(earliest)) if told <= now => told.max(earliest),
        _ => now,
    }
}

/// What the server says of an agent.
pub(super) fn of_agent(agent: &PeerAgent, known: &KeptAgent) -> Result<Attributes, Status> {
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
