//! Rules whose answers hang on facts that code does not hold: what a cluster or registry knows.

use std::collections::BTreeMap;
use std::sync::Arc;

use palisade_model::{Diagnostic, DiagnosticLevel};
use palisade_policy::{Answer, Enforcement, Status};
use palisade_report::plural;

use super::Said;

/// Most rules that one line names.
const NAMED: usize = 3;

/// A rule that could not judge, by its first answer.
pub(super) struct Waiting<'s> {
    /// What was asked first.
    pub(super) said: &'s Said<'s>,
    /// What it answered.
    pub(super) answer: &'s Answer,
    count: usize,
}

impl Waiting<'_> {
    /// What became of it.
    pub(super) fn sentence(&self) -> String {
        let (name, count) = (self.answer.name(), self.count);
        let missing = self.answer.missing.first();
        format!(
            "policy `{name}` could not judge {count} {}: {} is not known from code",
            plural(count, "document"),
            missing.map_or("something", String::as_str)
        )
    }
}

/// Whether an answer hangs on facts that nobody supplied.
pub(super) fn is_waiting(answer: &Answer) -> bool {
    !answer.missing.is_empty() && matches!(answer.status, Status::Fail | Status::Error)
}

/// Rules that wait and whose author enforces them, by name.
pub(super) fn enforced<'s>(said: &'s [Said<'s>]) -> BTreeMap<String, Waiting<'s>> {
    let mut rules = all(said);
    rules.retain(|_, rule| rule.answer.enforcement >= Enforcement::Overridable);
    rules
}

fn all<'s>(said: &'s [Said<'s>]) -> BTreeMap<String, Waiting<'s>> {
    let mut rules: BTreeMap<String, Waiting<'s>> = BTreeMap::new();
    for one in said {
        let answers = one.answers.iter().flatten();
        for answer in answers.filter(|answer| is_waiting(answer)) {
            let first = || Waiting {
                said: one,
                answer,
                count: 0,
            };
            rules.entry(answer.name()).or_insert_with(first).count += 1;
        }
    }
    rules
}

/// Why a file has no answer to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unanswered {
    /// It waits for facts that nobody supplied.
    Waits,
    /// It fails.
    Fails,
}

/// Files with a rule that has no answer to something, and why.
pub(crate) fn unanswered(said: &[Said<'_>]) -> BTreeMap<Arc<str>, Unanswered> {
    let mut files: BTreeMap<Arc<str>, Unanswered> = BTreeMap::new();
    for answer in said.iter().flat_map(|one| one.answers.iter().flatten()) {
        let why = match answer.status {
            _ if is_waiting(answer) => Unanswered::Waits,
            Status::Error => Unanswered::Fails,
            _ => continue,
        };
        if let Some(place) = &answer.defined_at {
            let file = files.entry((&*place.file).into()).or_insert(why);
            *file = why.max(*file);
        }
    }
    files
}

/// What waits: a line about the enforced rules, and a note about each.
pub(crate) fn waiting(said: &[Said<'_>], cluster_facts: bool) -> Vec<Diagnostic> {
    let rules = all(said);
    let mut told: Vec<Diagnostic> = overview(&enforced(said), cluster_facts)
        .into_iter()
        .collect();
    told.extend(rules.into_values().map(|rule| Diagnostic {
        level: DiagnosticLevel::Note,
        message: rule.sentence(),
        origin: rule.answer.defined_at.clone(),
        help: Some("it judges at admission: `palisade serve --admission`".to_owned()),
    }));
    told
}

fn overview(rules: &BTreeMap<String, Waiting<'_>>, cluster_facts: bool) -> Option<Diagnostic> {
    if rules.is_empty() {
        return None;
    }
    let (count, documents) = (rules.len(), rules.values().map(|rule| rule.count).sum());
    let named = rules.keys().take(NAMED).map(|name| format!("`{name}`"));
    let mut names = named.collect::<Vec<_>>().join(", ");
    if count > NAMED {
        names = format!("{names} and {} more", count - NAMED);
    }
    Some(Diagnostic {
        level: DiagnosticLevel::Warning,
        message: format!(
            "{count} enforced {} could not judge {documents} {}: {names}",
            plural(count, "rule"),
            plural(documents, "document"),
        ),
        origin: None,
        help: Some(if cluster_facts {
            "they judge at admission alone, as `cluster-facts` in the settings says".to_owned()
        } else {
            "give what they ask for with `[policies] objects`, or leave it to the cluster with `cluster-facts = true`"
                .to_owned()
        }),
    })
}
