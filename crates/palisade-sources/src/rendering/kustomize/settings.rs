//! What a kustomization asks for, as far as it is built here.

use super::Refusal;
use super::images::ImageRule;
use super::labels::Reach;
use super::patches::Patch;
use super::source::Source;
use crate::rendering::tree::{Map, Node, Tree};

/// What one kustomization asks for.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// Files and folders, as written.
    pub(super) resources: Vec<String>,
    /// Folders of components, as written.
    pub(super) components: Vec<String>,
    /// Namespace for all objects.
    pub(super) namespace: Option<Tree>,
    /// What goes before every name.
    pub(super) prefix: String,
    /// What goes after every name.
    pub(super) suffix: String,
    /// Labels.
    pub(super) labels: Vec<LabelRule>,
    /// Annotations.
    pub(super) annotations: Map,
    /// Patches, in the order in which they are applied.
    pub(super) patches: Vec<Patch>,
    /// Patches that are applied after names and labels.
    pub(super) late_patches: Vec<Patch>,
    /// Images.
    pub(super) images: Vec<ImageRule>,
    /// Replica counts.
    pub(super) replicas: Vec<Tree>,
    /// ConfigMaps to generate.
    pub(super) config_maps: Vec<Tree>,
    /// Secrets to generate.
    pub(super) secrets: Vec<Tree>,
    /// Options for everything that is generated.
    pub(super) generator_options: Option<Tree>,
    /// Values to copy from one object to others.
    pub(super) replacements: Vec<Tree>,
}

/// Labels with how far they reach.
#[derive(Debug)]
pub(super) struct LabelRule {
    /// The labels.
    pub(super) pairs: Map,
    /// Where they go.
    pub(super) reach: Reach,
}

impl Settings {
    /// Reads a kustomization in a folder; whatever is not known here is refused.
    pub(super) fn read(tree: &Tree, folder: &str, source: &Source<'_>) -> Result<Self, Refusal> {
        let map = tree
            .map()
            .ok_or_else(|| Refusal::new("a kustomization is no mapping"))?;
        let mut settings = Self::default();
        for (key, field) in map {
            let value = &field.value;
            if value.is_null() || matches!(&value.node, Node::List(items) if items.is_empty()) {
                continue;
            }
            settings.field(key, value, (folder, source))?;
        }
        // Strategic patches go before the others, whatever their order in the file.
        settings.patches.sort_by_key(|patch| !patch.goes_first);
        Ok(settings)
    }

    fn field(
        &mut self,
        key: &str,
        value: &Tree,
        (folder, source): (&str, &Source<'_>),
    ) -> Result<(), Refusal> {
        let items = value.items();
        match key {
            // The order of objects means nothing to a model.
            "apiVersion" | "kind" | "metadata" | "sortOptions" => {}
            "resources" | "bases" => self.resources.extend(texts(key, value)?),
            "components" => self.components.extend(texts(key, value)?),
            "namespace" => self.namespace = Some(value.clone()),
            "namePrefix" => self.prefix = value.scalar().unwrap_or_default(),
            "nameSuffix" => self.suffix = value.scalar().unwrap_or_default(),
            "commonLabels" => self.labels.push(LabelRule {
                pairs: pairs(value)?,
                reach: Reach::Selectors,
            }),
            "labels" => {
                // Common labels come last, wherever they stand.
                let rules = items
                    .iter()
                    .map(label_rule)
                    .collect::<Result<Vec<_>, _>>()?;
                self.labels.splice(0..0, rules);
            }
            "commonAnnotations" => self.annotations = pairs(value)?,
            "images" => {
                for item in items {
                    self.images.push(ImageRule::read(item)?);
                }
            }
            "replicas" => self.replicas = items.to_vec(),
            "configMapGenerator" => self.config_maps = items.to_vec(),
            "secretGenerator" => self.secrets = items.to_vec(),
            "generatorOptions" => self.generator_options = Some(value.clone()),
            "replacements" => {
                for item in items {
                    self.replacements.extend(replacement(item, folder, source)?);
                }
            }
            "patches" => {
                for item in items {
                    self.patches.push(Patch::read(item, folder, source)?);
                }
            }
            "patchesStrategicMerge" => {
                for item in items {
                    self.patches.push(Patch::strategic(item, folder, source)?);
                }
            }
            "patchesJson6902" => {
                for item in items {
                    self.late_patches.push(Patch::read(item, folder, source)?);
                }
            }
            other => return Err(Refusal(format!("`{other}` is not built here"))),
        }
        Ok(())
    }
}

fn replacement(item: &Tree, folder: &str, source: &Source<'_>) -> Result<Vec<Tree>, Refusal> {
    let Some(path) = item.scalar_at("path") else {
        return Ok(vec![item.clone()]);
    };
    let trees = source.trees(folder, &path)?;
    Ok(trees
        .into_iter()
        .flat_map(|tree| match tree.node {
            Node::List(items) => items,
            _ => vec![tree],
        })
        .collect())
}

fn label_rule(item: &Tree) -> Result<LabelRule, Refusal> {
    const KEYS: &[&str] = &["includeSelectors", "includeTemplates", "pairs"];
    let map = item
        .map()
        .ok_or_else(|| Refusal::new("an item of `labels` is no mapping"))?;
    if let Some(key) = map.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(Refusal(format!(
            "`labels` has `{key}`, which is not built here"
        )));
    }
    let is_set = |key: &str| matches!(item.get(key).map(|it| &it.node), Some(Node::Bool(true)));
    Ok(LabelRule {
        pairs: item.get("pairs").map_or_else(|| Ok(Map::new()), pairs)?,
        reach: if is_set("includeSelectors") {
            Reach::Selectors
        } else if is_set("includeTemplates") {
            Reach::Templates
        } else {
            Reach::Objects
        },
    })
}

/// The scalars of a list.
pub(super) fn texts(key: &str, value: &Tree) -> Result<Vec<String>, Refusal> {
    let wrong = || Refusal(format!("`{key}` is no list of texts"));
    let Node::List(items) = &value.node else {
        return Err(wrong());
    };
    items
        .iter()
        .map(|item| item.scalar().ok_or_else(wrong))
        .collect()
}

/// A mapping of scalars, all of them as texts.
pub(super) fn pairs(value: &Tree) -> Result<Map, Refusal> {
    let mut map = value
        .map()
        .cloned()
        .ok_or_else(|| Refusal::new("labels or annotations are no mapping"))?;
    for field in map.values_mut() {
        let text = field.value.scalar();
        let text = text.ok_or_else(|| Refusal::new("a label or annotation is no text"))?;
        field.value.node = Node::Text(text);
    }
    Ok(map)
}

/// A mapping of what is built here has no other key than these.
pub(super) fn known(what: &str, tree: &Tree, keys: &[&str]) -> Result<(), Refusal> {
    let unknown = tree
        .map()
        .and_then(|map| map.keys().find(|key| !keys.contains(&key.as_str())));
    match unknown {
        Some(key) => Err(Refusal(format!(
            "a {what} has `{key}`, which is not built here"
        ))),
        None => Ok(()),
    }
}
