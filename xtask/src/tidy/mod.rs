//! The project's own rules, as checks over its files: budgets, layers, documents.

mod code;
mod documents;
mod fuzz;
mod layers;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::steps::root;

/// One breach of a rule, in words that say where and what to do.
pub(crate) type Breach = String;

/// Runs every rule and lists every breach.
pub(crate) fn run() -> Result<()> {
    let root = root();
    let sources = rust_files(&root)?;
    let mut breaches = Vec::new();
    for path in &sources {
        let text = read(path)?;
        let shown = relative(&root, path);
        breaches.extend(code::breaches(&shown, &text)?);
    }
    breaches.extend(layers::breaches(&root)?);
    breaches.extend(documents::breaches(&root)?);
    breaches.extend(fuzz::breaches(&root)?);
    if breaches.is_empty() {
        return Ok(());
    }
    bail!(
        "{} tidy rules are broken:\n  {}",
        breaches.len(),
        breaches.join("\n  ")
    )
}

/// Every Rust source under `crates/` and `xtask/`.
fn rust_files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![root.join("crates"), root.join("xtask")];
    while let Some(folder) = open.pop() {
        let listing = std::fs::read_dir(&folder)
            .with_context(|| format!("cannot list `{}`", folder.display()))?;
        for entry in listing {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

pub(crate) fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

pub(crate) fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .display()
        .to_string()
}
