//! Compose files, for the images that they build. What their services run is not read.

use std::sync::Arc;

use palisade_document::{SourceFile, Syntax, SyntaxSeverity, Value, fingerprint, parse};
use palisade_model::{Fact, ImageRef, MadeImage, NodeId, NodeKind, Origin, Outcome, Pipeline};

use crate::facts::Facts;
use crate::object::Object;
use crate::paths;

const SLUG: &str = "compose";

/// Whether a file is a Compose file, by its name.
pub(crate) fn names(path: &str) -> bool {
    let name = super::file_name(path).to_ascii_lowercase();
    let stem = name
        .strip_suffix(".yaml")
        .or_else(|| name.strip_suffix(".yml"));
    stem.is_some_and(|stem| {
        let stem = stem.strip_prefix("docker-").unwrap_or(stem);
        stem == "compose" || stem.starts_with("compose.") || stem.starts_with("compose-")
    })
}

/// Whether a text has services.
pub(crate) fn applies(_: &str, text: &str) -> bool {
    text.lines().any(|line| line.starts_with("services:"))
}

/// Reads the images that a Compose file builds.
pub(crate) fn read(file: &Arc<SourceFile>, facts: &mut Facts) -> Outcome {
    let (document, errors) = parse(Arc::clone(file), Syntax::Yaml, &facts.limits);
    let broken = errors
        .into_iter()
        .find(|error| error.severity == SyntaxSeverity::Fatal);
    if let Some(error) = broken {
        let origin = Origin::new(file, error.span);
        let reason = format!("{} at line {}", error.message, origin.start.line);
        facts.error(origin, error.message);
        return Outcome::Unread { reason };
    }
    let Some(root) = document.roots().next() else {
        return nothing();
    };
    let object = Object::of_file(file, "Compose", root);
    let folder = paths::folder(file.path());
    let services = object.at(&["services"]);
    let entries = services.into_iter().flat_map(Value::entries);
    let makes: Vec<MadeImage> = entries
        .filter_map(|entry| made(&object, entry.value, folder))
        .collect();
    if makes.is_empty() {
        return nothing();
    }
    let origin = object.origin_of(services.unwrap_or(root));
    facts.note(
        origin.clone(),
        "services of a Compose file are read for the images that they build only",
    );
    let resources = u32::try_from(makes.len()).unwrap_or(u32::MAX);
    let path = file.path().to_string();
    facts.model.pipelines.push(Pipeline {
        id: NodeId::new(NodeKind::Pipeline, &path),
        name: path,
        build: None,
        makes,
        deploys: Vec::new(),
        origin,
        content: fingerprint(root).to_string(),
    });
    Outcome::Read {
        format: SLUG.to_owned(),
        resources,
    }
}

fn nothing() -> Outcome {
    Outcome::NotApplicable {
        reason: "a Compose file that builds no image by name; what its services run is not read"
            .to_owned(),
    }
}

/// The image of a service that is built and has a name.
fn made<'d>(object: &Object<'d>, service: Value<'d>, folder: &str) -> Option<MadeImage> {
    let build = service.get("build")?;
    let written = object.text_in(service, &["image"])?;
    let image = ImageRef::parse(&written.value)?;
    let text = |key: &str| build.get(key).and_then(Value::to_text);
    let context = build.to_text().or_else(|| text("context"));
    let context = context.unwrap_or_default();
    let file = text("dockerfile").unwrap_or_else(|| "Dockerfile".to_owned());
    let inline = build.get("dockerfile_inline").is_some();
    let build_file = paths::joined(folder, &format!("{context}/{file}"));
    Some(MadeImage {
        image: Fact::new(image, written.origin),
        build_file: build_file.filter(|_| !inline && !context.contains("://")),
    })
}
