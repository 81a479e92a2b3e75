//! `palisade fix`: apply the computed edits, or show them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use palisade_model::{Finding, Severity};

use crate::arguments::{Global, ReadingArguments};
use crate::assess::{Comments, Completeness, Request, assess};
use crate::failure::UNFINISHED;
use crate::output;
use crate::patching::{Edited, Edits};
use crate::selection::Selection;
use crate::session::Session;

pub(super) const ABOUT: &str = "Apply the computed fixes, or show them with --diff";

const EXAMPLES: &str = "Examples:
  palisade fix --diff              show every computed fix, write nothing
  palisade fix PAL0805             apply the fixes of one check
  palisade fix --diff | git apply  the same by way of git";

/// Most rounds: each applies the edits that overlapped those of the round before.
const MAX_ROUNDS: usize = 50;

/// What can be typed after `fix`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Checks to fix: ids, slugs, pattern numbers, or other tools' ids; all when left out
    #[arg(value_name = "ID")]
    checks: Vec<String>,
    /// Show the edits as a unified diff and write nothing
    #[arg(long)]
    diff: bool,
    /// Files and directories to read
    #[arg(
        long = "path",
        value_name = "PATH",
        default_value = ".",
        hide_default_value = true
    )]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    reading: ReadingArguments,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    if arguments.diff {
        show(arguments, global)
    } else {
        write(arguments, global)
    }
}

fn findings(
    session: &Session,
    arguments: &Arguments,
    global: &Global,
) -> anyhow::Result<Vec<Finding>> {
    let request = Request {
        selection: Selection::of(&arguments.checks, &[])?,
        fail_on: Severity::Low,
        completeness: Completeness::Tolerant,
        comments: Comments::Honoured,
        today: global.today(),
        now_ns: global.now_ns(),
    };
    Ok(assess(session, &request).findings)
}

fn show(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let session = Session::read(&arguments.paths, &arguments.reading, global)?;
    let found = findings(&session, arguments, global)?;
    let edits = Edits::of(found.iter(), session.texts());
    let edited = edits.apply(session.texts()).map_err(anyhow::Error::msg)?;
    if !edits.refused.is_empty() {
        let left = edits.refused.len();
        say(
            &format!("{left} more can be made after these: they change the same lines"),
            global,
        );
    }
    if edited.is_empty() {
        say("no finding has a computed fix", global);
    }
    let text: String = edited.iter().map(diff).collect();
    output::data(&text, session.code(), global.color)
}

fn diff(edited: &Edited) -> String {
    let path = edited.before.path();
    output::unified(path, edited.before.text(), &edited.after)
}

/// Edits that overlap are made one after the other, each on the text that the last one left. What
/// was fixed once is not fixed again, so that an edit that does not help cannot repeat itself.
fn write(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let mut done: BTreeSet<(String, String, String)> = BTreeSet::new();
    let mut changed: BTreeSet<String> = BTreeSet::new();
    let mut code = 0;
    for _ in 0..MAX_ROUNDS {
        let session = Session::read(&arguments.paths, &arguments.reading, global)?;
        code = session.code();
        let found = findings(&session, arguments, global)?;
        let fresh: Vec<&Finding> = found
            .iter()
            .filter(|finding| finding.is_fixable() && !done.contains(&key(finding)))
            .collect();
        let edits = Edits::of(fresh.iter().copied(), session.texts());
        let edited = edits.apply(session.texts()).map_err(anyhow::Error::msg)?;
        if edited.is_empty() {
            break;
        }
        for edited in &edited {
            replace(edited, &session.root)?;
            changed.insert(edited.before.path().to_string());
        }
        let refused: BTreeSet<&String> = edits.refused.iter().collect();
        let made = fresh.iter().filter(|finding| {
            !refused.contains(&format!("{} at {}", finding.check, finding.origin))
        });
        done.extend(made.map(|finding| key(finding)));
        if refused.is_empty() {
            break;
        }
    }
    let files = output::lines(&changed);
    say(
        &format!("{} fixed in {} files", done.len(), changed.len()),
        global,
    );
    output::data(
        &files,
        if code == UNFINISHED { code } else { 0 },
        global.color,
    )
}

fn key(finding: &Finding) -> (String, String, String) {
    let (check, subject, part) = finding.key();
    (check.to_string(), subject.to_owned(), part.to_owned())
}

/// Writes a text, unless somebody changed it since it was read.
fn replace(edited: &Edited, root: &Path) -> anyhow::Result<()> {
    let path = root.join(edited.before.path().as_ref());
    let now =
        std::fs::read(&path).with_context(|| format!("cannot read `{}`", edited.before.path()))?;
    if now != edited.before.text().as_bytes() {
        bail!(
            "`{}` changed while it was being fixed",
            edited.before.path()
        );
    }
    output::replace(&path, edited.after.as_bytes())
        .with_context(|| format!("cannot write `{}`", edited.before.path()))
}

fn say(text: &str, global: &Global) {
    if !global.quiet {
        output::complain(text, global.color);
    }
}
