//! conftest's entry points: `deny`, `violation`, `warn` and `exception`, in any package.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use palisade_document::Value;
use palisade_model::{Origin, Severity};

use super::asking::{Around, ask_rule};
use super::engine::{Foreign, from_datum};
use super::gatekeeper::Review;
use super::metadata::{Annotation, rule_path};
use super::modules::Policies;
use super::places::offending;
use super::reads::{Form, Readings, Reads};
use super::rewrite::quoted_path;
use super::term::Term;
use crate::answer::{Answer, Enforcement, Status};
use crate::compiled::RuleSummary;
use crate::context::Context;
use crate::datum::Datum;
use crate::error::EvaluationError;
use crate::exception::{End, PolicyException};
use crate::input::{Input, Subject};

/// A rule that judges.
#[derive(Debug)]
pub(super) struct EntryPoint {
    /// The package, with dots.
    package: String,
    name: String,
    path: String,
    enforcement: Enforcement,
    title: String,
    severity: Option<Severity>,
    defined_at: Origin,
    /// What it judges.
    subjects: BTreeSet<Subject>,
    /// In which forms its definitions expect a Kubernetes object.
    forms: BTreeSet<Form>,
    /// The path of the package's `exception`, where it has one.
    exception: Option<String>,
    /// What the rules of that name say of themselves.
    excepting: Vec<PolicyException>,
}

/// The entry points of the packages that are asked for (all, where none is named).
pub(super) fn entry_points(policies: &Policies, namespaces: &[String]) -> Vec<EntryPoint> {
    let mut found: BTreeMap<(String, String), EntryPoint> = BTreeMap::new();
    let mut exceptions: BTreeMap<String, (String, Vec<PolicyException>)> = BTreeMap::new();
    let readings = Readings::of(&policies.modules);
    for loaded in &policies.modules {
        let package = loaded.module.package.join(".");
        if !namespaces.is_empty() && !namespaces.contains(&package) {
            continue;
        }
        for rule in &loaded.module.rules {
            let names = rule_path(rule);
            let Some(name) = names.first().filter(|_| rule.head.args.is_none()) else {
                continue;
            };
            let mut path = vec!["data".to_owned()];
            path.extend(loaded.module.package.iter().cloned());
            path.push(name.clone());
            let read = readings.at(path.get(1..).unwrap_or_default());
            let path = quoted_path(&path);
            let origin = loaded.text.origin(rule.head.span);
            let file = origin.file.clone();
            if name == "exception" {
                let said = exception(&path, origin, &loaded.annotations.for_rule(rule));
                let known = exceptions.entry(package.clone());
                known.or_insert_with(|| (path, Vec::new())).1.push(said);
                continue;
            }
            let Some(enforcement) = enforcement(name) else {
                continue;
            };
            let said = loaded.annotations.for_rule(rule);
            let text = |key: &str| {
                said.iter()
                    .find_map(|annotation| annotation.said.get(key)?.as_str())
            };
            let severity = said.iter().find_map(|annotation| {
                let word = annotation.said.get("custom")?.get("severity")?.as_str()?;
                word.to_lowercase().parse().ok()
            });
            let entry = found
                .entry((package.clone(), name.clone()))
                .or_insert_with(|| EntryPoint {
                    package: package.clone(),
                    name: name.clone(),
                    path,
                    enforcement,
                    title: text("title")
                        .or_else(|| text("description"))
                        .unwrap_or("")
                        .to_owned(),
                    severity,
                    subjects: BTreeSet::new(),
                    forms: read.iter().map(Reads::form).collect(),
                    defined_at: origin,
                    exception: None,
                    excepting: Vec::new(),
                });
            let judged = read.iter().map(|one| one.subjects(&file, &package));
            entry.subjects.extend(judged.flatten());
        }
    }
    let mut found: Vec<EntryPoint> = found.into_values().collect();
    for entry in &mut found {
        if let Some((path, said)) = exceptions.get(&entry.package) {
            entry.exception = Some(path.clone());
            entry.excepting.clone_from(said);
        }
    }
    found
}

/// The input as a rule expects it.
fn question(form: Form, input: &Input<'_>) -> Foreign {
    match Review::of(input).filter(|_| form == Form::Review) {
        Some(review) => review.question(),
        None => from_datum(Datum::from(input.document)),
    }
}

/// What a rule `exception` says of itself.
fn exception(path: &str, origin: Origin, said: &[&Annotation]) -> PolicyException {
    PolicyException::new(path, origin, |key| {
        said.iter().find_map(|annotation| {
            let value = annotation.said.get("custom")?.get(key)?.as_str()?;
            Some(value.to_owned())
        })
    })
}

/// What a rule of this name asks for, if it is an entry point.
fn enforcement(name: &str) -> Option<Enforcement> {
    let is = |word: &str| {
        name.strip_prefix(word)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    if is("deny") || is("violation") {
        Some(Enforcement::Deny)
    } else if is("warn") {
        Some(Enforcement::Warn)
    } else {
        None
    }
}

impl EntryPoint {
    /// What is known of it without running it.
    pub(super) fn summary(&self) -> RuleSummary {
        RuleSummary {
            policy: self.package.clone(),
            rule: self.name.clone(),
            title: self.title.clone(),
            severity: self.severity,
            enforcement: self.enforcement,
            origin: Some(self.defined_at.clone()),
            subjects: self.subjects.iter().copied().collect(),
        }
    }

    /// The paths (without `data`) that are asked for it.
    pub(super) fn asked(&self) -> impl Iterator<Item = Vec<String>> {
        let package = self.package.split('.').map(str::to_owned);
        let package: Vec<String> = package.collect();
        let names = [self.name.as_str(), "exception"];
        names
            .map(|name| [package.as_slice(), &[name.to_owned()]].concat())
            .into_iter()
    }

    /// The exceptions from it.
    pub(super) fn exceptions(&self) -> &[PolicyException] {
        &self.excepting
    }

    /// Of several rules `exception`, whose answers are one set, the one that ends first: with it
    /// none holds any more.
    fn nearest_end(&self) -> Option<&PolicyException> {
        self.excepting.iter().min_by_key(|one| match one.end {
            End::On(day) => day,
            End::Missing | End::Unreadable(_) => Date::MAX,
        })
    }

    /// The answers about an input, in each form that a definition expects.
    pub(super) fn answers<'a>(
        &self,
        policies: &Policies,
        context: &Context<'a>,
        input: &Input<'a>,
    ) -> Vec<Answer> {
        let mut all: Vec<Answer> = Vec::new();
        for form in &self.forms {
            for answer in self.answers_in(*form, policies, context, input) {
                let same = |known: &Answer| {
                    known.status == answer.status
                        && known.message == answer.message
                        && known.place == answer.place
                };
                if !all.iter().any(same) {
                    all.push(answer);
                }
            }
            if Review::of(input).is_none() {
                break;
            }
        }
        if all.iter().any(|answer| answer.status != Status::Pass) {
            all.retain(|answer| answer.status != Status::Pass);
        }
        all
    }

    fn answers_in<'a>(
        &self,
        form: Form,
        policies: &Policies,
        context: &Context<'a>,
        input: &Input<'a>,
    ) -> Vec<Answer> {
        let around = Around::of(policies, input);
        let ask = |path: &str| ask_rule(policies, path, context, question(form, input), &around);
        let renewed = context.meter.renew().map_err(EvaluationError::from);
        let judged = renewed.and_then(|()| ask(&self.path)).and_then(|found| {
            let now_ns = context.effects.now_ns;
            let excepted = match &self.exception {
                Some(path) if self.excepting.iter().all(|one| one.holds(now_ns)) => {
                    self.is_excepted(ask(path)?.as_ref())
                }
                _ => false,
            };
            let results = if excepted {
                Vec::new()
            } else {
                self.results(found, input.document)?
            };
            Ok((results, excepted))
        });
        match judged {
            Ok((_, true)) => {
                let mut skipped = self.answer(Status::Skip);
                let path = self.exception.as_deref().unwrap_or_default();
                skipped.message = format!("the rule is skipped by `{path}`");
                skipped.exception = self.nearest_end().cloned().map(Box::new);
                vec![skipped]
            }
            Ok((results, false)) => results,
            Err(error) => {
                let mut failed = self.answer(Status::Error);
                failed.message = error.to_string();
                vec![failed]
            }
        }
    }

    /// Whether `exception` names this rule by what follows `deny_` or `violation_`.
    fn is_excepted(&self, found: Option<&Term>) -> bool {
        let suffix = self.name.split_once('_').map_or("", |(_, suffix)| suffix);
        let lists = found.and_then(Term::items).unwrap_or_default();
        self.enforcement == Enforcement::Deny
            && lists
                .iter()
                .filter_map(Term::items)
                .flatten()
                .any(|name| name.as_text() == Some(suffix))
    }

    fn answer(&self, status: Status) -> Answer {
        let mut answer = Answer::new(&self.package, &self.name, status);
        answer.enforcement = self.enforcement;
        answer.severity = self.severity;
        answer.defined_at = Some(self.defined_at.clone());
        answer
    }

    fn results(
        &self,
        found: Option<Term>,
        document: Value<'_>,
    ) -> Result<Vec<Answer>, EvaluationError> {
        let items = match found {
            None | Some(Term::Bool(false)) => Vec::new(),
            Some(Term::Array(items) | Term::Set(items)) => items,
            Some(Term::Bool(true)) => vec![Term::text(format!("`{}` holds", self.name))],
            Some(text @ Term::Text(_)) => vec![text],
            // `deny[key] = message`: the values say what is wrong.
            Some(Term::Object(entries)) => entries.into_iter().map(|(_, value)| value).collect(),
            Some(other) => {
                return Err(EvaluationError::Failed {
                    message: format!(
                        "`{}` is a {}, not a set of messages",
                        self.name,
                        other.type_name()
                    ),
                    origin: Some(self.defined_at.clone()),
                });
            }
        };
        if items.is_empty() {
            return Ok(vec![self.answer(Status::Pass)]);
        }
        let status = match self.enforcement {
            Enforcement::Deny | Enforcement::Overridable => Status::Fail,
            Enforcement::Warn | Enforcement::Audit => Status::Warn,
        };
        let answers = items.iter().map(|item| {
            let mut answer = self.answer(status);
            answer.message = match item.get("msg") {
                Some(message) => message.display(),
                None => item.display(),
            };
            let (path, value) = offending(document, item);
            answer.place = Some(Origin::new(value.document().file(), value.span()));
            answer.path = path;
            answer
        });
        Ok(answers.collect())
    }
}
