//! `palisade identity entry push` and `withdraw`: entries that a running issuer keeps in its
//! database, where all servers of it find them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use palisade_document::SourceFile;
use palisade_identity::admin::{AdminError, Push, Verb, Withdraw};
use palisade_identity::entries::{Compiled, EntryName, compile, entry_files};
use palisade_identity::server::{Pushed, WrongEntry};
use palisade_model::{Diagnostic, DiagnosticLevel, Origin};
use palisade_report::{Texts, render_diagnostic};
use serde_json::json;

use super::operate::{Running, ask, pretty};
use super::{Format, plural_of};
use crate::arguments::Global;
use crate::output;

/// What can be typed after `identity entry push`.
#[derive(Debug, Args)]
pub(super) struct PushArguments {
    /// Entry files and folders of them
    #[arg(value_name = "FILE", required = true)]
    paths: Vec<PathBuf>,
    /// Push only if what is there under these names is as `--dry-run` said
    #[arg(long, value_name = "STATE")]
    expect: Option<String>,
    #[command(flatten)]
    doing: Doing,
}

/// What can be typed after `identity entry withdraw`.
#[derive(Debug, Args)]
pub(super) struct WithdrawArguments {
    /// Names of entries that were pushed
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    #[command(flatten)]
    doing: Doing,
}

/// Where, and whether at all.
#[derive(Debug, Args)]
struct Doing {
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    running: Running,
}

impl Doing {
    fn note(&self) -> &'static str {
        if self.dry_run {
            " · nothing was changed (--dry-run)"
        } else {
            ""
        }
    }
}

pub(super) fn push(arguments: &PushArguments, global: &Global) -> anyhow::Result<u8> {
    crate::session::exist(&arguments.paths)?;
    let (compiled, texts) = read(&arguments.paths)?;
    if compiled.has_errors() {
        return Ok(refuse(&compiled.diagnostics, &texts, global));
    }
    if compiled.entries.is_empty() {
        bail!("the files hold no entries: nothing was pushed");
    }
    let doing = &arguments.doing;
    let question = Push {
        entries: compiled.entries.iter().map(|one| (**one).clone()).collect(),
        dry_run: doing.dry_run,
        expected: arguments.expect.clone(),
    };
    let asked = ask(
        doing.running.state(),
        Verb::Post,
        "/entries/push",
        &question,
    );
    let answer = match asked {
        Ok(answer) => answer,
        Err(error) => match error.downcast::<AdminError>()? {
            AdminError::Wrong { entries, .. } => {
                return Ok(refuse(&placed(entries, &compiled), &texts, global));
            }
            other => return Err(other.into()),
        },
    };
    let text = match doing.running.format() {
        Format::Json => pretty(&json!({ "dry-run": doing.dry_run, "entries": answer }))?,
        Format::Human => told(&serde_json::from_value(answer)?, doing),
    };
    output::data(&text, 0, global.color)
}

pub(super) fn withdraw(arguments: &WithdrawArguments, global: &Global) -> anyhow::Result<u8> {
    let names = arguments.names.iter().map(|name| EntryName::new(name));
    let doing = &arguments.doing;
    let question = Withdraw {
        names: names.collect::<Result<_, _>>()?,
        dry_run: doing.dry_run,
    };
    let asked = ask(
        doing.running.state(),
        Verb::Post,
        "/entries/withdraw",
        &question,
    );
    let answer = asked.context("nothing was withdrawn")?;
    let text = match doing.running.format() {
        Format::Json => pretty(&json!({ "dry-run": doing.dry_run, "withdrawn": answer }))?,
        Format::Human => {
            let count = question.names.len();
            let entries = plural_of(count, "entry", "entries");
            format!("{count} {entries} withdrawn{}\n", doing.note())
        }
    };
    output::data(&text, 0, global.color)
}

/// Reads entry files as the issuer reads its own, without rules: who may mint what stands in
/// files that are reviewed.
fn read(paths: &[PathBuf]) -> anyhow::Result<(Compiled, Texts)> {
    let mut files: Vec<Arc<SourceFile>> = Vec::new();
    for path in paths {
        let path: PathBuf = Path::new(path).components().collect();
        files.extend(entry_files(&path)?);
    }
    let texts = files
        .iter()
        .map(|file| (Arc::clone(file.path()), Arc::clone(file)))
        .collect();
    let mut compiled = compile(files, None);
    let rule = compiled.rules.0.first();
    if let Some(origin) = rule.map(|rule| rule.origin.clone()) {
        compiled.diagnostics.push(Diagnostic {
            level: DiagnosticLevel::Error,
            message: "mint rules cannot be pushed".to_owned(),
            origin: Some(origin),
            help: Some(
                "keep them in the entry files of the issuer, where they are reviewed".into(),
            ),
        });
    }
    Ok((compiled, texts))
}

/// What the issuer says of entries, at their place.
fn placed(wrong: Vec<WrongEntry>, compiled: &Compiled) -> Vec<Diagnostic> {
    let origin = |name: &EntryName| -> Option<Origin> {
        let mut entries = compiled.entries.iter();
        let entry = entries.find(|entry| entry.name == *name)?;
        Some(entry.origin.clone())
    };
    let diagnostic = |one: WrongEntry| Diagnostic {
        level: DiagnosticLevel::Error,
        message: format!("the issuer does not take `{}`: {}", one.name, one.message),
        origin: origin(&one.name),
        help: None,
    };
    wrong.into_iter().map(diagnostic).collect()
}

fn refuse(diagnostics: &[Diagnostic], texts: &Texts, global: &Global) -> u8 {
    for diagnostic in diagnostics {
        output::complain(&render_diagnostic(diagnostic, texts), global.color);
    }
    output::complain("nothing was pushed", global.color);
    1
}

fn told(pushed: &Pushed, doing: &Doing) -> String {
    let mut text = String::new();
    for (what, names) in [("added", &pushed.added), ("changed", &pushed.changed)] {
        for name in names {
            let before = pushed.replaced.iter().find(|before| before.name == *name);
            let before = before.map(|before| {
                format!(
                    ", in the place of {} of {}, pushed {}",
                    before.id, before.owner, before.pushed
                )
            });
            let before = before.unwrap_or_default();
            let _infallible = writeln!(text, "{what:<8} {name}{before}");
        }
    }
    let _infallible = writeln!(
        text,
        "{} added · {} changed · {} unchanged{}",
        pushed.added.len(),
        pushed.changed.len(),
        pushed.unchanged.len(),
        doing.note(),
    );
    if doing.dry_run {
        let _infallible = writeln!(
            text,
            "to push only if nobody changes these entries before: --expect {}",
            pushed.before
        );
    }
    text
}
