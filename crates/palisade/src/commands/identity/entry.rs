//! `palisade identity entry`: are the entry files right, and what do they say? Pushing is beside it.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use palisade_identity::TrustDomain;
use palisade_identity::entries::{Entry, NameTemplate};
use palisade_model::DiagnosticLevel;
use palisade_report::{plural, render_diagnostic};
use serde_json::json;

use super::{Format, load, plural_of};
use crate::arguments::Global;
use crate::entries::LoadedEntries;
use crate::output;

const EXAMPLES: &str = "Examples:
  palisade identity entry check           every mistake and every breach of the mint rules
  palisade identity entry list            who gets which identity
  palisade identity entry list --format json identity/shop.yaml
  palisade identity entry push job.yaml --dry-run
  palisade identity entry withdraw job/nightly

Entry files are described in docs/reference/identity-entries.md.";

/// What can be typed after `identity entry`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

/// What to do with entries.
#[derive(Debug, Subcommand)]
enum Action {
    /// Say what is wrong with entry files; fails when anything is
    Check(Files),
    /// List entries: who gets which identity
    List(Files),
    /// Show the entries that are in force at a running issuer, pushed ones too
    Show(super::operate::EntryShow),
    /// Have a running issuer keep entries in its database, for all its servers
    Push(super::push::PushArguments),
    /// Have a running issuer forget entries that were pushed
    Withdraw(super::push::WithdrawArguments),
}

/// Which files.
#[derive(Debug, Args)]
struct Files {
    /// Entry files and folders of them, instead of `identity/`
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The issuer's trust domain, where entries do not name it
    #[arg(
        long,
        value_name = "NAME",
        env = "PALISADE_TRUST_DOMAIN",
        hide_env_values = true
    )]
    trust_domain: Option<TrustDomain>,
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    match &arguments.action {
        Action::Check(files) => check(files, global),
        Action::List(files) => list(files, global),
        Action::Show(arguments) => super::operate::entries(arguments, global),
        Action::Push(arguments) => super::push::push(arguments, global),
        Action::Withdraw(arguments) => super::push::withdraw(arguments, global),
    }
}

fn check(files: &Files, global: &Global) -> anyhow::Result<u8> {
    let loaded = load(&files.paths, files.trust_domain.as_ref(), global)?;
    let errors = errors(&loaded);
    let code = code(&loaded, errors);
    let text = match files.format {
        Format::Json => pretty(&json!({
            "schema-version": 1,
            "files": loaded.files,
            "entries": loaded.compiled.entries.len(),
            "mint-rules": loaded.compiled.rules.0.len(),
            "diagnostics": loaded.compiled.diagnostics,
        }))?,
        Format::Human => told(&loaded, errors),
    };
    output::data(&text, code, global.color)
}

fn told(loaded: &LoadedEntries, errors: usize) -> String {
    let mut text = diagnostics(loaded);
    let (files, entries) = (loaded.files, loaded.compiled.entries.len());
    let rules = loaded.compiled.rules.0.len();
    if files == 0 {
        text.push_str("no entry files: write them below `identity/`, or name their place\n");
        return text;
    }
    if rules == 0 {
        text.push_str(
            "note: there are no mint rules, so that every entry may mint every path; see docs/reference/identity-entries.md\n",
        );
    }
    let _infallible = writeln!(
        text,
        "{entries} {} · {files} {} · {rules} mint {} · {errors} {}",
        plural_of(entries, "entry", "entries"),
        plural(files, "file"),
        plural(rules, "rule"),
        plural(errors, "error"),
    );
    text
}

fn list(files: &Files, global: &Global) -> anyhow::Result<u8> {
    let loaded = load(&files.paths, files.trust_domain.as_ref(), global)?;
    let errors = errors(&loaded);
    let code = code(&loaded, errors);
    let entries = &loaded.compiled.entries;
    let text = match files.format {
        Format::Json => {
            let entries: Vec<&Entry> = entries.iter().map(|entry| &**entry).collect();
            pretty(&json!({
                "schema-version": 1,
                "entries": entries,
                "mint": loaded.compiled.rules,
            }))?
        }
        Format::Human => entries.iter().map(|entry| line(entry)).collect(),
    };
    if errors > 0 {
        output::complain(&diagnostics(&loaded), global.color);
    }
    output::data(&text, code, global.color)
}

fn line(entry: &Entry) -> String {
    let mut text = format!("{}\n", entry.id);
    let mut row = |name: &str, value: &str| {
        if !value.is_empty() {
            let _infallible = writeln!(text, "  {name:<9} {value}");
        }
    };
    row("entry", &format!("{}   {}", entry.name, entry.origin));
    row("owner", &entry.owner);
    for (attribute, patterns) in &entry.matches {
        let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
        row("match", &format!("{attribute} = {}", patterns.join(" or ")));
    }
    for condition in &entry.requires {
        row("requires", &condition.to_string());
    }
    row("audiences", &entry.audiences.join(", "));
    let names: Vec<&str> = entry.dns_names.iter().map(NameTemplate::as_str).collect();
    row("dns", &names.join(", "));
    let domains: Vec<&str> = entry.federates_with.iter().map(TrustDomain::name).collect();
    row("federates", &domains.join(", "));
    row("hint", &entry.hint);
    text
}

fn diagnostics(loaded: &LoadedEntries) -> String {
    let mut text = String::new();
    for diagnostic in &loaded.compiled.diagnostics {
        text.push_str(&render_diagnostic(diagnostic, &loaded.texts));
        text.push('\n');
    }
    text
}

fn errors(loaded: &LoadedEntries) -> usize {
    let all = loaded.compiled.diagnostics.iter();
    all.filter(|diagnostic| diagnostic.level == DiagnosticLevel::Error)
        .count()
}

fn code(loaded: &LoadedEntries, errors: usize) -> u8 {
    match (errors, loaded.files) {
        (0, 0) => 4,
        (0, _) => 0,
        _ => 1,
    }
}

fn pretty(value: &serde_json::Value) -> anyhow::Result<String> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(text)
}
