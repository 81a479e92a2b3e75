//! Measures how fast identities are issued and how soon a change is in everybody's hands: one
//! thread, a server with its store, and callers who wait.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use palisade_document::SourceFile;
use palisade_identity::authority::{Kind, Settings};
use palisade_identity::entries::{Compiled, NoFacts, compile};
use palisade_identity::server::{Parts, Server};
use palisade_identity::store::{Location, Seal, Store};
use palisade_identity::{Attributes, Issuer as _, SystemClock, TrustDomain};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};

/// Entries in force.
const ENTRIES: usize = 10_000;
/// Callers who wait for changes.
const STREAMS: usize = 1_000;
/// Changes of every caller's entry, one after the other.
const ROUNDS: usize = 10;
/// Longest time from a changed entry to the document, for 99 of 100.
const PUSH_LIMIT: Duration = Duration::from_secs(1);
/// The least part of the bare cryptography's rate at which documents are issued.
const ISSUE_SHARE: f64 = 0.7;

/// Issues to all callers, then changes all their entries again and again.
pub(crate) fn identity() -> Result<()> {
    let bare = bare_rate()?;
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (rate, mut taken) = runtime.block_on(measured(folder.path()))?;
    taken.sort();
    let at = |share: usize| {
        taken
            .get((taken.len() * share / 100).min(taken.len() - 1))
            .copied()
    };
    let (half, most) = (at(50).unwrap_or_default(), at(99).unwrap_or_default());
    let share = rate / bare;
    crate::say(&format!(
        "identity: {ENTRIES} entries, {STREAMS} callers, one thread: {rate:.0} documents a second \
         ({:.0} % of {bare:.0} in a bare loop, at least {:.0} %); changed entry to document: half \
         within {:.0} ms, 99 of 100 within {:.0} ms (limit {} ms)",
        share * 100.0,
        ISSUE_SHARE * 100.0,
        half.as_secs_f64() * 1e3,
        most.as_secs_f64() * 1e3,
        PUSH_LIMIT.as_millis(),
    ));
    if most > PUSH_LIMIT {
        bail!("changes take longer than they may");
    }
    if share < ISSUE_SHARE {
        bail!("documents are issued too slowly");
    }
    Ok(())
}

async fn measured(folder: &Path) -> Result<(f64, Vec<Duration>)> {
    let server = Arc::new(server(folder).await?);
    server.set_files(entries(0))?;
    let running = Arc::clone(&server);
    let background = tokio::spawn(async move { running.run(std::future::pending()).await });
    let callers: Vec<Attributes> = (0..STREAMS).map(caller).collect::<Result<_>>()?;
    let start = Instant::now();
    let mut held = Vec::with_capacity(STREAMS);
    for caller in &callers {
        held.push(server.holdings(caller).await?);
    }
    let rate = f64::from(u32::try_from(STREAMS)?) / start.elapsed().as_secs_f64();
    let mut taken = Vec::new();
    for round in 1..=ROUNDS {
        let mut waiting = tokio::task::JoinSet::new();
        for (number, held) in held.iter().enumerate() {
            let (mut held, path) = (held.clone(), format!("/round-{round}/workload-{number}"));
            waiting.spawn(async move {
                let is_there = held.wait_for(|held| {
                    held.svids
                        .first()
                        .is_some_and(|svid| svid.id.path() == path)
                });
                is_there.await.map(|_| Instant::now())
            });
        }
        // From the text of the files, as they are read when they change.
        let changed = Instant::now();
        server.set_files(entries(round))?;
        while let Some(seen) = waiting.join_next().await {
            taken.push(seen??.duration_since(changed));
        }
    }
    background.abort();
    Ok((rate, taken))
}

async fn server(folder: &Path) -> Result<Server> {
    let location = Location::Sqlite(folder.join("identity.db"));
    let store = Store::open(&location, Seal::of(&[1; 32])?).await?;
    let mut authority = Settings::new(TrustDomain::new("bench.example")?);
    authority.kinds = vec![Kind::X509, Kind::Es256];
    Ok(Server::open(Parts {
        authority,
        upstream: None,
        log: None,
        store,
        facts: Arc::new(NoFacts),
        clock: Arc::new(SystemClock),
        say: Arc::new(crate::say),
    })
    .await?)
}

fn caller(number: usize) -> Result<Attributes> {
    let mut caller = Attributes::default();
    caller.add("unix.uid", number.to_string())?;
    caller.add("unix.gid", "100")?;
    caller.add("systemd.unit", format!("workload-{number}.service"))?;
    Ok(caller)
}

fn entries(round: usize) -> Compiled {
    let mut text = String::from("entries:\n");
    for number in 0..ENTRIES {
        let _infallible = write!(
            text,
            "  - name: workload-{number}
    owner: bench
    match: {{unix.uid: '{number}', unix.gid: '100'}}
    id: spiffe://{{trust-domain}}/round-{round}/workload-{number}
"
        );
    }
    compile([Arc::new(SourceFile::new("entries.yaml", text))], None)
}

/// Keys, certificates and signatures of the same form, and nothing else.
fn bare_rate() -> Result<f64> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let start = Instant::now();
    for number in 0..STREAMS {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        let id = format!("spiffe://bench.example/round-0/workload-{number}");
        params.subject_alt_names = vec![SanType::URI(id.try_into()?)];
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let made = params.signed_by(&key, &issuer)?;
        let size = made.der().len() + key.serialize_der().len();
        u32::try_from(size).context("a certificate has a size")?;
    }
    Ok(f64::from(u32::try_from(STREAMS)?) / start.elapsed().as_secs_f64())
}
