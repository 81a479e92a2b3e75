//! Kyverno's kinds whose rules are CEL: ValidatingPolicy, MutatingPolicy, GeneratingPolicy,
//! ImageValidatingPolicy and DeletingPolicy, with their namespaced forms and exceptions.

mod autogen;
mod exceptions;
mod generating;
mod header;
mod images;
mod mutating;
mod template;

use palisade_model::Origin;

use self::exceptions::Exceptions;
use self::header::Header;
use super::policy::Asked;
use super::request::Request;
use super::scalars::build;
use crate::answer::{Answer, Enforcement, Status};
use crate::budget::Exhausted;
use crate::compiled::RuleSummary;
use crate::context::Context;
use crate::datum::Datum;
use crate::error::PolicyError;
use crate::exception::PolicyException;
use crate::fit::Fit;
use crate::languages::cel::admission::{
    Attributes, FailurePolicy, Judgement, Matcher, Rules, Source, place_of, unused_variables,
};
use crate::languages::cel::{Dialect, Environment};

/// What a policy does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Validating,
    Mutating,
    Generating,
    ImageValidating,
    Deleting,
}

impl Kind {
    fn of(kind: &str) -> Option<Self> {
        Some(match kind.strip_prefix("Namespaced").unwrap_or(kind) {
            "ValidatingPolicy" => Self::Validating,
            "MutatingPolicy" => Self::Mutating,
            "GeneratingPolicy" => Self::Generating,
            "ImageValidatingPolicy" => Self::ImageValidating,
            "DeletingPolicy" => Self::Deleting,
            _ => return None,
        })
    }
}

/// A compiled policy of one of these kinds.
#[derive(Debug)]
pub(crate) struct CelPolicy {
    header: Header,
    kind: Kind,
    failure: FailurePolicy,
    /// Whether it judges any JSON document rather than Kubernetes objects.
    json: bool,
    asked: Asked,
    /// The policy as written, and the forms that are derived for pod controllers.
    variants: Vec<Variant>,
    doubts: Vec<PolicyError>,
}

/// One form of a policy.
#[derive(Debug)]
struct Variant {
    /// Empty for the policy as written.
    name: &'static str,
    matcher: Option<Matcher>,
    rules: Rules,
    exceptions: Exceptions,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Plain,
    Mutating(mutating::Mutations),
    Generating(generating::Generations),
    Images(images::Images),
}

/// Whether a document is a policy of one of these kinds.
pub(crate) fn is_policy(document: Datum<'_>) -> bool {
    let text = |key| document.get(key).and_then(Datum::as_text).unwrap_or("");
    text("apiVersion").starts_with("policies.kyverno.io/") && Kind::of(text("kind")).is_some()
}

/// Whether a document is an exception from such policies.
pub(crate) fn is_exception(document: Datum<'_>) -> bool {
    let text = |key| document.get(key).and_then(Datum::as_text).unwrap_or("");
    text("apiVersion").starts_with("policies.kyverno.io/") && text("kind") == "PolicyException"
}

/// What such an exception says of itself.
pub(crate) fn exception(document: Datum<'_>) -> Option<PolicyException> {
    exceptions::read(document)
}

impl CelPolicy {
    /// Compiles a policy with the exceptions that name it; every mistake is said.
    pub(crate) fn compile(
        document: Datum<'_>,
        exceptions: &[Datum<'_>],
    ) -> Result<Self, Vec<PolicyError>> {
        let header = Header::read(document);
        let text = |key| document.get(key).and_then(Datum::as_text).unwrap_or("");
        let unknown = || vec![header.mistake("this is not a policy with CEL rules")];
        let kind = Kind::of(text("kind")).ok_or_else(unknown)?;
        let Some(spec) = document.get("spec") else {
            return Err(vec![header.mistake("the policy has no `spec`")]);
        };
        let mode = spec
            .get("evaluation")
            .and_then(|evaluation| evaluation.get("mode")?.as_text());
        if let Some(mode @ ("Envoy" | "HTTP")) = mode {
            let message = format!(
                "policies of the mode `{mode}` judge requests of a proxy, which are not read here"
            );
            return Err(vec![header.mistake(&message)]);
        }
        let mut variants = Vec::new();
        let mut mistakes = Vec::new();
        let written = autogen::Form::written();
        for form in std::iter::once(written).chain(autogen::derived(kind, spec)) {
            match Variant::compile(kind, spec, &form, (&header, exceptions)) {
                Ok(variant) => variants.push(variant),
                Err(errors) if variants.is_empty() => mistakes.extend(errors),
                Err(errors) => mistakes.extend(errors.into_iter().map(|error| PolicyError {
                    message: format!("in the form for pod controllers: {}", error.message),
                    ..error
                })),
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self {
            failure: FailurePolicy::of(spec),
            doubts: unused_variables(spec),
            json: mode == Some("JSON"),
            asked: Asked::of(build::at(spec, &["evaluation", "admission", "enabled"])),
            header,
            kind,
            variants,
        })
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.header.name
    }

    /// What is doubtful in it.
    pub(crate) fn doubts(&self) -> &[PolicyError] {
        &self.doubts
    }

    /// What it does.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// What it is asked about.
    pub(crate) fn asked(&self) -> Asked {
        self.asked
    }

    /// Whether it judges any JSON document, as one that `Request::create` was made from.
    pub(crate) fn judges_json(&self) -> bool {
        self.json
    }

    /// What is known of it without running it.
    pub(crate) fn summary(&self) -> RuleSummary {
        self.header.summary()
    }

    /// Judges a request: nothing if the policy is not for it.
    pub(crate) fn evaluate<'v>(
        &'v self,
        context: &'v Context<'v>,
        request: &'v Request<'v>,
    ) -> Vec<Answer> {
        let mut answers = Vec::new();
        let namespace = &self.header.namespace;
        if !namespace.is_empty() && *namespace != request.namespace {
            return answers;
        }
        let attributes = Attributes::of(request);
        for variant in &self.variants {
            let fit = match (&variant.matcher, self.json) {
                (_, true) => variant.name.is_empty().into(),
                (Some(matcher), false) => matcher.matches(&attributes),
                // Without constraints, only what is to be deleted is decided by conditions alone.
                (None, false) => (self.kind == Kind::Deleting).into(),
            };
            match fit {
                Fit::No => {}
                Fit::Yes => answers.extend(variant.evaluate(self, context, request)),
                Fit::Unknown => answers.push(self.unknown(&attributes)),
            }
        }
        answers
    }

    /// There was no time left for the policy.
    pub(crate) fn not_reached(&self, reason: Exhausted) -> Answer {
        self.answer(Status::Error, reason.to_string())
    }

    /// Nobody knows whether the policy is for the request.
    fn unknown(&self, attributes: &Attributes<'_>) -> Answer {
        let (fact, sentence) = attributes.namespace_labels.lacking();
        let mut answer = self.answer(Status::Error, sentence);
        if self.failure == FailurePolicy::Ignore {
            answer.enforcement = answer.enforcement.min(Enforcement::Warn);
        }
        answer.missing.push(fact);
        answer
    }

    /// The changes that a policy on existing resources would make to one, for a trigger.
    pub(crate) fn evaluate_target<'v>(
        &'v self,
        context: &'v Context<'v>,
        trigger: &'v Request<'v>,
        target: Datum<'v>,
    ) -> Vec<Answer> {
        let mut answers = Vec::new();
        for variant in &self.variants {
            let for_trigger = variant
                .matcher
                .as_ref()
                .is_some_and(|matcher| matcher.matches(&Attributes::of(trigger)) == Fit::Yes);
            if let (true, Body::Mutating(mutations)) = (for_trigger, &variant.body) {
                let answer = mutations.evaluate_target(self, variant, context, (trigger, target));
                answers.extend(answer);
            }
        }
        answers
    }

    fn answer(&self, status: Status, message: impl Into<String>) -> Answer {
        self.header.answer(status, message)
    }

    fn answer_of<'v>(&self, judgement: Judgement<'v>, request: &Request<'v>) -> Answer {
        match judgement {
            Judgement::Unmatched => self.answer(Status::Skip, "a match condition does not hold"),
            Judgement::Ignored { message } => {
                let message = format!("ignored, as the policy says: {message}");
                self.answer(Status::Skip, message)
            }
            Judgement::Passed => self.answer(Status::Pass, ""),
            Judgement::Failed {
                message,
                about,
                defined_at,
                ..
            } => {
                let mut answer = self.answer(Status::Fail, message);
                (answer.place, answer.path) = place_of(request, about);
                defined(answer, defined_at)
            }
            Judgement::Error {
                message,
                defined_at,
            } => defined(self.answer(Status::Error, message), defined_at),
        }
    }
}

/// An answer with the place of the expression that it comes from.
fn defined(mut answer: Answer, at: Option<Origin>) -> Answer {
    answer.defined_at = at.or(answer.defined_at);
    answer
}

impl Variant {
    fn compile(
        kind: Kind,
        spec: Datum<'_>,
        form: &autogen::Form,
        (header, exceptions): (&Header, &[Datum<'_>]),
    ) -> Result<Self, Vec<PolicyError>> {
        let rewrite = |text: &str| form.rewrite(kind, text);
        let derived: Option<&dyn Fn(&str) -> String> = (!form.name.is_empty()).then_some(&rewrite);
        let mut source = Source {
            rewrite: derived,
            ..Source::of(spec)
        };
        if kind == Kind::Deleting {
            source.match_conditions = spec.get("conditions");
        }
        let rules = Rules::compile(&source, Dialect::Kyverno)?;
        let mut mistakes = Vec::new();
        let exceptions = Exceptions::compile(header, exceptions, &rules, &mut mistakes);
        let validates = matches!(kind, Kind::Validating | Kind::ImageValidating);
        if validates && rules.check_nothing() {
            mistakes.push(header.mistake("the policy has no `validations`"));
        }
        let body = match kind {
            Kind::Validating | Kind::Deleting => Body::Plain,
            Kind::Mutating => {
                let compiled = mutating::Mutations::compile(spec, &rules, derived, &mut mistakes);
                Body::Mutating(compiled)
            }
            Kind::Generating => {
                let compiled = generating::Generations::compile(spec, &rules, &mut mistakes);
                Body::Generating(compiled)
            }
            Kind::ImageValidating => {
                let compiled = images::Images::compile(spec, form, &rules, &mut mistakes);
                Body::Images(compiled)
            }
        };
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self {
            name: form.name,
            matcher: form.matcher(spec),
            rules,
            exceptions,
            body,
        })
    }

    fn evaluate<'v>(
        &'v self,
        policy: &'v CelPolicy,
        context: &'v Context<'v>,
        request: &'v Request<'v>,
    ) -> Option<Answer> {
        match self.exceptions.judge(policy, self, context, request) {
            exceptions::Outcome::Excepted(answer) => Some(*answer),
            exceptions::Outcome::Applies(environment) => {
                self.evaluate_body(policy, context, (request, environment))
            }
        }
    }

    fn evaluate_body<'v>(
        &'v self,
        policy: &'v CelPolicy,
        context: &'v Context<'v>,
        (request, environment): (&'v Request<'v>, &'v Environment<'v>),
    ) -> Option<Answer> {
        match &self.body {
            Body::Plain if policy.kind == Kind::Deleting => {
                // The policy says what is to go: what it does not select stays, which its test
                // format calls a failure.
                Some(match self.rules.matches(context, environment) {
                    Ok(true) => policy.answer(Status::Pass, "resource matched"),
                    Ok(false) => policy.answer(Status::Fail, "resource did not match"),
                    Err((fault, at)) => {
                        let answer = policy.answer(Status::Error, fault.message());
                        defined(answer, at)
                    }
                })
            }
            Body::Plain => {
                let judgement = self.rules.judge(context, environment, policy.failure);
                Some(policy.answer_of(judgement, request))
            }
            Body::Mutating(mutations) => {
                Some(mutations.evaluate(policy, self, context, (request, environment)))
            }
            Body::Generating(generations) => {
                Some(generations.evaluate(policy, self, context, (request, environment)))
            }
            Body::Images(images) => images.evaluate(policy, self, context, (request, environment)),
        }
    }
}
