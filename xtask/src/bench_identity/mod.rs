//! Measures how fast identities are issued and how soon a changed entry is in the hands of
//! workloads: 10,000 entries, and 1,000 processes that each hold a stream of the Workload API.
//!
//! The server is a process of its own on one core; workloads run on the others, each as a program
//! with a path of its own, so that each has an identity of its own.

mod clocks;
mod issuing;
mod pushing;
mod serving;
mod workload;

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, bail};
use palisade_identity::authority::{Kind, Settings};
use palisade_identity::entries::NoFacts;
use palisade_identity::evidence::Spool;
use palisade_identity::server::{Parts, Server};
use palisade_identity::store::{Location, Seal, Store};
use palisade_identity::{SystemClock, TrustDomain};

/// Entries in force.
const ENTRIES: usize = 10_000;
/// Workloads that hold a stream.
const STREAMS: usize = 1_000;

/// Runs the benchmark, or one of the processes that it starts.
pub(crate) fn identity(part: &[&str]) -> Result<()> {
    match part {
        [] => {
            let issued = issuing::measure()?;
            let pushed = pushing::measure()?;
            match (issued, pushed) {
                (false, _) => bail!("documents are issued too slowly"),
                (_, false) => bail!("changes take longer than they may"),
                _ => Ok(()),
            }
        }
        ["server", folder, core] => serving::serve(Path::new(folder), core.parse()?),
        ["workload", socket, core] => workload::follow(Path::new(socket), core.parse()?),
        _ => bail!("`bench identity` takes nothing else"),
    }
}

/// A server with its store in a folder.
async fn server(folder: &Path) -> Result<Server> {
    let location = Location::Sqlite(folder.join("identity.db"));
    let store = Store::open(&location, Seal::of(&[1; 32])?).await?;
    let mut authority = Settings::new(TrustDomain::new("bench.example")?);
    authority.kinds = vec![Kind::X509, Kind::Es256];
    Ok(Server::open(Parts {
        authority,
        upstream: None,
        log: None,
        spool: Some(Spool::open(&folder.join("evidence.spool"))?),
        store,
        facts: std::sync::Arc::new(NoFacts),
        clock: std::sync::Arc::new(SystemClock),
        say: std::sync::Arc::new(crate::say),
    })
    .await?)
}

/// An entry file: what each entry matches, and the path of the identity that it gives.
fn entries(entry: impl Fn(usize) -> (String, String)) -> String {
    let mut text = String::from("owner: bench\nentries:\n");
    for number in 0..ENTRIES {
        let (matches, path) = entry(number);
        let _infallible = writeln!(
            text,
            "  - name: workload-{number}\n    match: {{{matches}}}\n    id: spiffe://{{trust-domain}}{path}"
        );
    }
    text
}
