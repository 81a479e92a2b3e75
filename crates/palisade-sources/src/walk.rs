//! Finds the files of a run and takes their texts; every file gets a text or an outcome.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::WalkBuilder;
use ignore::overrides::{Override, OverrideBuilder};
use palisade_document::SourceFile;
use palisade_model::{Diagnostic, DiagnosticLevel, Outcome};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::reading::Options;
use crate::{formats, tracked};

/// What a walk found, by reported path.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Texts of files that a format may read.
    pub(crate) files: BTreeMap<Arc<str>, Arc<SourceFile>>,
    /// Outcomes of the other files.
    pub(crate) outcomes: BTreeMap<Arc<str>, Outcome>,
    /// What went wrong on the way.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Bytes in which a zero byte makes a file binary.
const BINARY_HEAD: usize = 8192;

/// Walks `paths`. Hidden folders are walked (`.github` holds code), `.git` is not; `.gitignore`
/// holds in a repository for what git does not track; links are not followed.
pub(crate) fn walk(root: &Path, paths: &[PathBuf], options: &Options) -> Found {
    let mut found = Found::default();
    let mut entries: BTreeMap<Arc<str>, (PathBuf, bool)> = BTreeMap::new();
    for path in paths {
        let start = if path.is_absolute() {
            path.clone()
        } else {
            root.join(path)
        };
        let excludes = excludes(root, options, &mut found);
        for path in tracked(&start, &excludes, &mut found) {
            let kind = std::fs::symlink_metadata(&path).map(|known| known.file_type());
            if let Some(kind) = kind.ok().filter(|kind| !kind.is_dir()) {
                entries.insert(reported(root, &path), (path, kind.is_symlink()));
            }
        }
        for entry in walker(&start, excludes) {
            match entry {
                Ok(entry) => {
                    let Some(kind) = entry.file_type().filter(|kind| !kind.is_dir()) else {
                        continue;
                    };
                    let path = entry.into_path();
                    let link = kind.is_symlink();
                    entries.insert(reported(root, &path), (path, link));
                }
                Err(error) => found.complain(format!("a path could not be read: {error}")),
            }
        }
    }
    let taken: Vec<(Arc<str>, Result<SourceFile, Outcome>)> = entries
        .into_par_iter()
        .map(|(name, (path, link))| {
            let text = if link {
                Err(linked(root, &path))
            } else {
                take(&name, &path, options)
            };
            (name, text)
        })
        .collect();
    for (name, text) in taken {
        match text {
            Ok(file) => {
                found.files.insert(name, Arc::new(file));
            }
            Err(outcome) => {
                found.outcomes.insert(name, outcome);
            }
        }
    }
    found
}

impl Found {
    fn complain(&mut self, message: String) {
        self.diagnostics.push(Diagnostic {
            level: DiagnosticLevel::Error,
            message,
            origin: None,
            help: None,
        });
    }
}

fn walker(start: &Path, excludes: Override) -> ignore::Walk {
    let mut builder = WalkBuilder::new(start);
    builder
        .hidden(false)
        .follow_links(false)
        // Nobody reviews `.ignore` as policy, and it is about no tool of a build.
        .ignore(false)
        .git_global(false)
        .git_exclude(false)
        .overrides(excludes)
        .filter_entry(|entry| entry.file_name() != ".git");
    builder.build()
}

/// Files that a format may read and that git tracks, whatever `.gitignore` says of them.
fn tracked(start: &Path, excludes: &Override, found: &mut Found) -> Vec<PathBuf> {
    let files = tracked::files(start).unwrap_or_else(|reason| {
        found.diagnostics.push(Diagnostic {
            level: DiagnosticLevel::Warning,
            message: format!("the index of git cannot be read: {reason}"),
            origin: None,
            help: Some("what `.gitignore` names is left out, also where git tracks it".to_owned()),
        });
        Vec::new()
    });
    let is_wanted = |path: &PathBuf| {
        let below = path.strip_prefix(start).ok();
        below.is_some()
            && formats::is_named(&path.to_string_lossy())
            && !excludes.matched(path, false).is_ignore()
            && !path
                .ancestors()
                .skip(1)
                .take_while(|above| above.starts_with(start) && *above != start)
                .any(|above| excludes.matched(above, true).is_ignore())
    };
    files.into_iter().filter(is_wanted).collect()
}

fn excludes(root: &Path, options: &Options, found: &mut Found) -> Override {
    let mut excludes = OverrideBuilder::new(root);
    for glob in &options.exclude {
        if let Err(error) = excludes.add(&format!("!{glob}")) {
            found.complain(format!("`{glob}` is no glob: {error}"));
        }
    }
    excludes.build().unwrap_or_else(|error| {
        found.complain(format!("the globs to leave out do not hold: {error}"));
        Override::empty()
    })
}

/// The path as reports show it: below the root where it is, with `/`.
fn reported(root: &Path, path: &Path) -> Arc<str> {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = below
        .components()
        .filter(|part| !matches!(part, std::path::Component::CurDir))
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/").replace("//", "/").into()
}

fn linked(root: &Path, path: &Path) -> Outcome {
    let inside = match (path.canonicalize(), root.canonicalize()) {
        (Ok(target), Ok(root)) => target.starts_with(root),
        _ => false,
    };
    if inside {
        not_applicable("a symbolic link to something that is read where it stands")
    } else {
        unread("a symbolic link that leads nowhere or out of the root; links are not followed")
    }
}

fn take(name: &str, path: &Path, options: &Options) -> Result<SourceFile, Outcome> {
    if !formats::is_named(name) {
        return Err(not_applicable("not a format that is read"));
    }
    if options.test_material.contains(name) {
        return Err(not_applicable("judged by a test of the team's policies"));
    }
    let limit = options.limits.max_bytes;
    let size = std::fs::metadata(path).map(|data| data.len());
    if size.is_ok_and(|size| usize::try_from(size).is_ok_and(|size| size > limit)) {
        return Err(unread(&format!("larger than {limit} bytes")));
    }
    let bytes = std::fs::read(path).map_err(|error| unread(&format!("cannot be read: {error}")))?;
    if bytes.len() > limit {
        return Err(unread(&format!("larger than {limit} bytes")));
    }
    if bytes
        .get(..bytes.len().min(BINARY_HEAD))
        .is_some_and(|head| head.contains(&0))
    {
        return Err(unread("binary, although its name is that of a text"));
    }
    let text = String::from_utf8(bytes).map_err(|_| unread("not UTF-8"))?;
    accept(name, text)
}

/// A text, unless there is nothing in it.
pub(crate) fn accept(name: &str, text: String) -> Result<SourceFile, Outcome> {
    if text.trim().is_empty() {
        return Err(not_applicable("empty"));
    }
    Ok(SourceFile::new(name, text))
}

pub(crate) fn not_applicable(reason: &str) -> Outcome {
    Outcome::NotApplicable {
        reason: reason.to_owned(),
    }
}

pub(crate) fn unread(reason: &str) -> Outcome {
    Outcome::Unread {
        reason: reason.to_owned(),
    }
}
