//! Holds what policies said against what a test expects.

use bumpalo::Bump;
use palisade_document::Document;

use crate::answer::Status;
use crate::datum::Datum;
use crate::folder::Folder;
use crate::languages::kyverno::scalars::build;
use crate::languages::kyverno::set::PolicySet;
use crate::suite::{CaseResult, Verdict};

use super::file::{Row, Test};
use super::judge::{Given, Judged};
use super::load;

/// What results are checked with.
pub(super) struct Checker<'c, 'a> {
    /// The folder of the tests.
    pub(super) folder: &'c Folder,
    /// The test file's path.
    pub(super) path: &'c str,
    /// The test.
    pub(super) test: &'c Test<'a>,
    /// Where expected objects are built.
    pub(super) arena: &'a Bump,
    /// The policies.
    pub(super) set: &'c PolicySet,
    /// What they said.
    pub(super) judged: &'c [Judged<'a>],
}

/// The result of each row on each of its resources.
pub(super) fn rows(checker: &Checker<'_, '_>) -> Vec<CaseResult> {
    checker
        .test
        .rows
        .iter()
        .flat_map(|row| checker.row(row))
        .collect()
}

/// How a result that did not come about is counted, so that failures can be grouped.
fn wrong(expected: &str, got: &str) -> String {
    format!("expected {expected}, got {got}")
}

impl<'a> Checker<'_, 'a> {
    fn row(&self, row: &Row<'a>) -> Vec<CaseResult> {
        let mut cases = Vec::new();
        let all: Vec<&Judged<'a>> = self
            .judged
            .iter()
            .filter(|one| one.is_target || one.operation == row.operation)
            .collect();
        if row.resources.is_empty() {
            for judged in Self::of_kind(row, all) {
                cases.push(self.case(row, judged));
            }
            return cases;
        }
        for wanted in &row.resources {
            let named = |judged: &&&Judged<'a>| {
                judged.payload == Some(wanted) || is_named(wanted, judged.resource)
            };
            let named: Vec<_> = all.iter().filter(named).copied().collect();
            let chosen = Self::of_kind(row, named);
            if chosen.is_empty() {
                let reason = "the resource is not in the test's files".to_owned();
                let verdict = Verdict::Failed(reason);
                cases.push(self.named_case(row, wanted, verdict.clone(), verdict));
            }
            // A target stands for itself: what was asked about has the same name at times.
            let targets: Vec<_> = chosen.iter().copied().filter(|one| one.is_target).collect();
            let chosen = if targets.is_empty() { chosen } else { targets };
            cases.extend(chosen.into_iter().map(|judged| self.case(row, judged)));
        }
        cases
    }

    /// Those of the row's kind, where the row names a kind that is there.
    fn of_kind<'j>(row: &Row<'a>, found: Vec<&'j Judged<'a>>) -> Vec<&'j Judged<'a>> {
        let is_kind = |judged: &&&Judged<'a>| {
            row.kind.is_empty() || build::text_at(judged.resource, &["kind"]) == Some(row.kind)
        };
        if found.iter().filter(is_kind).count() == 0 {
            return found;
        }
        found.iter().filter(is_kind).copied().collect()
    }

    fn named_case(
        &self,
        row: &Row<'a>,
        resource: &str,
        verdict: Verdict,
        strict: Verdict,
    ) -> CaseResult {
        let rule = if row.rule.is_empty() {
            String::new()
        } else {
            format!(" / {}", row.rule)
        };
        let name = format!("{} / {}{rule} / {resource}", self.test.name(), row.policy);
        let mut case = CaseResult::new(name, verdict);
        case.strict = Some(strict);
        case.origin = Some(row.origin());
        case
    }

    fn case(&self, row: &Row<'a>, judged: &Judged<'a>) -> CaseResult {
        let [_, kind, namespace, name] = load::key(judged.resource);
        let resource = if namespace.is_empty() {
            format!("{kind}/{name}")
        } else {
            format!("{kind}/{namespace}/{name}")
        };
        let policy = row.policy.rsplit('/').next().unwrap_or(row.policy);
        let answers: Vec<&Given<'a>> = judged
            .given
            .iter()
            .filter(|given| given.policy == policy && is_rule(row.rule, &given.rule))
            .collect();
        if answers.is_empty() {
            let (verdict, strict) = self.unanswered(row, policy);
            return self.named_case(row, &resource, verdict, strict);
        }
        let mut verdict = Verdict::Passed;
        let mut strict = Verdict::Passed;
        for given in answers {
            match self.compare(row, judged, given) {
                Ok(Compared::Fits) => {}
                Ok(Compared::Missing) => {
                    let status = word(given.status);
                    if status != row.result {
                        strict = Verdict::Failed(wrong(row.result, status));
                    }
                }
                Err(reason) => {
                    verdict = Verdict::Failed(reason.clone());
                    strict = Verdict::Failed(reason);
                }
            }
        }
        let mut case = self.named_case(row, &resource, verdict, strict);
        if !matches!(case.strict, Some(Verdict::Passed)) {
            let said = judged.given.iter().filter(|given| given.policy == policy);
            case.prints = said
                .map(|given| format!("{}: {} {}", given.rule, word(given.status), given.message))
                .collect();
        }
        case
    }

    /// Without an answer the upstream command line counts a pass; strictly only a skip is met.
    fn unanswered(&self, row: &Row<'a>, policy: &str) -> (Verdict, Verdict) {
        if let Some((_, error)) = self.set.broken.iter().find(|(name, _)| name == policy) {
            let reason = format!("the policy does not load: {}", error.message);
            return (Verdict::Error(reason.clone()), Verdict::Error(reason));
        }
        let known = self.set.policies.iter().any(|known| known.name == policy)
            || self.set.cel.iter().any(|known| known.name() == policy)
            || self
                .set
                .admission
                .iter()
                .any(|known| known.name() == policy);
        if !known {
            let reason = "the policy is not in the test's files".to_owned();
            return (Verdict::Failed(reason.clone()), Verdict::Failed(reason));
        }
        if row.result == "skip" {
            return (Verdict::Passed, Verdict::Passed);
        }
        (
            Verdict::Passed,
            Verdict::Failed(wrong(row.result, "no answer")),
        )
    }

    fn compare(
        &self,
        row: &Row<'a>,
        judged: &Judged<'a>,
        given: &Given<'a>,
    ) -> Result<Compared, String> {
        let status = word(given.status);
        let met = || {
            if status == row.result {
                Ok(Compared::Fits)
            } else {
                Err(wrong(row.result, status))
            }
        };
        if let Some(generated) = &given.generated {
            let mut expected = row.paths("generatedResources");
            if expected.is_empty() {
                expected = row.paths("generatedResource");
            }
            for made in generated {
                self.expect(&expected, *made, "generated")?;
            }
            return met();
        }
        let actual = match (judged.is_target, given.target, given.patched) {
            (true, Some(target), _) => target,
            (_, _, Some(patched)) => patched,
            _ => judged.resource,
        };
        let mut expected = row.paths("patchedResources");
        if expected.is_empty() {
            expected = row.paths("patchedResource");
        }
        match self.expect(&expected, actual, "patched") {
            Ok(()) => met(),
            Err(reason) if reason == MISSING && !row.fails_on_missing() => Ok(Compared::Missing),
            Err(reason) => Err(reason),
        }
    }

    /// Whether an object is as one of the files says; files that are not named say nothing.
    fn expect(&self, paths: &[&str], actual: Datum<'a>, what: &str) -> Result<(), String> {
        if paths.is_empty() {
            return Ok(());
        }
        let mut differs = false;
        for path in paths {
            let documents = load::documents(self.folder, self.path, &[path])?;
            for root in documents.iter().flat_map(Document::roots) {
                let expected = build::copy(self.arena, root.into());
                let key = |object| load::key(object);
                let same_name = key(expected)[3] == key(actual)[3]
                    && key(expected)[..2] == key(actual)[..2]
                    && namespaces_meet(key(expected)[2], key(actual)[2]);
                if !same_name {
                    continue;
                }
                let (wanted, found) = (tidy(self.arena, expected), tidy(self.arena, actual));
                if build::equal(wanted, found) {
                    return Ok(());
                }
                differs = true;
            }
        }
        Err(if differs {
            format!("the {what} resource differs from the expected one")
        } else {
            MISSING.to_owned()
        })
    }
}

const MISSING: &str = "the expected resource is not in the file";

/// How an expected object compares.
enum Compared {
    Fits,
    /// The file holds no such object.
    Missing,
}

fn namespaces_meet(one: &str, other: &str) -> bool {
    let named = |namespace: &str| {
        if namespace.is_empty() {
            "default"
        } else {
            namespace
        }
        .to_owned()
    };
    named(one) == named(other)
}

/// The value without what is empty, without the marks of generated objects and without the
/// default namespace.
fn tidy<'a>(arena: &'a Bump, object: Datum<'a>) -> Datum<'a> {
    let mut object = object;
    let labels = build::at(object, &["metadata", "labels"]);
    if let Some(labels) = labels {
        let kept = labels.entries().filter(|(key, value)| {
            let is_mark = key.starts_with("generate.kyverno.io/")
                || *key == "app.kubernetes.io/managed-by" && value.as_text() == Some("kyverno");
            !is_mark
        });
        let kept = build::map(arena, kept.collect());
        object = build::with_at(arena, object, &["metadata", "labels"], kept);
    }
    if build::text_at(object, &["metadata", "namespace"]) == Some("default") {
        object = build::with_at(arena, object, &["metadata", "namespace"], Datum::Null);
    }
    tidied(arena, object).unwrap_or(Datum::Null)
}

fn tidied<'a>(arena: &'a Bump, value: Datum<'a>) -> Option<Datum<'a>> {
    if value.is_map() {
        let entries = value.entries();
        let kept: Vec<_> = entries
            .filter_map(|(key, value)| Some((key, tidied(arena, value)?)))
            .collect();
        return (!kept.is_empty()).then(|| build::map(arena, kept));
    }
    if value.is_list() {
        let kept: Vec<_> = value
            .items()
            .filter_map(|item| tidied(arena, item))
            .collect();
        return (!kept.is_empty()).then(|| build::list(arena, kept));
    }
    (!build::is_null(value)).then_some(value)
}

fn is_named(wanted: &str, resource: Datum<'_>) -> bool {
    let [_, _, namespace, name] = load::key(resource);
    match wanted.split_once('/') {
        None => wanted == name,
        Some((wanted_namespace, wanted)) => wanted == name && wanted_namespace == namespace,
    }
}

/// Whether an answer is of a row's rule, or of its forms for pod controllers.
fn is_rule(wanted: &str, rule: &str) -> bool {
    wanted.is_empty()
        || rule.is_empty()
        || rule == wanted
        || rule
            .strip_prefix("autogen-")
            .is_some_and(|rest| rest == wanted || rest.strip_prefix("cronjob-") == Some(wanted))
}

/// A status as test files write it.
pub(super) fn word(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Skip => "skip",
        Status::Warn => "warn",
        Status::Fail => "fail",
        Status::Error => "error",
    }
}
