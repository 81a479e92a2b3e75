//! Entry files: YAML or JSON, one mapping per document.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use jiff::SignedDuration;
use palisade_document::{Limits, SourceFile, Syntax, Value, parse};
use palisade_model::Diagnostic;

use super::condition::Condition;
use super::entry::{Entry, EntryName, MOST_ALTERNATIVES, MOST_ITEMS, MOST_MATCHED};
use super::mint::{MintRule, PathPattern};
use super::pattern::Pattern;
use super::template::{IdTemplate, NameTemplate};
use crate::fields::Fields;
use crate::{Attribute, TrustDomain};

/// Bounds on one entry file: room for 10,000 entries of every key.
const LIMITS: Limits = Limits {
    max_bytes: 16 << 20,
    max_depth: 16,
    max_nodes: 1_000_000,
    max_alias_nodes: 10_000,
};
/// The most mint rules.
const MOST_RULES: usize = 10_000;

/// The keys of a file, of an entry and of a mint rule.
pub(super) const FILE_KEYS: &[&str] = &["owner", "entries", "mint"];
pub(super) const ENTRY_KEYS: &[&str] = &[
    "name",
    "match",
    "id",
    "owner",
    "x509-lifetime",
    "jwt-lifetime",
    "audiences",
    "federates-with",
    "dns-names",
    "hint",
    "requires",
];
pub(super) const RULE_KEYS: &[&str] = &["path", "owners", "files"];

/// What one entry file says.
#[derive(Debug, Default)]
pub struct FileEntries {
    /// The entries that could be read.
    pub entries: Vec<Entry>,
    /// The mint rules that could be read.
    pub rules: Vec<MintRule>,
    /// What is wrong; with any error in it the file as a whole must not be used.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads one entry file. It never fails as a whole: what is wrong is said at its place.
pub fn read(file: Arc<SourceFile>) -> FileEntries {
    let syntax = match file.path().rsplit_once('.') {
        Some((_, "json")) => Syntax::Json,
        _ => Syntax::Yaml,
    };
    let (document, errors) = parse(Arc::clone(&file), syntax, &LIMITS);
    let mut fields = Fields::new(file);
    for error in errors {
        fields.wrong(error.span, &error.message, None);
    }
    let (mut entries, mut rules) = (Vec::new(), Vec::new());
    for root in document.roots().filter(|root| !root.is_null()) {
        root_of(&mut fields, root, &mut entries, &mut rules);
    }
    FileEntries {
        entries,
        rules,
        diagnostics: fields.diagnostics,
    }
}

fn root_of(
    fields: &mut Fields,
    root: Value<'_>,
    entries: &mut Vec<Entry>,
    rules: &mut Vec<MintRule>,
) {
    if !fields.mapping(root, "an entry file", FILE_KEYS) {
        return;
    }
    let owner = root
        .get("owner")
        .and_then(|owner| fields.text(owner, "owner"));
    if let Some(list) = items(fields, root, "entries") {
        let read = list.filter_map(|value| entry(fields, value, owner.as_deref()));
        entries.extend(read);
    }
    if let Some(list) = items(fields, root, "mint") {
        if list.len() > MOST_RULES {
            let message = format!("at most {MOST_RULES} mint rules are taken");
            fields.wrong(root.span(), message, None);
            return;
        }
        let read = list.filter_map(|value| rule(fields, value));
        rules.extend(read);
    }
}

fn items<'d>(
    fields: &mut Fields,
    root: Value<'d>,
    key: &str,
) -> Option<impl ExactSizeIterator<Item = Value<'d>> + use<'d>> {
    let value = root.get(key).filter(|value| !value.is_null())?;
    if !value.is_array() {
        let help = format!("begin each one with a dash below `{key}:`");
        fields.wrong(value.span(), format!("`{key}` is a list"), Some(help));
        return None;
    }
    Some(value.items())
}

fn entry(fields: &mut Fields, value: Value<'_>, owner: Option<&str>) -> Option<Entry> {
    if !fields.mapping(value, "an entry", ENTRY_KEYS) {
        return None;
    }
    let before = fields.diagnostics.len();
    let name = required(fields, value, "name", EntryName::new);
    let id = required(fields, value, "id", IdTemplate::new);
    let matches = matches(fields, value);
    let owner = match value.get("owner") {
        Some(own) => fields.text(own, "owner"),
        None => owner.map(str::to_owned),
    };
    if owner.is_none() && value.get("owner").is_none() {
        let help = "write `owner: <team>` here, or at the top of the file for all its entries";
        let message = "nobody owns this entry";
        fields.wrong(value.span(), message, Some(help.to_owned()));
    }
    let lists = (
        texts(fields, value, "audiences"),
        list(fields, value, "federates-with", TrustDomain::new),
        list(fields, value, "dns-names", NameTemplate::new),
        list(fields, value, "requires", Condition::new),
    );
    let lifetimes = (
        duration(fields, value, "x509-lifetime"),
        duration(fields, value, "jwt-lifetime"),
    );
    let hint = value.get("hint").map(|hint| fields.text(hint, "hint"));
    if fields.diagnostics.len() > before {
        return None;
    }
    let entry = Entry {
        name: name?,
        matches: matches?,
        id: id?,
        owner: owner?,
        x509_lifetime: lifetimes.0,
        jwt_lifetime: lifetimes.1,
        audiences: lists.0?,
        federates_with: lists.1?,
        dns_names: lists.2?,
        hint: hint.flatten().unwrap_or_default(),
        requires: lists.3?,
        origin: fields.origin(value.span()),
    };
    match entry.validate() {
        Ok(()) => Some(entry),
        Err(error) => {
            fields.wrong(value.span(), error, None);
            None
        }
    }
}

fn required<T, E: std::fmt::Display>(
    fields: &mut Fields,
    value: Value<'_>,
    key: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    if let Some(found) = value.get(key) {
        return fields.parsed(found, key, parse);
    }
    let help = format!("add `{key}: …`");
    fields.wrong(value.span(), format!("`{key}` is missing"), Some(help));
    None
}

fn list<T, E: std::fmt::Display>(
    fields: &mut Fields,
    value: Value<'_>,
    key: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Option<Vec<T>> {
    match value.get(key) {
        Some(found) => fields.list(found, (key, MOST_ITEMS), parse),
        None => Some(Vec::new()),
    }
}

fn texts(fields: &mut Fields, value: Value<'_>, key: &str) -> Option<Vec<String>> {
    let own = |text: &str| Ok::<_, std::convert::Infallible>(text.to_owned());
    list(fields, value, key, own)
}

pub(super) fn matches(
    fields: &mut Fields,
    value: Value<'_>,
) -> Option<IndexMap<Attribute, Vec<Pattern>>> {
    let Some(found) = value.get("match") else {
        let help = "add `match:` with attested attributes, such as `unix.uid: 1000`";
        let message = "`match` is missing";
        fields.wrong(value.span(), message, Some(help.to_owned()));
        return None;
    };
    let count = found.entries().len();
    if !found.is_object() || count > MOST_MATCHED {
        let help = "write attributes with their values, such as `unix.uid: 1000`";
        let message = format!("`match` is a mapping of at most {MOST_MATCHED} attributes");
        fields.wrong(found.span(), message, Some(help.to_owned()));
        return None;
    }
    let mut matches = IndexMap::new();
    let before = fields.diagnostics.len();
    for pair in found.entries() {
        let attribute = match Attribute::new(pair.key) {
            Ok(attribute) => attribute,
            Err(error) => {
                fields.wrong(pair.key_span, error, None);
                continue;
            }
        };
        let pattern = |text: &str| {
            let pattern = Pattern::new(text)?;
            pattern.suits(&attribute).map(|()| pattern)
        };
        let patterns = fields.list(pair.value, (pair.key, MOST_ALTERNATIVES), pattern);
        matches.extend(patterns.map(|patterns| (attribute, patterns)));
    }
    (fields.diagnostics.len() == before).then_some(matches)
}

fn duration(fields: &mut Fields, value: Value<'_>, key: &str) -> Option<Duration> {
    let parse = |text: &str| {
        let error = || format!("`{key}` is a length of time such as `30m` or `1h`");
        let parsed = text.parse::<SignedDuration>().map_err(|_| error())?;
        Duration::try_from(parsed).map_err(|_| error())
    };
    fields.parsed(value.get(key)?, key, parse)
}

fn rule(fields: &mut Fields, value: Value<'_>) -> Option<MintRule> {
    if !fields.mapping(value, "a mint rule", RULE_KEYS) {
        return None;
    }
    let path = required(fields, value, "path", PathPattern::new)?;
    let owners = texts(fields, value, "owners")?;
    let files = list(fields, value, "files", PathPattern::new)?;
    if owners.is_empty() && files.is_empty() {
        let help = "add `owners: [<team>]`, `files: [<file>]`, or both";
        let message = "this mint rule lets everybody mint its paths";
        fields.wrong(value.span(), message, Some(help.to_owned()));
        return None;
    }
    Some(MintRule {
        path,
        owners,
        files,
        origin: fields.origin(value.span()),
    })
}
