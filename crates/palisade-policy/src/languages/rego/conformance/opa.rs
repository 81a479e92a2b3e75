//! OPA's own cases, as JSON files with modules, documents, a query and what is wanted.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use palisade_document::SourceFile;
use serde_json::Value as Json;

use super::super::engine::{Program, Question, compared, from_term};
use super::super::modules::{Dialect, PolicyText, load};
use super::super::query::rewrite_query;
use super::super::term::Term;
use super::super::world::World;
use crate::error::PolicyError;
use crate::folder::Folder;
use crate::suite::ConformanceReport;

/// When the cases run: the last day of 2023, when the certificates in them are valid.
const NOW_NS: i64 = 1_704_000_000_000_000_000;

/// Runs all cases below a folder.
pub(in crate::languages::rego) fn opa_cases(
    folder: &Folder,
) -> Result<ConformanceReport, PolicyError> {
    let files = folder
        .files()
        .map_err(|error| PolicyError::new(error.to_string()))?;
    let mut report = ConformanceReport {
        suite: "rego",
        ..ConformanceReport::default()
    };
    for file in files
        .iter()
        .filter(|file| file.strip_suffix(".json").is_some())
    {
        let text = folder
            .read(file)
            .map_err(|error| PolicyError::new(error.to_string()))?;
        let Ok(json) = serde_json::from_str::<Json>(text.text()) else {
            continue;
        };
        for case in json
            .get("cases")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
        {
            let note = case.get("note").and_then(Json::as_str).unwrap_or(file);
            match judge(case) {
                Ok(()) => report.passed += 1,
                Err(cause) => {
                    let group = note.split('/').next().unwrap_or(note);
                    let cause = format!("{group}: {}", cause.lines().next().unwrap_or(""));
                    report
                        .failed
                        .entry(cause)
                        .or_default()
                        .push(note.to_owned());
                }
            }
        }
    }
    if report.passed + report.failures() == 0 {
        return Err(PolicyError::new(
            "no OPA cases are below this folder; give the folder with the suite's JSON files",
        ));
    }
    let (compared, agreed) = compared();
    let answers = "answers of the virtual machine that are the interpreter's".to_owned();
    report.further.push((answers, agreed, compared));
    Ok(report)
}

/// Whether a case comes out as wanted.
fn judge(case: &Json) -> Result<(), String> {
    let answer = catch_unwind(AssertUnwindSafe(|| answer(case))).unwrap_or(Err(Answered::Panic));
    let wants_error = case.get("want_error").is_some() || case.get("want_error_code").is_some();
    match (answer, case.get("want_result")) {
        (Err(Answered::Panic), _) => Err("the engine panicked".to_owned()),
        (Err(Answered::Load(message)), _) => Err(format!("does not load: {message}")),
        (Err(Answered::Error(message)), _) if wants_error => {
            if message.contains("could not find function") {
                return Err(message);
            }
            Ok(())
        }
        (Err(Answered::Error(message)), _) => Err(message),
        (Ok(_), _) if wants_error => Err("an error is wanted".to_owned()),
        (Ok(mut found), wanted) => {
            if case.get("sort_bindings").and_then(Json::as_bool) == Some(true) {
                found.iter_mut().for_each(sort_bindings);
            }
            let wanted: Vec<Term> = wanted
                .and_then(Json::as_array)
                .into_iter()
                .flatten()
                .map(Term::from_json)
                .collect();
            compare(found, wanted)
        }
    }
}

/// Sorts what the variables of a result are, as OPA's own runner does where a case asks for it.
fn sort_bindings(result: &mut Term) {
    let Term::Object(bindings) = result else {
        return;
    };
    for (_, value) in bindings {
        if let Term::Array(items) = value {
            items.sort_by(Term::compare);
        }
    }
}

fn compare(found: Vec<Term>, wanted: Vec<Term>) -> Result<(), String> {
    let normal = |terms: Vec<Term>| {
        let mut terms: Vec<Term> = terms
            .iter()
            .map(|term| Term::from_json(&term.to_json()))
            .collect();
        terms.sort_by(Term::compare);
        terms
    };
    let (found, wanted) = (normal(found), normal(wanted));
    if found == wanted {
        return Ok(());
    }
    let said = |terms: &[Term]| Term::Array(terms.to_vec()).literal();
    Err(format!("wanted {} but got {}", said(&wanted), said(&found)))
}

/// Asks once more by the rule's path, where the query is one: the virtual machine is compared with
/// the interpreter on the way.
fn compare_machine(program: &Program, query: &str, question: Question<'_>) {
    let path = query.strip_suffix(" = x").filter(|path| {
        path.starts_with("data.")
            && path
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'))
    });
    if let Some(path) = path {
        // What the rule is was judged before; only the comparison counts here.
        drop(program.rule(path, question));
    }
}

enum Answered {
    Load(String),
    Error(String),
    Panic,
}

fn answer(case: &Json) -> Result<Vec<Term>, Answered> {
    let mut texts = Vec::new();
    for (at, module) in case
        .get("modules")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .enumerate()
    {
        let name = format!("module-{at}.rego");
        let text = module.as_str().unwrap_or("");
        let file = Arc::new(SourceFile::new(name.as_str(), text));
        texts.push(PolicyText::file(&name, &file, Dialect::V1));
    }
    let data = case
        .get("data")
        .map(|data| from_term(&Term::from_json(data)));
    let policies = load(texts, data.as_slice()).map_err(|errors| {
        let messages: Vec<_> = errors.iter().map(|error| error.message.clone()).collect();
        Answered::Load(messages.join("; "))
    })?;
    let question = |input| Question {
        input,
        data: None,
        time: Duration::from_secs(10),
        memory: 256 << 20,
        world: World {
            now_ns: Some(NOW_NS),
            seed: Some(7),
            strict: case
                .get("strict_error")
                .and_then(Json::as_bool)
                .unwrap_or(false),
            ..World::default()
        },
        send: None,
    };
    let ask = |text: &str, input| {
        let text = rewrite_query(text, &policies.replaced)
            .map_err(|error| Answered::Load(error.message))?;
        let outcome = policies
            .program
            .query(&text, question(input))
            .map_err(|error| Answered::Error(error.message))?;
        Ok(outcome.value)
    };
    let mut input = case.get("input").map(Term::from_json);
    if let Some(term) = case.get("input_term").and_then(Json::as_str) {
        let found = ask(&format!("x = {term}"), None)?;
        input = found
            .first()
            .and_then(|result| result.bindings.get("x").cloned());
    }
    let query = case.get("query").and_then(Json::as_str).unwrap_or("");
    let results = ask(query, input.as_ref().map(from_term))?;
    compare_machine(
        &policies.program,
        query,
        question(input.as_ref().map(from_term)),
    );
    Ok(results.into_iter().map(|result| result.bindings).collect())
}
