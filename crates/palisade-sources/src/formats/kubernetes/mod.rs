//! Kubernetes manifests: YAML or JSON, lists included.

pub(crate) mod admission;
pub(crate) mod cilium;
mod config;
mod containers;
mod delivery;
mod detection;
mod disruption;
pub(crate) mod entries;
mod istio;
mod kinds;
pub(crate) mod linkerd;
pub(crate) mod membership;
pub(crate) mod namespaces;
mod network;
pub(crate) mod rbac;
mod security;
mod services;
mod storage;
mod volumes;
mod workloads;

pub(crate) use storage::classification_of;

use std::sync::Arc;

use palisade_document::{
    Document, FileRef, Limits, SourceFile, Span, Syntax, SyntaxError, SyntaxSeverity, Value, parse,
};
use palisade_model::{Diagnostic, DiagnosticLevel, Origin, Outcome};

use crate::documents::{self, ReadDocument};
use crate::facts::Facts;
use crate::object::{Anchor, Object};
use crate::rendering::Places;

const SLUG: &str = "kubernetes";

/// Where objects come from when no file of the repository holds them as they stand.
#[derive(Debug, Clone)]
pub(crate) struct Rendering {
    /// The overlay or chart, as reports name it.
    pub(crate) variant: String,
    /// Path of the overlay's or chart's own file.
    pub(crate) source: Arc<str>,
    /// Folders whose files it takes in.
    pub(crate) folders: Vec<String>,
    /// The first line of the overlay's or chart's own file.
    pub(crate) first_line: Origin,
    /// Where each value was written, where that is known.
    pub(crate) places: Option<Arc<Places>>,
    /// What the text is written in.
    pub(crate) syntax: Syntax,
}

/// Whether a file may hold manifests.
pub(crate) fn names(path: &str) -> bool {
    let name = super::file_name(path);
    if name == "Kustomization" {
        return true;
    }
    [".yaml", ".yml", ".json"].iter().any(|end| {
        name.len() > end.len()
            && name
                .get(name.len() - end.len()..)
                .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    })
}

/// Reads a plain manifest.
pub(crate) fn read(file: &Arc<SourceFile>, facts: &mut Facts) -> Outcome {
    read_as(file, Reading::Plain, facts)
}

/// Reads manifests that an overlay or chart was rendered to.
pub(crate) fn read_rendered(
    file: &Arc<SourceFile>,
    rendering: &Rendering,
    facts: &mut Facts,
) -> Outcome {
    read_as(file, Reading::Rendered(rendering), facts)
}

/// Takes note of where the objects of a file stand, without reading what they say.
pub(crate) fn read_names(file: &Arc<SourceFile>, facts: &mut Facts) {
    let (document, _) = parse(Arc::clone(file), syntax_of(file.path()), &facts.limits);
    let reading = Reading::Names;
    let source = Source { file, reading };
    for root in document.roots() {
        source.read_value(root, None, facts);
    }
}

fn read_as(file: &Arc<SourceFile>, reading: Reading<'_>, facts: &mut Facts) -> Outcome {
    let (syntax, limits) = match reading {
        Reading::Rendered(rendering) => (rendering.syntax, rendered_limits(&facts.limits)),
        _ => (syntax_of(file.path()), facts.limits),
    };
    let (document, errors) = parse(Arc::clone(file), syntax, &limits);
    let source = Source { file, reading };
    let resources = document
        .roots()
        .map(|root| source.read_value(root, None, facts))
        .sum();
    for ((group, kind), origin) in std::mem::take(&mut facts.unread_kinds) {
        let group = if group.is_empty() {
            "core".to_owned()
        } else {
            group
        };
        facts.note(origin, format!("kind `{kind}` of `{group}` is not read"));
    }
    let kind = if resources > 0 {
        Some(documents::Kind::Kubernetes)
    } else {
        documents::kind_of(file.path(), &document)
    };
    let kind = kind.filter(|_| facts.keeps_documents);
    let outcome = outcome(&document, (resources, kind), (errors, reading), facts);
    if let Some(kind) = kind {
        keep(document, kind, reading, facts);
    }
    outcome
}

/// Keeps a document for policies.
fn keep(document: Document, kind: documents::Kind, reading: Reading<'_>, facts: &mut Facts) {
    let places = match reading {
        Reading::Plain | Reading::Names => documents::Places::Own,
        Reading::Rendered(rendering) => documents::Places::Rendered(rendering.clone()),
    };
    facts.documents.push(ReadDocument {
        kind,
        document: Arc::new(document),
        places,
    });
}

/// Bounds on a text of our own, whose parts were within bounds: it holds many files, one level
/// deeper.
fn rendered_limits(limits: &Limits) -> Limits {
    Limits {
        max_bytes: usize::MAX,
        max_depth: limits.max_depth + 512,
        max_nodes: usize::MAX,
        ..*limits
    }
}

fn syntax_of(path: &str) -> Syntax {
    let is_json = path
        .rsplit('.')
        .next()
        .is_some_and(|end| end.eq_ignore_ascii_case("json"));
    if is_json {
        Syntax::Json
    } else if documents::is_workflow(path) {
        Syntax::Yaml12
    } else {
        Syntax::Yaml
    }
}

fn outcome(
    document: &Document,
    (resources, kind): (u32, Option<documents::Kind>),
    (errors, reading): (Vec<SyntaxError>, Reading<'_>),
    facts: &mut Facts,
) -> Outcome {
    let file = document.file();
    // A broken text that names no API version is somebody else's, such as a template of a site.
    let judged = facts.keeps_documents && documents::is_meant(file.path(), file.text());
    if resources == 0 && !judged && !file.text().contains("apiVersion") {
        return not_kubernetes();
    }
    let mut fatal = None;
    for error in errors {
        let origin = match reading {
            Reading::Rendered(rendering) => rendering.origin(error.span),
            Reading::Plain | Reading::Names => Origin::new(file, error.span),
        };
        let level = match error.severity {
            SyntaxSeverity::Fatal => {
                fatal.get_or_insert_with(|| {
                    format!("{} at line {}", error.message, origin.start.line)
                });
                DiagnosticLevel::Error
            }
            SyntaxSeverity::Warning => DiagnosticLevel::Warning,
        };
        facts.diagnostics.push(Diagnostic {
            level,
            message: error.message,
            origin: Some(origin),
            help: None,
        });
    }
    // What is no manifest is there for policies alone.
    let format = kind.map_or(SLUG, documents::Kind::slug).to_owned();
    match (fatal, resources) {
        (Some(reason), 0) if kind.is_none() => Outcome::Unread { reason },
        (Some(reason), _) => Outcome::Partial { format, reason },
        (None, 0) if kind.is_none() => not_kubernetes(),
        (None, resources) => Outcome::Read { format, resources },
    }
}

fn not_kubernetes() -> Outcome {
    Outcome::NotApplicable {
        reason: "no Kubernetes object in it".to_owned(),
    }
}

struct Source<'a> {
    file: &'a Arc<SourceFile>,
    reading: Reading<'a>,
}

/// For what a text is read.
#[derive(Clone, Copy)]
enum Reading<'a> {
    /// For all that it says.
    Plain,
    /// For the places of its objects only, since they count where an overlay includes them.
    Names,
    /// For all that it says, with the places of what it was rendered from.
    Rendered(&'a Rendering),
}

impl Rendering {
    /// The place that a span of the rendered text comes from, as near as can be told.
    pub(crate) fn origin(&self, span: Span) -> Origin {
        let known = self.places.as_ref().and_then(|places| places.origin(span));
        let mut origin = known.unwrap_or_else(|| self.first_line.clone());
        origin.rendered_from = Some(FileRef::new(&*self.source));
        origin
    }

    /// The file that an object comes from, among those that have one of its kind and name.
    fn place(&self, places: &[Origin]) -> Origin {
        let is_taken_in = |origin: &&Origin| {
            let folder = origin
                .file
                .rsplit_once('/')
                .map_or("", |(folder, _)| folder);
            self.folders.iter().any(|taken| taken == folder)
        };
        let found = places.iter().find(is_taken_in);
        found.unwrap_or(&self.first_line).clone()
    }
}

impl Source<'_> {
    /// Reads an object or a list of them; the count of objects.
    fn read_value(
        &self,
        value: Value<'_>,
        inherited: Option<(&str, &str)>,
        facts: &mut Facts,
    ) -> u32 {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let (Some(api_version), Some(kind)) = (
            text("apiVersion").or(inherited.map(|(version, _)| version)),
            text("kind").or(inherited.map(|(_, kind)| kind)),
        ) else {
            return 0;
        };
        if let (Some(item_kind), Some(items)) = (kind.strip_suffix("List"), value.get("items"))
            && items.is_array()
        {
            let inherited = (!item_kind.is_empty()).then_some((api_version, item_kind));
            return items
                .items()
                .map(|item| self.read_value(item, inherited, facts))
                .sum();
        }
        let mut object = self.object(value, api_version, kind);
        let key = (object.kind.clone(), object.name.clone());
        match self.reading {
            Reading::Plain => {
                let places = facts.declared.entry(key).or_default();
                places.push(object.whole());
            }
            Reading::Names => {
                let places = facts.declared.entry(key).or_default();
                places.push(object.whole());
                return 1;
            }
            Reading::Rendered(Rendering {
                places: Some(places),
                ..
            }) => object.anchor = Anchor::Values(Arc::clone(places)),
            Reading::Rendered(rendering) => {
                let places = facts.declared.get(&key).map_or(&[][..], Vec::as_slice);
                object.anchor = Anchor::One(rendering.place(places));
            }
        }
        kinds::read(&object, facts);
        1
    }

    fn object<'d>(&self, value: Value<'d>, api_version: &str, kind: &str) -> Object<'d> {
        let rendering = match self.reading {
            Reading::Rendered(rendering) => Some(rendering),
            Reading::Plain | Reading::Names => None,
        };
        let (group, _) = api_version.split_once('/').unwrap_or_default();
        let named = |key: &str| {
            value
                .at(&["metadata", key])
                .and_then(Value::to_text)
                .filter(|name| !name.is_empty())
        };
        Object {
            value,
            file: Arc::clone(self.file),
            group: group.to_owned(),
            kind: kind.to_owned(),
            name: named("name")
                .or_else(|| named("generateName"))
                .unwrap_or_default(),
            namespace: named("namespace"),
            variants: rendering
                .map(|it| vec![it.variant.clone()])
                .unwrap_or_default(),
            rendered_from: rendering.map(|it| FileRef::new(&*it.source)),
            anchor: Anchor::Own,
        }
    }
}
