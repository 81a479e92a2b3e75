//! The server's process: one core, the entry file of a folder, and the real socket.

use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};
use palisade_document::SourceFile;
use palisade_identity::endpoint::{Endpoint, Settings, bind};
use palisade_identity::entries::{compile, entry_files};
use palisade_identity::server::Server;
use palisade_identity::{Issuer, SystemClock};

use super::{clocks, server};

/// How often `palisade identity serve` looks at files.
const LOOK: Duration = Duration::from_millis(500);

/// The entry file and the socket of a folder.
pub(super) const ENTRY_FILE: &str = "entries.yaml";
pub(super) const SOCKET: &str = "workload.sock";

/// Serves with the settings of `palisade identity serve` until standard input ends; each line of
/// it is answered with the time that this process has spent on its core.
pub(super) fn serve(folder: &Path, core: usize) -> Result<()> {
    // Threads that are begun later stay there too.
    clocks::stay_on(core)?;
    let (asks, gone) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        answer();
        drop(asks);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let server = Arc::new(server(&folder.join("state")).await?);
        let path = folder.join(ENTRY_FILE);
        let stamp = stamp(&path)?;
        take(&server, &path)?;
        let listener = bind(&folder.join(SOCKET)).await?;
        let issuer = Arc::clone(&server) as Arc<dyn Issuer>;
        let endpoint = Endpoint::new(issuer, Arc::new(SystemClock), Settings::default());
        let endpoint = endpoint.with_alarm(Arc::new(|event| crate::say(&event.to_string())));
        tokio::select! {
            ended = endpoint.serve(listener, std::future::pending()) => Ok(ended?),
            () = server.run(std::future::pending()) => Ok(()),
            ended = watch(&server, &path, stamp) => ended,
            _ = gone => Ok(()),
        }
    })
}

fn answer() {
    for line in std::io::stdin().lock().lines() {
        let spent = clocks::of_process().as_nanos();
        if line.is_err() || writeln!(std::io::stdout(), "{spent}").is_err() {
            break;
        }
    }
}

async fn watch(server: &Server, path: &Path, mut known: (u64, SystemTime)) -> Result<()> {
    loop {
        tokio::time::sleep(LOOK).await;
        let now = stamp(path)?;
        if now != known {
            known = now;
            take(server, path)?;
        }
    }
}

fn stamp(path: &Path) -> Result<(u64, SystemTime)> {
    let known = std::fs::metadata(path)?;
    Ok((known.len(), known.modified()?))
}

fn take(server: &Server, path: &Path) -> Result<()> {
    let files: Vec<Arc<SourceFile>> = entry_files(path)?;
    let compiled = compile(files, Some(server.trust_domain()));
    if compiled.has_errors() {
        let first = compiled.diagnostics.first().context("a mistake")?;
        bail!("the entries of the benchmark are broken: {}", first.message);
    }
    Ok(server.set_files(compiled)?)
}
