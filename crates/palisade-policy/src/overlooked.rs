//! What a listing of a folder of policies passes by although it may hold policies.

use std::fs::{DirEntry, FileType};
use std::path::Path;

use crate::folder::MAX_DEPTH;

/// Endings of files that policies are written in.
const ENDINGS: [&str; 4] = ["yaml", "yml", "rego", "sentinel"];
/// Hidden folders that hold no policies: they are read elsewhere or by nobody.
const KNOWN: [&str; 3] = [".git", ".github", ".kyverno-test"];
/// Most entries that are looked at.
const MAX_ENTRIES: usize = 200_000;
/// Most places that are told.
const MAX_TOLD: usize = 20;

/// The places below a folder, with the reason why each is passed by.
pub(crate) fn below(root: &Path) -> Vec<(String, &'static str)> {
    let mut look = Look::default();
    look.list(root, "", 0);
    look.found.sort();
    look.found.truncate(MAX_TOLD);
    look.found
}

#[derive(Default)]
struct Look {
    seen: usize,
    found: Vec<(String, &'static str)>,
}

impl Look {
    fn list(&mut self, root: &Path, under: &str, depth: usize) {
        for (entry, kind) in entries(&root.join(under)) {
            self.seen += 1;
            if depth > MAX_DEPTH || self.seen > MAX_ENTRIES {
                return;
            }
            let file_name = entry.file_name();
            let name = file_name.to_string_lossy().into_owned();
            let path = match under {
                "" => name.clone(),
                under => format!("{under}/{name}"),
            };
            match reason(&entry, kind, file_name.to_str().is_some(), &name) {
                Some(reason) => self.found.push((path, reason)),
                None if kind.is_dir() && !name.starts_with('.') => {
                    self.list(root, &path, depth + 1);
                }
                None => {}
            }
        }
    }
}

fn reason(entry: &DirEntry, kind: FileType, is_text: bool, name: &str) -> Option<&'static str> {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    let small = end.to_ascii_lowercase();
    let is_policy = ENDINGS.contains(&small.as_str());
    if !is_text && (kind.is_dir() || is_policy) {
        return Some("its name is not UTF-8");
    }
    if kind.is_symlink() && entry.path().is_dir() {
        return Some("it is a link to a folder, and links are not followed");
    }
    let is_hidden = kind.is_dir() && name.starts_with('.') && !KNOWN.contains(&name);
    if is_hidden && holds_policies(&entry.path(), 0) {
        return Some("it is a hidden folder");
    }
    let is_odd = matches!(small.as_str(), "rego" | "sentinel") && end != small;
    (is_odd && !kind.is_dir()).then_some("its ending is not in small letters")
}

/// Whether a hidden folder has a file that could be a policy.
fn holds_policies(folder: &Path, depth: usize) -> bool {
    depth <= MAX_DEPTH
        && entries(folder).iter().any(|(entry, kind)| {
            let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
            let end = name.rsplit_once('.').map_or("", |(_, end)| end);
            if kind.is_dir() {
                holds_policies(&entry.path(), depth + 1)
            } else {
                ENDINGS.contains(&end)
            }
        })
}

fn entries(folder: &Path) -> Vec<(DirEntry, FileType)> {
    let listed = std::fs::read_dir(folder).into_iter().flatten().flatten();
    listed
        .filter_map(|entry| {
            let kind = entry.file_type().ok()?;
            Some((entry, kind))
        })
        .take(MAX_ENTRIES)
        .collect()
}
