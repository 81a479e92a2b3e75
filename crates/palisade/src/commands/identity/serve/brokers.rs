//! The Broker API, for gateways that ask on behalf of workloads.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use palisade_identity::SpiffeId;
use palisade_identity::endpoint::{self, BrokerAccess, BrokerListener, OwnDocuments};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;

use super::embedded::{Parts, absolute, stop};
use super::kubernetes::Pods;
use crate::failure::UsageError;

/// Who may ask for the identities of others, and where.
#[derive(Debug, Args)]
#[command(next_help_heading = "Brokers")]
pub(super) struct BrokerArguments {
    /// Ids of gateways that may ask for the documents of workloads they refer to
    #[arg(long = "broker", value_name = "ID", value_delimiter = ',')]
    brokers: Vec<SpiffeId>,
    /// Socket of the Broker API: processes and pods of this machine
    #[arg(long, value_name = "PATH", requires = "brokers")]
    broker_socket: Option<PathBuf>,
    /// Address and port of the Broker API over the network: pods alone
    #[arg(long, value_name = "ADDRESS", requires = "brokers")]
    broker_listen: Option<SocketAddr>,
}

/// Endpoints of the Broker API, bound to their places.
pub(super) struct Brokers {
    known: BTreeSet<SpiffeId>,
    socket: Option<(UnixListener, PathBuf)>,
    network: Option<(TcpListener, SocketAddr)>,
}

impl Brokers {
    pub(super) async fn open(arguments: &BrokerArguments, pods: &Pods) -> anyhow::Result<Self> {
        let socket = match &arguments.broker_socket {
            Some(path) => {
                super::places::make_folder_of(path)?;
                Some((endpoint::bind(path).await?, path.clone()))
            }
            None => None,
        };
        let network = match arguments.broker_listen {
            Some(_) if pods.is_none() => {
                let help = "over the network brokers refer to pods: name this node with --kubernetes-node, or use --broker-socket";
                let error = UsageError::new("`--broker-listen` without access to Kubernetes");
                return Err(error.help(Some(help.to_owned())).into());
            }
            Some(address) => {
                let listener = TcpListener::bind(address).await;
                let listener = listener.with_context(|| format!("cannot listen on {address}"))?;
                let address = listener.local_addr().unwrap_or(address);
                Some((listener, address))
            }
            None => None,
        };
        if socket.is_none() && network.is_none() && !arguments.brokers.is_empty() {
            let help = "say where they ask with --broker-socket or --broker-listen".to_owned();
            let error = UsageError::new("`--broker` names brokers, and nothing listens for them");
            return Err(error.help(Some(help)).into());
        }
        Ok(Self {
            known: arguments.brokers.iter().cloned().collect(),
            socket,
            network,
        })
    }

    /// Where they are, for people.
    pub(super) fn places(&self) -> impl Iterator<Item = String> {
        let socket = self.socket.iter();
        let network = self.network.iter();
        socket
            .map(|(_, path)| format!("unix://{} for brokers", absolute(path)))
            .chain(network.map(|(_, address)| format!("{address} for brokers")))
    }

    /// What is to be removed at the end.
    pub(super) fn socket(&self) -> Option<PathBuf> {
        self.socket.as_ref().map(|(_, path)| path.clone())
    }

    /// Serves until told to stop.
    pub(super) async fn serve(
        self,
        own: Arc<dyn OwnDocuments>,
        parts: &Parts<'_>,
        stopped: &watch::Receiver<bool>,
    ) -> anyhow::Result<()> {
        let serve = async |listener: Option<BrokerListener>| {
            let Some(listener) = listener else {
                return anyhow::Ok(());
            };
            let access = BrokerAccess {
                own: Arc::clone(&own),
                brokers: self.known.clone(),
            };
            let endpoint = parts.endpoint();
            Ok(endpoint
                .serve_brokers(listener, access, stop(stopped))
                .await?)
        };
        let socket = self.socket.map(|(one, _)| BrokerListener::Unix(one));
        let network = self.network.map(|(one, _)| BrokerListener::Tcp(one));
        tokio::try_join!(serve(socket), serve(network))?;
        Ok(())
    }
}
