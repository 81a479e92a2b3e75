//! Entry files as part of a system that is checked: who has an identity by them, and what is wrong.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use palisade_document::{SourceFile, text_fingerprint};
use palisade_identity::entries::{Entries, Entry};
use palisade_identity::{Attributes, TrustDomain};
use palisade_model::{
    Diagnostic, DiagnosticLevel, Model, NodeId, NodeKind, Origin, Severity, Workload,
};
use palisade_patterns::{GuardrailFault, GuardrailReport};
use palisade_sources::Reading;

use super::{LoadedEntries, USUAL_FOLDER, files, held_together};
use crate::settings::IdentitySettings;

/// The entry files of a system: where the settings say, or `identity/` below what is read.
pub(crate) fn of_system(
    root: &Path,
    paths: &[PathBuf],
    settings: &IdentitySettings,
    reading: &mut Reading,
) -> Option<LoadedEntries> {
    let (places, named) = match &settings.entries {
        Some(places) => (places.clone(), true),
        None => (usual(root, paths), false),
    };
    let mut found = match files(root, &places) {
        Ok(found) => found,
        Err(error) => {
            reading.diagnostics.push(Diagnostic {
                level: DiagnosticLevel::Error,
                message: format!("entry files of workload identities are not judged: {error}"),
                origin: None,
                help: None,
            });
            return None;
        }
    };
    found.retain(|file| named || is_entry_file(file));
    if found.is_empty() {
        return None;
    }
    let loaded = held_together(root, found, None, settings);
    for (name, file) in &loaded.texts {
        reading.files.insert(Arc::clone(name), Arc::clone(file));
    }
    Some(loaded)
}

fn usual(root: &Path, paths: &[PathBuf]) -> Vec<PathBuf> {
    let places: BTreeSet<PathBuf> = paths.iter().map(|path| path.join(USUAL_FOLDER)).collect();
    let exists = |place: &PathBuf| root.join(place).is_dir();
    places.into_iter().filter(exists).collect()
}

/// Whether a file of a folder that others use too is meant as an entry file: Kubernetes objects
/// and charts are not.
fn is_entry_file(file: &SourceFile) -> bool {
    let has = |key: &str| {
        let mut lines = file.text().lines();
        lines.any(|line| {
            line.strip_prefix(key)
                .is_some_and(|rest| rest.starts_with(':'))
        })
    };
    let json = file.path().ends_with(".json");
    let entries = has("entries") || (json && file.text().contains("\"entries\""));
    let rules = has("mint") || (json && file.text().contains("\"mint\""));
    !has("apiVersion") && ((entries && file.text().contains("spiffe://")) || rules)
}

impl LoadedEntries {
    /// Workloads that an entry gives an identity to; none where the files have mistakes, since no
    /// issuer takes them.
    pub(crate) fn identified(&self, model: &Model) -> BTreeSet<NodeId> {
        if self.compiled.has_errors() {
            return BTreeSet::new();
        }
        // Where no trust domain is named any name does: only the match counts here.
        let own = self.trust_domain.clone();
        let own = own.or_else(|| TrustDomain::new("unnamed").ok());
        let entries = own.and_then(|own| {
            let list = self.compiled.entries.clone();
            Entries::new(own, list, self.compiled.rules.clone()).ok()
        });
        let Some(entries) = entries else {
            return BTreeSet::new();
        };
        let has_entry = |workload: &&Workload| {
            pod(workload).is_some_and(|pod| entries.matching(&pod).next().is_some())
        };
        let identified = model.workloads.iter().filter(has_entry);
        identified.map(|workload| workload.id.clone()).collect()
    }

    /// What the checks of pattern 6 report: entries that mint what their owners may not, and files
    /// that no issuer takes.
    pub(crate) fn reports(&self) -> Vec<GuardrailReport> {
        let breaches = &self.compiled.breaches;
        let broken = breaches.iter().map(|(entry, error)| GuardrailReport {
            fault: GuardrailFault::Broken,
            subject: NodeId::new(NodeKind::Control, &format!("identity-entry/{}", entry.name)),
            part: "mint".to_owned(),
            message: format!("identity entry `{}`: {error}", entry.name),
            label: "this entry mints what its owner may not".to_owned(),
            origin: entry.origin.clone(),
            content: self.content(entry),
            severity: Some(Severity::High),
            rule: self
                .compiled
                .rules
                .0
                .first()
                .map(|rule| rule.origin.clone()),
        });
        let is_breach = |diagnostic: &&Diagnostic| {
            let place = diagnostic.origin.as_ref();
            breaches
                .iter()
                .any(|(entry, _)| Some(&entry.origin) == place)
        };
        let mistakes = self.compiled.diagnostics.iter();
        let unread = mistakes
            .filter(|diagnostic| !is_breach(diagnostic))
            .map(unread);
        broken.chain(unread).collect()
    }

    fn content(&self, entry: &Entry) -> String {
        let file = self.texts.get(&*entry.origin.file);
        let text = file.map_or("", |file| file.slice(entry.origin.span));
        text_fingerprint(text).to_string()
    }
}

fn unread(diagnostic: &Diagnostic) -> GuardrailReport {
    let origin = diagnostic.origin.clone().unwrap_or_else(Origin::nowhere);
    GuardrailReport {
        fault: GuardrailFault::NotEvaluated,
        subject: NodeId::new(
            NodeKind::Control,
            &format!("identity-entries/{}", origin.file),
        ),
        part: origin.span.start.to_string(),
        message: format!(
            "entry files of workload identities are refused: {}",
            diagnostic.message
        ),
        label: "no issuer takes the files with this mistake".to_owned(),
        origin,
        content: String::new(),
        severity: None,
        rule: None,
    }
}

/// What attestation will see of a workload's pods, as far as code tells.
fn pod(workload: &Workload) -> Option<Attributes> {
    if workload.namespace.is_empty() {
        return None;
    }
    let account = workload.service_account.as_ref();
    let account = account.map_or("default", |account| account.value.as_str());
    let mut pod = Attributes::default();
    pod.add("k8s.namespace", workload.namespace.as_str()).ok()?;
    pod.add("k8s.service-account", account).ok()?;
    for (name, value) in &workload.pod_labels {
        // A label that attestation would not take either matches nothing.
        pod.add(&format!("k8s.pod-label.{name}"), value.as_str())
            .ok();
    }
    Some(pod)
}
