//! What the internet reaches, door by door and step by step.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use palisade_analysis::Analysis;
use palisade_analysis::exposure::{AuthState, Door, InternetPath};
use palisade_model::{Model, NodeId, Origin};

use super::explained;
use super::view::Wanted;

/// The ways that were asked for, under the doors that they begin at.
pub(super) fn ways(analysis: &Analysis<'_>, wanted: &Wanted<'_>) -> String {
    let mut out = String::new();
    let paths = paths(analysis, wanted);
    let mut doors: BTreeMap<(&NodeId, &NodeId), Vec<&InternetPath>> = BTreeMap::new();
    for path in &paths {
        if let [entry, behind, ..] = path.hops.as_slice() {
            doors.entry((entry, behind)).or_default().push(path);
        }
    }
    let mut known = BTreeSet::new();
    for ((entry, behind), mut through) in doors {
        if !out.is_empty() {
            out.push('\n');
        }
        let place = origin(analysis.model, entry);
        let place = place.map_or_else(String::new, |origin| format!("   {origin}"));
        let _infallible = writeln!(out, "internet → {}{place}", entry.name());
        let note = through
            .first()
            .and_then(|path| door_note(analysis, path))
            .unwrap_or_else(|| behind.name().to_owned());
        let _infallible = writeln!(out, "  → {note}");
        through.sort_by_key(|path| (path.hops.len(), &path.hops));
        for path in through {
            let further = path.hops.get(2..).unwrap_or_default();
            if wanted.explained {
                explain(&mut out, analysis, (path, &mut known));
            } else if !further.is_empty() {
                let names: Vec<String> = further.iter().map(shown).collect();
                let _infallible = writeln!(out, "    → {}", names.join(" → "));
            }
        }
    }
    if paths.is_empty() {
        out.push_str("no door leads from the internet to what was asked for\n");
    }
    let data = paths.iter().filter(|path| is_data(&path.target)).count();
    let connections = analysis.reachability.connections().count();
    let counted = |count: usize, noun: &str| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {noun}{plural}")
    };
    let reached = match wanted.to {
        Some(_) => counted(paths.len(), "way"),
        None => format!(
            "{} and {} reached",
            counted(paths.len() - data, "workload"),
            counted(data, "dataset")
        ),
    };
    let _infallible = writeln!(
        out,
        "\n{reached} from the internet · {connections} connections allowed in all (--format connlist lists them)",
    );
    if let Some(limit) = analysis.reachability.limit() {
        let _infallible = writeln!(out, "not exact: {limit}");
    }
    out
}

/// The ways from the internet that were asked for.
pub(super) fn paths<'a>(analysis: &'a Analysis<'_>, wanted: &Wanted<'_>) -> Vec<&'a InternetPath> {
    let all = analysis.exposure.reach_from_internet().iter();
    all.filter(|path| wanted.to.is_none_or(|to| to.is_target(&path.target)))
        .collect()
}

/// What the first door of a way leads to, and how it knows its callers.
pub(super) fn door_note(analysis: &Analysis<'_>, path: &InternetPath) -> Option<String> {
    let (entry, behind) = (path.hops.first()?, path.hops.get(1)?);
    let leads = |door: &&Door| door.entry == *entry && door.network_allowed;
    let door = analysis.exposure.doors_of(behind).find(leads)?;
    let port = door
        .port
        .map_or_else(String::new, |port| format!(" on port {port}"));
    let state = match &door.authenticated {
        AuthState::Authenticated(by) => format!("callers are authenticated: {by}"),
        AuthState::Unauthenticated => "without authentication".to_owned(),
        AuthState::Unknown => "the code does not say whether callers are authenticated".to_owned(),
    };
    Some(format!("{}{port}, {state}", door.workload.name()))
}

/// Every step of a way after its door, with the rules that let it through.
fn explain<'p>(
    out: &mut String,
    analysis: &Analysis<'_>,
    (path, known): (&'p InternetPath, &mut BTreeSet<(&'p NodeId, &'p NodeId)>),
) {
    for pair in path.hops.get(1..).unwrap_or_default().windows(2) {
        let [from, to] = pair else {
            continue;
        };
        let mut text = String::new();
        if !known.insert((from, to)) {
            let _infallible = writeln!(text, "{} → {}: as above", from.name(), shown(to));
        } else if is_data(to) {
            let place = origin(analysis.model, to);
            let place = place.map_or_else(String::new, |origin| format!("   {origin}"));
            let _infallible = writeln!(text, "{} holds {}{place}", from.name(), shown(to));
        } else {
            explained::pair(&mut text, analysis, (from, to));
        }
        for line in text.lines() {
            let _infallible = writeln!(out, "    {line}");
        }
    }
}

fn is_data(id: &NodeId) -> bool {
    id.as_str().starts_with("dataset:")
}

fn shown(id: &NodeId) -> String {
    if is_data(id) {
        format!("dataset {}", id.name())
    } else {
        id.name().to_owned()
    }
}

/// Where a node of a way stands.
fn origin<'m>(model: &'m Model, id: &NodeId) -> Option<&'m Origin> {
    let entry = model.entry_points.iter().find(|entry| entry.id == *id);
    let data = || model.datasets.iter().find(|dataset| dataset.id == *id);
    entry
        .map(|entry| &entry.origin)
        .or_else(|| data().map(|dataset| &dataset.origin))
}
