//! Follows the server: attests, listens, and begins again whatever ends it.

use std::time::Duration;

use rcgen::{KeyPair, SigningKey as _};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tonic::{Code, Status};

use super::Agent;
use super::connect::{Connected, connect};
use super::node::Credential;
use crate::authority::rotate_at;
use crate::nodes::proto::attest_request::Method;
use crate::nodes::proto::{AttestRequest, Certificate};
use crate::nodes::to_prove;

pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The longest pause while a workload waits.
const AWAITED: Duration = Duration::from_secs(2);
/// How long an answer to an attestation may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why following ended.
pub(super) enum End {
    /// The own document is to be renewed; the server is there.
    Renewal,
    /// The server does not take the document.
    Refused(String),
    /// The server is away.
    Away(String),
}

impl Agent {
    pub(super) async fn follow(&self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let end = match self.attest().await {
                Ok(()) => self.listen(&mut pause).await,
                Err(end) => end,
            };
            self.engine.signer().set(None);
            let reason = match end {
                End::Renewal => continue,
                End::Refused(reason) => {
                    // However it came to that: the node proves its key again.
                    self.node.forget_document();
                    reason
                }
                End::Away(reason) => reason,
            };
            self.is_away(&reason);
            self.rest(pause).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }

    /// Waits before the next attempt; not for long when a workload waits too.
    pub(super) async fn rest(&self, pause: Duration) {
        let whole = jittered(pause);
        let least = whole.min(AWAITED);
        tokio::time::sleep(least).await;
        tokio::select! {
            () = tokio::time::sleep(whole.saturating_sub(least)) => {}
            () = self.engine.signer().wanted() => {}
        }
    }

    fn is_away(&self, reason: &str) {
        let now = self.clock.now();
        let mut known = self.known();
        known.away_since.get_or_insert(now);
        let is_new = known.problem.as_deref() != Some(reason);
        known.problem = Some(reason.to_owned());
        let is_idle = known.trust_domain.is_none();
        drop(known);
        if is_new {
            let what = if is_idle {
                "; nothing can be served until it was reached once, which is tried again and again"
            } else {
                ""
            };
            (self.say)(&format!("the server does not answer: {reason}{what}"));
        }
    }

    pub(super) fn is_due(&self) -> bool {
        let now = self.clock.now();
        self.node.document().is_none_or(|document| {
            let due = rotate_at(document.not_before, document.not_after, 100);
            now < document.not_before || now >= due
        })
    }

    /// Gets a document for the node where there is none, or one that is past half of its life.
    async fn attest(&self) -> Result<(), End> {
        if !self.is_due() {
            return Ok(());
        }
        if self.node.credential().is_some_and(Credential::is_lasting) {
            return self.prove(None).await;
        }
        let known = self
            .node
            .known_id()
            .map_err(|error| End::Away(error.to_string()))?;
        if let Some(id) = known {
            match self.prove(Some(id)).await {
                // The server has forgotten the node; perhaps the credential still counts.
                Err(End::Refused(_)) if self.node.credential().is_some() => {}
                ended => return ended,
            }
        }
        self.prove(None).await
    }

    async fn prove(&self, known: Option<String>) -> Result<(), End> {
        let connected = connect(&self.server, &self.node, None).await;
        let Connected {
            mut client,
            exporter,
        } = connected.map_err(End::Away)?;
        let own = |error: super::NodeError| End::Away(error.to_string());
        let csr = self.node.request().map_err(own)?;
        let message = to_prove(&exporter, &csr);
        let request = AttestRequest {
            proof: self.node.sign(&message).map_err(own)?,
            method: match known {
                Some(id) => Some(Method::Known(id)),
                None => method(self.node.credential(), &message).map_err(End::Away)?,
            },
            csr,
        };
        let answer = tokio::time::timeout(PATIENCE, client.attest(request)).await;
        let answer = answer.map_err(|_| End::Away("no answer in time".to_owned()))?;
        let attested = answer.map_err(|status| ended(&status))?.into_inner();
        let now = self.clock.now();
        self.node
            .attested(attested.id, attested.chain, now)
            .map_err(own)
    }

    async fn listen(&self, pause: &mut Duration) -> End {
        let document = self.node.document();
        let connected = match connect(&self.server, &self.node, document.as_ref()).await {
            Ok(connected) => connected,
            Err(reason) => return End::Away(reason),
        };
        let mut client = connected.client.clone();
        self.watch(&mut client, pause, || {
            self.engine.signer().set(Some(connected.client));
        })
        .await
    }
}

fn method(credential: Option<&Credential>, message: &[u8]) -> Result<Option<Method>, String> {
    let Some(credential) = credential else {
        return Ok(None);
    };
    Ok(Some(match credential {
        Credential::JoinToken(token) => Method::JoinToken(token.to_string()),
        Credential::KubernetesToken(path) => {
            let token = std::fs::read_to_string(path)
                .map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
            Method::KubernetesToken(token.trim().to_owned())
        }
        Credential::Certificate { chain, key } => {
            let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.as_slice()));
            let broken = |_| "the key of the node's certificate cannot be used".to_owned();
            let key = KeyPair::try_from(&der).map_err(broken)?;
            Method::Certificate(Certificate {
                chain: chain.clone(),
                proof: key.sign(message).map_err(broken)?,
            })
        }
    }))
}

/// What a refused attestation means.
fn ended(status: &Status) -> End {
    let reason = status.message().to_owned();
    match status.code() {
        Code::PermissionDenied | Code::Unauthenticated => End::Refused(reason),
        _ => End::Away(reason),
    }
}

/// Between half of a pause and the whole, so that many agents do not come back together.
fn jittered(pause: Duration) -> Duration {
    let mut bytes = [0; 2];
    let chance = aws_lc_rs::rand::fill(&mut bytes).map_or(0, |()| u16::from_ne_bytes(bytes));
    pause.mul_f64(0.5 + 0.5 * f64::from(chance) / f64::from(u16::MAX))
}
