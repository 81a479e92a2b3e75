//! `palisade identity serve`: the issuer, in one process or as server and agents.

mod agent;
mod brokers;
mod doors;
mod embedded;
mod entries;
mod kubernetes;
mod pem;
mod places;
mod told;
mod upstream;
mod web;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use jiff::SignedDuration;
use palisade_identity::server::Pin;
use palisade_identity::store::Location;

pub(super) use self::places::StatePlace;
use super::EntryPlaces;
use crate::arguments::Global;

const EXAMPLES: &str = "Examples:
  palisade identity serve                              entries of identity/, one socket, SQLite
  palisade identity serve --trust-domain shop.example --entries entries.yaml
  palisade identity serve --database postgres://db/identity --seal-key seal.key
  palisade identity serve --role server --listen 0.0.0.0:8444
  palisade identity serve --role agent --server identity.shop.example:8444 --join-token TOKEN
  palisade identity serve --broker spiffe://shop.example/gateway --broker-socket broker.sock

Clients find the socket by SPIFFE_ENDPOINT_SOCKET=unix:///path/of/the/socket. Changed entry files
are taken over within a second, and at SIGHUP; those that do not load leave the ones before in
force. Keys are kept in the database, sealed with the key in --seal-key.";

/// What can be typed after `identity serve`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// What this process does
    #[arg(long, value_enum, default_value_t)]
    role: Role,
    #[command(flatten)]
    state: StatePlace,
    /// Socket of the Workload API
    #[arg(
        long,
        value_name = "PATH",
        env = "PALISADE_IDENTITY_SOCKET",
        hide_env_values = true
    )]
    socket: Option<PathBuf>,
    #[command(flatten)]
    entries: EntryPlaces,
    /// File with facts that conditions are judged by
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
    /// SQLite file or address of PostgreSQL, instead of a file in the state folder
    #[arg(
        long,
        value_name = "URL",
        value_parser = Location::parse,
        env = "PALISADE_IDENTITY_DATABASE",
        hide_env_values = true
    )]
    database: Option<Location>,
    /// File with the key that seals private keys in the database; made if it is not there
    #[arg(long, value_name = "FILE")]
    seal_key: Option<PathBuf>,
    /// File that every record of evidence is appended to as a line of JSON, beside the database
    #[arg(long, value_name = "FILE")]
    evidence_log: Option<PathBuf>,
    /// How long X.509 documents live when their entry does not say
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = lifetime)]
    x509_lifetime: SignedDuration,
    /// How long tokens live when their entry does not say
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = lifetime)]
    jwt_lifetime: SignedDuration,
    /// How long keys of the authority live
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = lifetime)]
    authority_lifetime: SignedDuration,
    #[command(flatten)]
    nodes: NodeArguments,
    #[command(flatten)]
    kubernetes: kubernetes::KubernetesArguments,
    #[command(flatten)]
    brokers: brokers::BrokerArguments,
    #[command(flatten)]
    upstream: upstream::UpstreamArguments,
    #[command(flatten)]
    web: web::WebArguments,
}

/// Between server and agents.
#[derive(Debug, Args)]
#[command(next_help_heading = "Servers and agents")]
struct NodeArguments {
    /// Address and port on which a server takes agents
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Authorities whose certificates prove nodes to a server, in PEM
    #[arg(long, value_name = "FILE", requires = "listen")]
    node_ca: Option<PathBuf>,
    /// File with the token of an agent's service account, projected for the audience `palisade`
    #[arg(long, value_name = "FILE")]
    kubernetes_token: Option<PathBuf>,
    /// Host and port of an agent's server
    #[arg(long, value_name = "HOST:PORT", required_if_eq("role", "agent"))]
    server: Option<String>,
    /// Join token of an agent, as `palisade identity token create` prints it
    #[arg(
        long,
        value_name = "TOKEN",
        env = "PALISADE_JOIN_TOKEN",
        hide_env_values = true
    )]
    join_token: Option<String>,
    /// Digest of the server's key, where there is no join token
    #[arg(long, value_name = "PIN")]
    server_pin: Option<Pin>,
    /// Certificate of an agent's node, in PEM
    #[arg(long, value_name = "FILE", requires = "node_key")]
    node_cert: Option<PathBuf>,
    /// Private key of the node's certificate, PKCS#8 in PEM
    #[arg(long, value_name = "FILE", requires = "node_cert")]
    node_key: Option<PathBuf>,
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Role {
    /// Issues, and serves the workloads of this machine
    #[default]
    Both,
    /// Issues through agents alone
    Server,
    /// Serves the workloads of this machine with what a server issues
    Agent,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the threads of a server")?;
    let ended = runtime.block_on(async {
        match arguments.role {
            Role::Both | Role::Server => Box::pin(embedded::run(arguments, global)).await,
            Role::Agent => Box::pin(agent::run(arguments, global)).await,
        }
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    ended.map(|()| 0)
}

/// A time such as `90s`, `5m` or `1h 30m`.
fn lifetime(text: &str) -> Result<SignedDuration, String> {
    let parsed: Result<SignedDuration, _> = text.parse();
    match parsed {
        Ok(time) if time >= SignedDuration::from_secs(1) => Ok(time),
        _ => Err("write a time such as `90s`, `5m` or `24h`".to_owned()),
    }
}
