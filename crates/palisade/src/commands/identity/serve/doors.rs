//! Everything that a server listens on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use palisade_identity::admin;
use palisade_identity::endpoint::{self, OwnDocuments};
use palisade_identity::server::{NodeProofs, Nodes, Say, Server};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;

use super::brokers::Brokers;
use super::embedded::{Parts, absolute, stop};
use super::kubernetes::Pods;
use super::places::workload_socket;
use super::web::Pages;
use super::{Arguments, Role};
use crate::failure::UsageError;

/// Everything that is listened on.
pub(super) struct Doors {
    workloads: Option<(UnixListener, PathBuf)>,
    nodes: Option<(TcpListener, Nodes)>,
    pub(super) pages: Option<Pages>,
    brokers: Brokers,
    admin: (UnixListener, PathBuf),
}

impl Doors {
    pub(super) async fn open(
        arguments: &Arguments,
        server: &Arc<Server>,
        state: &Path,
        pods: &Pods,
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
            brokers: Brokers::open(&arguments.brokers, pods).await?,
            admin: (endpoint::bind(&admin_socket).await?, admin_socket),
        })
    }

    pub(super) fn tell(&self, server: &Server, count: usize, say: &Say) {
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
        let places = places.into_iter().flatten();
        let places: Vec<String> = places.chain(self.brokers.places()).collect();
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

    /// What is to be removed at the end.
    pub(super) fn sockets(&self) -> Vec<PathBuf> {
        let workloads = self.workloads.as_ref().map(|(_, socket)| socket.clone());
        let admin = Some(self.admin.1.clone());
        [admin, workloads, self.brokers.socket()]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Serves all of them until told to stop.
    pub(super) async fn serve(
        self,
        server: &Arc<Server>,
        parts: &Parts<'_>,
        stopped: &watch::Receiver<bool>,
    ) -> anyhow::Result<()> {
        let own = Arc::clone(server) as Arc<dyn OwnDocuments>;
        let (admin, admin_socket) = self.admin;
        let operators = admin::router(Arc::clone(server));
        tokio::try_join!(
            parts.serve_workloads(self.workloads, stopped),
            self.brokers.serve(own, parts, stopped),
            serve_nodes(self.nodes, stop(stopped)),
            async {
                match self.pages {
                    Some(pages) => pages.serve(stop(stopped)).await,
                    None => Ok(()),
                }
            },
            async { Ok(admin::serve(admin, &admin_socket, operators, stop(stopped)).await?) },
        )?;
        Ok(())
    }
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
        cluster: arguments.kubernetes.cluster()?,
    };
    let nodes = Nodes::open(Arc::clone(server), proofs).await?;
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("cannot listen on {address}"))?;
    Ok(Some((listener, nodes)))
}
