//! Documents tell the truth: crates are named, quoted paths exist, pages are there.

use std::path::Path;

use anyhow::Result;

use super::{Breach, read};

/// Documents whose quoted paths must exist.
const DOCUMENTS: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
];

/// Folders that a quoted path starts with; other words in backticks are no paths of ours.
const FOLDERS: &[&str] = &[
    "crates/",
    "xtask/",
    "docs/",
    "examples/",
    "fuzz/",
    "bench/",
    ".ci/",
    ".github/",
];

/// Breaches in the documents.
pub(crate) fn breaches(root: &Path) -> Result<Vec<Breach>> {
    let mut found = Vec::new();
    for name in DOCUMENTS {
        let text = read(&root.join(name))?;
        found.extend(dead_paths(root, name, &text));
    }
    let architecture = read(&root.join("ARCHITECTURE.md"))?;
    for entry in std::fs::read_dir(root.join("crates"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !architecture.contains(&format!("`{name}`")) {
            found.push(format!("ARCHITECTURE.md does not name the crate `{name}`"));
        }
    }
    found.sort();
    Ok(found)
}

fn dead_paths(root: &Path, name: &str, text: &str) -> Vec<Breach> {
    let quoted = text.split('`').skip(1).step_by(2);
    let paths = quoted.filter(|word| {
        FOLDERS.iter().any(|folder| word.starts_with(folder))
            && !word.contains(['*', '<', ' ', 'N', 'X', '{'])
    });
    paths
        .filter(|path| !root.join(path).exists())
        .map(|path| format!("{name} quotes `{path}`, which does not exist"))
        .collect()
}
