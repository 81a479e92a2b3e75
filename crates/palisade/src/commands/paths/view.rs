//! Paths as text.

use std::fmt::Write as _;

use palisade_analysis::Analysis;
use palisade_analysis::exposure::{AuthState, InternetPath};
use palisade_analysis::reachability::{Connection, Deciding, Peer};
use palisade_model::{NetworkAction, NodeId, NodeKind};
use serde_json::{Value, json};

use super::names::End;
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
    wanted.from == Some(&End::Internet) && !wanted.explained
}

/// What the internet reaches, step by step, and through which doors.
pub(super) fn from_internet(analysis: &Analysis<'_>, wanted: &Wanted<'_>) -> String {
    let mut out = String::new();
    let paths = internet_paths(analysis, wanted);
    for path in &paths {
        let hops: Vec<&str> = path.hops.iter().map(NodeId::name).collect();
        let _infallible = writeln!(out, "internet → {}", hops.join(" → "));
        if let Some(note) = door_note(analysis, path) {
            let _infallible = writeln!(out, "  {note}");
        }
    }
    if paths.is_empty() {
        out.push_str("no door leads from the internet to what was asked for\n");
    }
    let connections = analysis.reachability.connections().count();
    let _infallible = writeln!(
        out,
        "\n{} reached from the internet · {connections} connections allowed (--format connlist lists them)",
        paths.len()
    );
    out
}

fn internet_paths<'a>(analysis: &'a Analysis<'_>, wanted: &Wanted<'_>) -> Vec<&'a InternetPath> {
    let all = analysis.exposure.reach_from_internet().iter();
    all.filter(|path| wanted.to.is_none_or(|to| to.is_target(&path.target)))
        .collect()
}

/// How the first door of a way knows its callers.
fn door_note(analysis: &Analysis<'_>, path: &InternetPath) -> Option<String> {
    let (entry, behind) = (path.hops.first()?, path.hops.get(1)?);
    let doors = analysis.exposure.doors().iter();
    let mut of_entry = doors.filter(|door| door.entry == *entry);
    let door = of_entry.find(|door| door.workload == *behind)?;
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

/// Connections, with the rules that decide them where asked for.
pub(super) fn connections(analysis: &Analysis<'_>, wanted: &Wanted<'_>) -> String {
    let mut out = String::new();
    let found = chosen(analysis, wanted);
    for connection in &found {
        let _infallible = writeln!(out, "{}", line(connection));
    }
    if wanted.explained {
        for (from, to) in pairs(&found, wanted) {
            explained(&mut out, analysis, (&from, &to));
        }
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
    let paths: Vec<Value> = internet_paths(analysis, wanted)
        .iter()
        .map(|path| json!({ "target": path.target, "hops": path.hops, "door": door_note(analysis, path) }))
        .collect();
    let document = json!({ "connections": connections, "from_internet": paths });
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

fn explained(out: &mut String, analysis: &Analysis<'_>, (from, to): (&NodeId, &NodeId)) {
    let explanation = analysis.reachability.explain(from, to);
    let _infallible = writeln!(
        out,
        "\n{} → {}: {}",
        from.name(),
        to.name(),
        explanation.allowed
    );
    let sides = [
        ("leaving", from, &explanation.egress),
        ("arriving", to, &explanation.ingress),
    ];
    for (word, end, decisions) in sides {
        let _infallible = writeln!(out, "  {word} {}", end.name());
        for decision in decisions {
            let _infallible = writeln!(out, "    {}", decided(decision));
        }
    }
}

fn decided(decision: &Deciding<'_>) -> String {
    let action = match decision.action {
        NetworkAction::Allow => "allowed",
        NetworkAction::Deny => "denied",
        NetworkAction::Pass => "passed on",
    };
    let connections = &decision.connections;
    match (decision.policy, decision.rule) {
        (Some(policy), Some(rule)) => {
            format!(
                "{connections} {action} by `{}` ({})   {}",
                policy.id.name(),
                decision.tier.word(),
                rule.origin
            )
        }
        (Some(policy), None) => format!(
            "{connections} {action} by `{}` ({}): no rule of it matches   {}",
            policy.id.name(),
            decision.tier.word(),
            policy.origin
        ),
        (None, _) => format!("{connections} {action}: no policy says anything"),
    }
}
