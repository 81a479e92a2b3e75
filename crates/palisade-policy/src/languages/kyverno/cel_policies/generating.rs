//! GeneratingPolicy: what would be made for a trigger.

use palisade_model::Origin;

use super::template::Template;
use super::{CelPolicy, Variant, defined};
use crate::answer::{Answer, Change, Status};
use crate::context::Context;
use crate::datum::{Datum, to_json};
use crate::error::PolicyError;
use crate::languages::cel::admission::{
    Compiler, FailurePolicy, Judgement, Located, Rules, origin,
};
use crate::languages::cel::{Environment, Val};
use crate::languages::kyverno::request::Request;

/// What generates, in order.
#[derive(Debug)]
pub(super) struct Generations(Vec<Generation>);

#[derive(Debug)]
enum Generation {
    Expression(Located),
    Template(Template, Option<Origin>),
}

/// What a cluster writes into an object, which a copy does not keep.
const OF_THE_CLUSTER: [&str; 7] = [
    "creationTimestamp",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

impl Generations {
    pub(super) fn compile(spec: Datum<'_>, rules: &Rules, mistakes: &mut Vec<PolicyError>) -> Self {
        let mut compiler = Compiler {
            rewrite: None,
            mistakes,
        };
        let list = spec.get("generate").filter(|list| list.is_list());
        if list.is_none_or(Datum::is_empty) {
            compiler.mistake(spec, "the policy has no list `generate`".to_owned());
        }
        let mut compiled = Vec::new();
        for entry in list.into_iter().flat_map(Datum::items) {
            if let Some(expression) = entry.get("expression") {
                let program = compiler.expression(expression, rules.scope());
                compiled.extend(program.map(|program| {
                    Generation::Expression(Located {
                        name: String::new(),
                        program,
                        origin: origin(expression),
                    })
                }));
            } else if let Some(template) = entry.get("template") {
                let made = Template::compile(&mut compiler, template, rules.scope());
                compiled.extend(made.map(|made| Generation::Template(made, origin(template))));
            } else {
                let message = "an entry of `generate` has an `expression` or a `template`";
                compiler.mistake(entry, message.to_owned());
            }
        }
        Self(compiled)
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
            if let Err((message, at)) = generation.run(context, environment) {
                return defined(policy.answer(Status::Error, message), at);
            }
        }
        let mut answer = policy.answer(Status::Pass, "policy evaluated successfully");
        let mut next = environment.facts.generated.get();
        while let Some(generated) = next {
            let mut json = to_json(generated.object);
            let metadata = json
                .get_mut("metadata")
                .and_then(|value| value.as_object_mut());
            if let Some(metadata) = metadata {
                metadata.retain(|key, _| !OF_THE_CLUSTER.contains(&key.as_str()));
                if !generated.namespace.is_empty() {
                    metadata.insert("namespace".to_owned(), generated.namespace.into());
                }
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

impl Generation {
    /// Notes what is to be made; an error with the place that it comes from.
    fn run<'v>(
        &'v self,
        context: &'v Context<'v>,
        environment: &'v Environment<'v>,
    ) -> Result<(), (String, Option<Origin>)> {
        match self {
            Self::Expression(located) => {
                let message = match located.program.run(context, environment) {
                    Ok(Val::Bool(_)) => return Ok(()),
                    Ok(other) => {
                        format!("the expression is of type {}, not bool", other.type_name())
                    }
                    Err(fault) => fault.message().to_owned(),
                };
                Err((message, located.origin.clone()))
            }
            Self::Template(template, at) => {
                let objects = template
                    .render(context, environment)
                    .map_err(|message| (message, at.clone()))?;
                for object in objects {
                    environment.facts.note(context, "", object);
                }
                Ok(())
            }
        }
    }
}
