//! `gator verify` suites: templates and constraints, objects, and what is expected of them.

use std::sync::Arc;
use std::time::Instant;

use bumpalo::Bump;
use palisade_document::{Document, Limits, SyntaxSeverity, Value, parse_yaml};
use palisade_model::Origin;
use regex::RegexBuilder;

use super::super::gatekeeper::{Bound, Constraint, Review, Template, Violation};
use crate::budget::{Budget, Meter};
use crate::context::{Context, Effects};
use crate::error::PolicyError;
use crate::folder::Folder;
use crate::input::{Input, Subject};
use crate::suite::{CaseResult, SuiteReport, Verdict};

/// Largest compiled pattern of a message, in bytes.
const MAX_PATTERN_BYTES: usize = 1 << 20;

/// The suites of a folder.
pub(in crate::languages::rego) fn gator_suites(
    folder: &Folder,
) -> Result<Vec<SuiteReport>, PolicyError> {
    let files = folder
        .files()
        .map_err(|error| PolicyError::new(error.to_string()))?;
    let mut reports = Vec::new();
    each_suite(folder, &files, &mut |place, root| {
        reports.push(suite(place, root));
    });
    Ok(reports)
}

/// The objects that suites judge and look up: those in a suite's own folder, of a test whose template
/// and constraint are there, in cases that expect something. Anything else would let a suite take the
/// system's manifests out of a check.
pub(in crate::languages::rego) fn material(folder: &Folder) -> Vec<Arc<str>> {
    let mut found = Vec::new();
    let files = folder.files().unwrap_or_default();
    each_suite(folder, &files, &mut |place, root| {
        let own = place.folder.shown(place.suite);
        let own = own.rsplit_once('/').map_or("", |(own, _)| own).to_owned();
        let is_own = |file: &Arc<str>| own.is_empty() || file.starts_with(&format!("{own}/"));
        let judges = |test: &Value<'_>| {
            ["template", "constraint"]
                .iter()
                .all(|key| test.get(key).is_some_and(|path| place.read(path).is_ok()))
        };
        let tests = list(root, "tests").into_iter().filter(judges);
        let cases = tests.flat_map(|test| list(test, "cases"));
        for case in cases.filter(|case| !list(*case, "assertions").is_empty()) {
            let objects = case
                .get("object")
                .into_iter()
                .chain(list(case, "inventory"));
            let read = objects.filter_map(|path| place.read(path).ok());
            let files = read.map(|document| Arc::clone(document.file().path()));
            found.extend(files.filter(is_own));
        }
    });
    found
}

fn list<'d>(value: Value<'d>, key: &str) -> Vec<Value<'d>> {
    value.get(key).into_iter().flat_map(Value::items).collect()
}

fn each_suite(folder: &Folder, files: &[String], take: &mut dyn FnMut(&Place<'_>, Value<'_>)) {
    for file in files {
        let end = file.rsplit_once('.').map_or("", |(_, end)| end);
        if !end.eq_ignore_ascii_case("yaml") && !end.eq_ignore_ascii_case("yml") {
            continue;
        }
        let Ok(text) = folder.read(file) else {
            continue;
        };
        if !text.text().contains("test.gatekeeper.sh/") {
            continue;
        }
        let (document, _) = parse_yaml(text, &Limits::default());
        for root in document.roots() {
            if root.get("kind").and_then(Value::as_str) == Some("Suite") {
                let place = Place {
                    folder,
                    suite: file,
                };
                take(&place, root);
            }
        }
    }
}

/// A suite's file, to which its paths are relative.
struct Place<'f> {
    folder: &'f Folder,
    suite: &'f str,
}

impl Place<'_> {
    fn read(&self, path: Value<'_>) -> Result<Document, String> {
        let path = path.as_str().ok_or("a path is not a text")?;
        let base = self.suite.rsplit_once('/').map_or("", |(base, _)| base);
        let full = format!("{base}/{path}");
        let text = self
            .folder
            .read(full.trim_start_matches('/'))
            .map_err(|error| error.to_string())?;
        let (document, errors) = parse_yaml(text, &Limits::default());
        match errors
            .iter()
            .find(|error| error.severity == SyntaxSeverity::Fatal)
        {
            Some(error) => Err(format!("`{path}` is not YAML: {}", error.message)),
            None => Ok(document),
        }
    }
}

fn suite(place: &Place<'_>, root: Value<'_>) -> SuiteReport {
    let mut report = SuiteReport {
        language: "rego",
        runner: "gator verify",
        name: place.folder.shown(place.suite),
        ..SuiteReport::default()
    };
    for test in root.get("tests").into_iter().flat_map(Value::items) {
        let name = test.get("name").and_then(Value::as_str).unwrap_or("test");
        let origin = |value: Value<'_>| Some(Origin::new(value.document().file(), value.span()));
        let skipped = |value: Value<'_>| value.get("skip").and_then(Value::as_bool) == Some(true);
        let cases: Vec<_> = test
            .get("cases")
            .into_iter()
            .flat_map(Value::items)
            .collect();
        let bound = if skipped(test) {
            Err("skip".to_owned())
        } else {
            bound(place, test)
        };
        if cases.is_empty() {
            let verdict = match &bound {
                Ok(_) => Verdict::Passed,
                Err(reason) => Verdict::Error(reason.clone()),
            };
            report.cases.push(CaseResult::new(name, verdict));
        }
        for case in cases {
            let title = case.get("name").and_then(Value::as_str).unwrap_or("case");
            let started = Instant::now();
            let verdict = if skipped(test) || skipped(case) {
                Verdict::Skipped("the suite says so".to_owned())
            } else {
                match &bound {
                    Ok(bound) => judge(place, bound, case),
                    Err(reason) => Verdict::Error(reason.clone()),
                }
            };
            let mut result = CaseResult::new(format!("{name}/{title}"), verdict);
            result.origin = origin(case);
            result.duration = started.elapsed();
            report.cases.push(result);
        }
    }
    report
}

fn bound(place: &Place<'_>, test: Value<'_>) -> Result<Bound, String> {
    if test.get("expansion").is_some() {
        return Err("expansion templates are not supported; test the expanded objects".to_owned());
    }
    let file = |key: &str| {
        let path = test.get(key).ok_or(format!("the test names no `{key}`"))?;
        place.read(path)
    };
    let said = |errors: Vec<PolicyError>| {
        let errors: Vec<_> = errors.iter().map(|error| error.message.clone()).collect();
        errors.join("; ")
    };
    let template = file("template")?;
    let template = template
        .roots()
        .next()
        .ok_or("the template's file is empty")?;
    let template = Arc::new(Template::load(template).map_err(said)?);
    let constraint = file("constraint")?;
    let constraint = constraint
        .roots()
        .next()
        .ok_or("the constraint's file is empty")?;
    Constraint::read(constraint)
        .and_then(|constraint| Bound::new(&[template], constraint))
        .map_err(|error| error.message)
}

fn judge(place: &Place<'_>, bound: &Bound, case: Value<'_>) -> Verdict {
    match violations(place, bound, case).and_then(|found| assertions(case, &found)) {
        Ok(None) => Verdict::Passed,
        Ok(Some(difference)) => Verdict::Failed(difference),
        Err(reason) => Verdict::Error(reason),
    }
}

fn violations(place: &Place<'_>, bound: &Bound, case: Value<'_>) -> Result<Vec<Violation>, String> {
    let object = place.read(case.get("object").ok_or("the case names no `object`")?)?;
    let object = object.roots().next().ok_or("the object's file is empty")?;
    let inventory: Vec<Document> = case
        .get("inventory")
        .into_iter()
        .flat_map(Value::items)
        .map(|path| place.read(path))
        .collect::<Result<_, _>>()?;
    let objects: Vec<Value<'_>> = inventory.iter().flat_map(Document::roots).collect();
    let subject = match object.get("kind").and_then(Value::as_str) {
        Some("AdmissionReview") => Subject::AdmissionReview,
        _ => Subject::KubernetesObject,
    };
    let mut input = Input::new(subject, object);
    input.supplied.objects = &objects;
    let review = Review::of(&input).ok_or("the object is not a Kubernetes object")?;
    let arena = Bump::new();
    let meter = Meter::start(Budget::default());
    let context = Context::new(&arena, meter, Effects::default());
    bound
        .violations(&context, &input, &review)
        .map(Option::unwrap_or_default)
        .map_err(|error| error.to_string())
}

/// The first assertion that does not hold, if one does not.
fn assertions(case: Value<'_>, found: &[Violation]) -> Result<Option<String>, String> {
    for assertion in case.get("assertions").into_iter().flat_map(Value::items) {
        let pattern = assertion.get("message").and_then(Value::as_str);
        let matcher = pattern.map(|pattern| {
            RegexBuilder::new(pattern)
                .size_limit(MAX_PATTERN_BYTES)
                .build()
                .map_err(|error| format!("the message's pattern does not compile: {error}"))
        });
        let matcher = matcher.transpose()?;
        let count = found
            .iter()
            .filter(|violation| {
                matcher
                    .as_ref()
                    .is_none_or(|m| m.is_match(&violation.message))
            })
            .count();
        let (holds, wanted) = match assertion.get("violations") {
            None => (count > 0, "some".to_owned()),
            Some(value) => match (value.as_bool(), value.as_i64(), value.as_str()) {
                (Some(true), ..) | (.., Some("yes")) => (count > 0, "some".to_owned()),
                (Some(false), ..) | (.., Some("no")) => (count == 0, "no".to_owned()),
                (_, Some(exact), _) => (i64::try_from(count) == Ok(exact), exact.to_string()),
                _ => return Err("`violations` is neither a number nor `yes` or `no`".to_owned()),
            },
        };
        if !holds {
            let about = pattern.map_or(String::new(), |pattern| format!(" about `{pattern}`"));
            let messages: Vec<_> = found
                .iter()
                .map(|violation| violation.message.as_str())
                .collect();
            return Ok(Some(format!(
                "{wanted} violations{about} are expected, and {count} came: {}",
                messages.join(" | ")
            )));
        }
    }
    Ok(None)
}
