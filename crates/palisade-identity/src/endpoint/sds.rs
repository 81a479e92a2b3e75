//! Envoy's secret discovery service: the same identities as Envoy reads them.
//!
//! Source: xDS protocol. State of the world: a request subscribes, acknowledges or rejects, and every
//! response has all that is subscribed to. One by one is in `sds_changes`.

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
use super::sds_changes::Changes;
use super::subject::Subject as _;
use super::{answers, pushes, secrets};
use crate::spiffe::LONGEST_ID;
use crate::{Attributes, Holdings};

/// The most secrets of one request.
pub(super) const MOST_NAMES: usize = 256;

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
        request: Request<Streaming<DeltaDiscoveryRequest>>,
    ) -> Result<Response<Self::DeltaSecretsStream>, Status> {
        let session = Changes::new(Arc::clone(&self.peer), request.into_inner());
        Ok(Response::new(responses(session)))
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
        Ok(Response::new(responses(session)))
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

/// A stream from this side.
pub(super) trait Told: Send + 'static {
    /// What is said.
    type Response: Send;

    /// The next response; nothing when the client has ended the stream.
    fn next(&mut self) -> impl Future<Output = Result<Option<Self::Response>, Status>> + Send;
}

fn responses<T: Told>(
    session: T,
) -> Pin<Box<dyn Stream<Item = Result<T::Response, Status>> + Send>> {
    Box::pin(unfold(Some(session), |session| async {
        let mut session = session?;
        let next = session.next().await.transpose()?;
        // An error is the last thing that a stream says.
        let rest = next.is_ok().then_some(session);
        Some((next, rest))
    }))
}

/// The caller of a stream, and what it holds now and at every change.
pub(super) struct Caller {
    attested: Attributes,
    pub(super) holdings: watch::Receiver<Arc<Holdings>>,
}

impl Caller {
    pub(super) async fn begin(peer: &Peer) -> Result<Self, Status> {
        let attested = peer.attest().await?;
        let holdings = peer.shared.issuer.holdings(&attested).await;
        Ok(Self {
            attested,
            holdings: holdings.map_err(|refusal| answers::status(&refusal))?,
        })
    }

    /// It is still the one that it was.
    pub(super) async fn confirm(&self, peer: &Peer) -> Result<(), Status> {
        if peer.attest().await? == self.attested {
            return Ok(());
        }
        Err(pushes::changed())
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
    caller: Caller,
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

impl Told for Session {
    type Response = DiscoveryResponse;

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
                        subscription.caller.confirm(&self.peer).await?;
                        return subscription.response(Answer::Always);
                    }
                }
                changed = subscription.caller.holdings.changed() => {
                    changed.map_err(|_| pushes::stopped())?;
                    pushes::wait_a_chance(self.peer.shared.settings.jitter).await;
                    subscription.caller.confirm(&self.peer).await?;
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
        Ok(Self {
            caller: Caller::begin(peer).await?,
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

    fn response(&mut self, when: Answer) -> Result<Option<DiscoveryResponse>, Status> {
        let holdings = Arc::clone(&self.caller.holdings.borrow_and_update());
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
    check(&request.type_url, request.resource_names.iter())
}

/// Only secrets are asked for, not too many, and their names are not too long.
pub(super) fn check<'a>(
    type_url: &str,
    mut names: impl ExactSizeIterator<Item = &'a String>,
) -> Result<(), Status> {
    if !type_url.is_empty() && type_url != secrets::TYPE {
        return Err(Status::invalid_argument(
            "this service has secrets only: ask for no other type",
        ));
    }
    if names.len() > MOST_NAMES || names.any(|name| name.len() > LONGEST_ID) {
        return Err(Status::invalid_argument(format!(
            "a request names at most {MOST_NAMES} secrets of at most {LONGEST_ID} bytes"
        )));
    }
    Ok(())
}
