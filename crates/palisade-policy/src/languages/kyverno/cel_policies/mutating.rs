//! MutatingPolicy: changes by merged objects or JSON patches.

use super::{CelPolicy, Variant, defined};
use crate::answer::{Answer, Change, Status};
use crate::context::Context;
use crate::datum::{Datum, to_json};
use crate::error::PolicyError;
use crate::fit::Fit;
use crate::languages::cel::admission::{
    Attributes, Compiler, Located, Matcher, Mutation, Roots, Rules, all_hold,
};
use crate::languages::cel::{Environment, Val};
use crate::languages::kyverno::request::{Gvk, Request};

/// The mutations of a policy, in order.
#[derive(Debug)]
pub(super) struct Mutations {
    steps: Vec<Mutation>,
    /// Which existing resources are changed; without any, the request's own object is.
    targets: Option<Matcher>,
    target_conditions: Vec<Located>,
}

impl Mutations {
    pub(super) fn compile(
        spec: Datum<'_>,
        rules: &Rules,
        rewrite: Option<&dyn Fn(&str) -> String>,
        mistakes: &mut Vec<PolicyError>,
    ) -> Self {
        let mut compiler = Compiler { rewrite, mistakes };
        let steps = Mutation::compile_all(&mut compiler, spec.get("mutations"), rules.scope());
        if steps.is_empty() && compiler.mistakes.is_empty() {
            compiler.mistake(spec, "the policy has no `mutations`".to_owned());
        }
        let constraints = spec.get("targetMatchConstraints");
        let conditions = spec.get("targetMatchConditions");
        Self {
            steps,
            targets: constraints.map(|constraints| Matcher::read(Some(constraints))),
            target_conditions: compiler.list(conditions, "expression", rules.scope()),
        }
    }

    pub(super) fn evaluate<'v>(
        &'v self,
        policy: &'v CelPolicy,
        variant: &'v Variant,
        context: &'v Context<'v>,
        (request, environment): (&'v Request<'v>, &'v Environment<'v>),
    ) -> Answer {
        match variant.rules.matches(context, environment) {
            Ok(true) => {}
            Ok(false) => return policy.answer(Status::Skip, "a match condition does not hold"),
            Err((fault, at)) => {
                let answer = policy.answer(Status::Error, fault.message());
                return defined(answer, at);
            }
        }
        let object = request.object.unwrap_or(Datum::Null);
        self.apply(policy, variant, context, (request, object))
    }

    /// The change of an existing resource; nothing if it is not meant.
    pub(super) fn evaluate_target<'v>(
        &'v self,
        policy: &'v CelPolicy,
        variant: &'v Variant,
        context: &'v Context<'v>,
        (trigger, target): (&'v Request<'v>, Datum<'v>),
    ) -> Option<Answer> {
        let matcher = self.targets.as_ref()?;
        let mut of_target = *trigger;
        let text = |key| target.get("metadata")?.get(key)?.as_text();
        of_target.object = Some(target);
        of_target.gvk = Gvk::of(target);
        of_target.resource = "";
        of_target.name = text("name").unwrap_or("");
        of_target.namespace = text("namespace").unwrap_or("");
        let attributes = Attributes::of(&of_target);
        match matcher.matches_any_operation(&attributes) {
            Fit::No => return None,
            Fit::Yes => {}
            Fit::Unknown => return Some(policy.unknown(&attributes)),
        }
        let roots = Roots {
            object: Some(Val::from(target)),
            ..Roots::default()
        };
        let bound = roots.bind(context, trigger);
        let environment = variant.rules.environment(context, bound);
        match all_hold(&self.target_conditions, context, environment) {
            Ok(true) => Some(self.apply(policy, variant, context, (trigger, target))),
            Ok(false) => None,
            Err((fault, _)) => Some(policy.answer(Status::Error, fault.message())),
        }
    }

    fn apply<'v>(
        &'v self,
        policy: &'v CelPolicy,
        variant: &'v Variant,
        context: &'v Context<'v>,
        (request, object): (&'v Request<'v>, Datum<'v>),
    ) -> Answer {
        let mut object = object;
        for step in &self.steps {
            let roots = Roots {
                object: Some(Val::from(object)),
                namespace: &policy.header.namespace,
                ..Roots::default()
            };
            let bound = roots.bind(context, request);
            let environment = variant.rules.environment(context, bound);
            match step.apply(context, environment, object) {
                Ok(changed) => object = changed,
                Err(fault) => {
                    let answer = policy.answer(Status::Error, fault.message());
                    return defined(answer, step.origin().cloned());
                }
            }
        }
        let text = to_json(object).to_string();
        if let Err(exhausted) = context.meter.write(text.len()) {
            return policy.answer(Status::Error, exhausted.to_string());
        }
        let mut answer = policy.answer(Status::Pass, "success");
        answer.changes.push(Change::Mutated(text));
        answer
    }
}
