//! Skaffold: the images that it builds, and the manifests that it deploys.

use std::sync::Arc;

use palisade_document::{SourceFile, Syntax, SyntaxSeverity, Value, fingerprint, parse};
use palisade_model::{
    DeployPath, Fact, ImageRef, MadeImage, NodeId, NodeKind, Origin, Outcome, Pipeline,
};

use crate::facts::Facts;
use crate::object::Object;
use crate::paths;

const SLUG: &str = "skaffold";

/// Where manifests stand when nothing is said.
const DEFAULT_MANIFESTS: &str = "k8s/*.yaml";

/// Builders that start from something other than a Dockerfile.
const OTHER_BUILDERS: [&str; 5] = ["bazel", "buildpacks", "custom", "jib", "ko"];

/// Whether a file may be a configuration of Skaffold, by its name.
pub(crate) fn names(path: &str) -> bool {
    super::is_yaml(path)
}

/// Whether a text is one.
pub(crate) fn applies(_: &str, text: &str) -> bool {
    text.lines().any(|line| {
        let value = line.strip_prefix("apiVersion:").map(str::trim);
        value.is_some_and(|value| value.trim_matches(['"', '\'']).starts_with("skaffold/"))
    })
}

/// Reads a configuration: all its documents are one pipeline.
pub(crate) fn read(file: &Arc<SourceFile>, facts: &mut Facts) -> Outcome {
    let (document, errors) = parse(Arc::clone(file), Syntax::Yaml, &facts.limits);
    let mut broken = None;
    for error in errors {
        let origin = Origin::new(file, error.span);
        if error.severity == SyntaxSeverity::Fatal {
            broken = Some(format!("{} at line {}", error.message, origin.start.line));
            facts.error(origin, error.message);
        } else {
            facts.warn(origin, error.message);
        }
    }
    let folder = paths::folder(file.path());
    let (mut makes, mut deploys, mut content) = (Vec::new(), Vec::new(), String::new());
    let mut first = None;
    for root in document.roots() {
        let object = Object::of_file(file, "Config", root);
        makes.extend(artifacts(&object, folder, facts));
        deploys.extend(manifests(&object, folder));
        content.push_str(&fingerprint(root).to_string());
        first = first.or_else(|| {
            object
                .at(&["apiVersion"])
                .map(|value| object.origin_of(value))
        });
    }
    let resources = u32::try_from(makes.len() + deploys.len()).unwrap_or(u32::MAX);
    if let Some(origin) = first {
        let path = file.path().to_string();
        facts.model.pipelines.push(Pipeline {
            id: NodeId::new(NodeKind::Pipeline, &path),
            name: path,
            build: None,
            makes,
            deploys,
            origin,
            content,
        });
    }
    match broken {
        None => Outcome::Read {
            format: SLUG.to_owned(),
            resources,
        },
        Some(reason) if resources > 0 => Outcome::Partial {
            format: SLUG.to_owned(),
            reason,
        },
        Some(reason) => Outcome::Unread { reason },
    }
}

fn artifacts(object: &Object<'_>, folder: &str, facts: &mut Facts) -> Vec<MadeImage> {
    let mut made = Vec::new();
    for artifact in object.items(&["build", "artifacts"]) {
        let Some(written) = object.text_in(artifact, &["image"]) else {
            let message = "this artifact names no `image`, so it was left out";
            facts.warn(object.origin_of(artifact), message);
            continue;
        };
        let Some(image) = ImageRef::parse(&written.value) else {
            let message = format!("`{}` is no image reference", written.value);
            facts.warn(written.origin, message);
            continue;
        };
        let text = |path: &[&str]| artifact.at(path).and_then(Value::to_text);
        let context = text(&["context"]).unwrap_or_default();
        let file = text(&["docker", "dockerfile"]).unwrap_or_else(|| "Dockerfile".to_owned());
        let other = OTHER_BUILDERS.iter().any(|key| artifact.get(key).is_some());
        let build_file = paths::joined(folder, &format!("{context}/{file}"));
        made.push(MadeImage {
            image: Fact::new(image, written.origin),
            build_file: build_file.filter(|_| !other),
        });
    }
    made
}

/// What is deployed, of newer and older versions of the format.
fn manifests(object: &Object<'_>, folder: &str) -> Vec<Fact<DeployPath>> {
    let mut found = Vec::new();
    let mut take = |path: &[&str], kind: &dyn Fn(String) -> DeployPath| {
        for text in object.texts_in(object.value, path) {
            if let Some(path) = paths::joined(folder, &text.value) {
                found.push(Fact::new(kind(path), text.origin));
            }
        }
    };
    take(&["manifests", "rawYaml"], &glob);
    take(&["deploy", "kubectl", "manifests"], &glob);
    take(&["manifests", "kustomize", "paths"], &DeployPath::Here);
    take(&["deploy", "kustomize", "paths"], &DeployPath::Here);
    for part in ["manifests", "deploy"] {
        for release in object.items(&[part, "helm", "releases"]) {
            if let Some(chart) = object.text_in(release, &["chartPath"]) {
                let path = paths::joined(folder, &chart.value).map(DeployPath::Here);
                found.extend(path.map(|path| Fact::new(path, chart.origin)));
            } else if let Some(chart) = object.text_in(release, &["remoteChart"]) {
                let chart = Fact::new(DeployPath::Elsewhere(chart.value), chart.origin);
                found.push(chart);
            }
        }
    }
    let says = |key: &str| object.at(&[key]).is_some();
    if found.is_empty() && !says("manifests") && says("build") {
        let path = paths::joined(folder, DEFAULT_MANIFESTS).map(DeployPath::Glob);
        found.extend(path.map(|path| Fact::new(path, object.whole())));
    }
    found
}

fn glob(path: String) -> DeployPath {
    if path.contains(['*', '?', '[', '{']) {
        DeployPath::Glob(path)
    } else {
        DeployPath::Here(path)
    }
}
