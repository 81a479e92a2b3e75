//! GeneratingPolicy: what would be made for a trigger.

use super::{CelPolicy, Variant, defined};
use crate::answer::{Answer, Change, Status};
use crate::context::Context;
use crate::datum::{Datum, to_json};
use crate::error::PolicyError;
use crate::languages::cel::admission::{Compiler, FailurePolicy, Judgement, Located, Rules};
use crate::languages::cel::{Environment, Val};
use crate::languages::kyverno::request::Request;

/// The expressions that generate.
#[derive(Debug)]
pub(super) struct Generations(Vec<Located>);

impl Generations {
    pub(super) fn compile(spec: Datum<'_>, rules: &Rules, mistakes: &mut Vec<PolicyError>) -> Self {
        let mut compiler = Compiler {
            rewrite: None,
            mistakes,
        };
        let list = spec.get("generate").filter(|list| list.is_list());
        let written = list.into_iter().flat_map(Datum::items);
        // The form with a template is Kyverno's newest; it would be passed over in silence.
        for entry in written.filter(|entry| entry.get("expression").is_none()) {
            compiler.mistake(
                entry,
                "only `generate` entries with an `expression` are supported".to_owned(),
            );
        }
        if list.is_none_or(Datum::is_empty) {
            compiler.mistake(spec, "the policy has no list `generate`".to_owned());
        }
        if !compiler.mistakes.is_empty() {
            return Self(Vec::new());
        }
        Self(compiler.list(list, "expression", rules.scope()))
    }

    pub(super) fn evaluate<'v>(
        &'v self,
        policy: &'v CelPolicy,
        variant: &'v Variant,
        context: &'v Context<'v>,
        (request, environment): (&'v Request<'v>, &'v Environment<'v>),
    ) -> Answer {
        match variant
            .rules
            .judge(context, environment, FailurePolicy::Fail)
        {
            Judgement::Passed => {}
            other => return policy.answer_of(other, request),
        }
        for generation in &self.0 {
            let wrong = match generation.program.run(context, environment) {
                Ok(Val::Bool(_)) => continue,
                Ok(other) => format!("the expression is of type {}, not bool", other.type_name()),
                Err(fault) => fault.message().to_owned(),
            };
            let answer = policy.answer(Status::Error, wrong);
            return defined(answer, generation.origin.clone());
        }
        let mut answer = policy.answer(Status::Pass, "policy evaluated successfully");
        let mut next = environment.facts.generated.get();
        while let Some(generated) = next {
            let mut json = to_json(generated.object);
            let metadata = json
                .get_mut("metadata")
                .and_then(|value| value.as_object_mut());
            if let (Some(metadata), false) = (metadata, generated.namespace.is_empty()) {
                metadata.insert("namespace".to_owned(), generated.namespace.into());
            }
            let text = json.to_string();
            if let Err(exhausted) = context.meter.write(text.len()) {
                return policy.answer(Status::Error, exhausted.to_string());
            }
            answer.changes.push(Change::Generated(text));
            next = generated.before;
        }
        answer.changes.reverse();
        answer
    }
}
