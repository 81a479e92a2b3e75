//! `palisade enforce`: files that enforce what the model says.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use palisade_enforce::{Made, MadeFile, Seal, TARGETS, Target};

use crate::arguments::{Global, SourceArguments};
use crate::failure::UNFINISHED;
use crate::output;
use crate::session::Session;

pub(super) const ABOUT: &str = "Write files that enforce what the system's code says";

const EXAMPLES: &str = "Examples:
  palisade enforce --target identity --diff     show the entry files, write nothing
  palisade enforce --target identity k8s/       write them below `identity/`
  palisade enforce --target identity --out out/ the same below `out/`

A file that somebody edited is never overwritten: it is named, and the exit code is 1.";

/// The largest file that is compared.
const LARGEST: u64 = 16 << 20;

/// What can be typed after `enforce`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What to make
    #[arg(long, value_name = "TARGET", value_parser = target())]
    target: &'static Target,
    /// Show what would change as a unified diff and write nothing
    #[arg(long)]
    diff: bool,
    /// Folder to write to, instead of the target's usual one
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    sources: SourceArguments,
}

fn target() -> impl TypedValueParser<Value = &'static Target> {
    let named = |target: &Target| PossibleValue::new(target.name).help(target.about);
    PossibleValuesParser::new(TARGETS.iter().map(named)).try_map(|name| {
        let found = TARGETS.iter().find(|target| target.name == name);
        found.ok_or_else(|| format!("no target is called `{name}`"))
    })
}

/// What becomes of one file.
enum Fate {
    /// It is as it would be made.
    Same,
    /// It is written: new, or as it was made before.
    Written,
    /// Somebody edited it, so that it stays.
    Kept,
}

struct Compared<'m> {
    file: &'m MadeFile,
    /// Where it belongs, as reports show it.
    shown: String,
    before: String,
    fate: Fate,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let session = Session::open(&arguments.sources, global)?;
    let made = (arguments.target.make)(&session.reading.model);
    let folder = match &arguments.out {
        Some(folder) => folder.clone(),
        None => PathBuf::from(arguments.target.folder),
    };
    for note in &made.notes {
        say(&format!("note: {note}"), global);
    }
    let compared = compare(&made, &session.root, &folder)?;
    let code = session.code();
    if arguments.diff {
        let text: String = compared.iter().filter_map(diff).collect();
        if text.is_empty() {
            say("nothing would change", global);
        }
        return output::data(&text, code, global.color);
    }
    let mut written = Vec::new();
    for item in &compared {
        if matches!(item.fate, Fate::Written) {
            write(&session.root.join(&item.shown), item)?;
            written.push(item.shown.clone());
        }
    }
    let kept = compared
        .iter()
        .filter(|item| matches!(item.fate, Fate::Kept));
    let mut edited = 0;
    for item in kept {
        edited += 1;
        let sentence = format!(
            "`{}` was edited and stays as it is: see what would change with `--diff`, or remove it to have it made anew",
            item.shown
        );
        output::complain(&sentence, global.color);
    }
    say(&format!("{} written", written.len()), global);
    let code = if edited > 0 && code != UNFINISHED {
        1
    } else {
        code
    };
    output::data(&output::lines(&written), code, global.color)
}

fn compare<'m>(made: &'m Made, root: &Path, folder: &Path) -> anyhow::Result<Vec<Compared<'m>>> {
    let one = |file: &'m MadeFile| {
        let shown = folder.join(&file.path);
        let shown = shown.to_string_lossy().replace('\\', "/");
        let before = existing(&root.join(&shown), &shown)?;
        let fate = match &before {
            None => Fate::Written,
            Some(text) if *text == file.text => Fate::Same,
            Some(text) if Seal::of(text) == Seal::Intact => Fate::Written,
            Some(_) => Fate::Kept,
        };
        Ok(Compared {
            file,
            shown,
            before: before.unwrap_or_default(),
            fate,
        })
    };
    made.files.iter().map(one).collect()
}

fn existing(path: &Path, shown: &str) -> anyhow::Result<Option<String>> {
    let unreadable = || format!("cannot read `{shown}`");
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.len() > LARGEST => bail!("`{shown}` is larger than 16 MiB"),
        Ok(_) => std::fs::read_to_string(path)
            .map(Some)
            .with_context(unreadable),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(unreadable),
    }
}

fn diff(item: &Compared<'_>) -> Option<String> {
    if matches!(item.fate, Fate::Same) {
        return None;
    }
    Some(output::unified(&item.shown, &item.before, &item.file.text))
}

fn write(path: &Path, item: &Compared<'_>) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder of `{}`", item.shown))?;
    }
    output::replace(path, item.file.text.as_bytes())
        .with_context(|| format!("cannot write `{}`", item.shown))
}

fn say(text: &str, global: &Global) {
    if !global.quiet {
        output::complain(text, global.color);
    }
}
