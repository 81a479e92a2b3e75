//! Names: prefixes, suffixes, namespaces, hashes of generated objects, and who refers to them.

use super::Refusal;
use super::fields::{FieldPath, Missing, apply, visit};
use super::references::{Reference, TARGETS, Target};
use super::resource::{Id, Resource, Resources};
use crate::rendering::tree::{Node, Place, Tree};

/// Kinds whose names no prefix or suffix touches.
const FIXED_NAMES: &[(&str, &str)] = &[
    ("", "CustomResourceDefinition"),
    ("apiregistration.k8s.io", "APIService"),
    ("", "Namespace"),
];

/// Fields beside `metadata.namespace` that hold a namespace (Kustomize 5.5).
const NAMESPACES: &[FieldPath] = &[
    FieldPath::in_group(
        "apiregistration.k8s.io",
        "APIService",
        "spec/service/namespace",
        true,
    ),
    FieldPath::in_group(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        "spec/conversion/webhook/clientConfig/service/namespace",
        false,
    ),
];

/// Puts a prefix before, and a suffix after, the names of all objects.
pub(super) fn surround(
    resources: &mut Resources,
    prefix: &str,
    suffix: &str,
) -> Result<(), Refusal> {
    if prefix.is_empty() && suffix.is_empty() {
        return Ok(());
    }
    for resource in &mut resources.list {
        let is_fixed = FIXED_NAMES.iter().any(|(group, kind)| {
            resource.kind() == *kind && (group.is_empty() || resource.group_version().0 == *group)
        });
        // Every step takes note of the name, so that references find it by any of them.
        resource.remember();
        if !is_fixed {
            let name = resource.id().name;
            resource.rename(format!("{prefix}{name}{suffix}"));
        }
    }
    resources.check_names()
}

/// Moves all objects to a namespace.
pub(super) fn relocate(resources: &mut Resources, name: &Tree) -> Result<(), Refusal> {
    let Some(text) = name.scalar().filter(|text| !text.is_empty()) else {
        return Ok(());
    };
    let place = &name.place;
    for resource in &mut resources.list {
        resource.remember();
        let id = resource.id();
        if id.effective_namespace().is_some() {
            resource.set_metadata("namespace", &text, place);
        }
        if id.kind == "Namespace" && id.group.is_empty() && id.version == "v1" {
            resource.rename(text.clone());
        }
        if matches!(id.kind.as_str(), "RoleBinding" | "ClusterRoleBinding") {
            default_subjects(&mut resource.tree, &text, place);
        }
        for field in NAMESPACES {
            apply(resource, field, Missing::Null(place), &mut |tree| {
                *tree = Tree::text(text.clone(), place);
                Ok(())
            })?;
        }
    }
    resources.check_names()
}

/// Only subjects named `default` move with the binding.
fn default_subjects(tree: &mut Tree, namespace: &str, place: &Place) {
    let Some(Node::List(subjects)) = tree.get_mut("subjects").map(|it| &mut it.node) else {
        return;
    };
    for subject in subjects {
        if subject.scalar_at("name").as_deref() == Some("default") {
            subject.set("namespace", Tree::text(namespace, place));
        }
    }
}

/// Ends the names of generated objects in a hash of their content.
pub(super) fn add_hashes(resources: &mut Resources) -> Result<(), Refusal> {
    for resource in resources.list.iter_mut().filter(|it| it.wants_hash) {
        let hash = super::hash::of(&resource.tree)?;
        resource.remember();
        let name = resource.id().name;
        resource.rename(format!("{name}-{hash}"));
    }
    resources.check_names()
}

/// Lets references follow the names that changed.
pub(super) fn fix_references(resources: &mut Resources) -> Result<(), Refusal> {
    let renamed: Vec<Resource> = resources
        .list
        .iter()
        .filter(|it| !it.previous().is_empty())
        .cloned()
        .collect();
    if renamed.is_empty() {
        return Ok(());
    }
    for target in TARGETS {
        let of_kind: Vec<&Resource> = renamed
            .iter()
            .filter(|it| it.previous().iter().any(|id| target.is(id)))
            .collect();
        if of_kind.is_empty() {
            continue;
        }
        for resource in &mut resources.list {
            for reference in target.references {
                follow(resource, target, reference, &of_kind)?;
            }
        }
    }
    Ok(())
}

fn follow(
    resource: &mut Resource,
    target: &Target,
    reference: &Reference,
    candidates: &[&Resource],
) -> Result<(), Refusal> {
    let referrer = resource.id();
    let role = resource.tree.get("roleRef").cloned();
    for path in reference.paths(resource.kind(), resource.group_version().0) {
        let keys = super::fields::keys(&path);
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let is_role = path.ends_with("roleRef/name");
        let mut candidates = candidates.to_vec();
        if let Some(role) = role.as_ref().filter(|_| is_role) {
            candidates.retain(|it| it.previous().iter().any(|id| is_role_of(role, id)));
        }
        visit(&mut resource.tree, &keys, Missing::Stays, &mut |tree| {
            redirect(tree, &referrer, target, &candidates)
        })?;
    }
    Ok(())
}

fn is_role_of(role: &Tree, id: &Id) -> bool {
    role.scalar_at("kind").is_some_and(|kind| kind == id.kind)
        && role
            .scalar_at("apiGroup")
            .is_none_or(|group| group == id.group)
}

fn redirect(
    tree: &mut Tree,
    referrer: &Id,
    target: &Target,
    candidates: &[&Resource],
) -> Result<(), Refusal> {
    match &mut tree.node {
        Node::Null => Ok(()),
        Node::List(items) => items
            .iter_mut()
            .try_for_each(|item| redirect(item, referrer, target, candidates)),
        Node::Map(_) => redirect_map(tree, referrer, target, candidates),
        _ => {
            let old = tree.scalar().unwrap_or_default();
            if let Some(found) = pick(&old, referrer, target, candidates)? {
                let name = found.id().name;
                if name != old {
                    tree.node = Node::Text(name);
                }
            }
            Ok(())
        }
    }
}

/// A reference that is a mapping with a name and perhaps a namespace.
fn redirect_map(
    tree: &mut Tree,
    referrer: &Id,
    target: &Target,
    candidates: &[&Resource],
) -> Result<(), Refusal> {
    let old = tree
        .scalar_at("name")
        .ok_or_else(|| Refusal::new("a reference has no name"))?;
    let namespace = tree.scalar_at("namespace");
    let lives_in = |id: &Id, namespace: &str| id.effective_namespace() == Some(namespace);
    let mut near: Vec<&Resource> = candidates.to_vec();
    if let Some(namespace) = &namespace {
        near.retain(|it| lives_in(&it.original(), namespace));
        if near.is_empty() {
            near = candidates.to_vec();
            near.retain(|it| lives_in(&it.id(), namespace));
        }
    }
    let Some(found) = pick(&old, referrer, target, &near)? else {
        return Ok(());
    };
    let id = found.id();
    if id.name == old && id.namespace.is_empty() {
        return Ok(());
    }
    let place = tree.get("name").map_or(&tree.place, |it| &it.place).clone();
    tree.set("name", Tree::text(id.name, &place));
    if !id.namespace.is_empty() {
        let place = found
            .tree
            .at(&["metadata", "namespace"])
            .map_or(place, |it| it.place.clone());
        tree.set("namespace", Tree::text(id.namespace, &place));
    }
    Ok(())
}

/// The object that an old name means for a referrer.
fn pick<'r>(
    old: &str,
    referrer: &Id,
    target: &Target,
    candidates: &[&'r Resource],
) -> Result<Option<&'r Resource>, Refusal> {
    let near = |it: &&Resource| {
        let id = it.id();
        match (referrer.effective_namespace(), id.effective_namespace()) {
            (None, _) | (_, None) => true,
            (Some(from), Some(to)) => id.kind == "ServiceAccount" || from == to,
        }
    };
    let named = |it: &&Resource| {
        let previous = it.previous();
        previous.iter().any(|id| id.name == old) && previous.iter().any(|id| target.is(id))
    };
    let found: Vec<&Resource> = candidates
        .iter()
        .copied()
        .filter(|it| named(it) && near(it))
        .collect();
    let names: std::collections::BTreeSet<(String, String)> = found
        .iter()
        .map(|it| (it.id().name, it.id().namespace))
        .collect();
    match (found.first(), names.len()) {
        (None, _) => Ok(None),
        (Some(first), 1) => Ok(Some(first)),
        (Some(_), _) => Err(Refusal(format!(
            "`{old}` may mean more than one object of kind `{}`",
            target.kind
        ))),
    }
}
