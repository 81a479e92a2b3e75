//! Has the server sign: keys are made here, documents come back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rcgen::{KeyPair, PublicKeyData as _};
use tokio::sync::Notify;
use tonic::Code;
use zeroize::Zeroizing;

use super::connect::Channel;
use super::node::request;
use super::refusals::Refusals;
use crate::entries::{Grant, Resolution};
use crate::issuing::{Made, MadeAll, Signer};
use crate::nodes::proto::nodes_client::NodesClient;
use crate::nodes::proto::{Document, IssueRequest, MintRequest, Wanted};
use crate::spiffe::{JwtSvid, X509Svid, leaf_identity};
use crate::{Answer, Attributes, Clock, Refusal, SpiffeId};

/// How long the server may take to sign.
const PATIENCE: Duration = Duration::from_secs(10);

/// The server, while it is there.
#[derive(Debug)]
pub(super) struct Remote {
    client: Mutex<Option<NodesClient<Channel>>>,
    refusals: Refusals,
    /// Somebody waits for the server.
    wanted: Notify,
}

impl Remote {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            client: Mutex::default(),
            refusals: Refusals::new(clock),
            wanted: Notify::new(),
        }
    }

    pub(super) fn set(&self, client: Option<NodesClient<Channel>>) {
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = client;
        self.refusals.wake();
    }

    /// Takes note that somebody waits for the server.
    pub(super) fn want(&self) {
        self.wanted.notify_one();
    }

    /// Waits until somebody waits for the server.
    pub(super) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    pub(super) fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    pub(super) fn client(&self) -> Result<NodesClient<Channel>, Refusal> {
        let client = self
            .client
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        client.ok_or_else(|| {
            self.want();
            away()
        })
    }

    async fn issue(
        &self,
        caller: &Attributes,
        grants: &[Grant],
    ) -> Result<Vec<Result<Made, Refusal>>, Refusal> {
        let mut client = self.client()?;
        let mut keys = Vec::with_capacity(grants.len());
        let mut wanted = Vec::with_capacity(grants.len());
        for grant in grants {
            let key = KeyPair::generate().map_err(|_| broken())?;
            wanted.push(Wanted {
                entry: grant.entry.name.as_str().to_owned(),
                id: grant.id.to_string(),
                csr: request(&key).map_err(|_| broken())?,
            });
            keys.push(key);
        }
        let question = IssueRequest {
            caller: serde_json::to_vec(caller).map_err(|_| broken())?,
            wanted,
        };
        let answer = tokio::time::timeout(PATIENCE, client.issue(question)).await;
        let answer = answer
            .map_err(|_| away())?
            .map_err(|status| told(&status))?;
        let documents = answer.into_inner().documents;
        if documents.len() != grants.len() {
            return Err(broken());
        }
        let all = grants.iter().zip(keys).zip(documents);
        Ok(all
            .map(|((grant, key), document)| made(grant, &key, document))
            .collect())
    }

    async fn mint(
        &self,
        caller: &Attributes,
        grants: &[Grant],
        audiences: &[String],
    ) -> Result<Vec<JwtSvid>, Refusal> {
        let mut client = self.client()?;
        let question = MintRequest {
            caller: serde_json::to_vec(caller).map_err(|_| broken())?,
            ids: grants.iter().map(|grant| grant.id.to_string()).collect(),
            audiences: audiences.to_vec(),
        };
        let answer = tokio::time::timeout(PATIENCE, client.mint(question)).await;
        let answer = answer
            .map_err(|_| away())?
            .map_err(|status| told(&status))?;
        let tokens = answer.into_inner().tokens.into_iter().map(|token| {
            Ok(JwtSvid {
                id: token.id.parse().map_err(|_| broken())?,
                token: Zeroizing::new(token.token),
                expires: Timestamp::from_second(token.expires).map_err(|_| broken())?,
                hint: token.hint,
            })
        });
        tokens.collect()
    }
}

impl Signer for Remote {
    fn refused(&self, caller: &Attributes, _: &Resolution, asked: Option<&SpiffeId>) {
        self.refusals.keep(caller, asked);
    }

    fn documents<'a>(&'a self, caller: &'a Attributes, grants: &'a [Grant]) -> MadeAll<'a> {
        Box::pin(async move {
            match self.issue(caller, grants).await {
                Ok(made) => made,
                Err(refusal) => grants.iter().map(|_| Err(refusal.clone())).collect(),
            }
        })
    }

    fn tokens<'a>(
        &'a self,
        caller: &'a Attributes,
        grants: &'a [Grant],
        audiences: &'a [String],
    ) -> Answer<'a, Vec<JwtSvid>> {
        Box::pin(self.mint(caller, grants, audiences))
    }
}

fn made(grant: &Grant, key: &KeyPair, document: Document) -> Result<Made, Refusal> {
    if document.denied {
        return Err(Refusal::NoIdentity);
    }
    if !document.refused.is_empty() {
        return Err(Refusal::Unavailable(document.refused));
    }
    let leaf = document.chain.first().ok_or_else(broken)?;
    let identity = leaf_identity(leaf).map_err(|_| broken())?;
    let is_mine = x509_parser::parse_x509_certificate(leaf)
        .is_ok_and(|(_, leaf)| leaf.public_key().raw == key.subject_public_key_info());
    if identity.id != grant.id || !is_mine {
        return Err(broken());
    }
    Ok(Made {
        svid: X509Svid {
            id: identity.id,
            chain: document
                .chain
                .iter()
                .map(|der| der.as_slice().into())
                .collect(),
            key: Arc::new(Zeroizing::new(key.serialize_der())),
            not_before: identity.not_before,
            not_after: identity.not_after,
            hint: String::new(),
        },
        authority: document.authority.into(),
    })
}

fn told(status: &tonic::Status) -> Refusal {
    match status.code() {
        Code::PermissionDenied => Refusal::NoIdentity,
        Code::InvalidArgument => Refusal::Request(status.message().to_owned()),
        _ => Refusal::Unavailable(format!(
            "the server does not sign now: {}",
            status.message()
        )),
    }
}

fn away() -> Refusal {
    let sentence = "the server does not answer: documents that are held stay valid, new ones wait";
    Refusal::Unavailable(sentence.to_owned())
}

fn broken() -> Refusal {
    Refusal::Unavailable("the server's answer cannot be used: run the same version".to_owned())
}
