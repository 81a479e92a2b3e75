//! `palisade baseline`: accept what is there today, with an owner and an end.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use jiff::civil::Date;
use palisade_model::{Finding, Severity};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use crate::arguments::{Global, SourceArguments, severity};
use crate::assess::{Comments, Completeness, Request, assess};
use crate::failure::UsageError;
use crate::selection::Selection;
use crate::session::Session;
use crate::settings::FILE_NAME;
use crate::{exceptions, output};

pub(super) const ABOUT: &str = "Write exceptions for today's findings to palisade.toml";

const EXAMPLES: &str = "Examples:
  palisade baseline --owner team-shop --expires 2027-01-31 --reason 'known before the gate'
  palisade baseline --from high --owner team-shop --expires 2027-01-31 --reason 'see ADR 12'";

/// What can be typed after `baseline`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    sources: SourceArguments,
    /// Who answers for them
    #[arg(long)]
    owner: String,
    /// First day on which they no longer hold
    #[arg(long, value_name = "DATE")]
    expires: Date,
    /// Why they are accepted
    #[arg(long)]
    reason: String,
    /// Lowest severity that is accepted
    #[arg(long = "from", value_name = "SEVERITY", value_parser = severity(), default_value = "low")]
    lowest: Severity,
    /// Only these checks: ids, slugs, pattern numbers, or other tools' ids
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    only: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    for (name, text) in [
        ("--owner", &arguments.owner),
        ("--reason", &arguments.reason),
    ] {
        if text.trim().is_empty() {
            return Err(UsageError::new(format!("`{name}` must say something")).into());
        }
    }
    if arguments.expires <= global.today() {
        let sentence = format!("`--expires {}` is not in the future", arguments.expires);
        return Err(UsageError::new(sentence).into());
    }
    let session = Session::open(&arguments.sources, global)?;
    let request = Request {
        selection: Selection::of(&arguments.only, &[])?,
        fail_on: Severity::High,
        completeness: Completeness::Tolerant,
        comments: Comments::Honoured,
        today: global.today(),
        now_ns: global.now_ns(),
    };
    let assessment = assess(&session, &request);
    // An exception about an exception that is over would hide that it is over.
    let accepted: Vec<&Finding> = assessment
        .findings
        .iter()
        .filter(|finding| {
            finding.severity >= arguments.lowest && !exceptions::is_about_one(finding)
        })
        .collect();
    let path = settings_path(&session, arguments);
    let existing = session
        .settings
        .text
        .as_ref()
        .map_or("", |file| file.text());
    let text = with_exceptions(existing, &accepted, arguments)?;
    output::replace(&path, text.as_bytes())
        .with_context(|| format!("cannot write `{}`", path.display()))?;
    let note = format!(
        "{} exceptions written to {}",
        accepted.len(),
        path.display()
    );
    if !global.quiet {
        output::complain(&note, global.color);
    }
    Ok(session.code())
}

/// The file that was found, or a new one where the next run will find it.
fn settings_path(session: &Session, arguments: &Arguments) -> PathBuf {
    if let Some(path) = &session.settings.path {
        return path.clone();
    }
    let start = arguments
        .sources
        .paths
        .first()
        .map_or_else(PathBuf::new, |path| session.root.join(path));
    let start = start.canonicalize().unwrap_or(start);
    let root = session
        .root
        .canonicalize()
        .unwrap_or_else(|_| session.root.clone());
    if start.starts_with(&root) {
        return root.join(FILE_NAME);
    }
    let folder = if start.is_dir() {
        Some(start.as_path())
    } else {
        start.parent()
    };
    folder.map_or_else(|| root.join(FILE_NAME), |folder| folder.join(FILE_NAME))
}

fn with_exceptions(
    existing: &str,
    accepted: &[&Finding],
    arguments: &Arguments,
) -> anyhow::Result<String> {
    let mut document: DocumentMut = existing.parse().context("cannot read the settings")?;
    let list = document
        .entry("exception")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let Item::ArrayOfTables(list) = list else {
        anyhow::bail!("`exception` in the settings is not written as `[[exception]]` tables");
    };
    let mut known: Vec<(String, String, String)> = Vec::new();
    for finding in accepted {
        let (check, resource, part) = finding.key();
        let key = (check.to_string(), resource.to_owned(), part.to_owned());
        if known.contains(&key) {
            continue;
        }
        let mut table = Table::new();
        table.insert("check", value(check.to_string()));
        table.insert("resource", value(resource));
        if !part.is_empty() {
            table.insert("part", value(part));
        }
        table.insert("content", value(finding.content.as_str()));
        table.insert("reason", value(arguments.reason.trim()));
        table.insert("owner", value(arguments.owner.trim()));
        table.insert("expires", value(arguments.expires.to_string()));
        list.push(table);
        known.push(key);
    }
    Ok(document.to_string())
}
