//! Helm charts: their templates are no manifests until helm renders them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use palisade_document::SourceFile;
use palisade_model::{Diagnostic, DiagnosticLevel, Origin, Outcome};

use super::programs::{RunError, run};
use super::{Rendered, Texts};
use crate::formats::kubernetes::Rendering;
use crate::reading::Options;
use crate::walk::{not_applicable, unread};

/// Renders every chart that is no part of another one, and accounts for its files.
pub(super) fn render(root: Option<&Path>, files: &Texts, options: &Options, to: &mut Rendered) {
    let charts = folders(files);
    for folder in &charts {
        let is_part = |parent: &&&str| {
            folder
                .strip_prefix(**parent)
                .is_some_and(|rest| rest.starts_with("charts/"))
        };
        if charts.iter().find(is_part).is_some() {
            continue;
        }
        let path: Arc<str> = format!("{folder}Chart.yaml").into();
        let name = folder.trim_end_matches('/');
        let name = if name.is_empty() { "." } else { name };
        match template(root, folder, options) {
            Ok(text) => {
                account(
                    folder,
                    files,
                    &not_applicable("part of a Helm chart that was rendered"),
                    to,
                );
                to.texts.push((
                    Arc::new(SourceFile::new(Arc::clone(&path), text)),
                    Rendering {
                        variant: name.to_owned(),
                        first_line: first_line(&path, files),
                        source: path,
                        folders: Vec::new(),
                        places: None,
                    },
                ));
            }
            Err(reason) => {
                let reason = format!("the Helm chart `{name}` was not rendered: {reason}");
                complain(&path, files, &reason, to);
                account(folder, files, &unread(&reason), to);
            }
        }
    }
}

fn template(root: Option<&Path>, folder: &str, options: &Options) -> Result<String, String> {
    let root = root.ok_or("texts in memory are not rendered")?;
    if options.no_render {
        return Err("rendering is turned off".to_owned());
    }
    let arguments = ["template", "release"];
    run(
        "helm",
        &arguments,
        &root.join(folder),
        options.limits.max_bytes,
    )
    .map_err(|error| match error {
        RunError::Missing => "it needs helm, which is not installed".to_owned(),
        other => format!("helm was asked, but {other}"),
    })
}

fn complain(path: &Arc<str>, files: &Texts, reason: &str, to: &mut Rendered) {
    to.diagnostics.push(Diagnostic {
        level: DiagnosticLevel::Warning,
        message: reason.to_owned(),
        origin: Some(first_line(path, files)),
        help: Some("install helm, or render the chart to a file".to_owned()),
    });
}

fn first_line(path: &Arc<str>, files: &Texts) -> Origin {
    let missing = Arc::new(SourceFile::new(Arc::clone(path), ""));
    let file = files.get(path).unwrap_or(&missing);
    Origin::new(file, file.line_span(1))
}

/// Folders with a `Chart.yaml`, each with its trailing `/`.
fn folders(files: &BTreeMap<Arc<str>, Arc<SourceFile>>) -> Vec<&str> {
    files
        .keys()
        .filter_map(|path| path.strip_suffix("Chart.yaml"))
        .filter(|folder| folder.is_empty() || folder.ends_with('/'))
        .collect()
}

/// Templates share the fate of their chart; its other files are no manifests in any case.
fn account(folder: &str, files: &Texts, fate: &Outcome, to: &mut Rendered) {
    for path in files.keys() {
        let Some(inside) = path.strip_prefix(folder) else {
            continue;
        };
        let below = inside
            .rsplit_once("charts/")
            .map_or(inside, |(_, rest)| rest);
        let is_template = inside.starts_with("templates/") || below.contains("/templates/");
        let outcome = if is_template || inside == "Chart.yaml" {
            fate.clone()
        } else if is_chart_file(inside) {
            not_applicable("part of a Helm chart")
        } else {
            continue;
        };
        to.outcomes.insert(Arc::clone(path), outcome);
    }
}

fn is_chart_file(inside: &str) -> bool {
    matches!(inside, "Chart.lock" | "values.schema.json")
        || (inside.starts_with("values") && !inside.contains('/'))
        || inside.starts_with("charts/")
}
