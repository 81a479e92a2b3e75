//! Server and agent in one process: one command, one socket.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use palisade_identity::attest::kubernetes::{Access, Api};
use palisade_identity::authority::Settings;
use palisade_identity::endpoint::{self, Endpoint};
use palisade_identity::entries::Facts;
use palisade_identity::server::{Cluster, NodeProofs, Nodes, Parts, Say, Server};
use palisade_identity::store::{Location, Seal, Store};
use palisade_identity::{Clock, Issuer, SystemClock, TrustDomain, admin};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;

use super::entries::{Files, KnownFacts};
use super::places::workload_socket;
use super::web::Pages;
use super::{Arguments, Role};
use crate::arguments::Global;
use crate::failure::UsageError;
use crate::output;

/// How often files are looked at.
const LOOK: Duration = Duration::from_millis(500);

pub(super) async fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<()> {
    let files = Files::find(&arguments.entries, arguments.facts.as_deref(), global)?;
    let loaded = files.load(global)?;
    let trust_domain = loaded.trust_domain.clone().ok_or_else(no_trust_domain)?;
    let count = loaded.compiled.entries.len();
    let state = arguments.state.made()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let facts = Arc::new(KnownFacts::new(files.read_facts()?, Arc::clone(&clock)));
    let server = Server::open(Parts {
        authority: settings(arguments, trust_domain),
        upstream: None,
        store: store(arguments, &state).await?,
        facts: Arc::clone(&facts) as Arc<dyn Facts>,
        clock: Arc::clone(&clock),
        say: say(global),
    });
    let server = Arc::new(server.await?);
    server.set_files(loaded.compiled)?;

    let doors = Doors::open(arguments, &server, &state).await?;
    let say = say(global);
    if !global.quiet {
        doors.tell(&server, count, &say);
    }
    let (stopping, stopped) = watch::channel(false);
    let admin_router = admin::router(Arc::clone(&server));
    let Doors {
        workloads,
        nodes,
        pages,
        admin: (admin_listener, admin_socket),
    } = doors;
    let mut sockets = vec![admin_socket.clone()];
    sockets.extend(workloads.as_ref().map(|(_, socket)| socket.clone()));
    let issuer = Arc::clone(&server) as Arc<dyn Issuer>;
    let served = tokio::try_join!(
        async {
            until_told(&files, &server, &facts, global).await;
            stopping.send_replace(true);
            Ok(())
        },
        serve_workloads(issuer, workloads, &say, stop(&stopped)),
        serve_nodes(nodes, stop(&stopped)),
        async {
            match pages {
                Some(pages) => pages.serve(stop(&stopped)).await,
                None => Ok(()),
            }
        },
        async {
            Ok(admin::serve(admin_listener, &admin_socket, admin_router, stop(&stopped)).await?)
        },
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

/// Everything that is listened on.
struct Doors {
    workloads: Option<(UnixListener, PathBuf)>,
    nodes: Option<(TcpListener, Nodes)>,
    pages: Option<Pages>,
    admin: (UnixListener, PathBuf),
}

impl Doors {
    async fn open(
        arguments: &Arguments,
        server: &Arc<Server>,
        state: &Path,
    ) -> anyhow::Result<Self> {
        let nodes = nodes(arguments, server).await?;
        if arguments.role == Role::Server && nodes.is_none() {
            let error = UsageError::new("a server without workloads of its own takes agents");
            let help = "say where with `--listen 0.0.0.0:8444`".to_owned();
            return Err(error.help(Some(help)).into());
        }
        let pages = Pages::open(&arguments.web, server).await?;
        let workloads = if arguments.role == Role::Server {
            None
        } else {
            let socket = workload_socket(arguments.socket.as_deref(), state)?;
            Some((endpoint::bind(&socket).await?, socket))
        };
        let admin_socket = arguments.state.admin_socket()?;
        Ok(Self {
            workloads,
            nodes,
            pages,
            admin: (endpoint::bind(&admin_socket).await?, admin_socket),
        })
    }

    fn tell(&self, server: &Server, count: usize, say: &Say) {
        let pages = self.pages.as_ref().map(|pages| pages.address);
        let socket = self.workloads.as_ref().map(|(_, socket)| absolute(socket));
        let agents = self
            .nodes
            .as_ref()
            .and_then(|(listener, _)| listener.local_addr().ok());
        let places = [
            pages.map(|address| format!("https://{address}")),
            socket.map(|socket| format!("unix://{socket}")),
            agents.map(|address| format!("{address} for agents")),
        ];
        let places: Vec<String> = places.into_iter().flatten().collect();
        say(&format!(
            "issuing for `{}` by {count} {}, on {}",
            server.trust_domain(),
            if count == 1 { "entry" } else { "entries" },
            places.join(" and "),
        ));
        if count == 0 {
            say("no entries: nobody gets an identity until some are written below `identity/`");
        }
    }
}

/// Serves the Workload API, if this process does.
pub(super) async fn serve_workloads(
    issuer: Arc<dyn Issuer>,
    workloads: Option<(UnixListener, PathBuf)>,
    say: &Say,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let Some((listener, _)) = workloads else {
        return Ok(());
    };
    let alarm = Arc::clone(say);
    let endpoint = Endpoint::new(issuer, Arc::new(SystemClock), endpoint::Settings::default())
        .with_alarm(Arc::new(move |event| alarm(&event.to_string())));
    Ok(endpoint.serve(listener, stop).await?)
}

async fn serve_nodes(
    nodes: Option<(TcpListener, Nodes)>,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let Some((listener, nodes)) = nodes else {
        return Ok(());
    };
    Ok(nodes.serve(listener, stop).await?)
}

async fn nodes(
    arguments: &Arguments,
    server: &Arc<Server>,
) -> anyhow::Result<Option<(TcpListener, Nodes)>> {
    let Some(address) = arguments.nodes.listen else {
        return Ok(None);
    };
    let authorities = match &arguments.nodes.node_ca {
        None => None,
        Some(path) => Some(super::pem::authorities(path)?),
    };
    let proofs = NodeProofs {
        authorities,
        cluster: cluster(&arguments.nodes)?,
    };
    let nodes = Nodes::open(Arc::clone(server), proofs).await?;
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("cannot listen on {address}"))?;
    Ok(Some((listener, nodes)))
}

fn cluster(arguments: &super::NodeArguments) -> anyhow::Result<Option<Cluster>> {
    if arguments.kubernetes_agents.is_empty() {
        return Ok(None);
    }
    let parts = arguments.kubernetes_api.rsplit_once(':');
    let parts = parts.and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = parts.ok_or_else(|| {
        UsageError::new("`--kubernetes-api` is a host and a port, such as `10.0.0.1:443`")
    })?;
    Ok(Some(Cluster {
        api: Api::new(Access::of_pod(host, port))?,
        accounts: arguments.kubernetes_agents.iter().cloned().collect(),
    }))
}

/// Takes changed entries over until the process is told to stop.
async fn until_told(files: &Files, server: &Server, facts: &KnownFacts, global: &Global) {
    let stop = crate::commands::stopped();
    tokio::pin!(stop);
    let mut hangups = hangups();
    let mut known = files.stamp();
    loop {
        let is_asked = tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(LOOK) => false,
            () = hangups.told() => true,
        };
        let stamp = files.stamp();
        if stamp == known && !is_asked {
            continue;
        }
        known = stamp;
        match files.reload(server, facts, global) {
            Ok(count) if !global.quiet => {
                let entries = if count == 1 {
                    "entry is"
                } else {
                    "entries are"
                };
                output::complain(&format!("{count} {entries} in force"), global.color);
            }
            Ok(_) => {}
            Err(error) => {
                let sentence = format!("{error:#}; those before stay in force");
                output::complain(&sentence, global.color);
            }
        }
    }
}

/// The signal to read everything again.
struct Hangups(Option<tokio::signal::unix::Signal>);

fn hangups() -> Hangups {
    let kind = tokio::signal::unix::SignalKind::hangup();
    Hangups(tokio::signal::unix::signal(kind).ok())
}

impl Hangups {
    async fn told(&mut self) {
        if let Some(signal) = &mut self.0
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}

pub(super) async fn stop(stopped: &watch::Receiver<bool>) {
    let mut stopped = stopped.clone();
    // Nobody is left to say it when the sender is gone.
    let _stop = stopped.wait_for(|stop| *stop).await;
}

async fn store(arguments: &Arguments, state: &Path) -> anyhow::Result<Store> {
    let own = || Location::Sqlite(state.join("identity.db"));
    let location = arguments.database.clone().unwrap_or_else(own);
    let key = state.join("seal.key");
    let key = arguments.seal_key.as_deref().unwrap_or(&key);
    Ok(Store::open(&location, Seal::file(key)?).await?)
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
