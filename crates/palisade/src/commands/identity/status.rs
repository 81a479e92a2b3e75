//! How a running issuer is, for people.

use std::fmt::Write as _;

use palisade_identity::admin::{Rotate, Status};
use palisade_report::plural;

use super::plural_of;
use crate::output;

/// What came of asking for new keys: since when, or from when, they sign.
pub(super) fn rotated(status: &Status, asked: &Rotate) -> String {
    if asked.now {
        return "the new keys sign from now on\n".to_owned();
    }
    let kind = asked.kind.map(|kind| kind.to_string());
    let is_asked = |of: &str| kind.as_deref().is_none_or(|kind| kind == of);
    let mut text = String::new();
    for key in status.keys.iter().filter(|key| is_asked(&key.kind)) {
        if let Some(from) = key.signs_from {
            let _infallible = writeln!(
                text,
                "the next {} key {} is published now and signs from {from}, once others know it; --now lets it sign at once",
                key.kind, key.id
            );
        }
    }
    text
}

/// An agent that has not heard of its server since it began.
fn waiting(status: &Status) -> String {
    let since = status.outage.away_since;
    let since = since.map(|since| format!(" since {since}"));
    let mut text = format!(
        "{} without a server{}: nothing can be served until it answers",
        status.role,
        since.unwrap_or_default()
    );
    for problem in &status.problems {
        text.push_str("\n  ");
        text.push_str(problem);
    }
    text.push('\n');
    text
}

pub(super) fn told(status: &Status) -> String {
    if status.trust_domain.is_empty() {
        return waiting(status);
    }
    let mut lines = vec![format!(
        "{} of `{}`: {} {}, {} {} with an identity",
        status.role,
        status.trust_domain,
        status.entries,
        plural_of(status.entries, "entry", "entries"),
        status.callers,
        plural(status.callers, "caller"),
    )];
    if let Some(pin) = &status.server_pin {
        lines.push(format!("  server pin {pin}"));
    }
    for key in &status.keys {
        let from = key.signs_from.map(|from| format!(", signs from {from}"));
        lines.push(format!(
            "  key {} {} {}{}, until {}",
            key.id,
            key.kind,
            key.stage,
            from.unwrap_or_default(),
            key.expires
        ));
    }
    for agent in &status.agents {
        lines.push(format!(
            "  agent {} by {}{}, until {}",
            agent.id,
            agent.method,
            if agent.banned { ", banned" } else { "" },
            agent.expires
        ));
    }
    let outage = &status.outage;
    let mut budget = format!(
        "  outage budget: every document has {} left when it is replaced",
        short(outage.at_least)
    );
    if let Some(seconds) = outage.seconds {
        let _infallible = write!(
            budget,
            "; the first one held now ends in {}",
            short(seconds)
        );
    }
    lines.push(budget);
    if let Some(since) = outage.away_since {
        lines.push(format!("  the server does not answer since {since}"));
    }
    if status.evidence_waiting > 0 {
        lines.push(format!(
            "  {} records of evidence wait",
            status.evidence_waiting
        ));
    }
    lines.extend(
        status
            .problems
            .iter()
            .map(|problem| format!("  problem: {problem}")),
    );
    output::lines(&lines)
}

fn short(seconds: i64) -> String {
    match seconds {
        ..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}
