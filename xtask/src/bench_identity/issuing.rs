//! How fast documents are issued, against keys, certificates and signatures alone.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use palisade_document::SourceFile;
use palisade_identity::entries::compile;
use palisade_identity::server::Server;
use palisade_identity::{Attributes, Issuer as _};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};

use super::{ENTRIES, clocks, entries, server};

/// Documents of one turn, and turns; the turns of both sides follow one another.
const TURN: usize = 1_000;
const TURNS: usize = ENTRIES / TURN;
/// How often it is looked whether evidence is written; looking costs time too.
const LOOK: Duration = Duration::from_millis(20);
/// The least part of the bare cryptography's rate.
const LEAST: f64 = 0.7;

/// Time on processors for the documents of one turn.
struct Spent {
    /// Of the thread that issues, until the last document is there.
    thread: Duration,
    /// Of all threads, until evidence of all documents is kept.
    process: Duration,
}

/// Issues to 10,000 callers by 10,000 entries; tells whether that is fast enough.
pub(super) fn measure() -> Result<bool> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (ours, bare) = runtime.block_on(async {
        let server = Arc::new(server(folder.path()).await?);
        let text = entries(|number| {
            let matches = format!("unix.uid: '{number}', unix.gid: '100'");
            (matches, format!("/workload-{number}"))
        });
        server.set_files(compile(
            [Arc::new(SourceFile::new("entries.yaml", text))],
            None,
        ))?;
        let running = Arc::clone(&server);
        let background = tokio::spawn(async move { running.run(std::future::pending()).await });
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        for turn in 0..TURNS {
            ours.push(issue(&server, turn * TURN).await?);
            bare.push(sign()?);
        }
        background.abort();
        anyhow::Ok((ours, bare))
    })?;
    let bare = median(bare.iter().map(|spent| spent.thread));
    let rate = |spent: Duration| f64::from(u32::try_from(TURN).unwrap_or(0)) / spent.as_secs_f64();
    let alone = median(ours.iter().map(|spent| spent.thread));
    let whole = median(ours.iter().map(|spent| spent.process));
    let share = rate(alone) / rate(bare);
    crate::say(&format!(
        "issuing by {ENTRIES} entries, in time on the processor: {:.0} documents a second on the \
         issuing thread, {:.0} % of {:.0} in a bare loop (at least {:.0} %); {:.0} a second, {:.0} %, \
         with evidence of them written",
        rate(alone),
        share * 100.0,
        rate(bare),
        LEAST * 100.0,
        rate(whole),
        rate(whole) / rate(bare) * 100.0,
    ));
    Ok(share >= LEAST)
}

fn median(spent: impl Iterator<Item = Duration>) -> Duration {
    let mut spent: Vec<Duration> = spent.collect();
    spent.sort();
    spent.get(spent.len() / 2).copied().unwrap_or_default()
}

/// Issues to callers that hold nothing yet, until evidence of it is kept.
async fn issue(server: &Server, first: usize) -> Result<Spent> {
    let callers: Vec<Attributes> = (first..first + TURN).map(caller).collect::<Result<_>>()?;
    let start = (clocks::of_thread(), clocks::of_process());
    for caller in &callers {
        let held = server.holdings(caller).await?;
        held.borrow().svids.first().context("a document")?;
    }
    // Nothing else has run on this thread: evidence is written while it waits now.
    let thread = clocks::of_thread().saturating_sub(start.0);
    while server.ledger().waiting > 0 {
        tokio::time::sleep(LOOK).await;
    }
    Ok(Spent {
        thread,
        process: clocks::of_process().saturating_sub(start.1),
    })
}

fn caller(number: usize) -> Result<Attributes> {
    let mut caller = Attributes::default();
    caller.add("unix.uid", number.to_string())?;
    caller.add("unix.gid", "100")?;
    caller.add("systemd.unit", format!("workload-{number}.service"))?;
    Ok(caller)
}

/// Keys, certificates and signatures of the same form, and nothing else.
fn sign() -> Result<Spent> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let start = (clocks::of_thread(), clocks::of_process());
    for number in 0..TURN {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        let id = format!("spiffe://bench.example/workload-{number}");
        params.subject_alt_names = vec![SanType::URI(id.try_into()?)];
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let made = params.signed_by(&key, &issuer)?;
        std::hint::black_box((made.der().len(), key.serialize_der().len()));
    }
    Ok(Spent {
        thread: clocks::of_thread().saturating_sub(start.0),
        process: clocks::of_process().saturating_sub(start.1),
    })
}
