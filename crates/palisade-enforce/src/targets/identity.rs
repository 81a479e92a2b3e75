//! Entries of workload identities: one file for each namespace, and the rules that say who may mint.
//!
//! Every service account that a workload runs as gets one entry. Workloads on the default account
//! get one each, told apart by a label of their pods that no other workload of the namespace has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use palisade_model::{Labels, Model, Workload, ZoneKind};

use crate::{Made, MadeFile, Target, sealed};

pub(crate) const TARGET: Target = Target {
    name: "identity",
    about: "entry files: which workload gets which SPIFFE identity",
    folder: "identity",
    make,
};

/// Labels and annotations that name an owner, the more telling ones first.
const OWNER_KEYS: [&str; 4] = [
    "palisade.dev/owner",
    "app.kubernetes.io/owner",
    "owner",
    "team",
];
/// Labels that tell workloads of one namespace apart, the more usual ones first.
const NAME_KEYS: [&str; 5] = [
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    "app",
    "k8s-app",
    "name",
];

/// One entry to be written.
struct Entry {
    name: String,
    account: String,
    /// The label that tells the workload apart on a shared account.
    label: Option<(String, String)>,
    path: String,
    owner: Option<String>,
}

fn make(model: &Model) -> Made {
    let mut made = Made::default();
    let mut spaces: BTreeMap<&str, Vec<&Workload>> = BTreeMap::new();
    for workload in &model.workloads {
        let namespace = &workload.namespace;
        if namespace.contains('/') || !is_plain(namespace) {
            let note = format!(
                "`{}` has no entry: its namespace {namespace:?} cannot stand in a SPIFFE ID",
                workload.name
            );
            made.notes.push(note);
            continue;
        }
        spaces
            .entry(&workload.namespace)
            .or_default()
            .push(workload);
    }
    let mut rules = String::from(
        "# Who may mint which paths: let only those approve changes of this file who own the\n# trust domain.\nmint:\n",
    );
    // No namespace can have the name of this file: theirs hold no underscore.
    let rules_file = "mint_rules.yaml".to_owned();
    for (namespace, workloads) in &spaces {
        let entries = entries(namespace, workloads, &mut made.notes);
        if entries.is_empty() {
            continue;
        }
        let owner = owner_of_namespace(model, namespace);
        let owners: BTreeSet<&str> = entries
            .iter()
            .map(|entry| entry.owner.as_deref().unwrap_or(&owner))
            .collect();
        let owners: Vec<String> = owners.into_iter().map(scalar).collect();
        let _infallible = write!(
            rules,
            "  - path: /ns/{namespace}/**\n    owners: [{}]\n    files: [{namespace}.yaml]\n",
            owners.join(", ")
        );
        made.files.push(MadeFile {
            path: format!("{namespace}.yaml"),
            text: sealed(&file(namespace, &owner, &entries)),
        });
    }
    if !made.files.is_empty() {
        made.files.push(MadeFile {
            path: rules_file,
            text: sealed(&rules),
        });
    }
    made.files.sort_by(|left, right| left.path.cmp(&right.path));
    made
}

fn entries(namespace: &str, workloads: &[&Workload], notes: &mut Vec<String>) -> Vec<Entry> {
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    for workload in workloads {
        let account = workload.service_account.as_ref();
        let account = account.map_or("default", |account| account.value.as_str());
        let owner = owner(&workload.labels)
            .or_else(|| owner(&workload.annotations))
            .or_else(|| owner(&workload.pod_labels));
        let (name, path, label) = if account == "default" {
            let Some(label) = own_label(workload, workloads) else {
                notes.push(format!(
                    "`{namespace}/{}` has no entry: it runs as the default service account, and no label tells it apart; give it a service account of its own",
                    workload.name
                ));
                continue;
            };
            let kind = workload.kind.name().to_lowercase();
            let path = format!("/ns/{namespace}/{kind}/{}", workload.name);
            (
                format!("{namespace}/{kind}/{}", workload.name),
                path,
                Some(label),
            )
        } else {
            let path = format!("/ns/{namespace}/sa/{account}");
            (format!("{namespace}/sa/{account}"), path, None)
        };
        if !is_plain(&name) {
            notes.push(format!(
                "`{name}` has no entry: its name cannot stand in a SPIFFE ID"
            ));
            continue;
        }
        let known = entries.entry(name.clone()).or_insert_with(|| Entry {
            name,
            account: account.to_owned(),
            label,
            path,
            owner: owner.clone(),
        });
        // An account that workloads of several owners run as belongs to none of them.
        if known.owner != owner {
            known.owner = None;
        }
    }
    entries.into_values().collect()
}

/// A label of a workload's pods that no pod of another workload has.
fn own_label(workload: &Workload, all: &[&Workload]) -> Option<(String, String)> {
    let is_own = |key: &str, value: &str| {
        !all.iter().any(|other| {
            let sets = std::iter::once(&other.pod_labels).chain(&other.other_pod_labels);
            let same = |labels: &Labels| labels.get(key).is_some_and(|own| own == value);
            other.id != workload.id && sets.into_iter().any(same)
        })
    };
    NAME_KEYS.iter().find_map(|key| {
        let value = workload.pod_labels.get(key)?;
        is_own(key, value).then(|| ((*key).to_owned(), value.clone()))
    })
}

fn owner(labels: &Labels) -> Option<String> {
    let named = OWNER_KEYS.iter().filter_map(|key| labels.get(key));
    named
        .map(|value| value.trim())
        .find(|value| !value.is_empty() && value.len() <= 253 && !value.contains(char::is_control))
        .map(str::to_owned)
}

/// The owner that the namespace names; the namespace itself where nobody is named.
fn owner_of_namespace(model: &Model, namespace: &str) -> String {
    let zone = model
        .zones
        .iter()
        .find(|zone| zone.kind == ZoneKind::Namespace && zone.name == namespace);
    zone.and_then(|zone| owner(&zone.labels).or_else(|| owner(&zone.annotations)))
        .unwrap_or_else(|| namespace.to_owned())
}

fn file(namespace: &str, owner: &str, entries: &[Entry]) -> String {
    let mut text = String::new();
    if owner == namespace {
        text.push_str(
            "# Nobody is named as the owner of this namespace: label it `palisade.dev/owner`.\n",
        );
    }
    let _infallible = writeln!(text, "owner: {}\nentries:", scalar(owner));
    for entry in entries {
        let _infallible = write!(
            text,
            "  - name: {}\n    match:\n      k8s.namespace: {}\n      k8s.service-account: {}\n",
            scalar(&entry.name),
            scalar(namespace),
            scalar(&entry.account)
        );
        if let Some((key, value)) = &entry.label {
            let _infallible = writeln!(text, "      k8s.pod-label.{key}: {}", scalar(value));
        }
        let _infallible = writeln!(text, "    id: spiffe://{{trust-domain}}{}", entry.path);
        if let Some(own) = entry.owner.as_deref().filter(|own| *own != owner) {
            let _infallible = writeln!(text, "    owner: {}", scalar(own));
        }
    }
    text
}

/// Whether a name can stand in a SPIFFE ID as it is.
fn is_plain(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    name.len() <= 253
        && name
            .split('/')
            .all(|part| !matches!(part, "" | "." | "..") && part.chars().all(legal))
}

/// A text as YAML: plain where it cannot be taken for anything else, in quotes otherwise.
fn scalar(text: &str) -> String {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
    let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    if begins && text.chars().all(legal) && !words.contains(&text.to_lowercase().as_str()) {
        return text.to_owned();
    }
    serde_json::Value::from(text).to_string()
}
