//! `palisade privileges`: who may do what, and who can make themselves administrator.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use palisade_analysis::Analysis;
use palisade_analysis::privilege::{Administrator, Grant, Privileges, Step};
use palisade_model::NodeId;
use serde_json::{Value, json};

use crate::arguments::{Global, SourceArguments};
use crate::output;
use crate::session::Session;

pub(super) const ABOUT: &str = "Show who may do what, and each chain to administrator";

const EXAMPLES: &str = "Examples:
  palisade privileges                  administrators with their chains, then grants by identity
  palisade privileges -v               every grant with its place
  palisade privileges --format json";

/// What can be typed after `privileges`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    sources: SourceArguments,
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    format: PrivilegesFormat,
}

/// Form of a list of privileges.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum PrivilegesFormat {
    /// For a person
    #[default]
    Human,
    /// For a program
    Json,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let session = Session::open(&arguments.sources, global)?;
    let analysis = Analysis::of(&session.reading.model);
    let privileges = &analysis.privileges;
    let text = match arguments.format {
        PrivilegesFormat::Human => human(privileges, global),
        PrivilegesFormat::Json => {
            let mut text = serde_json::to_string_pretty(&as_json(privileges))?;
            text.push('\n');
            text
        }
    };
    output::data(&text, session.code(), global.color)
}

fn human(privileges: &Privileges, global: &Global) -> String {
    let mut out = String::new();
    for administrator in privileges.administrators() {
        chain(&mut out, administrator, privileges);
    }
    if !privileges.administrators().is_empty() {
        out.push('\n');
    }
    let mut by_identity: BTreeMap<&NodeId, Vec<&Grant>> = BTreeMap::new();
    for grant in privileges.grants() {
        by_identity.entry(&grant.identity).or_default().push(grant);
    }
    for (identity, grants) in &by_identity {
        let standing = grants.iter().filter(|grant| grant.is_standing()).count();
        let _infallible = writeln!(
            out,
            "{}: {}, {standing} standing",
            identity.name(),
            counted(grants.len(), "grant")
        );
        if global.verbose {
            for grant in grants {
                let _infallible = writeln!(out, "  {}", line(grant));
            }
        }
    }
    let _infallible = writeln!(
        out,
        "{}standing privilege {} ({} administrative) · {}",
        if by_identity.is_empty() { "" } else { "\n" },
        privileges.standing_count(),
        privileges.administrative_count(),
        counted(privileges.administrators().len(), "administrator")
    );
    out
}

fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

fn chain(out: &mut String, administrator: &Administrator, privileges: &Privileges) {
    let identity = administrator.identity.name();
    let kind = if administrator.is_direct() {
        "is administrator"
    } else {
        "can become administrator"
    };
    let workloads: Vec<&str> = privileges
        .workloads_of(&administrator.identity)
        .iter()
        .map(NodeId::name)
        .collect();
    let used = if workloads.is_empty() {
        String::new()
    } else {
        format!(" (used by {})", workloads.join(", "))
    };
    let _infallible = writeln!(out, "{identity} {kind}{used}");
    for Step { how, via, to, .. } in &administrator.chain {
        let becomes = to.as_ref().map_or("administrator", |to| to.name());
        let _infallible = writeln!(out, "  {} → {becomes}   {via}", how.words());
    }
}

fn line(grant: &Grant) -> String {
    let place = grant.namespace.as_deref().unwrap_or("whole cluster");
    let group = match grant.api_group.as_str() {
        "" => String::new(),
        group => format!(".{group}"),
    };
    let names = match grant.resource_names.as_slice() {
        [] => String::new(),
        names => format!(" named {}", names.join(", ")),
    };
    let end = grant
        .expires
        .as_ref()
        .map_or_else(String::new, |end| format!(" until {end}"));
    let mark = if grant.administrative {
        " [administrative]"
    } else {
        ""
    };
    format!(
        "{} {}{group}{names} in {place}{end}{mark} by {}   {}",
        grant.verb,
        grant.resource,
        grant.binding.name(),
        grant.origin
    )
}

pub(crate) fn as_json(privileges: &Privileges) -> Value {
    let administrators: Vec<Value> = privileges
        .administrators()
        .iter()
        .map(administrator)
        .collect();
    let grants: Vec<Value> = privileges.grants().iter().map(grant).collect();
    json!({
        "standing_privilege": privileges.standing_count(),
        "administrative": privileges.administrative_count(),
        "administrators": administrators,
        "grants": grants,
    })
}

fn administrator(administrator: &Administrator) -> Value {
    let step = |step: &Step| {
        json!({
            "how": step.how.words(),
            "via": step.via,
            "binding": step.binding,
            "to": step.to,
        })
    };
    let chain: Vec<Value> = administrator.chain.iter().map(step).collect();
    json!({
        "identity": administrator.identity,
        "direct": administrator.is_direct(),
        "chain": chain,
    })
}

fn grant(grant: &Grant) -> Value {
    json!({
        "identity": grant.identity,
        "namespace": grant.namespace,
        "api_group": grant.api_group,
        "resource": grant.resource,
        "verb": grant.verb,
        "resource_names": grant.resource_names,
        "binding": grant.binding,
        "role": grant.role,
        "expires": grant.expires,
        "administrative": grant.administrative,
        "binding_origin": grant.binding_origin,
        "origin": grant.origin,
    })
}
