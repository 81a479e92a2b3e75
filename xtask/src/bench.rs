//! Measures what must stay fast, on systems built in memory. Each is measured in a process of its
//! own, so that its peak memory is its own.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use palisade_analysis::Analysis;
use palisade_analysis::outcomes::Outcomes;
use palisade_analysis::reachability::Reachability;
use palisade_patterns::{Context, Findings, evaluate, patterns};

use crate::estate::{ESTATES, Estate, Maker, manifests};

/// Seconds that a whole check of the meshed system may take.
const CHECK_SECONDS: u64 = 30;

/// Analyses every system once; fails when one takes longer, or more memory, than it may.
pub(crate) fn reachability() -> anyhow::Result<()> {
    let own = std::env::current_exe().context("cannot find this program")?;
    let mut failed = Vec::new();
    for estate in ESTATES {
        let status = Command::new(&own)
            .args(["bench", "reachability", estate.name])
            .status()?;
        if !status.success() {
            failed.push(estate.name);
        }
    }
    if !failed.is_empty() {
        bail!("beyond what they may take: {}", failed.join(", "));
    }
    Ok(())
}

/// Analyses one system.
pub(crate) fn one(name: &str) -> anyhow::Result<()> {
    let found = ESTATES.iter().find(|estate| estate.name == name);
    let Some(Estate {
        build,
        seconds,
        mebibytes,
        ..
    }) = found
    else {
        let names: Vec<&str> = ESTATES.iter().map(|estate| estate.name).collect();
        bail!(
            "no system is called `{name}`: there are {}",
            names.join(", ")
        );
    };
    let model = build(&Maker::new()?);
    let built = resident_peak();
    let start = Instant::now();
    let reachability = Reachability::of(&model);
    let taken = start.elapsed();
    let stats = reachability.stats();
    let peak = resident_peak();
    crate::say(&format!(
        "{name}: {} workloads, {} policies: {:.3} s (limit {seconds} s); {} classes, {} atoms, {} \
         rows, {} connection sets, {} paths; peak memory {} MiB, {} MiB with the model alone{}",
        model.workloads.len(),
        model.controls.len(),
        taken.as_secs_f64(),
        stats.classes,
        stats.atoms,
        stats.rows,
        stats.connection_sets,
        reachability.path_count(),
        shown(peak),
        shown(built),
        reachability
            .limit()
            .map_or_else(String::new, |limit| format!("\n  {limit}")),
    ));
    if peak.is_some_and(|peak| peak > *mebibytes) {
        bail!("{name} took more than {mebibytes} MiB");
    }
    if taken > Duration::from_secs(*seconds) {
        bail!("{name} took longer than {seconds} s");
    }
    Ok(())
}

/// Reads and checks a system of 10,000 workloads in a service mesh, and names the slowest checks.
pub(crate) fn check() -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut last = begun;
    let mut step = |what: &str| {
        let now = Instant::now();
        crate::say(&format!(
            "{what}: {:.3} s, peak memory {} MiB",
            (now - last).as_secs_f64(),
            shown(resident_peak())
        ));
        last = now;
    };
    let texts = manifests(200, 50);
    let files: Vec<(&str, &str)> = texts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    step("texts made");
    let options = palisade_sources::Options {
        no_render: true,
        ..Default::default()
    };
    let reading = palisade_sources::read_texts(&files, &options);
    step("read");
    let model = &reading.model;
    let analysis = Analysis::of(model);
    step("analysed");
    let outcomes = Outcomes::measure(model, &analysis);
    step("measured");
    let context = Context {
        model,
        analysis: &analysis,
        today: jiff::civil::Date::constant(2026, 1, 1),
        allowed_registries: &[],
        exceptions: &[],
        guardrails: &[],
        judging: None,
        identified: &BTreeSet::new(),
    };
    let mut slow = slowest(&context);
    let evaluation = evaluate(&context, &|_| true);
    step("all checks, and once more one by one");
    slow.truncate(5);
    for (taken, id) in slow {
        crate::say(&format!("  {id}: {:.3} s", taken.as_secs_f64()));
    }
    crate::say(&format!(
        "{} workloads, {} controls, {} edges: {} findings, {} paths",
        model.workloads.len(),
        model.controls.len(),
        model.edges.len(),
        evaluation.findings.len(),
        outcomes.reachable_paths,
    ));
    if begun.elapsed() > Duration::from_secs(CHECK_SECONDS) {
        bail!("it took longer than {CHECK_SECONDS} s");
    }
    Ok(())
}

/// Checks and coverages with the time that each takes, the slowest first.
fn slowest(context: &Context<'_>) -> Vec<(Duration, String)> {
    let mut taken = Vec::new();
    for pattern in patterns() {
        for unit in pattern.units {
            let start = Instant::now();
            let mut findings = Findings::default();
            (unit.run)(&unit.check, context, &mut findings);
            std::hint::black_box(findings);
            taken.push((start.elapsed(), unit.check.id.to_string()));
        }
        let start = Instant::now();
        std::hint::black_box((pattern.coverage)(context));
        taken.push((
            start.elapsed(),
            format!("coverage of pattern {:?}", pattern.id),
        ));
    }
    taken.sort_by(|left, right| right.cmp(left));
    taken
}

fn shown(memory: Option<u64>) -> String {
    memory.map_or_else(|| "?".to_owned(), |memory| memory.to_string())
}

/// Peak resident memory of this process in mebibytes, where the system tells.
fn resident_peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes / 1024)
}
