//! Kustomize: builds every overlay that changes something, and accounts for its files.
//!
//! Overlays are built here, since that keeps the place of every value and costs no process. What is
//! not known here is refused, never guessed; then the installed program is asked.

mod cluster;
#[cfg(test)]
mod compared;
mod fields;
mod generators;
mod graph;
mod hash;
mod images;
mod labels;
mod merge;
mod names;
mod native;
mod operations;
mod patches;
mod references;
mod replacements;
mod resource;
mod schema;
mod select;
mod settings;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use palisade_document::{SourceFile, Syntax};
use palisade_model::{Diagnostic, DiagnosticLevel, Origin, Outcome};
use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use self::graph::{Kustomization, closure, find};
use self::source::Source;
use super::programs::{RunError, run};
use super::tree::Tree;
use super::{Rendered, Texts, places};
use crate::formats::kubernetes::Rendering;
use crate::reading::Options;
use crate::walk::{not_applicable, unread};

/// Why something is not built here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
struct Refusal(String);

impl Refusal {
    fn new(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}

/// Every kustomization, by folder.
type All = BTreeMap<String, Kustomization>;

/// What an overlay comes to.
enum Built {
    /// Objects with their places.
    Here(Vec<Tree>),
    /// The output of a program.
    Elsewhere(String),
}

/// Renders the overlays that no other one takes in, and accounts for the files of all.
pub(super) fn render(root: Option<&Path>, files: &Texts, options: &Options, to: &mut Rendered) {
    let all = find(files, &options.limits);
    if all.is_empty() {
        return;
    }
    let taken: BTreeSet<&str> = all
        .values()
        .flat_map(|it| it.resources.iter().map(String::as_str))
        .collect();
    let parts = account(&all, files, to);
    let (overlays, as_written): (Vec<&Kustomization>, Vec<&Kustomization>) = all
        .values()
        .filter(|it| !it.is_component && !taken.contains(it.folder.as_str()))
        .partition(|it| is_overlay(&all, it));
    let source = source(root, &overlays, &all, files, options);
    let built: Vec<Result<Built, String>> = overlays
        .par_iter()
        .map(|overlay| build(&all, overlay, &source, options))
        .collect();
    let failed_ones = overlays.iter().zip(&built).filter(|(_, it)| it.is_err());
    let standing: BTreeSet<&str> = as_written
        .iter()
        .chain(failed_ones.map(|(overlay, _)| overlay))
        .flat_map(|it| manifests(&all, it, files))
        .collect();
    let mut is_elsewhere = false;
    for (overlay, result) in overlays.into_iter().zip(built) {
        match result {
            Ok(built) => {
                is_elsewhere |= matches!(built, Built::Elsewhere(_));
                let read = manifests(&all, overlay, files);
                let read = read.into_iter().filter(|path| !standing.contains(path));
                read_through(read.collect(), &source, to);
                rendered(&all, overlay, built, to);
            }
            Err(reason) => failed(overlay, &reason, to),
        }
    }
    if is_elsewhere {
        // A program keeps no places: objects point at the files that hold one of their name.
        to.parts.extend(parts);
        let through = source.ahead.keys().filter(|it| !standing.contains(&***it));
        to.parts
            .extend(through.filter_map(|path| files.get(path).cloned()));
    }
}

/// Whether it comes to something else than the manifests that it lists.
fn is_overlay(all: &All, root: &Kustomization) -> bool {
    closure(all, root)
        .into_iter()
        .filter_map(|folder| all.get(folder))
        .any(|it| it.changes || it.outside.is_some() || it.broken.is_some())
}

/// The manifests that a kustomization, or one that it takes in, lists.
fn manifests<'t>(all: &All, root: &Kustomization, files: &'t Texts) -> Vec<&'t str> {
    closure(all, root)
        .into_iter()
        .filter_map(|folder| all.get(folder))
        .filter(|it| !it.is_component)
        .flat_map(|it| &it.resources)
        .filter_map(|path| files.get_key_value(path.as_str()))
        .map(|(path, _)| &**path)
        .collect()
}

/// The texts to build from, with all that overlays take in parsed once.
fn source<'a>(
    root: Option<&'a Path>,
    overlays: &[&Kustomization],
    all: &All,
    files: &'a Texts,
    options: &Options,
) -> Source<'a> {
    let mut source = Source {
        root,
        files,
        limits: options.limits,
        ahead: BTreeMap::new(),
    };
    let listed: BTreeSet<&str> = overlays
        .iter()
        .flat_map(|it| manifests(all, it, files))
        .collect();
    let parsed: Vec<_> = listed
        .into_par_iter()
        .filter_map(|path| files.get(path))
        .map(|file| (Arc::clone(file.path()), source.parsed(file)))
        .collect();
    source.ahead = parsed.into_iter().collect();
    source
}

fn name(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}

/// Kustomizations, patches and all of a component are no manifests by themselves; the manifests of
/// components.
fn account(all: &All, files: &Texts, to: &mut Rendered) -> Vec<Arc<SourceFile>> {
    let mut parts = Vec::new();
    for it in all.values() {
        let own = Arc::clone(it.file.path());
        let reason = "a kustomization; what it lists is read where it stands";
        to.outcomes.insert(own, not_applicable(reason));
        for part in &it.parts {
            if let Some((path, _)) = files.get_key_value(part.as_str()) {
                let reason = format!("a patch of the overlay `{}`", name(&it.folder));
                to.outcomes
                    .insert(Arc::clone(path), not_applicable(&reason));
            }
        }
        if it.is_component {
            parts.append(&mut account_component(it, files, to));
        }
    }
    parts
}

fn account_component(it: &Kustomization, files: &Texts, to: &mut Rendered) -> Vec<Arc<SourceFile>> {
    let folder = format!("{}/", it.folder);
    let reason = format!(
        "part of the component `{}`, which counts where an overlay takes it in",
        it.folder
    );
    let mut parts = Vec::new();
    for (path, file) in files.iter().filter(|(path, _)| path.starts_with(&folder)) {
        let is_manifest = crate::formats::kubernetes::names(path);
        if is_manifest && !to.outcomes.contains_key(path) {
            to.outcomes
                .insert(Arc::clone(path), not_applicable(&reason));
            parts.push(Arc::clone(file));
        }
    }
    parts
}

/// Manifests that only overlays deploy are read through these, not as they stand.
fn read_through(paths: Vec<&str>, source: &Source<'_>, to: &mut Rendered) {
    for path in paths {
        let Some((path, Ok(trees))) = source.ahead.get_key_value(path) else {
            continue;
        };
        let outcome = Outcome::Read {
            format: "kubernetes".to_owned(),
            resources: u32::try_from(trees.len()).unwrap_or(u32::MAX),
        };
        to.outcomes.insert(Arc::clone(path), outcome);
    }
}

fn build(
    all: &All,
    overlay: &Kustomization,
    source: &Source<'_>,
    options: &Options,
) -> Result<Built, String> {
    for it in closure(all, overlay)
        .into_iter()
        .filter_map(|it| all.get(it))
    {
        if let Some(message) = &it.broken {
            return Err(format!("`{}` is broken: {message}", it.file.path()));
        }
        if let Some(outside) = &it.outside {
            return Err(format!(
                "`{}` takes in `{outside}`, and nothing is fetched from outside of the root",
                it.file.path()
            ));
        }
    }
    match native::build(all, overlay, source) {
        Ok(objects) => Ok(Built::Here(objects)),
        Err(refusal) => {
            let here = format!("it could not be built here ({refusal})");
            match ask(overlay, source.root, options) {
                Ok(text) => Ok(Built::Elsewhere(text)),
                Err(reason) => Err(format!("{here}, and {reason}")),
            }
        }
    }
}

/// Asks an installed program.
fn ask(overlay: &Kustomization, root: Option<&Path>, options: &Options) -> Result<String, String> {
    let root = root.ok_or("no program is asked about texts in memory")?;
    if options.no_render {
        return Err("running other programs is turned off".to_owned());
    }
    let folder = root.join(&overlay.folder);
    let limit = options.limits.max_bytes;
    let programs: [(&str, &[&str]); 2] = [("kubectl", &["kustomize"]), ("kustomize", &["build"])];
    for (program, arguments) in programs {
        match run(program, arguments, &folder, limit) {
            Ok(text) => return Ok(text),
            Err(RunError::Missing) => {}
            Err(error) => return Err(format!("{program} was asked, but {error}")),
        }
    }
    Err("neither kubectl nor kustomize is installed".to_owned())
}

fn rendered(all: &All, overlay: &Kustomization, built: Built, to: &mut Rendered) {
    let source = Arc::clone(overlay.file.path());
    let (text, resources, places) = match built {
        Built::Here(objects) => {
            let (text, places) = places::write(objects.iter());
            (text, objects.len(), Some(Arc::new(places)))
        }
        Built::Elsewhere(text) => {
            let kinds = text.lines().filter(|line| line.starts_with("kind:"));
            let count = kinds.count();
            (text, count, None)
        }
    };
    to.outcomes.insert(
        Arc::clone(&source),
        Outcome::Read {
            format: "kustomize".to_owned(),
            resources: u32::try_from(resources).unwrap_or(u32::MAX),
        },
    );
    let folders = closure(all, overlay).into_iter().map(str::to_owned);
    let rendering = Rendering {
        variant: name(&overlay.folder).to_owned(),
        source: Arc::clone(&source),
        first_line: Origin::new(&overlay.file, overlay.file.line_span(1)),
        folders: folders.collect(),
        syntax: if places.is_some() {
            Syntax::Json
        } else {
            Syntax::Yaml
        },
        places,
    };
    let file = Arc::new(SourceFile::new(source, text));
    to.texts.push((file, rendering));
}

fn failed(overlay: &Kustomization, reason: &str, to: &mut Rendered) {
    let file = &overlay.file;
    let message = format!(
        "the overlay `{}` was not rendered: {reason}",
        name(&overlay.folder)
    );
    to.outcomes
        .insert(Arc::clone(file.path()), unread(&message));
    to.diagnostics.push(Diagnostic {
        level: DiagnosticLevel::Warning,
        message,
        origin: Some(Origin::new(file, file.line_span(1))),
        help: Some("install kubectl or kustomize, or render the overlay to a file".to_owned()),
    });
}
