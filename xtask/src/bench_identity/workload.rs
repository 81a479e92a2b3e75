//! A workload: a process with a stream of the Workload API, by a client that is not ours.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures_util::StreamExt as _;
use spiffe::WorkloadApiClient;

use super::clocks;

/// How often a first call is tried while a thousand others begin.
const TRIES: usize = 200;

/// Follows the stream and writes a line for each answer, once it is decoded: the identity's path,
/// and when that was.
pub(super) fn follow(socket: &Path, server_core: usize) -> Result<()> {
    clocks::stay_off(server_core)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let address = format!("unix://{}", socket.display());
        let mut contexts = None;
        for _ in 0..TRIES {
            if let Ok(client) = WorkloadApiClient::connect_to(&address).await
                && let Ok(stream) = client.stream_x509_contexts().await
            {
                contexts = Some((client, stream));
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let (_client, mut contexts) = contexts.context("the socket does not answer")?;
        while let Some(context) = contexts.next().await {
            let context = context?;
            let svid = context.default_svid().context("a document")?;
            let now = clocks::of_machine().as_nanos();
            let line = format!("{} {now}\n", svid.spiffe_id().path());
            // In one piece: all workloads share the pipe.
            std::io::stdout().write_all(line.as_bytes())?;
        }
        bail!("the stream has ended")
    })
}
