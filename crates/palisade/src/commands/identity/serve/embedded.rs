//! Server and agent in one process: one command, one socket.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use palisade_identity::authority::Settings;
use palisade_identity::endpoint::{self, Endpoint};
use palisade_identity::entries::Facts;
use palisade_identity::evidence::{EvidenceLog, Spool};
use palisade_identity::server::{self, Say, Server};
use palisade_identity::store::{Location, Seal, Store};
use palisade_identity::{Clock, Issuer, SystemClock, TrustDomain};
use tokio::net::UnixListener;
use tokio::sync::watch;

use super::Arguments;
use super::doors::Doors;
use super::entries::{Files, KnownFacts};
use super::kubernetes::Pods;
use super::told::{Changing, Signals, Told};
use crate::arguments::Global;
use crate::failure::UsageError;
use crate::output;

/// The most records that wait to be appended to the log of evidence.
const LOGGED: usize = 65_536;

pub(super) async fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<()> {
    let files = Files::find(&arguments.entries, arguments.facts.as_deref(), global)?;
    // Taken before anything is read, so that a change during reading is seen as one.
    let as_read = Changing {
        upstream: arguments.upstream.stamp(),
        files: files.stamp(),
        rules: arguments.web.stamp(),
    };
    let loaded = files.load(global)?;
    let trust_domain = loaded.trust_domain.clone().ok_or_else(no_trust_domain)?;
    let count = loaded.compiled.entries.len();
    let state = arguments.state.made()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let facts = Arc::new(KnownFacts::new(files.read_facts()?, Arc::clone(&clock)));
    let server = Server::open(server::Parts {
        authority: settings(arguments, trust_domain),
        upstream: arguments.upstream.read()?,
        store: store(arguments, &state, &say(global)).await?,
        facts: Arc::clone(&facts) as Arc<dyn Facts>,
        clock: Arc::clone(&clock),
        log: arguments.evidence_log.as_deref().map(log).transpose()?,
        spool: Some(Spool::open(&state.join("evidence.spool"))?),
        say: say(global),
    });
    let server = Arc::new(server.await?);
    server.set_files(loaded.compiled)?;
    let signals = Signals::heard();

    let pods = arguments.kubernetes.pods()?;
    let doors = Doors::open(arguments, &server, &state, &pods).await?;
    let say = say(global);
    if !global.quiet {
        doors.tell(&server, count, &say);
    }
    let told = Told {
        files: &files,
        facts: &facts,
        upstream: &arguments.upstream,
        rules: doors.pages.as_ref().map(|pages| pages.rules.clone()),
        global,
    };
    let sockets = doors.sockets();
    let parts = Parts {
        issuer: Arc::clone(&server) as Arc<dyn Issuer>,
        pods: &pods,
        say: &say,
    };
    let (stopping, stopped) = watch::channel(false);
    let served = tokio::try_join!(
        async {
            told.follow(&server, as_read, signals).await;
            stopping.send_replace(true);
            Ok(())
        },
        doors.serve(&server, &parts, &stopped),
        federate(&server, &files, stop(&stopped)),
        async {
            server.run(stop(&stopped)).await;
            anyhow::Ok(())
        },
    );
    server.store().close().await;
    for path in sockets {
        // Another server replaces a socket that is left.
        let _gone = std::fs::remove_file(path);
    }
    served.map(|_| ())
}

/// What endpoints are made of.
pub(super) struct Parts<'a> {
    pub(super) issuer: Arc<dyn Issuer>,
    pub(super) pods: &'a Pods,
    pub(super) say: &'a Say,
}

impl Parts<'_> {
    /// An endpoint that attests on this machine.
    pub(super) fn endpoint(&self) -> Endpoint {
        let (issuer, alarm) = (Arc::clone(&self.issuer), Arc::clone(self.say));
        let endpoint = Endpoint::new(issuer, Arc::new(SystemClock), endpoint::Settings::default())
            .with_alarm(Arc::new(move |event| alarm(&event.to_string())));
        match self.pods {
            Some(node) => endpoint.with_node(Arc::clone(node)),
            None => endpoint,
        }
    }

    /// Serves the Workload API, if this process does.
    pub(super) async fn serve_workloads(
        &self,
        workloads: Option<(UnixListener, PathBuf)>,
        stopped: &watch::Receiver<bool>,
    ) -> anyhow::Result<()> {
        let Some((listener, _)) = workloads else {
            return Ok(());
        };
        Ok(self.endpoint().serve(listener, stop(stopped)).await?)
    }
}

/// Reads the bundles of the trust domains that the settings name.
async fn federate(
    server: &Server,
    files: &Files,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let endpoints = files.federation();
    if !endpoints.is_empty() {
        let federation = Arc::new(server.federation(endpoints));
        server.federate(federation, stop).await;
    }
    Ok(())
}

pub(super) async fn stop(stopped: &watch::Receiver<bool>) {
    let mut stopped = stopped.clone();
    // Nobody is left to say it when the sender is gone.
    let _stop = stopped.wait_for(|stop| *stop).await;
}

async fn store(arguments: &Arguments, state: &Path, say: &Say) -> anyhow::Result<Store> {
    let own = || Location::Sqlite(state.join("identity.db"));
    let location = arguments.database.clone().unwrap_or_else(own);
    let key = state.join("seal.key");
    let key = arguments.seal_key.as_deref().unwrap_or(&key);
    let is_known = key.exists();
    let store = Store::open(&location, Seal::file(key)?).await?;
    if is_known && store.keys().await?.is_none() {
        say(&format!(
            "the database holds no keys, while the sealing key `{}` was there before: a new authority begins. If there was one, stop and restore the database from a backup: nothing that it signed is trusted any more",
            key.display()
        ));
    }
    Ok(store)
}

/// The log of evidence, for its owner alone.
fn log(path: &Path) -> anyhow::Result<EvidenceLog> {
    let wrong = || format!("cannot write evidence to `{}`", path.display());
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .with_context(wrong)?;
    EvidenceLog::new(Box::new(file), LOGGED).with_context(wrong)
}

fn settings(arguments: &Arguments, trust_domain: TrustDomain) -> Settings {
    Settings {
        x509_lifetime: arguments.x509_lifetime,
        jwt_lifetime: arguments.jwt_lifetime,
        authority_lifetime: arguments.authority_lifetime,
        issuer: arguments.web.issuer.clone(),
        ..Settings::new(trust_domain)
    }
}

pub(super) fn say(global: &Global) -> Say {
    let color = global.color;
    Arc::new(move |sentence| output::complain(sentence, color))
}

fn no_trust_domain() -> anyhow::Error {
    let help =
        "name it with `--trust-domain`, or as `trust-domain` under `[identity]` in `palisade.toml`";
    UsageError::new("no entry names a trust domain")
        .help(Some(help.to_owned()))
        .into()
}

pub(super) fn absolute(path: &Path) -> String {
    let full = std::path::absolute(path)
        .with_context(|| path.display().to_string())
        .unwrap_or_else(|_| path.to_owned());
    full.display().to_string()
}
