//! Paths as text.

use std::fmt::Write as _;

use palisade_analysis::Analysis;
use palisade_analysis::reachability::{Connection, Peer};
use palisade_model::{NodeId, NodeKind};
use serde_json::{Value, json};

use super::names::End;
use super::{explained, internet};
use crate::output;

/// What is asked for.
#[derive(Debug)]
pub(super) struct Wanted<'w> {
    /// Only from here.
    pub(super) from: Option<&'w End>,
    /// Only to there.
    pub(super) to: Option<&'w End>,
    /// With the rules that decide.
    pub(super) explained: bool,
}

/// Whether the question is what the internet reaches inside.
pub(super) fn is_from_internet_to_inside(wanted: &Wanted<'_>) -> bool {
    wanted.from == Some(&End::Internet) && matches!(wanted.to, None | Some(End::Data { .. }))
}

/// Connections, with the rules that decide them where asked for.
pub(super) fn connections(analysis: &Analysis<'_>, wanted: &Wanted<'_>) -> String {
    let mut out = String::new();
    let found = chosen(analysis, wanted);
    if wanted.explained {
        for (from, to) in pairs(&found, wanted) {
            if !out.is_empty() {
                out.push('\n');
            }
            explained::pair(&mut out, analysis, (&from, &to));
        }
        return out;
    }
    for connection in &found {
        let _infallible = writeln!(out, "{}", line(connection));
    }
    if found.is_empty() {
        out.push_str("no connection is allowed\n");
    }
    out
}

/// One line per connection, sorted.
pub(super) fn lines(analysis: &Analysis<'_>, wanted: &Wanted<'_>) -> String {
    let mut lines: Vec<String> = chosen(analysis, wanted).iter().map(line).collect();
    lines.sort();
    output::lines(&lines)
}

/// Connections and ways from the internet, for programs.
pub(super) fn json(analysis: &Analysis<'_>, wanted: &Wanted<'_>) -> anyhow::Result<String> {
    let connections: Vec<Value> = chosen(analysis, wanted)
        .iter()
        .map(|connection| {
            json!({
                "from": name(&connection.from),
                "to": name(&connection.to),
                "allowed": connection.allowed.to_string(),
            })
        })
        .collect();
    let paths: Vec<Value> = internet::paths(analysis, wanted)
        .iter()
        .map(|path| json!({ "target": path.target, "hops": path.hops, "door": internet::door_note(analysis, path) }))
        .collect();
    let mut document = json!({ "connections": connections, "from_internet": paths });
    if wanted.explained {
        let pairs = pairs(&chosen(analysis, wanted), wanted);
        let explained = pairs
            .iter()
            .map(|(from, to)| explained::json(analysis, (from, to)));
        if let Some(document) = document.as_object_mut() {
            document.insert("explained".to_owned(), explained.collect());
        }
    }
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

fn chosen<'m>(analysis: &Analysis<'m>, wanted: &Wanted<'_>) -> Vec<Connection<'m>> {
    analysis
        .reachability
        .connections()
        .filter(|connection| {
            wanted.from.is_none_or(|end| end.is(&connection.from))
                && wanted.to.is_none_or(|end| end.is(&connection.to))
        })
        .collect()
}

fn line(connection: &Connection<'_>) -> String {
    format!(
        "{} => {} : {}",
        name(&connection.from),
        name(&connection.to),
        connection.allowed
    )
}

fn name(peer: &Peer<'_>) -> String {
    match peer {
        Peer::Workload(workload) => workload.id.name().to_owned(),
        Peer::External(range) => format!("{range}[External]"),
    }
}

/// The pairs to explain: those that are allowed, and the pair that was named even if it is not.
fn pairs(found: &[Connection<'_>], wanted: &Wanted<'_>) -> Vec<(NodeId, NodeId)> {
    let id = |peer: &Peer<'_>| match peer {
        Peer::Workload(workload) => workload.id.clone(),
        Peer::External(_) => NodeId::new(NodeKind::Actor, "internet"),
    };
    let mut pairs: Vec<(NodeId, NodeId)> = found
        .iter()
        .map(|connection| (id(&connection.from), id(&connection.to)))
        .collect();
    if let (Some(from), Some(to)) = (wanted.from.and_then(single), wanted.to.and_then(single)) {
        pairs.push((from, to));
    }
    pairs.sort();
    pairs.dedup();
    pairs
}

fn single(end: &End) -> Option<NodeId> {
    match end {
        End::Internet => Some(NodeId::new(NodeKind::Actor, "internet")),
        End::Workload(id) => Some(id.clone()),
        End::Data { .. } => None,
    }
}
