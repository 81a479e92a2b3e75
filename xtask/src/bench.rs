//! Measures what must stay fast, on systems built in memory.

use std::time::{Duration, Instant};

use anyhow::bail;
use palisade_analysis::reachability::Reachability;

use crate::estate::{self, Size};

/// A system, and how long its analysis may take on two cores.
const CASES: &[(Size, Duration)] = &[
    (
        Size {
            namespaces: 200,
            workloads: 50,
            policies: 4,
        },
        Duration::from_millis(500),
    ),
    (
        Size {
            namespaces: 1_000,
            workloads: 100,
            policies: 4,
        },
        Duration::from_secs(5),
    ),
];

/// Largest memory that an analysis may add to that of its model, in mebibytes.
const MEMORY: u64 = 500;

/// Analyses each system once; fails when one takes longer, or more memory, than it may.
pub(crate) fn reachability() -> anyhow::Result<()> {
    let (mut late, mut added) = (0, 0);
    for (size, limit) in CASES {
        let model = estate::model(*size)?;
        let built = resident_peak();
        let start = Instant::now();
        let reachability = Reachability::of(&model);
        let taken = start.elapsed();
        let stats = reachability.stats();
        crate::say(&format!(
            "{} workloads, {} policies: {:.3} s (limit {:.1} s); {} classes, {} atoms, {} rows, \
             {} connection sets, {} paths; peak memory {} MiB, {} MiB with the model alone",
            model.workloads.len(),
            model.controls.len(),
            taken.as_secs_f64(),
            limit.as_secs_f64(),
            stats.classes,
            stats.atoms,
            stats.rows,
            stats.connection_sets,
            reachability.path_count(),
            shown(resident_peak()),
            shown(built),
        ));
        late += u32::from(taken > *limit);
        let growth = resident_peak()
            .zip(built)
            .map(|(peak, before)| peak - before);
        added = added.max(growth.unwrap_or_default());
    }
    if added > MEMORY {
        bail!("an analysis added {added} MiB of memory: more than {MEMORY}");
    }
    if late > 0 {
        bail!("{late} analyses took longer than they may");
    }
    Ok(())
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
