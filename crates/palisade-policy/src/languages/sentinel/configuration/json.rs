//! A configuration in JSON: the form that mirrors HCL, and the older one with bare paths.

use std::collections::BTreeMap;

use palisade_document::{SourceFile, Span};
use serde_json::Value as Json;

use super::{Configuration, ConfigurationMistake, ImportEntry, ImportFrom, PolicyEntry, mistake};

pub(super) fn read(file: &SourceFile) -> Result<Configuration, ConfigurationMistake> {
    let root: Json = serde_json::from_str(file.text()).map_err(|error| {
        let line = u32::try_from(error.line()).unwrap_or(1);
        mistake(file.line_span(line), format!("this is no JSON: {error}"))
    })?;
    let Json::Object(root) = root else {
        return Err(mistake(Span::default(), "a configuration is a JSON object"));
    };
    let mut to = Configuration::default();
    for (key, value) in root {
        let place = place(file, &key);
        let Json::Object(entries) = value else {
            return Err(mistake(place, format!("`{key}` is a JSON object")));
        };
        let entries: BTreeMap<String, Json> = entries.into_iter().collect();
        match key.as_str() {
            "mock" | "mocks" => {
                for (name, from) in entries {
                    to.imports.push(ImportEntry {
                        from: mock(from, place)?,
                        name,
                        is_mock: true,
                        span: place,
                    });
                }
            }
            "module" | "modules" => {
                for (name, from) in entries {
                    to.imports.push(ImportEntry {
                        from: ImportFrom::Module(source(&from, place)?),
                        name,
                        is_mock: false,
                        span: place,
                    });
                }
            }
            "import" | "imports" => imports(entries, place, &mut to)?,
            "policy" | "policies" => {
                for (name, entry) in entries {
                    to.policies.push(policy(name, &entry, place));
                }
            }
            "param" | "params" => to.parameters = values(entries),
            "global" | "globals" => to.globals = values(entries),
            "test" | "tests" => {
                to.expected = Some(match entries.get("rules") {
                    Some(Json::Object(rules)) => rules.clone().into_iter().collect(),
                    _ => entries,
                });
            }
            "sentinel" => {}
            other => {
                let sentence = format!("`{other}` is no part of a configuration");
                return Err(mistake(place, sentence));
            }
        }
    }
    Ok(to)
}

/// Where a key of the outermost object stands, as near as its text tells.
fn place(file: &SourceFile, key: &str) -> Span {
    let at = file.text().find(&format!("\"{key}\"")).unwrap_or(0);
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(offset(at), offset(at + key.len() + 2))
}

/// A path, or an object with a `source` or a `path`.
fn source(from: &Json, place: Span) -> Result<String, ConfigurationMistake> {
    let found = match from {
        Json::String(path) => Some(path.as_str()),
        other => other
            .get("source")
            .or_else(|| other.get("path"))
            .and_then(Json::as_str),
    };
    found
        .map(str::to_owned)
        .ok_or_else(|| mistake(place, "a module needs a `source`"))
}

fn mock(from: Json, place: Span) -> Result<ImportFrom, ConfigurationMistake> {
    match &from {
        Json::String(path) => Ok(ImportFrom::Module(path.clone())),
        Json::Object(entries) if entries.len() == 1 => {
            match (entries.get("module"), entries.get("data")) {
                (Some(module), _) if module.get("source").is_some() => {
                    Ok(ImportFrom::Module(source(module, place)?))
                }
                (_, Some(data)) => Ok(ImportFrom::Data(data.clone())),
                _ => Ok(ImportFrom::Data(from)),
            }
        }
        _ => Ok(ImportFrom::Data(from)),
    }
}

fn imports(
    entries: BTreeMap<String, Json>,
    place: Span,
    to: &mut Configuration,
) -> Result<(), ConfigurationMistake> {
    for (key, value) in entries {
        let named = match (key.as_str(), &value) {
            ("module" | "static" | "plugin", Json::Object(named)) => named.clone(),
            _ => serde_json::Map::from_iter([(key.clone(), Json::Null)]),
        };
        for (name, from) in named {
            let from = match key.as_str() {
                "module" => ImportFrom::Module(source(&from, place)?),
                "static" => ImportFrom::Static(source(&from, place)?),
                _ => ImportFrom::Plugin,
            };
            to.imports.push(ImportEntry {
                name,
                from,
                is_mock: false,
                span: place,
            });
        }
    }
    Ok(())
}

fn policy(name: String, entry: &Json, place: Span) -> PolicyEntry {
    let text = |key: &str| entry.get(key).and_then(Json::as_str).map(str::to_owned);
    let parameters = match entry.get("params") {
        Some(Json::Object(parameters)) => Some(parameters.clone().into_iter().collect()),
        _ => None,
    };
    PolicyEntry {
        source: text("source"),
        level: text("enforcement_level"),
        name,
        parameters,
        span: place,
    }
}

/// Values, bare or each under `value`.
fn values(entries: BTreeMap<String, Json>) -> BTreeMap<String, Json> {
    let bare = |value: Json| match value {
        Json::Object(mut entries) if entries.len() == 1 && entries.contains_key("value") => {
            entries.remove("value").unwrap_or(Json::Null)
        }
        other => other,
    };
    entries
        .into_iter()
        .map(|(name, value)| (name, bare(value)))
        .collect()
}
