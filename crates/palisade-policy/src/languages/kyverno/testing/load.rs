//! Reads the files that a test names.

use std::sync::Arc;

use bumpalo::Bump;
use palisade_document::{Document, Limits, SourceFile, SyntaxSeverity, parse};

use crate::datum::Datum;
use crate::folder::Folder;
use crate::languages::kyverno::scalars::build;
use crate::languages::kyverno::set::{is_yaml, syntax_of};
use crate::languages::kyverno::stored;

/// A path beside a test file; `None` if it leads elsewhere (a URL).
pub(super) fn beside(test: &str, path: &str) -> Option<String> {
    if path.contains("://") {
        return None;
    }
    let folder = test.rsplit_once('/').map_or("", |(folder, _)| folder);
    Some(match folder {
        "" => path.to_owned(),
        folder => format!("{folder}/{path}"),
    })
}

/// A file, or all files of a folder, that a test names.
pub(super) fn files(
    folder: &Folder,
    test: &str,
    path: &str,
) -> Result<Vec<Arc<SourceFile>>, String> {
    let Some(full) = beside(test, path) else {
        return Err(format!("`{path}` is on the network"));
    };
    match folder.read(&full) {
        Ok(file) => Ok(vec![file]),
        Err(error) => {
            let listed = below(folder, &full);
            if listed.is_empty() {
                return Err(error.to_string());
            }
            let read = listed.iter().map(|path| folder.read(path));
            read.collect::<Result<_, _>>()
                .map_err(|error| error.to_string())
        }
    }
}

/// The documents of files or of all files in folders.
pub(super) fn documents(
    folder: &Folder,
    test: &str,
    paths: &[&str],
) -> Result<Vec<Document>, String> {
    let mut found = Vec::new();
    for path in paths {
        let files = files(folder, test, path)?;
        for file in files {
            let syntax = syntax_of(file.path());
            let shown = Arc::clone(file.path());
            let (document, errors) = parse(file, syntax, &Limits::default());
            let fatal =
                |error: &&palisade_document::SyntaxError| error.severity == SyntaxSeverity::Fatal;
            if let Some(error) = errors.iter().find(fatal) {
                return Err(format!("`{shown}` does not parse: {}", error.message));
            }
            found.push(document);
        }
    }
    Ok(found)
}

/// The files right in a folder.
fn below(folder: &Folder, path: &str) -> Vec<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let prefix = parts.join("/");
    let mut listed: Vec<String> = std::fs::read_dir(folder.root().join(&prefix))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_yaml(name))
        .map(|name| format!("{prefix}/{name}"))
        .collect();
    listed.sort();
    listed
}

/// The Kubernetes objects of documents, as a server would hold them: lists opened, the default
/// namespace filled in, each object once.
pub(super) fn objects<'a>(arena: &'a Bump, documents: &'a [Document]) -> Vec<Datum<'a>> {
    let mut found: Vec<Datum<'a>> = Vec::new();
    for root in documents.iter().flat_map(Document::roots) {
        let root = Datum::from(root);
        let holder = build::text_at(root, &["kind"]).unwrap_or("");
        if matches!(holder, "Context" | "ClusterResource") {
            let held = build::at(root, &["spec", "resources"]).into_iter();
            found.extend(held.flat_map(Datum::items));
            continue;
        }
        let is_list = build::text_at(root, &["kind"]).is_some_and(|kind| kind.ends_with("List"));
        let items = root.get("items").filter(|items| is_list && items.is_list());
        let opened: Vec<_> = match items {
            Some(items) => items.items().collect(),
            None => vec![root],
        };
        for object in opened.into_iter().filter(|object| object.is_map()) {
            let object = stored::as_stored(arena, object);
            let is_plain = object.get("kind").is_none();
            if is_plain || !found.iter().any(|known| key(*known) == key(object)) {
                found.push(object);
            }
        }
    }
    found
}

/// What names an object: its kind with version, namespace and name.
pub(super) fn key(object: Datum<'_>) -> [&str; 4] {
    let text = |path: &[&str]| build::text_at(object, path).unwrap_or("");
    [
        text(&["apiVersion"]),
        text(&["kind"]),
        text(&["metadata", "namespace"]),
        match text(&["metadata", "name"]) {
            "" => text(&["metadata", "generateName"]),
            name => name,
        },
    ]
}
