//! The fuzz crate is built by a nightly toolchain only, so what it lacks would not be seen: every
//! crate that a target uses is one of its dependencies, and every target is listed with seeds.

use std::path::Path;

use anyhow::{Context as _, Result};
use toml::Value;

use super::{Breach, read};

/// The breaches of the fuzz crate.
pub(super) fn breaches(root: &Path) -> Result<Vec<Breach>> {
    let folder = root.join("fuzz");
    let manifest: Value = toml::from_str(&read(&folder.join("Cargo.toml"))?)?;
    let has = |name: &str| {
        let known = manifest.get("dependencies").and_then(Value::as_table);
        known.is_some_and(|known| known.keys().any(|key| key.replace('-', "_") == name))
    };
    let targets = manifest.get("bin").and_then(Value::as_array);
    let named = |name: &str| {
        let mut all = targets.into_iter().flatten();
        all.any(|target| target.get("name").and_then(Value::as_str) == Some(name))
    };
    let mut found = Vec::new();
    let listing = std::fs::read_dir(folder.join("fuzz_targets"));
    for entry in listing.context("cannot list `fuzz/fuzz_targets`")? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if !named(&name) {
            found.push(format!("fuzz/Cargo.toml: `{name}` is no target of it"));
        }
        if !folder.join("seeds").join(&*name).is_dir() {
            found.push(format!("fuzz/seeds: `{name}` has no seeds"));
        }
        for used in read(&path)?.lines().filter_map(used) {
            if !has(&used) {
                found.push(format!(
                    "fuzz/fuzz_targets/{name}.rs: uses `{used}`, which is no dependency in fuzz/Cargo.toml"
                ));
            }
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// The crate that a line uses; `None` for the standard library and what is no use.
fn used(line: &str) -> Option<String> {
    let (first, _) = line.strip_prefix("use ")?.split_once("::")?;
    let own = ["std", "core", "alloc", "crate", "self", "super"];
    (!own.contains(&first)).then(|| first.to_owned())
}
