//! Envoy's secret discovery service: the same identities as Envoy reads them.
//!
//! Source: xDS protocol, state of the world: a request subscribes, acknowledges or rejects.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::Stream;
use futures_util::stream::unfold;
use prost_types::Any;
use tokio::sync::watch;
use tonic::{Request, Response, Status, Streaming};

use super::peer::Peer;
use super::proto::envoy::service::discovery::v3::{
    DeltaDiscoveryRequest, DeltaDiscoveryResponse, DiscoveryRequest, DiscoveryResponse,
};
use super::proto::envoy::service::secret::v3::secret_discovery_service_server::SecretDiscoveryService;
use super::subject::Subject as _;
use super::{answers, pushes, secrets};
use crate::spiffe::LONGEST_ID;
use crate::{Attributes, Holdings};

/// The most secrets of one request.
const MOST_NAMES: usize = 256;

/// The service; one value serves one connection.
pub(crate) struct Secrets {
    pub(crate) peer: Arc<Peer>,
}

type Responses = Pin<Box<dyn Stream<Item = Result<DiscoveryResponse, Status>> + Send>>;
type DeltaResponses = Pin<Box<dyn Stream<Item = Result<DeltaDiscoveryResponse, Status>> + Send>>;

#[tonic::async_trait]
impl SecretDiscoveryService for Secrets {
    type DeltaSecretsStream = DeltaResponses;
    type StreamSecretsStream = Responses;

    async fn delta_secrets(
        &self,
        _: Request<Streaming<DeltaDiscoveryRequest>>,
    ) -> Result<Response<Self::DeltaSecretsStream>, Status> {
        Err(Status::unimplemented(
            "secrets are not served one by one: use `api_type: GRPC`, not `DELTA_GRPC`",
        ))
    }

    async fn stream_secrets(
        &self,
        request: Request<Streaming<DiscoveryRequest>>,
    ) -> Result<Response<Self::StreamSecretsStream>, Status> {
        let session = Session {
            peer: Arc::clone(&self.peer),
            requests: request.into_inner(),
            subscription: None,
        };
        let responses = unfold(Some(session), |session| async {
            let mut session = session?;
            let next = session.next().await.transpose()?;
            // An error is the last thing that a stream says.
            let rest = next.is_ok().then_some(session);
            Some((next, rest))
        });
        Ok(Response::new(Box::pin(responses)))
    }

    async fn fetch_secrets(
        &self,
        request: Request<DiscoveryRequest>,
    ) -> Result<Response<DiscoveryResponse>, Status> {
        let request = request.into_inner();
        checked(&request)?;
        let mut subscription = Subscription::begin(&self.peer, request.resource_names).await?;
        let response = subscription.response(Answer::Always)?;
        response
            .map(Response::new)
            .ok_or_else(|| Status::internal("a whole answer is always made"))
    }
}

/// One stream.
struct Session {
    peer: Arc<Peer>,
    requests: Streaming<DiscoveryRequest>,
    subscription: Option<Subscription>,
}

/// What a stream has asked for, and what it was told last.
struct Subscription {
    attested: Attributes,
    holdings: watch::Receiver<Arc<Holdings>>,
    names: Vec<String>,
    version: u64,
    told: Vec<Any>,
}

/// When something is said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Always,
    IfChanged,
}

impl Session {
    /// The next response; nothing when the client has ended the stream.
    async fn next(&mut self) -> Result<Option<DiscoveryResponse>, Status> {
        loop {
            let Some(subscription) = &mut self.subscription else {
                let Some(request) = self.requests.message().await? else {
                    return Ok(None);
                };
                checked(&request)?;
                let begun = Subscription::begin(&self.peer, request.resource_names).await?;
                return self.subscription.insert(begun).response(Answer::Always);
            };
            tokio::select! {
                request = self.requests.message() => {
                    let Some(request) = request? else {
                        return Ok(None);
                    };
                    checked(&request)?;
                    if subscription.asks_anew(request) {
                        self.peer.account().call()?;
                        subscription.confirm(&self.peer).await?;
                        return subscription.response(Answer::Always);
                    }
                }
                changed = subscription.holdings.changed() => {
                    changed.map_err(|_| pushes::stopped())?;
                    pushes::wait_a_chance(self.peer.shared.settings.jitter).await;
                    subscription.confirm(&self.peer).await?;
                    if let Some(response) = subscription.response(Answer::IfChanged)? {
                        return Ok(Some(response));
                    }
                }
                () = self.peer.ended() => return Err(pushes::ended()),
            }
        }
    }
}

impl Subscription {
    async fn begin(peer: &Peer, names: Vec<String>) -> Result<Self, Status> {
        let attested = peer.attest().await?;
        let holdings = peer.shared.issuer.holdings(&attested).await;
        Ok(Self {
            attested,
            holdings: holdings.map_err(|refusal| answers::status(&refusal))?,
            names,
            version: 0,
            told: Vec::new(),
        })
    }

    /// Whether a request wants an answer: it subscribes to other names. One that acknowledges or
    /// rejects the last response wants the next change; one about an older response is stale.
    fn asks_anew(&mut self, request: DiscoveryRequest) -> bool {
        let of_last = request.response_nonce == self.version.to_string();
        if !of_last || request.resource_names == self.names {
            return false;
        }
        self.names = request.resource_names;
        true
    }

    async fn confirm(&self, peer: &Peer) -> Result<(), Status> {
        if peer.attest().await? == self.attested {
            return Ok(());
        }
        Err(pushes::changed())
    }

    fn response(&mut self, when: Answer) -> Result<Option<DiscoveryResponse>, Status> {
        let holdings = Arc::clone(&self.holdings.borrow_and_update());
        let resources = secrets::named(&holdings, &self.names)?;
        if when == Answer::IfChanged && resources == self.told {
            return Ok(None);
        }
        self.told.clone_from(&resources);
        self.version = self.version.saturating_add(1);
        Ok(Some(DiscoveryResponse {
            version_info: self.version.to_string(),
            resources,
            type_url: secrets::TYPE.to_owned(),
            nonce: self.version.to_string(),
        }))
    }
}

fn checked(request: &DiscoveryRequest) -> Result<(), Status> {
    if !request.type_url.is_empty() && request.type_url != secrets::TYPE {
        return Err(Status::invalid_argument(
            "this service has secrets only: ask for no other type",
        ));
    }
    let names = &request.resource_names;
    if names.len() > MOST_NAMES || names.iter().any(|name| name.len() > LONGEST_ID) {
        return Err(Status::invalid_argument(format!(
            "a request names at most {MOST_NAMES} secrets of at most {LONGEST_ID} bytes"
        )));
    }
    Ok(())
}
