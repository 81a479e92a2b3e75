//! The agent of a machine.

use std::sync::Arc;

use palisade_identity::agent::{self, Agent, Credential, ServerAddress};
use palisade_identity::endpoint::OwnDocuments;
use palisade_identity::server::Pin;
use palisade_identity::{Issuer, SystemClock, admin, endpoint};
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::Arguments;
use super::brokers::Brokers;
use super::embedded::{Parts, absolute, say, stop};
use super::places::workload_socket;
use crate::arguments::Global;
use crate::failure::UsageError;

pub(super) async fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<()> {
    let state = arguments.state.made()?;
    let (server, credential) = server(arguments)?;
    let address = server.address.clone();
    let pods = arguments.kubernetes.pods()?;
    let brokers = Brokers::open(&arguments.brokers, &pods).await?;
    let agent = Arc::new(Agent::open(agent::Parts {
        server,
        credential,
        state: state.clone(),
        clock: Arc::new(SystemClock),
        say: say(global),
    })?);
    let stop_asked = crate::commands::stopped();
    let socket = workload_socket(arguments.socket.as_deref(), &state)?;
    let listener = endpoint::bind(&socket).await?;
    let admin_socket = arguments.state.admin_socket()?;
    let admin_listener = endpoint::bind(&admin_socket).await?;
    let say = say(global);
    if !global.quiet {
        let mut places = vec![format!("unix://{}", absolute(&socket))];
        places.extend(brokers.places());
        say(&format!(
            "agent of the server at `{address}`, on {}",
            places.join(" and ")
        ));
    }
    let (stopping, stopped) = watch::channel(false);
    let router = admin::agent_router(Arc::clone(&agent));
    let parts = Parts {
        issuer: Arc::clone(&agent) as Arc<dyn Issuer>,
        pods: &pods,
        say: &say,
    };
    let own = Arc::clone(&agent) as Arc<dyn OwnDocuments>;
    let mut sockets = vec![socket.clone(), admin_socket.clone()];
    sockets.extend(brokers.socket());
    let served = tokio::try_join!(
        async {
            tokio::select! {
                () = stop_asked => {}
                () = agent.run() => {}
            }
            stopping.send_replace(true);
            Ok(())
        },
        parts.serve_workloads(Some((listener, socket)), &stopped),
        brokers.serve(own, &parts, &stopped),
        async { Ok(admin::serve(admin_listener, &admin_socket, router, stop(&stopped)).await?) },
    );
    for path in sockets {
        // Another agent replaces a socket that is left.
        let _gone = std::fs::remove_file(path);
    }
    served.map(|_| ())
}

/// The server, and what proves this node to it the first time.
fn server(arguments: &Arguments) -> anyhow::Result<(ServerAddress, Option<Credential>)> {
    let nodes = &arguments.nodes;
    let address = nodes.server.clone().unwrap_or_default();
    let mut pin: Option<Pin> = nodes.server_pin.clone();
    let mut credential = None;
    if let Some(token) = &nodes.join_token {
        let (token, of_token) = Credential::token(token)?;
        credential = Some(token);
        pin = pin.or(Some(of_token));
    }
    if let (Some(certificate), Some(key)) = (&nodes.node_cert, &nodes.node_key) {
        credential = Some(Credential::Certificate {
            chain: super::pem::chain(certificate)?,
            key: Zeroizing::new(super::pem::key(key)?),
        });
    }
    if let Some(path) = &nodes.kubernetes_token {
        credential = Some(Credential::KubernetesToken(path.clone()));
    }
    let pin = pin.ok_or_else(|| {
        let help = "give the join token, or --server-pin as `palisade identity status` of the server says it";
        UsageError::new("nobody says which key the server has").help(Some(help.to_owned()))
    })?;
    Ok((ServerAddress { address, pin }, credential))
}
