//! Kustomize: renders every overlay that changes something, and accounts for its files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use palisade_document::SourceFile;
use palisade_model::{Diagnostic, DiagnosticLevel, Origin, Outcome};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::graph::{Kustomization, closure, find};
use super::programs::{RunError, run};
use super::{Rendered, Texts};
use crate::formats::kubernetes::Rendering;
use crate::reading::Options;
use crate::walk::{not_applicable, unread};

/// Every kustomization, by folder.
type All = BTreeMap<String, Kustomization>;

/// Renders the overlays that no other one takes in, and accounts for the files of all.
pub(super) fn render(root: Option<&Path>, files: &Texts, options: &Options, to: &mut Rendered) {
    let all = find(files, &options.limits);
    let taken: BTreeSet<&str> = all
        .values()
        .flat_map(|it| it.resources.iter().map(String::as_str))
        .collect();
    account(&all, files, to);
    let overlays: Vec<&Kustomization> = all
        .values()
        .filter(|it| !it.is_component && !taken.contains(it.folder.as_str()))
        .filter(|it| is_overlay(&all, it))
        .collect();
    let built: Vec<Result<String, String>> = overlays
        .par_iter()
        .map(|overlay| build(root, &all, overlay, options))
        .collect();
    for (overlay, result) in overlays.into_iter().zip(built) {
        match result {
            Ok(text) => rendered(&all, overlay, text, to),
            Err(reason) => failed(overlay, &reason, to),
        }
    }
}

/// Whether it comes to something else than the manifests that it lists.
fn is_overlay(all: &All, root: &Kustomization) -> bool {
    closure(all, root)
        .into_iter()
        .filter_map(|folder| all.get(folder))
        .any(|it| it.changes || it.outside.is_some() || it.broken.is_some())
}

fn name(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}

/// Kustomizations, patches and all of a component are no manifests by themselves.
fn account(all: &All, files: &Texts, to: &mut Rendered) {
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
            account_component(it, files, to);
        }
    }
}

fn account_component(it: &Kustomization, files: &Texts, to: &mut Rendered) {
    let folder = format!("{}/", it.folder);
    let reason = format!(
        "part of the component `{}`, which counts where an overlay takes it in",
        it.folder
    );
    for (path, file) in files.iter().filter(|(path, _)| path.starts_with(&folder)) {
        let is_manifest = crate::formats::kubernetes::names(path);
        if is_manifest && !to.outcomes.contains_key(path) {
            to.outcomes
                .insert(Arc::clone(path), not_applicable(&reason));
            to.parts.push(Arc::clone(file));
        }
    }
}

fn build(
    root: Option<&Path>,
    all: &All,
    overlay: &Kustomization,
    options: &Options,
) -> Result<String, String> {
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
    let root = root.ok_or("texts in memory are not rendered")?;
    if options.no_render {
        return Err("rendering is turned off".to_owned());
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
    Err("it needs kubectl or kustomize, and none of them is installed".to_owned())
}

fn rendered(all: &All, overlay: &Kustomization, text: String, to: &mut Rendered) {
    let source = Arc::clone(overlay.file.path());
    let resources = text
        .lines()
        .filter(|line| line.starts_with("kind:"))
        .count();
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
