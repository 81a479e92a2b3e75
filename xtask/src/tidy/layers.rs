//! Dependencies point down.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::Breach;

/// The layer of every crate; a crate uses only crates of lower layers.
const LAYERS: &[(&str, u8)] = &[
    ("palisade-document", 0),
    ("palisade-http", 0),
    ("palisade-model", 1),
    ("palisade-sources", 2),
    ("palisade-analysis", 2),
    ("palisade-policy", 2),
    ("palisade-identity", 2),
    ("palisade-patterns", 3),
    ("palisade-enforce", 3),
    ("palisade-diagram", 4),
    ("palisade-report", 4),
    ("palisade-server", 5),
    ("palisade", 6),
];

/// Crates that stand outside the layers: tools of the project.
const TOOLS: &[&str] = &["xtask", "palisade-bench"];

/// Crates without a layer, and dependencies that do not point down (tests may look up).
pub(crate) fn breaches(root: &Path) -> Result<Vec<Breach>> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cannot read the workspace with `cargo metadata`")?;
    let layers: BTreeMap<&str, u8> = LAYERS.iter().copied().collect();
    let mut found = Vec::new();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        if TOOLS.contains(&name) {
            continue;
        }
        let Some(own) = layers.get(name) else {
            found.push(format!(
                "crate `{name}` has no layer in xtask/src/tidy/layers.rs"
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let normal = dependency.kind == cargo_metadata::DependencyKind::Normal;
            let Some(other) = layers.get(dependency.name.as_str()).filter(|_| normal) else {
                continue;
            };
            if other >= own {
                found.push(format!(
                    "`{name}` (layer {own}) uses `{}` (layer {other})",
                    dependency.name
                ));
            }
        }
    }
    Ok(found)
}
