//! `palisade identity explain`: which identities somebody gets, and why not others.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use palisade_document::SourceFile;
use palisade_identity::entries::{Facts, FactsFile, NoFacts};
use palisade_identity::explain::{Explanation, NearMiss, Refused, explain};
use palisade_identity::{Attributes, read_attributes};
use palisade_model::Diagnostic;
use palisade_report::{Texts, render_diagnostic};

use super::{EntryPlaces, Format, load};
use crate::arguments::Global;
use crate::failure::LocatedError;
use crate::output;

const EXAMPLES: &str = "Examples:
  palisade identity explain --pid 4711
  palisade identity explain --attributes who.yaml
  palisade identity explain --attributes who.yaml --facts facts.yaml --format json

A file of attributes holds what attestation sees:
  k8s.namespace: shop
  k8s.service-account: checkout

Exit code 0: there is an identity; 1: there is none.";

/// The largest file of attributes or facts.
const LARGEST: u64 = 16 << 20;
/// The most values of one attribute that are told.
const MOST_TOLD: usize = 8;

/// What can be typed after `identity explain`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    caller: Caller,
    /// File with facts that conditions are judged by
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
    #[command(flatten)]
    places: EntryPlaces,
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Who is asked about.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Caller {
    /// A process of this machine, by its number
    #[arg(long, value_name = "N")]
    pid: Option<u32>,
    /// File with the attributes of the caller
    #[arg(long, value_name = "FILE")]
    attributes: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let caller = caller(arguments)?;
    let facts = match &arguments.facts {
        Some(path) => {
            let file = file(path)?;
            let facts = FactsFile::read(Arc::clone(&file));
            Some(facts.map_err(|wrong| located(wrong, &file))?)
        }
        None => None,
    };
    let places = &arguments.places;
    let loaded = load(&places.entries, places.trust_domain.as_ref(), global)?;
    if loaded.files == 0 {
        bail!(
            "there are no entry files: write them below `identity/`, or name them with `--entries`"
        );
    }
    if loaded.compiled.has_errors() {
        for diagnostic in &loaded.compiled.diagnostics {
            let text = render_diagnostic(diagnostic, &loaded.texts);
            output::complain(&text, global.color);
        }
        bail!("the entry files have mistakes, so that an issuer would not take them");
    }
    let entries = loaded.ready()?;
    let now = jiff::Timestamp::from_nanosecond(i128::from(global.now_ns()))?;
    let known = facts.as_ref().map(|facts| facts.at(now));
    let known: &dyn Facts = match &known {
        Some(known) => known,
        None => &NoFacts,
    };
    let explanation = explain(&entries, &caller, known);
    let code = u8::from(explanation.granted.is_empty());
    let text = match arguments.format {
        Format::Json => {
            let mut text = serde_json::to_string_pretty(&explanation)?;
            text.push('\n');
            text
        }
        Format::Human => told(&explanation),
    };
    output::data(&text, code, global.color)
}

/// What is known of the caller.
fn caller(arguments: &Arguments) -> anyhow::Result<Attributes> {
    if let Some(path) = &arguments.caller.attributes {
        let file = file(path)?;
        return read_attributes(Arc::clone(&file)).map_err(|wrong| located(wrong, &file));
    }
    attest(arguments.caller.pid.unwrap_or_default())
}

/// What attestation sees of a process now.
#[cfg(target_os = "linux")]
fn attest(pid: u32) -> anyhow::Result<Attributes> {
    use palisade_identity::attest::{Digests, Process};

    let unseen = || format!("cannot attest process {pid}");
    let process = Process::of_number(pid).with_context(unseen)?;
    process.attest(&Digests::default()).with_context(unseen)
}

#[cfg(not(target_os = "linux"))]
fn attest(_: u32) -> anyhow::Result<Attributes> {
    bail!(
        "processes are attested on Linux only: write what is attested into a file, and name it with `--attributes`"
    )
}

fn file(path: &Path) -> anyhow::Result<Arc<SourceFile>> {
    let shown = path.display().to_string();
    let unreadable = || format!("cannot read `{shown}`");
    let size = std::fs::metadata(path).with_context(unreadable)?.len();
    if size > LARGEST {
        bail!("`{shown}` is larger than 16 MiB");
    }
    let text = std::fs::read_to_string(path).with_context(unreadable)?;
    Ok(Arc::new(SourceFile::new(shown.replace('\\', "/"), text)))
}

/// The first mistake, with its line.
fn located(wrong: Vec<Diagnostic>, file: &Arc<SourceFile>) -> anyhow::Error {
    let texts: Texts = [(Arc::clone(file.path()), Arc::clone(file))].into();
    match wrong.into_iter().next() {
        Some(first) => LocatedError {
            diagnostic: Box::new(first),
            texts,
        }
        .into(),
        None => anyhow::anyhow!("cannot use `{}`", file.path()),
    }
}

fn told(explanation: &Explanation) -> String {
    let mut text = String::from("attested\n");
    for (name, values) in explanation.attested.iter() {
        let _infallible = writeln!(text, "  {name} = {}", shortened(values));
    }
    if explanation.attested.is_empty() {
        text.push_str("  nothing\n");
    }
    text.push('\n');
    granted(&mut text, explanation);
    for refused in &explanation.withheld {
        withheld(&mut text, refused);
    }
    if !explanation.near.is_empty() {
        text.push_str("nearly matches\n");
        for miss in &explanation.near {
            near(&mut text, miss);
        }
    }
    text
}

fn granted(text: &mut String, explanation: &Explanation) {
    if explanation.granted.is_empty() {
        let entries = explanation.entries;
        let _infallible = match (explanation.withheld.len(), entries) {
            (0, 0) => writeln!(text, "no identity: there are no entries\n"),
            (0, 1) => writeln!(text, "no identity: the one entry does not match\n"),
            (0, _) => writeln!(text, "no identity: none of {entries} entries matches\n"),
            _ => writeln!(text, "no identity: what matches is withheld\n"),
        };
        return;
    }
    text.push_str("identities\n");
    for granted in &explanation.granted {
        let entry = &granted.entry;
        let _infallible = writeln!(text, "  {}", granted.id);
        let _infallible = writeln!(
            text,
            "    by entry `{}` of {}   {}",
            entry.name, entry.owner, entry.origin
        );
    }
    if explanation.left_out > 0 {
        let _infallible = writeln!(
            text,
            "  {} more entries match and are left out: nobody gets so many identities",
            explanation.left_out
        );
    }
    text.push('\n');
}

fn withheld(text: &mut String, refused: &Refused) {
    let entry = &refused.entry;
    let _infallible = writeln!(
        text,
        "withheld\n  {}\n    entry `{}` of {} matches   {}\n    {}\n",
        entry.id, entry.name, entry.owner, entry.origin, refused.reason
    );
}

fn near(text: &mut String, miss: &NearMiss) {
    let entry = &miss.entry;
    let _infallible = writeln!(
        text,
        "  {}\n    entry `{}` of {}: {} of {} attributes hold   {}",
        entry.id, entry.name, entry.owner, miss.held, miss.of, entry.origin
    );
    for (at, failed) in miss.failed.iter().enumerate() {
        let first = if at == 0 {
            "failed first"
        } else {
            "also failed"
        };
        let seen = if failed.seen.is_empty() {
            "nothing".to_owned()
        } else {
            shortened(&failed.seen)
        };
        let _infallible = writeln!(
            text,
            "    {first}: {} asks for {}, seen: {seen}",
            failed.attribute,
            asked(&failed.asked)
        );
        let told =
            at > 0 && miss.failed.get(at - 1).map(|before| &before.hint) == Some(&failed.hint);
        if let Some(hint) = failed.hint.as_ref().filter(|_| !told) {
            let _infallible = writeln!(text, "      {hint}");
        }
    }
}

fn asked(patterns: &[String]) -> String {
    if patterns == ["*"] {
        return "any value".to_owned();
    }
    shortened(patterns)
}

/// Values as a person reads them: in quotes, and not too many.
fn shortened<'v>(values: impl IntoIterator<Item = &'v String>) -> String {
    let mut values = values.into_iter();
    let quoted = |value: &String| format!("{:?}", value.chars().take(120).collect::<String>());
    let mut told: Vec<String> = values.by_ref().take(MOST_TOLD).map(quoted).collect();
    match values.count() {
        0 => {}
        more => told.push(format!("{more} more")),
    }
    told.join(" or ")
}
