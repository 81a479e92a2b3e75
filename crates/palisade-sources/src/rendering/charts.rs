//! Helm charts: their templates are no manifests until helm renders them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use palisade_document::{SourceFile, Syntax, parse};
use palisade_model::{Diagnostic, DiagnosticLevel, Origin, Outcome};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::lines::align;
use super::programs::{RunError, run};
use super::tree::Place;
use super::{Rendered, Texts};
use crate::formats::kubernetes::Rendering;
use crate::reading::Options;
use crate::walk::{not_applicable, unread};

/// Renders every chart that is no part of another one, and accounts for its files.
pub(super) fn render(root: Option<&Path>, files: &Texts, options: &Options, to: &mut Rendered) {
    let charts = folders(files);
    let is_part = |folder: &str| {
        charts.iter().any(|parent| {
            let below = folder.strip_prefix(parent);
            below.is_some_and(|rest| rest.starts_with("charts/"))
        })
    };
    let whole: Vec<&str> = charts.iter().copied().filter(|it| !is_part(it)).collect();
    let texts: Vec<Result<String, String>> = whole
        .par_iter()
        .map(|folder| template(root, folder, options))
        .collect();
    for (folder, text) in whole.into_iter().zip(texts) {
        let path: Arc<str> = format!("{folder}Chart.yaml").into();
        let Some(chart) = files.get(&path) else {
            continue;
        };
        let name = folder.trim_end_matches('/');
        let name = if name.is_empty() { "." } else { name };
        if is_library(chart, options) {
            let fate = not_applicable("part of a library chart, which deploys nothing by itself");
            account(folder, files, &fate, to);
            continue;
        }
        match text {
            Ok(text) => rendered((folder, name), chart, text, files, to),
            Err(reason) => {
                let reason = format!("the Helm chart `{name}` was not rendered: {reason}");
                complain(chart, &reason, to);
                account(folder, files, &unread(&reason), to);
            }
        }
    }
}

fn rendered(
    (folder, name): (&str, &str),
    chart: &Arc<SourceFile>,
    text: String,
    files: &Texts,
    to: &mut Rendered,
) {
    let fate = not_applicable("part of a Helm chart that was rendered");
    account(folder, files, &fate, to);
    let source = Arc::clone(chart.path());
    let text = Arc::new(SourceFile::new(Arc::clone(&source), text));
    let first_line = Place::first_line(chart);
    let (places, counts) = align(&text, folder, files, &first_line);
    let read = |resources| Outcome::Read {
        format: "helm".to_owned(),
        resources,
    };
    to.outcomes
        .insert(Arc::clone(&source), read(counts.values().sum()));
    for (template, count) in counts {
        to.outcomes.insert(template, read(count));
    }
    let rendering = Rendering {
        variant: name.to_owned(),
        first_line: Origin::new(chart, chart.line_span(1)),
        source,
        folders: Vec::new(),
        places: Some(Arc::new(places)),
        syntax: Syntax::Yaml,
    };
    to.texts.push((text, rendering));
}

/// Whether a chart only lends templates to others.
fn is_library(chart: &Arc<SourceFile>, options: &Options) -> bool {
    let (document, _) = parse(Arc::clone(chart), Syntax::Yaml, &options.limits);
    let mut roots = document.roots();
    roots
        .next()
        .and_then(|root| root.get("type")?.as_str())
        .is_some_and(|kind| kind == "library")
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

fn complain(chart: &SourceFile, reason: &str, to: &mut Rendered) {
    to.diagnostics.push(Diagnostic {
        level: DiagnosticLevel::Warning,
        message: reason.to_owned(),
        origin: Some(Origin::new(chart, chart.line_span(1))),
        help: Some("install helm, or render the chart to a file".to_owned()),
    });
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
