//! `palisade explain`: the handbook page of a check or a pattern, or one finding of a system.

mod finding;

use std::fmt::Write as _;

use clap::Args;
use palisade_model::{Check, Confidence, PatternId};
use palisade_patterns::{find, patterns};

use crate::arguments::{Global, SourceArguments};
use crate::selection::{pattern, unknown};
use crate::{handbook, output};

pub(super) const ABOUT: &str =
    "Show the handbook page of a check or a pattern, or why a finding is one";

const EXAMPLES: &str = "Examples:
  palisade explain PAL0501       a check by its id or slug
  palisade explain 2             a pattern by its number or slug
  palisade explain CKV_K8S_16    a check by another tool's id
  palisade explain 3fa9c21b k8s/ a finding by its name (check -v and JSON show it), with the path
                                 that leads to it and the rules that decide
  palisade explain               the list of everything";

/// What can be typed after `explain`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Check id or slug, pattern number or slug, another tool's id, or the name of a finding
    name: Option<String>,
    /// For a finding: where the system is
    #[command(flatten)]
    sources: SourceArguments,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let text = match &arguments.name {
        None => PatternId::all().map(of_pattern_in_short).collect(),
        Some(name) => match finding::name(name.trim()) {
            Some(id) => return finding::run(&id, &arguments.sources, global),
            None => named(name.trim())?,
        },
    };
    output::data(&text, 0, global.color)
}

fn named(name: &str) -> anyhow::Result<String> {
    if let Some(id) = pattern(name) {
        return Ok(of_pattern(id));
    }
    let found = find(name);
    if found.is_empty() {
        return Err(unknown(name).into());
    }
    let pages: Vec<String> = found.iter().map(|unit| of_check(&unit.check)).collect();
    Ok(pages.join("\n"))
}

fn of_pattern_in_short(id: PatternId) -> String {
    let mut text = format!("{:2} {}: {}\n", id.number(), id.slug(), id.promise());
    for check in checks(id) {
        let _infallible = writeln!(
            text,
            "     {}  {:8}  {}",
            check.id,
            check.severity.word(),
            check.title
        );
    }
    text
}

fn of_pattern(id: PatternId) -> String {
    let mut text = format!(
        "# {}. {}\n\nPromise: {}\n",
        id.number(),
        id.slug(),
        id.promise()
    );
    if let Some(page) = handbook::introduction(id) {
        let _infallible = write!(text, "\n{page}\n");
    }
    text.push_str("\n## Checks\n\n");
    for check in checks(id) {
        let _infallible = writeln!(
            text,
            "- {} {} ({}): {}",
            check.id,
            check.slug,
            check.severity.word(),
            check.title
        );
    }
    text
}

fn checks(id: PatternId) -> impl Iterator<Item = &'static Check> {
    patterns()
        .iter()
        .filter(move |pattern| pattern.id == id)
        .flat_map(|pattern| pattern.units)
        .map(|unit| &unit.check)
}

fn of_check(check: &Check) -> String {
    let confidence = match check.confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    };
    let mut text = format!("# {} {}\n\n{}\n\n", check.id, check.slug, check.title);
    if let Some(id) = check.id.pattern() {
        let _infallible = writeln!(text, "pattern:    {}. {}", id.number(), id.slug());
    }
    let _infallible = write!(
        text,
        "severity:   {}\nconfidence: {confidence}\nlets:       {}\nfix:        {}\n",
        check.severity.word(),
        check.lets,
        check.fix
    );
    if !check.references.is_empty() {
        let _infallible = writeln!(text, "see:        {}", check.references.join(" · "));
    }
    if !check.equivalents.is_empty() {
        let others: Vec<String> = check
            .equivalents
            .iter()
            .map(|other| format!("{} {}", other.tool.name(), other.id))
            .collect();
        let _infallible = writeln!(text, "elsewhere:  {}", others.join(" · "));
    }
    if let Some(section) = handbook::section(check.id) {
        let _infallible = write!(text, "\n{}\n", without_facts(section));
    }
    text
}

/// A section without the lines that repeat what is said above it.
fn without_facts(section: &str) -> String {
    let facts = [
        "Severity: ",
        "**Lets:** ",
        "**Fix:** ",
        "**References:** ",
        "**Elsewhere:** ",
    ];
    let mut text = String::with_capacity(section.len());
    for line in section.lines() {
        let repeated = facts.iter().any(|start| line.starts_with(start));
        let second_blank = line.is_empty() && text.ends_with("\n\n");
        if !repeated && !second_blank {
            text.push_str(line);
            text.push('\n');
        }
    }
    text.truncate(text.trim_end().len());
    text
}
