//! The files of a test, and the facts that they hold.

use bumpalo::Bump;
use palisade_document::{Document, Value};

use crate::context::Context;
use crate::datum::Datum;
use crate::folder::Folder;
use crate::input::Supplied;
use crate::languages::kyverno::jmespath::Expression;
use crate::languages::kyverno::scalars::build;

use super::file::Test;
use super::load;

/// Keys of a test that name files which are no policies.
pub(super) const KEYS: [&str; 10] = [
    "resources",
    "jsonPayloads",
    "jsonPayload",
    "targetResources",
    "paramResources",
    "clusterResources",
    "context",
    "variables",
    "userinfo",
    "userInfo",
];
/// Such keys of an expected result.
pub(super) const ROW_KEYS: [&str; 4] = [
    "cloneSourceResource",
    "patchedResources",
    "patchedResource",
    "generatedResource",
];

/// Files of a test, read.
#[derive(Debug)]
pub(super) struct Files {
    /// Policies and exceptions.
    pub(super) policies: Vec<Document>,
    /// What is judged.
    pub(super) resources: Vec<Document>,
    /// What rules change besides.
    pub(super) targets: Vec<Document>,
    /// What else is known: parameters, sources of copies, the cluster.
    pub(super) others: Vec<Document>,
    /// Values of variables.
    pub(super) values: Vec<Document>,
    /// Who asks.
    pub(super) user: Vec<Document>,
    globals: Vec<Document>,
}

impl Files {
    /// Reads the files that a test names.
    pub(super) fn read(folder: &Folder, path: &str, test: &Test<'_>) -> Result<Self, String> {
        let read = |paths: &[&str]| load::documents(folder, path, paths);
        let all = |keys: &[&str]| -> Result<Vec<Document>, String> {
            let mut found = Vec::new();
            for key in keys {
                found.extend(read(&test.paths(key))?);
            }
            Ok(found)
        };
        let mut others = all(&["paramResources", "clusterResources", "context"])?;
        for row in &test.rows {
            others.extend(read(&row.paths("cloneSourceResource")).unwrap_or_default());
        }
        let mut globals = Vec::new();
        let entries = test.root.get("globalContextEntries").into_iter();
        for entry in entries.flat_map(Value::items) {
            let listed = entry.get("resourceFiles").into_iter();
            let listed = listed.flat_map(Value::items).filter_map(Value::as_str);
            globals.extend(read(&listed.collect::<Vec<_>>())?);
        }
        Ok(Self {
            policies: all(&["policies", "exceptions"])?,
            resources: all(&["resources", "jsonPayloads", "jsonPayload"])?,
            targets: all(&["targetResources"])?,
            others,
            values: all(&["variables"])?,
            user: all(&["userinfo", "userInfo"])?,
            globals,
        })
    }
}

/// Facts about images and answers of API calls that a test's files hold.
pub(super) fn supplied<'f>(arena: &'f Bump, files: &'f Files, test: &Test<'f>) -> Supplied<'f> {
    let holders = files.others.iter().flat_map(Document::roots);
    let images = holders.filter_map(|root| root.at(&["spec", "images"]));
    let images: Vec<(&'f str, Value<'f>)> = images
        .flat_map(Value::items)
        .filter_map(|one| Some((one.get("image")?.as_str()?, one)))
        .collect();
    let calls = test.root.get("apiCallResponses").into_iter();
    let calls: Vec<(&'f str, Value<'f>)> = calls
        .flat_map(Value::items)
        .filter_map(|one| {
            let url = ["urlPath", "url"]
                .iter()
                .find_map(|key| one.get(key)?.as_str());
            let url = url.or_else(|| one.at(&["service", "url"])?.as_str())?;
            let response = one.get("response")?;
            let is_service = url.contains("://");
            Some((
                url,
                if is_service {
                    response
                } else {
                    response.get("body")?
                },
            ))
        })
        .collect();
    Supplied {
        images: arena.alloc_slice_copy(&images),
        api_calls: arena.alloc_slice_copy(&calls),
        ..Supplied::default()
    }
}

/// Entries of the global context that a test gives, with their projections.
pub(super) fn global_entries<'f>(
    context: &Context<'f>,
    files: &'f Files,
    test: &Test<'f>,
) -> Vec<(&'f str, Datum<'f>)> {
    let entries = test.root.get("globalContextEntries").into_iter();
    entries
        .flat_map(Value::items)
        .filter_map(|one| {
            let name = one.get("name")?.as_str()?;
            let given = one.get("data").or_else(|| one.get("resources"));
            let data = given.map_or_else(
                || build::list(context.arena, load::objects(context.arena, &files.globals)),
                Datum::from,
            );
            let projections = one.get("projections").into_iter().flat_map(Value::items);
            let projected: Vec<(&'f str, Datum<'f>)> = projections
                .filter_map(|one| {
                    let path = one.get("path").or_else(|| one.get("jmesPath"))?.as_str()?;
                    let compiled = Expression::compile(path).ok()?;
                    let found = compiled.search(context, data).ok()?;
                    Some((one.get("name")?.as_str()?, found))
                })
                .collect();
            if projected.is_empty() {
                return Some((name, data));
            }
            Some((name, build::map(context.arena, projected)))
        })
        .collect()
}
