//! Envoy's secret discovery service, one by one: only secrets that changed are sent.
//!
//! Source: xDS protocol, incremental. A secret is known by the digest of its content, so that a
//! client that comes back gets nothing that it still has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use data_encoding::HEXLOWER;
use prost_types::Any;
use tonic::{Status, Streaming};

use super::peer::Peer;
use super::proto::envoy::service::discovery::v3::{
    DeltaDiscoveryRequest, DeltaDiscoveryResponse, Resource,
};
use super::sds::{Caller, MOST_NAMES, Told, check};
use super::subject::Subject as _;
use super::{pushes, secrets};

/// The name that stands for everything that there is.
const EVERYTHING: &str = "*";

/// One stream.
pub(super) struct Changes {
    peer: Arc<Peer>,
    requests: Streaming<DeltaDiscoveryRequest>,
    subscription: Option<Subscription>,
}

/// What a stream has asked for, and what it has.
struct Subscription {
    caller: Caller,
    names: BTreeSet<String>,
    wants_everything: bool,
    /// The versions that the client has, by name.
    has: BTreeMap<String, String>,
    count: u64,
}

impl Changes {
    pub(super) fn new(peer: Arc<Peer>, requests: Streaming<DeltaDiscoveryRequest>) -> Self {
        Self {
            peer,
            requests,
            subscription: None,
        }
    }
}

impl Told for Changes {
    type Response = DeltaDiscoveryResponse;

    async fn next(&mut self) -> Result<Option<DeltaDiscoveryResponse>, Status> {
        loop {
            let Some(subscription) = &mut self.subscription else {
                let Some(request) = self.requests.message().await? else {
                    return Ok(None);
                };
                let begun = Subscription::begin(&self.peer, &request).await?;
                let subscription = self.subscription.insert(begun);
                if let Some(response) = subscription.subscribe(request, true)? {
                    return Ok(Some(response));
                }
                continue;
            };
            tokio::select! {
                request = self.requests.message() => {
                    let Some(request) = request? else {
                        return Ok(None);
                    };
                    checked(&request)?;
                    if !request.resource_names_subscribe.is_empty() {
                        self.peer.account().call()?;
                        subscription.caller.confirm(&self.peer).await?;
                    }
                    if let Some(response) = subscription.subscribe(request, false)? {
                        return Ok(Some(response));
                    }
                }
                changed = subscription.caller.holdings.changed() => {
                    changed.map_err(|_| pushes::stopped())?;
                    pushes::wait_a_chance(self.peer.shared.settings.jitter).await;
                    subscription.caller.confirm(&self.peer).await?;
                    if let Some(response) = subscription.response(&BTreeSet::new())? {
                        return Ok(Some(response));
                    }
                }
                () = self.peer.ended() => return Err(pushes::ended()),
            }
        }
    }
}

impl Subscription {
    async fn begin(peer: &Peer, request: &DeltaDiscoveryRequest) -> Result<Self, Status> {
        checked(request)?;
        Ok(Self {
            caller: Caller::begin(peer).await?,
            names: BTreeSet::new(),
            wants_everything: false,
            has: BTreeMap::new(),
            count: 0,
        })
    }

    /// Takes a request; one that only acknowledges or rejects waits for the next change.
    fn subscribe(
        &mut self,
        request: DeltaDiscoveryRequest,
        is_first: bool,
    ) -> Result<Option<DeltaDiscoveryResponse>, Status> {
        for name in &request.resource_names_unsubscribe {
            self.has.remove(name);
            self.names.remove(name);
            self.wants_everything &= name != EVERYTHING;
        }
        let mut asked: BTreeSet<String> = request.resource_names_subscribe.into_iter().collect();
        let asks_for_everything = asked.remove(EVERYTHING) || (is_first && asked.is_empty());
        self.wants_everything |= asks_for_everything;
        self.names.extend(asked.iter().cloned());
        if self.names.len() > MOST_NAMES {
            return Err(Status::invalid_argument(format!(
                "a stream names at most {MOST_NAMES} secrets: open another one"
            )));
        }
        if is_first {
            self.has = request.initial_resource_versions;
        } else {
            // What is subscribed to again is sent again.
            self.has.retain(|name, _| !asked.contains(name));
        }
        if !is_first && asked.is_empty() && !asks_for_everything {
            return Ok(None);
        }
        self.response(&asked)
    }

    /// What the client does not have yet, and what it is to forget. Whatever was just asked for is
    /// there, or nothing is.
    fn response(
        &mut self,
        asked: &BTreeSet<String>,
    ) -> Result<Option<DeltaDiscoveryResponse>, Status> {
        let holdings = Arc::clone(&self.caller.holdings.borrow_and_update());
        // Whoever holds nothing any more is told so, as on the other stream.
        let every = secrets::every(&holdings)?;
        let mut wanted = self.names.clone();
        if self.wants_everything {
            wanted.extend(every);
        }
        let mut resources = Vec::new();
        let mut has = BTreeMap::new();
        for name in wanted {
            match secrets::one(&holdings, &name)? {
                Some(secret) => {
                    let version = version(&secret);
                    if self.has.get(&name) != Some(&version) {
                        resources.push(Resource {
                            version: version.clone(),
                            resource: Some(secret),
                            name: name.clone(),
                        });
                    }
                    has.insert(name, version);
                }
                None if asked.contains(&name) => return Err(secrets::denied(&name)),
                None => {}
            }
        }
        let gone = self.has.keys().filter(|name| !has.contains_key(*name));
        let removed_resources: Vec<String> = gone.cloned().collect();
        self.has = has;
        if resources.is_empty() && removed_resources.is_empty() {
            return Ok(None);
        }
        self.count = self.count.saturating_add(1);
        Ok(Some(DeltaDiscoveryResponse {
            system_version_info: self.count.to_string(),
            resources,
            type_url: secrets::TYPE.to_owned(),
            nonce: self.count.to_string(),
            removed_resources,
        }))
    }
}

fn version(secret: &Any) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &secret.value);
    HEXLOWER.encode(digest.as_ref())
}

fn checked(request: &DeltaDiscoveryRequest) -> Result<(), Status> {
    check(&request.type_url, request.resource_names_subscribe.iter())?;
    check(&request.type_url, request.resource_names_unsubscribe.iter())?;
    check(&request.type_url, request.initial_resource_versions.keys())
}
