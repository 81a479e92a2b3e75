//! `palisade policy check`: do the policies load, and what is doubtful in them?

use std::fmt::Write as _;

use anyhow::Context as _;
use clap::Args;
use palisade_policy::Enforcement;
use palisade_report::{plural, render_diagnostic};

use super::PolicyArguments;
use crate::arguments::Global;
use crate::policies::{self, Loaded};
use crate::{output, session};

/// What can be typed after `policy check`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    policies: PolicyArguments,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let root = std::env::current_dir().context("cannot tell the current directory")?;
    let policies = &arguments.policies;
    session::exist(&policies.paths)?;
    let loaded = policies::load(
        &root,
        &policies.paths,
        policies.language,
        &policies.settings(),
    );
    let mut out = String::new();
    for problem in &loaded.problems {
        out.push_str(&render_diagnostic(problem, &loaded.texts));
        out.push('\n');
    }
    sets(&mut out, &loaded, global);
    let errors = loaded.errors().count();
    let warnings = loaded.problems.len() - errors;
    let (sets, rules) = (loaded.sets.len(), loaded.rule_count());
    let _infallible = writeln!(
        out,
        "{sets} policy {} · {rules} {} · {errors} {} · {warnings} {}",
        plural(sets, "set"),
        plural(rules, "rule"),
        plural(errors, "error"),
        plural(warnings, "warning"),
    );
    let code = match (errors, sets) {
        (0, 0) => 4,
        (0, _) => 0,
        _ => 1,
    };
    output::data(&out, code, global.color)
}

fn sets(out: &mut String, loaded: &Loaded, global: &Global) {
    for set in &loaded.sets {
        let rules = set.compiled.rules();
        let name = if set.name.is_empty() { "." } else { &set.name };
        let _infallible = writeln!(
            out,
            "{:<9} {name}   {} {}",
            set.language.name,
            rules.len(),
            plural(rules.len(), "rule")
        );
        if !global.verbose {
            continue;
        }
        for rule in rules {
            let full = if rule.rule.is_empty() {
                rule.policy.clone()
            } else {
                format!("{}/{}", rule.policy, rule.rule)
            };
            let place = rule
                .origin
                .as_ref()
                .map_or_else(String::new, |origin| format!("   {origin}"));
            let _infallible = writeln!(out, "  {:<11} {full}{place}", word(rule.enforcement));
        }
    }
}

/// The word for an enforcement level.
pub(super) fn word(enforcement: Enforcement) -> &'static str {
    match enforcement {
        Enforcement::Audit => "audit",
        Enforcement::Warn => "warn",
        Enforcement::Overridable => "overridable",
        Enforcement::Deny => "deny",
    }
}
