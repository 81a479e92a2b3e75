//! Which files of a folder are policies, and what they hold: modules, documents, archives,
//! Gatekeeper's objects.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use palisade_document::{
    Document, Limits, SourceFile, SyntaxError, SyntaxSeverity, Value, parse_json, parse_yaml,
};
use palisade_model::Origin;

use super::engine::{Foreign, from_datum};
use super::gatekeeper::{is_constraint, is_template};
use super::joining;
use super::modules::{Dialect, PolicyText};
use crate::datum::Datum;
use crate::error::PolicyError;
use crate::folder::Folder;
use crate::language::Bundle;
use crate::listed::{is_cut_off, objects};

/// Most bytes that an archive unpacks to.
const MAX_UNPACKED: u64 = 256 << 20;
/// Most files in an archive.
const MAX_MEMBERS: usize = 20_000;

/// The bundles of a folder: one per topmost folder with modules (those that need each other are
/// one), one per archive, and one with the Gatekeeper objects.
pub(super) fn discover(folder: &Folder) -> Result<Vec<Bundle>, PolicyError> {
    let unread = |error: crate::folder::ReadError| PolicyError::new(error.to_string());
    let files = folder.files().map_err(unread)?;
    let mut bundles = joining::bundles(folder, &files)?;
    for file in files.iter().filter(|file| is_archive(file)) {
        let bytes = folder.read_bytes(file).map_err(unread)?;
        let shown = folder.shown(file);
        let files = unpack(&bytes, &shown)
            .map_err(|reason| PolicyError::new(format!("cannot unpack `{shown}`: {reason}")))?;
        if files.keys().any(|name| is_module(name)) {
            bundles.push(Bundle { name: shown, files });
        }
    }
    let mut objects = Bundle {
        name: folder.shown(""),
        files: BTreeMap::new(),
    };
    let yaml = files.iter().filter(|file| is_yaml(file) && !is_data(file));
    for file in yaml {
        let text = folder
            .read(file)
            .map_err(|error| PolicyError::new(error.to_string()))?;
        if text.text().contains("gatekeeper.sh/") && holds_policies(&text) {
            objects.files.insert(file.clone(), text);
        }
    }
    if !objects.files.is_empty() {
        bundles.push(objects);
    }
    Ok(bundles)
}

pub(super) fn is_module(file: &str) -> bool {
    file.strip_suffix(".rego").is_some()
}

/// Whether a module holds tests only.
pub(super) fn is_test(file: &str) -> bool {
    file.ends_with("_test.rego")
}

pub(super) fn is_data(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    matches!(name, "data.json" | "data.yaml" | "data.yml")
}

fn is_yaml(file: &str) -> bool {
    let end = file.rsplit_once('.').map_or("", |(_, end)| end);
    end.eq_ignore_ascii_case("yaml") || end.eq_ignore_ascii_case("yml")
}

fn is_archive(file: &str) -> bool {
    [".tar.gz", ".tgz"].iter().any(|end| file.ends_with(end))
}

fn holds_policies(file: &Arc<SourceFile>) -> bool {
    let (document, errors) = parse_yaml(Arc::clone(file), &Limits::default());
    let mut roots = objects(&document);
    // A text that is cut off may hold a policy: compiling says so, rather than nobody.
    is_cut_off(&errors) || roots.any(|root| is_template(root) || is_constraint(root))
}

/// The modules and documents of an archive.
fn unpack(bytes: &[u8], shown: &str) -> Result<BTreeMap<String, Arc<SourceFile>>, String> {
    let unpacked = flate2::read::GzDecoder::new(bytes).take(MAX_UNPACKED + 1);
    let mut archive = tar::Archive::new(unpacked);
    let mut found = BTreeMap::new();
    let mut total = 0;
    let entries = archive.entries().map_err(|error| error.to_string())?;
    for (count, entry) in entries.enumerate() {
        let entry = entry.map_err(|error| error.to_string())?;
        total += entry.size();
        if count >= MAX_MEMBERS || total > MAX_UNPACKED {
            return Err(format!(
                "it holds more than {MAX_MEMBERS} files or {MAX_UNPACKED} bytes"
            ));
        }
        let path = entry.path().map_err(|error| error.to_string())?;
        let name = path
            .to_string_lossy()
            .trim_start_matches(['/', '.'])
            .to_owned();
        if !(is_module(&name) || is_data(&name)) || !entry.header().entry_type().is_file() {
            continue;
        }
        let mut text = String::new();
        entry
            .take(MAX_UNPACKED)
            .read_to_string(&mut text)
            .map_err(|error| format!("`{name}`: {error}"))?;
        let file = Arc::new(SourceFile::new(format!("{shown}/{name}"), text));
        found.insert(name, file);
    }
    Ok(found)
}

/// What a bundle holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) texts: Vec<PolicyText>,
    pub(super) data: Vec<Foreign>,
    /// YAML texts that hold templates or constraints.
    pub(super) objects: Vec<Document>,
    /// Texts of that kind that do not parse, by their names.
    pub(super) unread: Vec<(String, PolicyError)>,
}

/// Takes a bundle apart.
pub(super) fn contents(
    bundle: &Bundle,
    dialect: Dialect,
    with_tests: bool,
) -> Result<Contents, Vec<PolicyError>> {
    let mut contents = Contents::default();
    let mut errors = Vec::new();
    for (name, file) in &bundle.files {
        if is_module(name) {
            if with_tests || !is_test(name) {
                contents.texts.push(PolicyText::file(name, file, dialect));
            }
            continue;
        }
        let (document, mistakes) = if name.strip_suffix(".json").is_some() {
            parse_json(Arc::clone(file), &Limits::default())
        } else {
            parse_yaml(Arc::clone(file), &Limits::default())
        };
        let fatal = |mistake: &&SyntaxError| mistake.severity == SyntaxSeverity::Fatal;
        if let Some(mistake) = mistakes.iter().find(fatal) {
            let origin = Origin::new(file, mistake.span);
            let error = PolicyError::at(origin, mistake.message.clone());
            if is_data(name) {
                errors.push(error);
            } else {
                contents.unread.push((name.clone(), error));
            }
        } else if is_data(name) {
            match document.roots().next() {
                Some(root) if root.is_object() || !keys(name).is_empty() => {
                    contents.data.push(nested(name, root));
                }
                _ => errors.push(PolicyError::at(
                    Origin::new(file, palisade_document::Span::default()),
                    "a base document must be a mapping of names to values",
                )),
            }
        } else {
            contents.objects.push(document);
        }
    }
    if errors.is_empty() {
        Ok(contents)
    } else {
        Err(errors)
    }
}

/// The keys below which a base document stands: the names of its folders, from its bundle's on
/// (after `//` where that is not the first).
fn keys(name: &str) -> Vec<&str> {
    let path = name.rsplit_once("//").map_or(name, |(_, path)| path);
    let mut keys: Vec<&str> = path.split('/').collect();
    keys.pop();
    keys
}

/// A base document below the names of the folders that it stands in.
fn nested(name: &str, root: Value<'_>) -> Foreign {
    let mut value = from_datum(Datum::from(root));
    for folder in keys(name).into_iter().rev() {
        value = Foreign::object([(folder, value)]);
    }
    value
}
