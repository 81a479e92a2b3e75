//! Compares reachability with published expectations, case by case.
//!
//! A case is a folder with `manifests/` and `expected.txt`: one connection per line. Neighbouring
//! ranges of external addresses with the same connections are joined on both sides before they are
//! compared, since how a listing cuts the address space carries no meaning.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use palisade_analysis::reachability::{HostNetwork, Reachability, connlist};

/// Differing lines that are shown of a case.
const SHOWN: usize = 12;
/// What stands after an address range.
const EXTERNAL: &str = "[External]";
/// Lines about what an ingress controller may reach are about doors, not about policies.
const CONTROLLER: &str = "{ingress-controller}";

/// Runs every case under a folder; fails when one differs.
pub(crate) fn connectivity(cases: &str) -> anyhow::Result<()> {
    let root = Path::new(cases);
    let entries = std::fs::read_dir(root).with_context(|| format!("cannot list `{cases}`"))?;
    let mut folders: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("expected.txt").is_file())
        .collect();
    folders.sort();
    if folders.is_empty() {
        bail!("no case under `{cases}`: expected folders with `manifests/` and `expected.txt`");
    }
    let mut matching = 0;
    for folder in &folders {
        let difference = differs(folder)?;
        if difference.is_empty() {
            matching += 1;
            continue;
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        crate::say(&format!("{name}: {} lines differ", difference.len()));
        for line in difference.iter().take(SHOWN) {
            crate::say(&format!("  {line}"));
        }
    }
    crate::say(&format!("{matching} of {} match", folders.len()));
    if matching < folders.len() {
        bail!("{} cases differ", folders.len() - matching);
    }
    Ok(())
}

/// Lines that only one side has: `-` for missing ones, `+` for those that should not be there.
fn differs(folder: &Path) -> anyhow::Result<Vec<String>> {
    let expected = std::fs::read_to_string(folder.join("expected.txt"))?;
    let expected = normal(expected.lines().map(str::to_owned));
    let manifests = folder.join("manifests");
    let options = palisade_sources::Options {
        no_render: true,
        ..Default::default()
    };
    let paths = std::slice::from_ref(&manifests);
    let reading = palisade_sources::read(&manifests, paths, &options);
    let reachability = Reachability::with(&reading.model, HostNetwork::LikePods);
    let found = normal(connlist(&reachability).into_iter());
    let missing = expected.difference(&found).map(|line| format!("- {line}"));
    let extra = found.difference(&expected).map(|line| format!("+ {line}"));
    Ok(missing.chain(extra).collect())
}

/// Lines as a set, with neighbouring external ranges joined.
fn normal(lines: impl Iterator<Item = String>) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut ranges: BTreeMap<(String, String), Vec<(u32, u32)>> = BTreeMap::new();
    for line in lines {
        let line = line.trim().to_owned();
        if line.is_empty() || line.contains(CONTROLLER) {
            continue;
        }
        match split_external(&line) {
            Some((before, range, after)) => ranges.entry((before, after)).or_default().push(range),
            // The expectations know no IPv6.
            None if line.contains(EXTERNAL) => {}
            None => {
                out.insert(line);
            }
        }
    }
    for ((before, after), mut found) in ranges {
        found.sort_unstable();
        let mut joined: Vec<(u32, u32)> = Vec::new();
        for (first, last) in found {
            match joined.last_mut() {
                Some(open) if u64::from(first) <= u64::from(open.1) + 1 => {
                    open.1 = open.1.max(last);
                }
                _ => joined.push((first, last)),
            }
        }
        for (first, last) in joined {
            let (first, last) = (Ipv4Addr::from(first), Ipv4Addr::from(last));
            out.insert(format!("{before}{first}-{last}{EXTERNAL}{after}"));
        }
    }
    out
}

/// A line with an external IPv4 range: what stands before it, the range, and what stands after.
fn split_external(line: &str) -> Option<(String, (u32, u32), String)> {
    let (head, after) = line.split_once(EXTERNAL)?;
    let start = head.rfind(' ').map_or(0, |at| at + 1);
    let (before, range) = head.split_at_checked(start)?;
    let (first, last) = range.split_once('-')?;
    let address = |text: &str| text.parse::<Ipv4Addr>().ok().map(u32::from);
    Some((
        before.to_owned(),
        (address(first)?, address(last)?),
        after.to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_ranges_are_joined_and_others_kept() {
        let lines = [
            "a/x[Pod] => 0.0.0.0-9.255.255.255[External] : TCP 80",
            "a/x[Pod] => 10.0.0.0-10.255.255.255[External] : TCP 80",
            "a/x[Pod] => 12.0.0.0-12.255.255.255[External] : TCP 80",
            "a/x[Pod] => ::-::1[External] : TCP 80",
            "{ingress-controller} => a/x[Pod] : TCP 80",
        ];
        let found = normal(lines.into_iter().map(str::to_owned));
        let expected = [
            "a/x[Pod] => 0.0.0.0-10.255.255.255[External] : TCP 80",
            "a/x[Pod] => 12.0.0.0-12.255.255.255[External] : TCP 80",
        ];
        assert_eq!(found, expected.map(str::to_owned).into());
    }
}
