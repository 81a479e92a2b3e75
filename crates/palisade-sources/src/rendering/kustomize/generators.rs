//! ConfigMaps and Secrets that a kustomization generates.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Refusal;
use super::resource::{Resource, Resources};
use super::settings::{Settings, known, pairs};
use super::source::Source;
use crate::rendering::tree::{Field, Map, Node, Place, Tree};

const KEYS: &[&str] = &[
    "behavior",
    "env",
    "envs",
    "files",
    "literals",
    "name",
    "namespace",
    "options",
    "type",
];
const OPTIONS: &[&str] = &[
    "annotations",
    "disableNameSuffixHash",
    "immutable",
    "labels",
];

/// What is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    ConfigMap,
    Secret,
}

/// Adds what a kustomization in a folder generates.
pub(super) fn generate(
    resources: &mut Resources,
    settings: &Settings,
    folder: &str,
    source: &Source<'_>,
) -> Result<(), Refusal> {
    let global = settings.generator_options.as_ref();
    let config_maps = settings.config_maps.iter().map(|it| (it, Form::ConfigMap));
    let secrets = settings.secrets.iter().map(|it| (it, Form::Secret));
    for (item, form) in config_maps.chain(secrets) {
        let options = Options::of(item, global)?;
        let data = data(item, form, (folder, source))?;
        absorb(resources, item, (form, options, data))?;
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Options {
    labels: Map,
    annotations: Map,
    keeps_name: bool,
    immutable: Option<Tree>,
}

impl Options {
    fn of(item: &Tree, global: Option<&Tree>) -> Result<Self, Refusal> {
        known("generator", item, KEYS)?;
        let mut options = Self::default();
        // What the item says overrides what holds for all.
        for tree in global.into_iter().chain(item.get("options")) {
            known("generator", tree, OPTIONS)?;
            for (key, to) in [
                ("labels", &mut options.labels),
                ("annotations", &mut options.annotations),
            ] {
                if let Some(value) = tree.get(key).filter(|it| !it.is_null()) {
                    to.extend(pairs(value)?);
                }
            }
            let is_set = |key: &str| {
                matches!(
                    tree.get(key),
                    Some(Tree {
                        node: Node::Bool(true),
                        ..
                    })
                )
            };
            options.keeps_name |= is_set("disableNameSuffixHash");
            if is_set("immutable") {
                options.immutable = tree.get("immutable").cloned();
            }
        }
        Ok(options)
    }
}

/// The data of one object, sorted by key.
fn data(
    item: &Tree,
    form: Form,
    (folder, source): (&str, &Source<'_>),
) -> Result<BTreeMap<String, Tree>, Refusal> {
    let mut found: Vec<(String, Tree)> = Vec::new();
    let list = |key: &str| item.get(key).map_or(&[][..], Tree::items);
    for literal in list("literals") {
        let text = literal.scalar().unwrap_or_default();
        let (key, value) = text
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| Refusal::new("a literal is no `key=value`"))?;
        found.push((key.to_owned(), Tree::text(unquoted(value), &literal.place)));
    }
    for written in list("files") {
        let text = written.scalar().unwrap_or_default();
        let (key, path) = match text.split_once('=') {
            Some((key, path)) => (key, path),
            None => (text.rsplit('/').next().unwrap_or(""), text.as_str()),
        };
        let file = source.file(folder, path)?;
        let place = if source.is_shown(&file) {
            Place::first_line(&file)
        } else {
            written.place.clone()
        };
        found.push((key.to_owned(), Tree::text(file.text(), &place)));
    }
    let single = item.get("env").into_iter();
    for written in list("envs").iter().chain(single) {
        let path = written.scalar().unwrap_or_default();
        let file = source.file(folder, &path)?;
        lines(file.text(), &written.place, &mut found)?;
    }
    let mut data = BTreeMap::new();
    for (key, mut value) in found {
        if form == Form::Secret {
            let text = value.scalar().unwrap_or_default();
            value.node = Node::Text(STANDARD.encode(text));
        }
        if data.insert(key.clone(), value).is_some() {
            return Err(Refusal(format!("`{key}` is generated twice")));
        }
    }
    Ok(data)
}

/// The variables of an environment file; one without a value would come from outside.
fn lines(text: &str, place: &Place, found: &mut Vec<(String, Tree)>) -> Result<(), Refusal> {
    for line in text.trim_start_matches('\u{feff}').lines() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line
            .split_once('=')
            .ok_or_else(|| Refusal::new("a line of an environment file has no `=`"))?;
        found.push((key.to_owned(), Tree::text(value, place)));
    }
    Ok(())
}

fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        let inner = value
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner;
        }
    }
    value
}

type Made = (Form, Options, BTreeMap<String, Tree>);

/// Adds an object, or merges it into the one of its name, which decides whether a hash follows.
fn absorb(resources: &mut Resources, item: &Tree, made: Made) -> Result<(), Refusal> {
    let behavior = item.scalar_at("behavior").unwrap_or_default();
    let resource = object(item, made)?;
    let id = resource.id();
    let known = resources.list.iter().position(|it| it.is_named(&id));
    match (
        behavior.as_str(),
        known.and_then(|at| resources.list.get_mut(at)),
    ) {
        ("" | "create", None) => resources.list.push(resource),
        ("merge" | "replace", Some(old)) => {
            let mut tree = resource.tree;
            if behavior == "merge" {
                for key in ["data", "binaryData"] {
                    if let Some(below) = old.tree.get(key).cloned() {
                        lay_under(&mut tree, key, below)?;
                    }
                }
            }
            take_metadata(&mut tree, &old.tree);
            // Whether a hash follows is for the first one to say.
            old.tree = tree;
        }
        (other, _) => {
            return Err(Refusal(format!(
                "the behavior `{other}` does not fit for `{}`",
                id.name
            )));
        }
    }
    Ok(())
}

/// Takes name, namespace, labels and annotations over from the object that was there.
fn take_metadata(new: &mut Tree, old: &Tree) {
    let Some(mut metadata) = old.get("metadata").cloned() else {
        return;
    };
    for key in ["labels", "annotations"] {
        let Some(mut over) = new.at(&["metadata", key]).cloned() else {
            continue;
        };
        if let Some(below) = metadata.get(key).and_then(Tree::map).cloned() {
            fill(&mut over, below);
        }
        metadata.set(key, over);
    }
    new.set("metadata", metadata);
}

/// Adds the fields of a mapping that the one under a key has not.
fn lay_under(tree: &mut Tree, key: &str, below: Tree) -> Result<(), Refusal> {
    let place = below.place.clone();
    let (Some(over), Node::Map(below)) = (tree.map_under(key, &place), below.node) else {
        return Err(Refusal(format!("`{key}` is no mapping")));
    };
    fill(over, below);
    Ok(())
}

fn fill(over: &mut Tree, below: Map) {
    let Some(map) = over.map_mut() else {
        return;
    };
    for (key, field) in below {
        map.entry(key).or_insert(field);
    }
}

fn object(item: &Tree, (form, options, data): Made) -> Result<Resource, Refusal> {
    let place = &item.place;
    let name = item
        .get("name")
        .filter(|name| name.scalar().is_some())
        .ok_or_else(|| Refusal::new("a generator has no name"))?;
    let kind = match form {
        Form::ConfigMap => "ConfigMap",
        Form::Secret => "Secret",
    };
    let mut tree = Tree::empty(place);
    tree.set("apiVersion", Tree::text("v1", place));
    tree.set("kind", Tree::text(kind, place));
    let mut metadata = Tree::empty(place);
    metadata.set("name", name.clone());
    if let Some(namespace) = item.get("namespace") {
        metadata.set("namespace", namespace.clone());
    }
    for (key, pairs) in [
        ("labels", options.labels),
        ("annotations", options.annotations),
    ] {
        if !pairs.is_empty() {
            let node = Node::Map(pairs);
            let place = place.clone();
            metadata.set(key, Tree { place, node });
        }
    }
    tree.set("metadata", metadata);
    if form == Form::Secret {
        let written = item.get("type").cloned();
        tree.set(
            "type",
            written.unwrap_or_else(|| Tree::text("Opaque", place)),
        );
    }
    if !data.is_empty() {
        let fields = data.into_iter().map(|(key, value)| {
            let place = value.place.clone();
            (key, Field { key: place, value })
        });
        let node = Node::Map(fields.collect());
        let place = place.clone();
        tree.set("data", Tree { place, node });
    }
    if let Some(immutable) = options.immutable {
        tree.set("immutable", immutable);
    }
    let mut resource = Resource::new(tree)?;
    resource.wants_hash = !options.keeps_name;
    Ok(resource)
}
