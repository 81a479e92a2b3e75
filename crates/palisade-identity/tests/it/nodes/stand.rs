//! A server that takes agents, and agents that run.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use palisade_identity::agent::{Agent, Credential, Parts, ServerAddress};
use palisade_identity::server::{self, NodeProofs, Nodes, Server};
use palisade_identity::spiffe::{Bundles, verify_x509};
use palisade_identity::{Clock as _, Holdings, Issuer as _, ManualClock};
use rustls::RootCertStore;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::endpoint::cluster::Cluster;
use crate::server::{Stand, caller, files};

pub(super) const ENTRIES: &str = "\
entries:
  - name: web
    owner: shop
    match: {unix.uid: '1000'}
    id: spiffe://{trust-domain}/web
";
pub(super) const PATIENCE: Duration = Duration::from_mins(2);

/// A server that takes agents.
pub(super) struct Serving {
    pub(super) stand: Stand,
    pub(super) address: SocketAddr,
    pub(super) pin: String,
    tasks: Vec<JoinHandle<()>>,
    roots: Option<RootCertStore>,
    pub(super) cluster: Option<Cluster>,
}

impl Serving {
    pub(super) async fn new(roots: Option<RootCertStore>) -> Self {
        Self::with(roots, None).await
    }

    pub(super) async fn with(roots: Option<RootCertStore>, cluster: Option<Cluster>) -> Self {
        let stand = Stand::new().await;
        stand.server.set_files(files(ENTRIES)).expect("entries");
        let any = "127.0.0.1:0".parse().expect("an address");
        let mut serving = Self {
            stand,
            address: any,
            pin: String::new(),
            tasks: Vec::new(),
            roots,
            cluster,
        };
        serving.begin().await;
        serving
    }

    pub(super) async fn begin(&mut self) {
        let server = Arc::clone(&self.stand.server);
        let nodes = Nodes::open(Arc::clone(&server), self.proofs())
            .await
            .expect("nodes");
        self.pin = nodes.pin().to_string();
        let listener = TcpListener::bind(self.address).await.expect("a port");
        self.address = listener.local_addr().expect("an address");
        self.tasks.push(tokio::spawn(async move {
            nodes
                .serve(listener, std::future::pending())
                .await
                .expect("it serves");
        }));
        self.tasks.push(tokio::spawn(async move {
            server.run(std::future::pending()).await;
        }));
    }

    fn proofs(&self) -> NodeProofs {
        NodeProofs {
            authorities: self.roots.clone(),
            cluster: self.cluster.as_ref().map(|cluster| server::Cluster {
                api: cluster.api(),
                accounts: BTreeSet::from(["shop/web".to_owned()]),
            }),
        }
    }

    /// Ends as a crash would.
    pub(super) async fn stop(&mut self) {
        for task in self.tasks.drain(..) {
            task.abort();
            drop(task.await);
        }
    }

    pub(super) async fn token(&self, name: &str) -> String {
        let id = self.stand.server.agent_id(name).expect("an id");
        let expires = self.stand.clock.now() + SignedDuration::from_mins(10);
        let token = self
            .stand
            .server
            .store()
            .invite(id.as_str(), expires)
            .await
            .expect("made");
        format!("{}.{}", token.text.as_str(), self.pin)
    }

    pub(super) fn agent(&self, credential: Option<Credential>, state: TempDir) -> Running {
        let server = ServerAddress {
            address: self.address.to_string(),
            pin: self.pin.parse().expect("a pin"),
        };
        Running::new(server, credential, state, &self.stand.clock)
    }

    pub(super) async fn joined(&self, name: &str) -> Running {
        let (credential, _) = Credential::token(&self.token(name).await).expect("a token");
        self.agent(Some(credential), folder())
    }
}

/// An agent that runs.
pub(super) struct Running {
    pub(super) agent: Arc<Agent>,
    task: JoinHandle<()>,
    said: Arc<Mutex<Vec<String>>>,
    pub(super) state: TempDir,
}

impl Running {
    pub(super) fn new(
        server: ServerAddress,
        credential: Option<Credential>,
        state: TempDir,
        clock: &ManualClock,
    ) -> Self {
        let said = Arc::new(Mutex::new(Vec::new()));
        let saying = Arc::clone(&said);
        let agent = Agent::open(Parts {
            server,
            credential,
            state: state.path().to_owned(),
            clock: Arc::new(clock.clone()),
            say: Arc::new(move |sentence| {
                saying
                    .lock()
                    .expect("not poisoned")
                    .push(sentence.to_owned());
            }),
        });
        let agent = Arc::new(agent.expect("an agent"));
        let running = Arc::clone(&agent);
        Self {
            agent,
            task: tokio::spawn(async move { running.run().await }),
            said,
            state,
        }
    }

    pub(super) async fn holds(&self, uid: &str) -> tokio::sync::watch::Receiver<Arc<Holdings>> {
        until(async || self.agent.holdings(&caller(uid)).await.ok()).await
    }

    pub(super) async fn says(&self, words: &str) {
        let said = async || {
            let said = self.said.lock().expect("not poisoned");
            said.iter()
                .any(|sentence| sentence.contains(words))
                .then_some(())
        };
        until(said).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(super) fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Asks until there is an answer.
pub(super) async fn until<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking)
        .await
        .expect("it comes to that")
}

pub(super) fn is_valid(server: &Server, holdings: &Holdings) -> bool {
    let own = Arc::clone(&server.authority().subscribe().borrow().bundle);
    let bundles = Bundles::from([(own.trust_domain.clone(), own)]);
    holdings.svids.first().is_some_and(|svid| {
        let chain: Vec<&[u8]> = svid.chain.iter().map(AsRef::as_ref).collect();
        verify_x509(&chain, &bundles, server.now()).is_ok()
    })
}
