//! The agent: serves the workloads of its machine with what a server decides and signs.
//!
//! It holds one connection on which the server pushes entries, bundles and changes. Private keys of
//! workloads are made here and never leave. While the server is away the agent serves what it
//! holds; however long that was, it proves its node's key again and goes on.

mod connect;
mod follow;
mod node;
mod refusals;
mod remote;
mod watching;

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

use self::node::Node;
pub use self::node::{Credential, NodeError, ServerAddress};
use self::remote::Remote;
use crate::admin::{OutageStatus, Status};
use crate::entries::{Condition, Entries, Facts, Verdict};
use crate::issuing::Engine;
use crate::nodes::Held;
use crate::server::Say;
use crate::spiffe::{Bundles, JwtSvid, SpiffeId, TrustDomain};
use crate::{Answer, Attributes, Clock, Holdings, Issuer, Refusal};

/// What an agent is made of.
pub struct Parts {
    /// Where the server is.
    pub server: ServerAddress,
    /// What proves the node the first time.
    pub credential: Option<Credential>,
    /// A folder of its own, where the node's key is kept.
    pub state: std::path::PathBuf,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Told what goes wrong in the background, in a sentence.
    pub say: Say,
}

/// Serves the workloads of one machine.
pub struct Agent {
    engine: Engine<Remote>,
    node: Node,
    server: ServerAddress,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
    /// The server's entries as they came.
    held: Mutex<Held>,
    say: Say,
}

/// What the server has said.
#[derive(Debug, Default)]
struct Known {
    trust_domain: Option<TrustDomain>,
    /// What the server knows of this agent; attested of every caller.
    attributes: Attributes,
    away_since: Option<Timestamp>,
    problem: Option<String>,
}

/// Conditions are the server's to judge: it does so before it signs.
struct AtTheServer;

impl Facts for AtTheServer {
    fn verdict(&self, _: &Condition, _: &Attributes) -> Verdict {
        Verdict::Holds
    }
}

impl Agent {
    /// Reads the node's key, or makes it. Nothing is served until the server was reached once.
    ///
    /// # Errors
    /// The state folder cannot be used, or there is neither a known node nor a credential.
    pub fn open(parts: Parts) -> Result<Self, NodeError> {
        let node = Node::open(&parts.state, parts.credential)?;
        // INVARIANT: replaced before anything is served; no entry is in it.
        let nobody = TrustDomain::new("unknown").map_err(|_| NodeError::Key)?;
        let remote = Remote::new(Arc::clone(&parts.clock));
        let engine = Engine::new(
            remote,
            Entries::none(nobody),
            Arc::new(AtTheServer),
            Arc::clone(&parts.clock),
        );
        let known = Known {
            away_since: Some(parts.clock.now()),
            ..Known::default()
        };
        Ok(Self {
            engine,
            node,
            server: parts.server,
            clock: parts.clock,
            known: Mutex::new(known),
            held: Mutex::default(),
            say: parts.say,
        })
    }

    /// Follows the server until dropped.
    pub async fn run(&self) {
        tokio::select! {
            () = self.engine.run() => {}
            () = self.follow() => {}
            () = self.report() => {}
        }
    }

    /// How the agent is.
    pub fn status(&self) -> Status {
        let known = self.known();
        let lifetime = jiff::SignedDuration::from_hours(1);
        Status {
            trust_domain: known
                .trust_domain
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            role: "agent".to_owned(),
            server_pin: Some(self.server.pin.to_string()),
            keys: Vec::new(),
            entries: self.engine.entries().all().len(),
            callers: self.engine.held(),
            agents: self.node.status().into_iter().collect(),
            outage: OutageStatus {
                away_since: known.away_since,
                ..self.engine.outage(lifetime)
            },
            evidence_waiting: self.engine.signer().refusals().count(),
            problems: known.problem.clone().into_iter().collect(),
        }
    }

    /// Looks at everything that is due now, as [`Agent::run`] does when its time comes.
    pub async fn tick(&self) {
        self.engine.refresh().await;
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A caller, with what the server knows of this agent.
    fn caller(&self, caller: &Attributes) -> Result<Attributes, Refusal> {
        let known = self.known();
        if known.trust_domain.is_none() {
            let why = known.problem.as_deref().unwrap_or("it was not reached yet");
            self.engine.signer().want();
            return Err(Refusal::Unavailable(format!(
                "this agent has not reached its server since it began, and has nothing to serve without it ({why}); it tries again within seconds"
            )));
        }
        let mut caller = caller.clone();
        caller.forget("agent");
        for (name, values) in known.attributes.iter() {
            for value in values {
                let added = caller.add(name.as_str(), value);
                added.map_err(|error| Refusal::Request(error.to_string()))?;
            }
        }
        Ok(caller)
    }
}

#[cfg(target_os = "linux")]
impl crate::endpoint::OwnDocuments for Agent {
    fn holdings(&self) -> Option<Arc<Holdings>> {
        let world = self.engine.world();
        Some(Arc::new(Holdings {
            svids: vec![self.node.svid()?],
            own: world.own.clone(),
            federated: world.federated.clone(),
        }))
    }
}

impl Issuer for Agent {
    fn holdings<'a>(
        &'a self,
        caller: &'a Attributes,
    ) -> Answer<'a, watch::Receiver<Arc<Holdings>>> {
        Box::pin(async { self.engine.holdings(&self.caller(caller)?).await })
    }

    fn tokens<'a>(
        &'a self,
        caller: &'a Attributes,
        audiences: &'a [String],
        id: Option<&'a SpiffeId>,
    ) -> Answer<'a, Vec<JwtSvid>> {
        Box::pin(async move {
            self.engine
                .tokens(&self.caller(caller)?, audiences, id)
                .await
        })
    }

    fn bundles(&self) -> watch::Receiver<Arc<Bundles>> {
        self.engine.bundles()
    }
}
