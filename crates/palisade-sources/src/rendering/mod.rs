//! What overlays and charts come to when they are rendered, and what becomes of their own files.

mod charts;
mod kustomize;
mod lines;
mod places;
mod programs;
mod tree;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use palisade_document::SourceFile;
use palisade_model::{Diagnostic, Outcome};

use crate::formats::kubernetes::Rendering;
use crate::reading::Options;

pub(crate) use self::places::Places;

/// Texts by their path.
type Texts = BTreeMap<Arc<str>, Arc<SourceFile>>;

/// Everything that rendering found out.
#[derive(Debug, Default)]
pub(crate) struct Rendered {
    /// Manifests that came out, each with the overlay or chart that they are of.
    pub(crate) texts: Vec<(Arc<SourceFile>, Rendering)>,
    /// Files that are parts of overlays or charts, and so are not manifests by themselves.
    pub(crate) outcomes: BTreeMap<Arc<str>, Outcome>,
    /// Files whose objects count only where an overlay includes them.
    pub(crate) parts: Vec<Arc<SourceFile>>,
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
    let mut rendered = Rendered::default();
    kustomize::render(root, files, options, &mut rendered);
    charts::render(root, files, options, &mut rendered);
    rendered
}
