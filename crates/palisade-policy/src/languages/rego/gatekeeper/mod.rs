//! Gatekeeper: constraint templates, the constraints that use them, and what they match.

mod constraint;
mod matching;
mod review;
mod template;

use std::sync::Arc;

use palisade_document::{Document, Value};
use palisade_model::Origin;

use super::asking::{Around, ask_rule};
use super::broken::Broken;
use super::engine::{Foreign, from_datum, from_term};
use super::places::offending;
use super::term::Term;
use crate::answer::{Answer, Enforcement, Status};
use crate::compiled::RuleSummary;
use crate::context::Context;
use crate::datum::Datum;
use crate::error::{EvaluationError, PolicyError};
use crate::input::{Input, Subject};
use crate::listed::objects;

pub(super) use self::constraint::Constraint;
pub(super) use self::review::Review;
pub(super) use self::template::Template;

/// Whether a document is a template.
pub(super) fn is_template(value: Value<'_>) -> bool {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or("");
    text("kind") == "ConstraintTemplate"
        && text("apiVersion").starts_with("templates.gatekeeper.sh/")
}

/// Whether a document is a constraint.
pub(super) fn is_constraint(value: Value<'_>) -> bool {
    let version = value
        .get("apiVersion")
        .and_then(Value::as_str)
        .unwrap_or("");
    version.starts_with("constraints.gatekeeper.sh/")
}

/// The constraints among documents with their templates, and those that do not run.
pub(super) fn bind(documents: &[Document]) -> (Vec<Bound>, Vec<Broken>) {
    let roots = || documents.iter().flat_map(objects);
    let mut broken = Vec::new();
    let mut templates: Vec<Arc<Template>> = Vec::new();
    let mut broken_kinds: Vec<&str> = Vec::new();
    for value in roots().filter(|root| is_template(*root)) {
        match Template::load(value) {
            Ok(template) => templates.push(Arc::new(template)),
            Err(errors) => {
                let kind = Template::kind_of(value);
                let name = value.at(&["metadata", "name"]).and_then(Value::as_str);
                let name = kind.or(name).unwrap_or("template");
                broken_kinds.extend(kind);
                broken.extend(errors.into_iter().map(|error| Broken::new(name, "", error)));
            }
        }
    }
    let mut bound = Vec::new();
    for value in roots().filter(|root| is_constraint(*root)) {
        let found = Constraint::read(value).and_then(|constraint| {
            if broken_kinds.contains(&constraint.kind.as_str()) {
                let message = format!(
                    "this constraint does not run: its template of kind `{}` does not load",
                    constraint.kind
                );
                return Err(PolicyError::at(constraint.origin, message));
            }
            Bound::new(&templates, constraint)
        });
        match found {
            Ok(found) => bound.push(found),
            Err(error) => {
                let text = |path: &[&str]| value.at(path).and_then(Value::as_str).unwrap_or("");
                let (kind, name) = (text(&["kind"]), text(&["metadata", "name"]));
                broken.push(Broken::new(kind, name, error));
            }
        }
    }
    (bound, broken)
}

/// A constraint with the template that it uses.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) template: Arc<Template>,
    pub(super) constraint: Constraint,
    /// The constraint's parameters as the engine's value.
    parameters: Foreign,
}

/// A violation that a template reports.
#[derive(Debug, Clone)]
pub(super) struct Violation {
    pub(super) message: String,
    pub(super) result: Term,
}

impl Bound {
    /// Binds a constraint to its template.
    pub(super) fn new(
        templates: &[Arc<Template>],
        constraint: Constraint,
    ) -> Result<Self, PolicyError> {
        let template = templates
            .iter()
            .find(|template| template.kind == constraint.kind)
            .ok_or_else(|| {
                let message = format!(
                    "no constraint template of kind `{}` is among the policies; add it or remove the constraint",
                    constraint.kind
                );
                PolicyError::at(constraint.origin.clone(), message)
            })?;
        Ok(Self {
            template: Arc::clone(template),
            parameters: from_term(&constraint.parameters),
            constraint,
        })
    }

    /// What is known of it without running it.
    pub(super) fn summary(&self) -> RuleSummary {
        RuleSummary {
            policy: self.template.kind.clone(),
            rule: self.constraint.name.clone(),
            title: self.template.title.clone(),
            severity: self.template.severity,
            enforcement: self.constraint.enforcement,
            origin: Some(self.constraint.origin.clone()),
            subjects: vec![Subject::KubernetesObject],
        }
    }

    /// The violations of an input; `None` where the constraint is not for it.
    pub(super) fn violations<'a>(
        &self,
        context: &Context<'a>,
        input: &Input<'a>,
        review: &Review<'a>,
    ) -> Result<Option<Vec<Violation>>, EvaluationError> {
        let matched = matching::matches(&self.constraint.matching, review, input.supplied.objects);
        let matched = matched.map_err(|(fact, message)| {
            context.miss(fact);
            EvaluationError::Failed {
                message,
                origin: None,
            }
        });
        if !matched? {
            return Ok(None);
        }
        let policies = &self.template.policies;
        let around = Around::of(policies, input);
        let question = Foreign::object([
            ("review", review.foreign()),
            ("parameters", self.parameters.clone()),
        ]);
        let found = ask_rule(policies, &self.template.entry, context, question, &around)?;
        let items = match &found {
            None => &[][..],
            Some(value) => value.items().ok_or_else(|| EvaluationError::Failed {
                message: format!("`violation` is a {}, not a set", value.type_name()),
                origin: Some(self.template.defined_at.clone()),
            })?,
        };
        let violations = items.iter().map(|item| {
            let message =
                item.get("msg")
                    .and_then(Term::as_text)
                    .ok_or_else(|| EvaluationError::Failed {
                        message: "a violation has no `msg`".to_owned(),
                        origin: Some(self.template.defined_at.clone()),
                    })?;
            Ok(Violation {
                message: message.to_owned(),
                result: item.clone(),
            })
        });
        violations.collect::<Result<_, _>>().map(Some)
    }

    /// The answers about an input.
    pub(super) fn answers<'a>(
        &self,
        context: &Context<'a>,
        input: &Input<'a>,
        review: &Review<'a>,
    ) -> Vec<Answer> {
        let answer = |status| {
            let mut answer = Answer::new(&self.template.kind, &self.constraint.name, status);
            answer.enforcement = self.constraint.enforcement;
            answer.severity = self.template.severity;
            answer.defined_at = Some(self.template.defined_at.clone());
            answer
        };
        let renewed = context.meter.renew().map_err(EvaluationError::from);
        let violations = match renewed.and_then(|()| self.violations(context, input, review)) {
            Ok(None) => return Vec::new(),
            Ok(Some(violations)) => violations,
            Err(error) => {
                let mut failed = answer(Status::Error);
                failed.message = error.to_string();
                failed.missing = context.take_missing();
                return vec![failed];
            }
        };
        if violations.is_empty() {
            return vec![answer(Status::Pass)];
        }
        let status = match self.constraint.enforcement {
            Enforcement::Deny | Enforcement::Overridable => Status::Fail,
            Enforcement::Warn | Enforcement::Audit => Status::Warn,
        };
        let object = review.object();
        let found = violations.into_iter().map(|violation| {
            let mut found = answer(status);
            found.message = violation.message;
            if let Some(object) = object {
                let (path, value) = offending(object, &violation.result);
                let file = value.document().file();
                found.place = Some(Origin::new(file, value.span()));
                found.path = path;
            }
            found
        });
        found.collect()
    }
}

/// A document as the engine's value.
fn foreign(value: Value<'_>) -> Foreign {
    from_datum(Datum::from(value))
}
