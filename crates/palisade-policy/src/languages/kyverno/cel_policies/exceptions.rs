//! Exceptions from policies: whole ones end the evaluation, partial ones are seen by expressions.

use super::header::Header;
use super::{CelPolicy, Variant, defined};
use crate::answer::{Answer, Status};
use crate::context::Context;
use crate::datum::Datum;
use crate::error::PolicyError;
use crate::exception::PolicyException;
use crate::languages::cel::admission::{Compiler, Located, Roots, Rules, all_hold, origin};
use crate::languages::cel::{Environment, Val};
use crate::languages::kyverno::request::Request;

/// The exceptions that name a policy.
#[derive(Debug, Default)]
pub(super) struct Exceptions(Vec<Exception>);

#[derive(Debug)]
struct Exception {
    said: PolicyException,
    conditions: Vec<Located>,
    images: Vec<String>,
    values: Vec<String>,
    counts_as_pass: bool,
}

/// What an exception says of itself.
pub(super) fn read(document: Datum<'_>) -> Option<PolicyException> {
    let name = document
        .get("metadata")
        .and_then(|metadata| metadata.get("name"));
    let place = name.and_then(origin).or_else(|| origin(document))?;
    let name = name.and_then(Datum::as_text).unwrap_or_default();
    Some(PolicyException::of_object(name, place, document))
}

/// What exceptions do with a request.
pub(super) enum Outcome<'v> {
    Excepted(Box<Answer>),
    /// The policy applies, in this environment.
    Applies(&'v Environment<'v>),
}

impl Exceptions {
    pub(super) fn compile(
        header: &Header,
        documents: &[Datum<'_>],
        rules: &Rules,
        mistakes: &mut Vec<PolicyError>,
    ) -> Self {
        let mut compiler = Compiler {
            rewrite: None,
            mistakes,
        };
        let mut exceptions = Vec::new();
        for document in documents {
            let spec = document.get("spec").unwrap_or(Datum::Null);
            let references = spec.get("policyRefs").into_iter().flat_map(Datum::items);
            let text = |of: Datum<'_>, key| of.get(key).and_then(Datum::as_text).map(str::to_owned);
            let named = references.into_iter().any(|reference| {
                text(reference, "name").as_deref() == Some(&header.name)
                    && text(reference, "kind").is_none_or(|kind| kind == header.kind)
            });
            if !named {
                continue;
            }
            let conditions =
                compiler.list(spec.get("matchConditions"), "expression", rules.scope());
            let texts = |field| {
                let items = spec.get(field).into_iter().flat_map(Datum::items);
                items
                    .filter_map(|item| item.as_text().map(str::to_owned))
                    .collect()
            };
            let Some(said) = read(*document) else {
                continue;
            };
            exceptions.push(Exception {
                said,
                conditions,
                images: texts("images"),
                values: texts("allowedValues"),
                counts_as_pass: text(spec, "reportResult").as_deref() == Some("pass"),
            });
        }
        Self(exceptions)
    }

    /// Whether a request is excepted, or else what the policy's expressions see.
    pub(super) fn judge<'v>(
        &'v self,
        policy: &'v CelPolicy,
        variant: &'v Variant,
        context: &'v Context<'v>,
        request: &'v Request<'v>,
    ) -> Outcome<'v> {
        let roots = Roots {
            namespace: &policy.header.namespace,
            ..Roots::default()
        };
        let roots = match &variant.body {
            super::Body::Images(images) => images.roots(context, roots),
            _ => roots,
        };
        let environment = variant
            .rules
            .environment(context, roots.bind(context, request));
        let (mut images, mut values) = (Vec::new(), Vec::new());
        let holding = |exception: &&Exception| exception.said.holds(context.effects.now_ns);
        for exception in self.0.iter().filter(holding) {
            match all_hold(&exception.conditions, context, environment) {
                Ok(false) => {}
                Ok(true) if exception.images.is_empty() && exception.values.is_empty() => {
                    return Outcome::Excepted(Box::new(exception.answer(policy)));
                }
                Ok(true) => {
                    images.extend(exception.images.iter().map(|image| Val::Text(image)));
                    values.extend(exception.values.iter().map(|value| Val::Text(value)));
                }
                Err((fault, at)) => {
                    let answer = policy.answer(Status::Error, fault.message());
                    return Outcome::Excepted(Box::new(defined(answer, at)));
                }
            }
        }
        let arena = context.arena;
        let allowed = [("allowedImages", images), ("allowedValues", values)]
            .map(|(key, list)| (Val::Text(key), Val::List(arena.alloc_slice_copy(&list))));
        let roots = Roots {
            exceptions: Some(Val::Map(arena.alloc_slice_copy(&allowed))),
            ..roots
        };
        let bound = roots.bind(context, request);
        Outcome::Applies(variant.rules.environment(context, bound))
    }
}

impl Exception {
    fn answer(&self, policy: &CelPolicy) -> Answer {
        let (status, word) = if self.counts_as_pass {
            (Status::Pass, "passed")
        } else {
            (Status::Skip, "skipped")
        };
        let message = format!("rule is {word} due to policy exception: {}", self.said.name);
        let mut answer = policy.answer(status, message);
        answer.exception = Some(Box::new(self.said.clone()));
        answer
    }
}
