//! What overlays and charts come to when they are rendered, and what becomes of their own files.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use palisade_document::SourceFile;
use palisade_model::{Diagnostic, Outcome};

use crate::formats::kubernetes::Rendering;
use crate::reading::Options;

/// Everything that rendering found out.
#[derive(Debug, Default)]
pub(crate) struct Rendered {
    /// Manifests that came out, each with the overlay or chart that they are of.
    pub(crate) texts: Vec<(Arc<SourceFile>, Rendering)>,
    /// Files that are parts of overlays or charts, and so are not manifests by themselves.
    pub(crate) outcomes: BTreeMap<Arc<str>, Outcome>,
    /// What went wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Finds the files that are not manifests by themselves; `root` is `None` for texts in memory,
/// of which nothing is rendered by other programs.
pub(crate) fn render(
    root: Option<&Path>,
    files: &BTreeMap<Arc<str>, Arc<SourceFile>>,
    options: &Options,
) -> Rendered {
    let _ = (root, options);
    let charts = chart_folders(files);
    let mut rendered = Rendered::default();
    for path in files.keys() {
        if let Some(outcome) = chart_part(path, &charts) {
            rendered.outcomes.insert(Arc::clone(path), outcome);
        }
    }
    rendered
}

/// Folders with a `Chart.yaml`, each with its trailing `/`.
fn chart_folders(files: &BTreeMap<Arc<str>, Arc<SourceFile>>) -> Vec<&str> {
    files
        .keys()
        .filter_map(|path| path.strip_suffix("Chart.yaml"))
        .filter(|folder| folder.is_empty() || folder.ends_with('/'))
        .collect()
}

fn chart_part(path: &str, charts: &[&str]) -> Option<Outcome> {
    let inside = charts
        .iter()
        .filter_map(|folder| path.strip_prefix(folder))
        .find(|rest| rest.starts_with("templates/") || is_chart_file(rest))?;
    Some(if inside.starts_with("templates/") {
        Outcome::Unread {
            reason: "a template of a chart: it needs helm to be rendered".to_owned(),
        }
    } else {
        Outcome::NotApplicable {
            reason: "part of a Helm chart".to_owned(),
        }
    })
}

fn is_chart_file(rest: &str) -> bool {
    matches!(rest, "Chart.yaml" | "Chart.lock" | "values.schema.json")
        || (rest.starts_with("values") && !rest.contains('/'))
}
