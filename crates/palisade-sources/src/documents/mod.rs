//! Documents as policies judge them: the values that were read anyway, with the places of their
//! text.

mod build_file;

use std::sync::Arc;

use palisade_document::{Document, Span, Value};
use palisade_model::Origin;

pub(crate) use self::build_file::of_build_file;

use crate::formats::kubernetes::Rendering;

/// The folder of GitHub's workflows.
const WORKFLOWS: &str = ".github/workflows/";

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Kubernetes manifests: any number of objects and lists of them.
    Kubernetes,
    /// The instructions of a build file: a list of objects with `Cmd`, `Value`, `Flags`, `JSON`
    /// and `Stage`.
    Dockerfile,
    /// A Terraform plan as `terraform show -json` prints it.
    TerraformPlan,
    /// A software bill of materials (CycloneDX or SPDX, in JSON).
    Sbom,
    /// A CI workflow.
    Workflow,
}

impl Kind {
    /// The name of the format in accounts of files.
    pub(crate) const fn slug(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::Dockerfile => "dockerfile",
            Self::TerraformPlan => "terraform-plan",
            Self::Sbom => "sbom",
            Self::Workflow => "workflow",
        }
    }
}

/// A document that was read, for policies to judge.
#[derive(Debug, Clone)]
pub struct ReadDocument {
    /// What it is.
    pub kind: Kind,
    /// Its values.
    pub document: Arc<Document>,
    pub(crate) places: Places,
}

/// How places in the document's text become places in files that people write.
#[derive(Debug, Clone)]
pub(crate) enum Places {
    /// The text is a file.
    Own,
    /// The text was rendered.
    Rendered(Rendering),
    /// The text was made from these places, by the first byte of what was made, in order.
    Made(Arc<[(u32, Origin)]>),
}

impl ReadDocument {
    /// The place of a span of the document's text.
    pub fn origin(&self, span: Span) -> Origin {
        match &self.places {
            Places::Own => Origin::new(self.document.file(), span),
            Places::Rendered(rendering) => rendering.origin(span),
            Places::Made(marks) => {
                let after = marks.partition_point(|(start, _)| *start <= span.start);
                let mark = marks.get(after.saturating_sub(1));
                mark.map_or_else(Origin::nowhere, |(_, origin)| origin.clone())
            }
        }
    }
}

/// The Kubernetes objects of a document, those in lists included.
pub fn objects(document: &Document) -> Vec<Value<'_>> {
    document.roots().flat_map(objects_in).collect()
}

/// The Kubernetes objects of a value: itself, or those of the list that it is.
pub fn objects_in(value: Value<'_>) -> Vec<Value<'_>> {
    let mut found = Vec::new();
    collect(value, &mut found);
    found
}

fn collect<'d>(value: Value<'d>, found: &mut Vec<Value<'d>>) {
    let kind = value.get("kind").and_then(Value::as_str);
    let items = value.get("items").filter(|items| items.is_array());
    match (kind, items) {
        (Some(kind), Some(items)) if kind.ends_with("List") => {
            items.items().for_each(|item| collect(item, found));
        }
        (Some(_), _) if value.get("apiVersion").is_some() => found.push(value),
        _ => {}
    }
}

/// Whether a path is that of a workflow, which its runner reads as YAML 1.2.
pub fn is_workflow(path: &str) -> bool {
    path.contains(WORKFLOWS)
}

/// Whether a text is meant to be a document that policies judge, even if it does not read.
pub(crate) fn is_meant(path: &str, text: &str) -> bool {
    let words = ["format_version", "bomFormat", "spdxVersion"];
    is_workflow(path) || words.iter().any(|word| text.contains(word))
}

/// What a document is that holds no Kubernetes object, by the fields that its format demands.
pub(crate) fn kind_of(path: &str, document: &Document) -> Option<Kind> {
    let root = document.roots().next()?;
    let told = kind_of_value(root).filter(|kind| *kind != Kind::Kubernetes);
    match told {
        // `on` alone says little: what is in no folder of workflows runs nowhere.
        Some(Kind::Workflow) | None => {
            let runs = root.get("jobs").is_some() && is_workflow(path);
            runs.then_some(Kind::Workflow)
        }
        told => told,
    }
}

/// What a value is, by the fields that its format demands.
pub fn kind_of_value(root: Value<'_>) -> Option<Kind> {
    let has = |key: &str| root.get(key).is_some();
    if has("apiVersion") && root.get("kind").and_then(Value::as_str).is_some() {
        Some(Kind::Kubernetes)
    } else if has("format_version") && (has("planned_values") || has("resource_changes")) {
        Some(Kind::TerraformPlan)
    } else if has("bomFormat") || has("spdxVersion") {
        Some(Kind::Sbom)
    } else if has("jobs") && (has("on") || has("true")) {
        Some(Kind::Workflow)
    } else {
        None
    }
}
