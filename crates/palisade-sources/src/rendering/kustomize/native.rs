//! Builds a kustomization here, step by step as Kustomize does (`api/internal/target`, 5.5).

use super::Refusal;
use super::generators::generate;
use super::graph::{Kustomization, joined};
use super::images::{rewrite, scale};
use super::labels::{annotate, label};
use super::names::{add_hashes, fix_references, relocate, surround};
use super::replacements::replace;
use super::resource::{Resource, Resources};
use super::settings::Settings;
use super::source::Source;
use super::{All, name};
use crate::rendering::tree::{Node, Tree};

/// Most kustomizations that one build may take in, one that comes twice counted twice.
const MAX_PARTS: usize = 1_000;
/// Deepest chain of kustomizations.
const MAX_DEPTH: usize = 64;
/// Most objects of one build.
const MAX_OBJECTS: usize = 50_000;

/// An object with this annotation is for tools on the machine only.
const LOCAL: &str = "config.kubernetes.io/local-config";

/// The objects of a kustomization.
pub(super) fn build(
    all: &All,
    root: &Kustomization,
    source: &Source<'_>,
) -> Result<Vec<Tree>, Refusal> {
    let mut build = Build {
        all,
        source,
        parts: 0,
        depth: 0,
    };
    let mut resources = build.accumulate(root, Resources::default())?;
    add_hashes(&mut resources)?;
    fix_references(&mut resources)?;
    let is_local = |resource: &Resource| {
        let written = resource.tree.at(&["metadata", "annotations", LOCAL]);
        written
            .and_then(Tree::scalar)
            .is_some_and(|text| text != "false")
    };
    Ok(resources
        .list
        .into_iter()
        .filter(|resource| !is_local(resource))
        .map(|resource| resource.tree)
        .collect())
}

struct Build<'a> {
    all: &'a All,
    source: &'a Source<'a>,
    parts: usize,
    depth: usize,
}

impl Build<'_> {
    /// What a kustomization makes of what was there before it, which is nothing but for components.
    fn accumulate(
        &mut self,
        part: &Kustomization,
        mut resources: Resources,
    ) -> Result<Resources, Refusal> {
        self.parts += 1;
        self.depth += 1;
        if self.parts > MAX_PARTS || self.depth > MAX_DEPTH {
            return Err(Refusal::new(
                "kustomizations take in each other without an end",
            ));
        }
        let folder = part.folder.as_str();
        let trees = self.source.parsed(&part.file)?;
        let settings = match trees.as_slice() {
            [tree] => Settings::read(tree, folder, self.source)?,
            [] => Settings::default(),
            _ => return Err(Refusal::new("a kustomization holds more than one document")),
        };
        for path in &settings.resources {
            self.take_in(folder, path, &mut resources)?;
        }
        generate(&mut resources, &settings, folder, self.source)?;
        for path in &settings.components {
            let component = joined(folder, path).and_then(|path| self.all.get(&path));
            let component = component
                .filter(|it| it.is_component)
                .ok_or_else(|| Refusal(format!("`{path}` is no component that was read")))?;
            resources = self.accumulate(component, resources)?;
        }
        resources.check_names()?;
        transform(&settings, &mut resources)?;
        self.depth -= 1;
        Ok(resources)
    }

    fn take_in(
        &mut self,
        folder: &str,
        path: &str,
        resources: &mut Resources,
    ) -> Result<(), Refusal> {
        let below = joined(folder, path).and_then(|path| self.all.get(&path));
        if let Some(below) = below {
            if below.is_component {
                return Err(Refusal(format!("`{}` is a component", name(&below.folder))));
            }
            let mut more = self.accumulate(below, Resources::default())?;
            resources.list.append(&mut more.list);
        } else {
            for tree in self.source.trees(folder, path)? {
                objects(tree, &mut resources.list)?;
            }
        }
        if resources.list.len() > MAX_OBJECTS {
            return Err(Refusal(format!("it has more than {MAX_OBJECTS} objects")));
        }
        Ok(())
    }
}

/// Adds an object, or those of a list of objects.
fn objects(mut tree: Tree, to: &mut Vec<Resource>) -> Result<(), Refusal> {
    let is_list = tree
        .get("kind")
        .and_then(Tree::as_text)
        .is_some_and(|kind| kind.ends_with("List"));
    if let Some(Node::List(items)) = tree
        .get_mut("items")
        .filter(|_| is_list)
        .map(|items| &mut items.node)
    {
        for item in std::mem::take(items) {
            to.push(Resource::new(item)?);
        }
        return Ok(());
    }
    to.push(Resource::new(tree)?);
    Ok(())
}

/// The transformations of one kustomization, in Kustomize's order.
fn transform(settings: &Settings, resources: &mut Resources) -> Result<(), Refusal> {
    for patch in &settings.patches {
        patch.apply(resources)?;
    }
    if let Some(namespace) = &settings.namespace {
        relocate(resources, namespace)?;
    }
    surround(resources, &settings.prefix, &settings.suffix)?;
    for rule in &settings.labels {
        label(resources, rule)?;
    }
    annotate(resources, &settings.annotations)?;
    for patch in &settings.late_patches {
        patch.apply(resources)?;
    }
    for item in &settings.replicas {
        scale(resources, item)?;
    }
    for rule in &settings.images {
        rewrite(resources, rule);
    }
    for item in &settings.replacements {
        replace(resources, item)?;
    }
    Ok(())
}
