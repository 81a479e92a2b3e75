//! Rules that are named `test_…`, with the lines that they run.

use std::collections::BTreeMap;
use std::time::Instant;

use bumpalo::Bump;

use super::super::asking::{Around, finish, with_question};
use super::super::bundle::{contents, discover, is_test};
use super::super::engine::Lines;
use super::super::metadata::rule_path;
use super::super::modules::{Dialect, Loaded, Policies, load_sound};
use super::super::rewrite::quoted_path;
use super::super::syntax::Rule;
use super::super::term::Term;
use crate::budget::{Budget, Meter};
use crate::context::{Context, Effects};
use crate::error::{EvaluationError, PolicyError};
use crate::folder::Folder;
use crate::language::{Bundle, Settings};
use crate::suite::{CaseResult, SuiteReport, Verdict};

/// The moment at which tests run, so that they come out alike every day; a test that wants another
/// says `with time.now_ns as …`.
const TEST_TIME_NS: i64 = 1_767_225_600_000_000_000;

/// The suites of a folder: one per bundle that has tests.
pub(in crate::languages::rego) fn opa_suites(
    folder: &Folder,
    settings: &Settings,
) -> Result<Vec<SuiteReport>, PolicyError> {
    let dialect = Dialect::of(settings.dialect.as_deref())?;
    let mut reports = Vec::new();
    for bundle in discover(folder)? {
        let has_tests = bundle
            .files
            .iter()
            .any(|(name, file)| is_test(name) || file.text().contains("\ntest_"));
        if has_tests {
            reports.push(suite(&bundle, dialect));
        }
    }
    Ok(reports)
}

fn suite(bundle: &Bundle, dialect: Dialect) -> SuiteReport {
    let mut report = SuiteReport {
        language: "rego",
        runner: "opa test",
        name: bundle.name.clone(),
        ..SuiteReport::default()
    };
    let loaded =
        contents(bundle, dialect, true).and_then(|found| load_sound(found.texts, &found.data));
    let mut unloaded = |error: PolicyError| {
        let mut case = CaseResult::new("load", Verdict::Error(error.message));
        case.origin = error.origin;
        report.cases.push(case);
    };
    let policies = match loaded {
        Ok((policies, left_out)) => {
            for one in left_out {
                unloaded(one.error);
            }
            policies
        }
        Err(errors) => {
            errors.into_iter().for_each(unloaded);
            return report;
        }
    };
    let mut lines: Lines = Lines::new();
    for loaded in &policies.modules {
        let mut seen: Vec<String> = Vec::new();
        for rule in &loaded.module.rules {
            let names = rule_path(rule);
            let Some(name) = names
                .first()
                .filter(|name| name.starts_with("test_") || name.starts_with("todo_test_"))
            else {
                continue;
            };
            // Rules of one name are tests of their own, numbered from the second on.
            let earlier = seen.iter().filter(|known| *known == name).count();
            seen.push(name.clone());
            let mut cases = case(&policies, loaded, rule, name, &mut lines);
            if earlier > 0 {
                for case in &mut cases {
                    case.name = format!("{}#{earlier:02}", case.name);
                }
            }
            report.cases.extend(cases);
        }
    }
    report.coverage = coverage(&policies, &lines);
    report
}

fn case(
    policies: &Policies,
    loaded: &Loaded,
    rule: &Rule,
    name: &str,
    lines: &mut Lines,
) -> Vec<CaseResult> {
    let package = &loaded.module.package;
    let full = format!("data.{}.{name}", package.join("."));
    let origin = Some(loaded.text.origin(rule.head.span));
    if name.starts_with("todo_") {
        let verdict = Verdict::Skipped("it is marked as to be done".to_owned());
        let mut case = CaseResult::new(full, verdict);
        case.origin = origin;
        return vec![case];
    }
    let mut path = vec!["data".to_owned()];
    path.extend(package.iter().cloned());
    path.push(name.to_owned());
    let arena = Bump::new();
    let environment = Effects {
        now_ns: Some(TEST_TIME_NS),
        random: Some(&|| 1),
        ..Effects::default()
    };
    let context = Context::new(&arena, Meter::start(Budget::default()), environment);
    let started = Instant::now();
    let mut ran = Lines::new();
    let outcome = with_question(&context, None, &Around::default(), |question| {
        let (outcome, found) = policies.program.covered(&quoted_path(&path), question)?;
        ran = found;
        Ok(outcome)
    });
    let value = finish(policies, &context, outcome);
    let prints = context.take_prints();
    let duration = started.elapsed();
    let reason = || not_reached(loaded, rule, &ran);
    let cases = verdicts(full, value, &reason);
    merge(lines, ran);
    let cases = cases.into_iter().map(|(name, verdict)| CaseResult {
        name,
        verdict,
        strict: None,
        origin: origin.clone(),
        prints: prints.clone(),
        duration,
    });
    cases.collect()
}

/// One verdict, or one per case where the rule is an object of named cases.
fn verdicts(
    name: String,
    value: Result<Option<Term>, EvaluationError>,
    reason: &dyn Fn() -> String,
) -> Vec<(String, Verdict)> {
    match value {
        Err(error) => vec![(name, Verdict::Error(error.to_string()))],
        Ok(None) => vec![(name, Verdict::Failed(reason()))],
        Ok(Some(Term::Bool(false))) => {
            vec![(name, Verdict::Failed("it is false".to_owned()))]
        }
        Ok(Some(Term::Object(cases))) if cases.iter().all(|(key, _)| key.as_text().is_some()) => {
            let cases = cases.into_iter().map(|(key, value)| {
                let verdict = match value {
                    Term::Bool(false) | Term::Null => Verdict::Failed("it is false".to_owned()),
                    _ => Verdict::Passed,
                };
                (format!("{name}/{}", key.display()), verdict)
            });
            cases.collect()
        }
        Ok(Some(_)) => vec![(name, Verdict::Passed)],
    }
}

/// Where a test that has no value ends.
fn not_reached(loaded: &Loaded, rule: &Rule, ran: &Lines) -> String {
    let position = |at: u32| {
        loaded
            .text
            .text
            .get(..at as usize)
            .unwrap_or("")
            .matches('\n')
            .count()
    };
    let (first, last) = (position(rule.span.start) + 1, position(rule.span.end) + 1);
    let inside = |line: &&u32| (first..=last).contains(&(**line as usize));
    let missed = ran
        .get(&loaded.text.name)
        .and_then(|(_, missed)| missed.iter().filter(inside).min());
    match missed {
        Some(line) => {
            let origin = loaded.text.line_origin_of(*line, 1);
            format!("it is undefined; line {} is not reached", origin.start.line)
        }
        None => "it is undefined: its last statement does not hold".to_owned(),
    }
}

fn merge(lines: &mut Lines, ran: Lines) {
    for (file, (covered, missed)) in ran {
        let known = lines.entry(file).or_default();
        known.0.extend(covered);
        known.1.extend(missed);
    }
}

/// Lines that were run, and lines that could be, per file of policies.
fn coverage(policies: &Policies, lines: &Lines) -> BTreeMap<String, (u32, u32)> {
    let mut found = BTreeMap::new();
    for loaded in &policies.modules {
        let Some((covered, missed)) = lines.get(&loaded.text.name) else {
            continue;
        };
        let covered: std::collections::BTreeSet<_> = covered.iter().collect();
        let all: std::collections::BTreeSet<_> = covered.iter().copied().chain(missed).collect();
        let count = |lines: usize| u32::try_from(lines).unwrap_or(u32::MAX);
        let file = loaded.text.file.path().to_string();
        found.insert(file, (count(covered.len()), count(all.len())));
    }
    found
}
