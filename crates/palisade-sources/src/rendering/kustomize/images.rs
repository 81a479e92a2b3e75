//! Images and replica counts that a kustomization sets.

use regex::Regex;

use super::Refusal;
use super::fields::{FieldPath, Missing, visit};
use super::resource::Resources;
use crate::rendering::tree::{Node, Place, Tree};

/// Where images stand (Kustomize 5.5), beside any list named `containers` or `initContainers`.
const FIELDS: &[&str] = &[
    "spec/containers[]/image",
    "spec/initContainers[]/image",
    "spec/template/spec/containers[]/image",
    "spec/template/spec/initContainers[]/image",
];

/// What an image becomes.
#[derive(Debug)]
pub(super) struct ImageRule {
    pattern: Option<Regex>,
    new_name: Option<Tree>,
    new_tag: Option<Tree>,
    digest: Option<Tree>,
    tag_suffix: Option<Tree>,
}

impl ImageRule {
    /// Reads an item of `images`.
    pub(super) fn read(item: &Tree) -> Result<Self, Refusal> {
        const KEYS: &[&str] = &["digest", "name", "newName", "newTag", "tagSuffix"];
        let keys = item.map().into_iter().flat_map(|map| map.keys());
        if let Some(key) = keys.into_iter().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(Refusal(format!(
                "an image has `{key}`, which is not known here"
            )));
        }
        let part = |key: &str| {
            let tree = item.get(key).cloned();
            tree.filter(|tree| tree.scalar().is_some_and(|text| !text.is_empty()))
        };
        let name = item.scalar_at("name").unwrap_or_default();
        // The name is a pattern of its own, as Kustomize reads it; one that is none matches nothing.
        let algorithm = "[a-zA-Z0-9]+(?:[.+_-][a-zA-Z0-9]+)*";
        let text = format!("^{name}(:[a-zA-Z0-9_.{{}}-]*)?(@{algorithm}:[a-zA-Z0-9_.{{}}-]*)?$");
        Ok(Self {
            pattern: Regex::new(&text).ok(),
            new_name: part("newName"),
            new_tag: part("newTag"),
            digest: part("digest"),
            tag_suffix: part("tagSuffix"),
        })
    }

    /// Rewrites one image.
    fn rewrite(&self, image: &mut Tree) {
        let Some(old) = image.scalar() else {
            return;
        };
        if !self.pattern.as_ref().is_some_and(|it| it.is_match(&old)) {
            return;
        }
        let text = |part: &Option<Tree>| part.as_ref().and_then(Tree::scalar);
        let (mut name, mut tag, mut digest) = split(&old);
        if let Some(new) = text(&self.new_name) {
            name = new;
        }
        match (
            text(&self.new_tag),
            text(&self.digest),
            text(&self.tag_suffix),
        ) {
            (Some(new_tag), new_digest, _) => {
                tag = new_tag;
                digest = new_digest.unwrap_or_default();
            }
            (None, Some(new_digest), _) => {
                tag = String::new();
                digest = new_digest;
            }
            (None, None, Some(suffix)) => {
                tag.push_str(&suffix);
                digest = String::new();
            }
            (None, None, None) => {}
        }
        let mut new = name;
        if !tag.is_empty() {
            new = format!("{new}:{tag}");
        }
        if !digest.is_empty() {
            new = format!("{new}@{digest}");
        }
        // The words that decide what runs are those of the kustomization.
        let deciding = [
            &self.digest,
            &self.new_tag,
            &self.tag_suffix,
            &self.new_name,
        ];
        if let Some(tree) = deciding.into_iter().flatten().next() {
            *image = Tree::text(new, &tree.place);
        }
    }
}

/// Name, tag and digest of an image.
fn split(image: &str) -> (String, String, String) {
    let from = image.find('/').filter(|at| *at > 0).unwrap_or(0);
    let rest = image.get(from..).unwrap_or("");
    let (rest, digest) = match rest.find('@') {
        Some(at) if rest.find(':').is_none_or(|colon| colon > at) => {
            let (name, digest) = rest.split_at(at);
            let whole = format!("{}{name}", image.get(..from).unwrap_or(""));
            return (
                whole,
                String::new(),
                digest.trim_start_matches('@').to_owned(),
            );
        }
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let (name, tag) = rest.split_once(':').unwrap_or((rest, ""));
    (
        format!("{}{name}", image.get(..from).unwrap_or("")),
        tag.to_owned(),
        digest.trim_start_matches('@').to_owned(),
    )
}

/// Rewrites the images of all objects.
pub(super) fn rewrite(resources: &mut Resources, rule: &ImageRule) {
    for resource in &mut resources.list {
        if resource.kind() == "CustomResourceDefinition" {
            continue;
        }
        anywhere(&mut resource.tree, rule);
        for field in FIELDS {
            let path: Vec<&str> = field.split('/').collect();
            // Kinds of their own may have something else at such a path.
            drop(visit(
                &mut resource.tree,
                &path,
                Missing::Stays,
                &mut |tree| {
                    rule.rewrite(tree);
                    Ok(())
                },
            ));
        }
    }
}

/// Rewrites the images in every list of containers, wherever it stands.
fn anywhere(tree: &mut Tree, rule: &ImageRule) {
    match &mut tree.node {
        Node::List(items) => items.iter_mut().for_each(|item| anywhere(item, rule)),
        Node::Map(map) => {
            for (key, field) in map.iter_mut() {
                anywhere(&mut field.value, rule);
                if !matches!(key.as_str(), "containers" | "initContainers") {
                    continue;
                }
                if let Node::List(items) = &mut field.value.node {
                    for image in items.iter_mut().filter_map(|item| item.get_mut("image")) {
                        rule.rewrite(image);
                    }
                }
            }
        }
        _ => {}
    }
}

/// Kinds that have replicas.
const REPLICAS: &[FieldPath] = &[
    FieldPath::of("Deployment", "spec/replicas", true),
    FieldPath::of("ReplicationController", "spec/replicas", true),
    FieldPath::of("ReplicaSet", "spec/replicas", true),
    FieldPath::of("StatefulSet", "spec/replicas", true),
];

/// Sets the replicas of every workload of a name.
pub(super) fn scale(resources: &mut Resources, item: &Tree) -> Result<(), Refusal> {
    let (Some(name), Some(count)) = (item.scalar_at("name"), item.get("count")) else {
        return Err(Refusal::new("replicas need a name and a count"));
    };
    let place: Place = count.place.clone();
    let mut found = false;
    for resource in &mut resources.list {
        let is_named =
            resource.id().name == name || resource.previous().iter().any(|id| id.name == name);
        for field in REPLICAS {
            if !is_named || !field.applies(resource) {
                continue;
            }
            found = true;
            super::fields::apply(resource, field, Missing::Null(&place), &mut |tree| {
                *tree = count.clone();
                Ok(())
            })?;
        }
    }
    if found {
        return Ok(());
    }
    Err(Refusal(format!(
        "replicas are set for `{name}`, which is not there"
    )))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn an_image_has_a_name_a_tag_and_a_digest() {
        let cases = [
            ("a", ("a", "", "")),
            ("a:1", ("a", "1", "")),
            ("r:5000/a", ("r:5000/a", "", "")),
            ("r:5000/a:1@sha256:0", ("r:5000/a", "1", "sha256:0")),
            ("r/a@sha256:0", ("r/a", "", "sha256:0")),
        ];
        for (image, (name, tag, digest)) in cases {
            assert_eq!(
                split(image),
                (name.to_owned(), tag.to_owned(), digest.to_owned())
            );
        }
    }
}
