//! What is built here against what Kustomize itself builds, object by object.
//!
//! `tests/kustomize/shop.txt` holds overlays of our own, `shop-built.txt` what `kubectl kustomize`
//! 1.32 (Kustomize 5.5) makes of each; the ignored tests ask the installed program again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use palisade_document::{Limits, SourceFile};

use super::graph::find;
use super::native;
use super::resource::id_of;
use super::source::Source;
use crate::Options;
use crate::rendering::Texts;
use crate::rendering::tree::{Node, Tree};
use crate::walk::walk;

/// Objects without nulls, which mean the same as nothing, sorted by name.
fn normal(mut objects: Vec<Tree>) -> Vec<(String, Tree)> {
    fn prune(tree: &mut Tree) {
        match &mut tree.node {
            Node::List(items) => items.iter_mut().for_each(prune),
            Node::Map(map) => {
                map.values_mut().for_each(|field| prune(&mut field.value));
                map.retain(|_, field| !field.value.is_null());
            }
            // A number may be written in more than one way.
            Node::Float(text) => *text = format!("{:?}", text.parse::<f64>()),
            _ => {}
        }
    }
    objects.iter_mut().for_each(prune);
    let mut named: Vec<(String, Tree)> = objects
        .into_iter()
        .map(|tree| {
            let id = id_of(&tree);
            let group = &id.group;
            (
                format!("{group}/{} {}/{}", id.kind, id.namespace, id.name),
                tree,
            )
        })
        .collect();
    named.sort_by(|a, b| a.0.cmp(&b.0));
    named
}

fn kubectl(folder: &Path) -> Result<String, String> {
    let output = std::process::Command::new("kubectl")
        .arg("kustomize")
        .arg(folder)
        .output()
        .expect("kubectl");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(String::from_utf8(output.stdout).unwrap())
}

/// The first place where two trees differ.
fn parting(here: &Tree, there: &Tree, path: &str) -> Option<String> {
    match (&here.node, &there.node) {
        (a, b) if a == b => None,
        (Node::Map(a), Node::Map(b)) => {
            let keys = a.keys().chain(b.keys());
            keys.into_iter()
                .find_map(|key| match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => parting(&a.value, &b.value, &format!("{path}/{key}")),
                    (a, b) => Some(format!("{path}/{key}: {} {}", a.is_some(), b.is_some())),
                })
        }
        (Node::List(a), Node::List(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(at, (a, b))| parting(a, b, &format!("{path}/{at}"))),
        (a, b) => Some(format!("{path}: {} {}", words(a), words(b))),
    }
}

fn words(node: &Node) -> String {
    match node {
        Node::List(items) => format!("{} items", items.len()),
        Node::Map(_) => "a mapping".to_owned(),
        scalar => format!("{scalar:?}"),
    }
}

/// What differs between the two builds of a folder; `None` where it is refused here.
fn difference(root: &Path, folder: &str, texts: &Texts, build: Build<'_>) -> Option<Vec<String>> {
    let limits = Limits::default();
    let all = find(texts, &limits);
    let source = Source {
        root: Some(root),
        files: texts,
        limits,
        ahead: std::collections::BTreeMap::new(),
    };
    let here = match native::build(&all, &all[folder], &source) {
        Ok(objects) => normal(objects),
        Err(refusal) => {
            println!("{folder}: refused: {refusal}");
            return None;
        }
    };
    let text = match build(folder) {
        Ok(text) => text,
        Err(reason) => return Some(vec![format!("{folder}: refused there: {reason}")]),
    };
    let there = Arc::new(SourceFile::new("there", text));
    let there = normal(source.parsed(&there).unwrap());
    let mut wrong = Vec::new();
    for (name, tree) in &here {
        match there.iter().find(|(other, _)| other == name) {
            None => wrong.push(format!("{folder}: only here: {name}")),
            Some((_, other)) if other != tree => {
                let at = parting(tree, other, "");
                wrong.push(format!("{folder}: {name} differs: {at:?}"));
            }
            Some(_) => {}
        }
    }
    for (name, _) in &there {
        if !here.iter().any(|(other, _)| other == name) {
            wrong.push(format!("{folder}: only there: {name}"));
        }
    }
    Some(wrong)
}

/// What somebody else makes of a folder.
type Build<'b> = &'b dyn Fn(&str) -> Result<String, String>;

/// How many kustomizations of a folder come out equal, and how many are refused here.
fn compare_all(root: &Path, build: Build<'_>) -> (usize, usize) {
    let texts = walk(root, &[root.to_path_buf()], &Options::default()).files;
    let (mut equal, mut refused) = (0, 0);
    let mut wrong = Vec::new();
    for it in find(&texts, &Limits::default()).values() {
        if it.is_component {
            continue;
        }
        match difference(root, &it.folder, &texts, build) {
            None => refused += 1,
            Some(more) if more.is_empty() => equal += 1,
            Some(mut more) => wrong.append(&mut more),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    (equal, refused)
}

/// The parts of a text in which `== path` begins each of them.
fn parts(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let parts = text.split("== ").filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('\n').unwrap())
}

fn shop() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in parts(include_str!("../../../tests/kustomize/shop.txt")) {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

#[test]
fn our_own_overlays_come_out_as_kustomize_builds_them() {
    let built = |folder: &str| {
        let mut parts = parts(include_str!("../../../tests/kustomize/shop-built.txt"));
        let found = parts.find(|(path, _)| *path == folder);
        Ok(found.unwrap().1.to_owned())
    };
    assert_eq!(compare_all(shop().path(), &built), (18, 0));
}

#[test]
#[ignore = "needs kubectl 1.32 or newer"]
fn our_own_overlays_come_out_as_the_installed_program_builds_them() {
    let folder = shop();
    let build = |below: &str| kubectl(&folder.path().join(below));
    assert_eq!(compare_all(folder.path(), &build), (18, 0));
}

#[test]
#[ignore = "needs PALISADE_CORPORA, a folder of systems that others wrote, and kubectl"]
fn overlays_of_real_systems_come_out_as_the_installed_program_builds_them() {
    let corpora = std::env::var_os("PALISADE_CORPORA")
        .map(PathBuf::from)
        .unwrap();
    let build = |below: &str| kubectl(&corpora.join(below));
    let (equal, refused) = compare_all(&corpora, &build);
    println!("{equal} equal, {refused} refused");
    assert!(equal > 0);
}
