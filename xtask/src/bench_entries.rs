//! Measures how fast entries answer for a caller.

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use palisade_document::SourceFile;
use palisade_identity::entries::{Entries, NoFacts, compile};
use palisade_identity::explain::explain;
use palisade_identity::{Attributes, TrustDomain};

/// Entries, spread over namespaces.
const NAMESPACES: usize = 200;
const ACCOUNTS: usize = 50;
/// Look-ups in one round, and rounds; the fastest round counts.
const LOOKUPS: u32 = 2_000;
const ROUNDS: u32 = 20;
/// The longest that one answer may take.
const LIMIT: Duration = Duration::from_micros(50);

/// Reads and indexes 10,000 entries and asks them for callers of every kind.
pub(crate) fn entries() -> Result<()> {
    let own = TrustDomain::new("example.org")?;
    let text = text();
    let start = Instant::now();
    let compiled = compile([Arc::new(SourceFile::new("bench.yaml", text))], Some(&own));
    if compiled.has_errors() {
        bail!("the entries of the benchmark are broken");
    }
    let entries = compiled.entries(own)?;
    let count = entries.all().len();
    crate::say(&format!(
        "{count} entries read, checked and indexed in {:.0} ms",
        start.elapsed().as_secs_f64() * 1e3
    ));
    let mut slow = false;
    for (what, caller, grants) in callers()? {
        let found = entries.resolve(&caller, &NoFacts).grants.len();
        if found != grants {
            bail!("{what}: {found} identities instead of {grants}");
        }
        let taken = fastest(&entries, &caller);
        slow |= taken > LIMIT;
        let microseconds = taken.as_secs_f64() * 1e6;
        crate::say(&format!("{what}: {microseconds:.2} µs, {found} identities"));
    }
    let (_, stranger, _) = callers()?.remove(1);
    let start = Instant::now();
    black_box(explain(&entries, &stranger, &NoFacts));
    crate::say(&format!(
        "explained to a caller without any: {:.1} ms",
        start.elapsed().as_secs_f64() * 1e3
    ));
    if slow {
        bail!("an answer takes longer than {} µs", LIMIT.as_micros());
    }
    Ok(())
}

fn fastest(entries: &Entries, caller: &Attributes) -> Duration {
    let round = |_| {
        let start = Instant::now();
        for _ in 0..LOOKUPS {
            black_box(entries.resolve(black_box(caller), &NoFacts));
        }
        start.elapsed() / LOOKUPS
    };
    (0..ROUNDS).map(round).min().unwrap_or_default()
}

/// Callers, and how many identities they have.
fn callers() -> Result<Vec<(&'static str, Attributes, usize)>> {
    let pod = |namespace: &str, account: &str| {
        let mut pod = Attributes::default();
        pod.add("k8s.namespace", namespace)?;
        pod.add("k8s.service-account", account)?;
        pod.add("k8s.node-name", "node-7")?;
        pod.add("k8s.image-digest", "sha256:00")?;
        for label in 0..8 {
            pod.add(&format!("k8s.pod-label.l{label}"), "value")?;
        }
        pod.add("unix.uid", "1000")?;
        anyhow::Ok(pod)
    };
    let mut bomb = Attributes::default();
    for n in 0..256 {
        bomb.add("k8s.namespace", format!("ns-{n}"))?;
        bomb.add("k8s.service-account", format!("sa-{n}"))?;
    }
    Ok(vec![
        ("a pod with one entry", pod("ns-7", "sa-7-3")?, 1),
        ("a pod without any", pod("ns-7", "other")?, 0),
        ("a pod by a wildcard", pod("team-x", "web")?, 1),
        ("a caller with as many values as there can be", bomb, 0),
    ])
}

/// The entry file.
fn text() -> String {
    let mut text = String::from("owner: bench\nentries:\n");
    for namespace in 0..NAMESPACES {
        for account in 0..ACCOUNTS {
            let _infallible = writeln!(
                text,
                "  - {{ name: n{namespace}/{account}, match: {{ k8s.namespace: ns-{namespace}, k8s.service-account: sa-{namespace}-{account} }}, id: 'spiffe://example.org/ns/{{k8s.namespace}}/sa/{{k8s.service-account}}' }}"
            );
        }
    }
    text.push_str(
        "  - { name: teams, match: { k8s.namespace: 'team-*' }, id: 'spiffe://example.org/team/{k8s.namespace}' }\n",
    );
    text
}
