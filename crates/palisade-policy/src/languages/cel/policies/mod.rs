//! Kubernetes' own admission policies: ValidatingAdmissionPolicy and MutatingAdmissionPolicy with
//! their bindings, in every version of `admissionregistration.k8s.io`.

mod binding;
mod bundle;
mod params;

use palisade_model::Origin;

pub(crate) use self::binding::Binding;
pub(crate) use self::bundle::{compile, discover};
use super::admission::{
    Attributes, Compiler, FailurePolicy, Judgement, Matcher, Mutation, Roots, Rules, Source,
    origin, place_of, unused_variables,
};
use super::overload::Dialect;
use super::value::Val;
use crate::answer::{Answer, Change, Enforcement, Status};
use crate::compiled::RuleSummary;
use crate::context::Context;
use crate::datum::{Datum, to_json};
use crate::error::PolicyError;
use crate::fit::Fit;
use crate::languages::kyverno::request::Request;

/// The API group of these policies.
const GROUP: &str = "admissionregistration.k8s.io/";

/// A compiled policy.
#[derive(Debug)]
pub(crate) struct AdmissionPolicy {
    name: String,
    title: String,
    failure: FailurePolicy,
    matcher: Matcher,
    rules: Rules,
    /// Empty for policies that validate.
    mutations: Vec<Mutation>,
    /// `apiVersion` and `kind` of the policy's parameters.
    param_kind: Option<(String, String)>,
    origin: Option<Origin>,
    doubts: Vec<PolicyError>,
}

/// What one binding asks of one policy, for one set of parameters.
#[derive(Clone, Copy)]
struct Bound<'v> {
    binding: Option<&'v Binding>,
    params: Option<Datum<'v>>,
}

fn kind_of(document: Datum<'_>) -> Option<&str> {
    let text = |key| document.get(key).and_then(Datum::as_text);
    text("apiVersion")?.starts_with(GROUP).then_some(())?;
    text("kind")
}

impl AdmissionPolicy {
    /// Whether a document is such a policy.
    pub(crate) fn is(document: Datum<'_>) -> bool {
        matches!(
            kind_of(document),
            Some("ValidatingAdmissionPolicy" | "MutatingAdmissionPolicy")
        )
    }

    /// Compiles a policy; every mistake is said.
    pub(crate) fn compile(document: Datum<'_>) -> Result<Self, Vec<PolicyError>> {
        let metadata = document.get("metadata").unwrap_or(Datum::Null);
        let place = metadata
            .get("name")
            .and_then(origin)
            .or_else(|| origin(document));
        let Some(spec) = document.get("spec").filter(|spec| spec.is_map()) else {
            let message = "the policy has no `spec`".to_owned();
            return Err(vec![PolicyError {
                message,
                origin: place,
            }]);
        };
        let rules = Rules::compile(&Source::of(spec), Dialect::Kubernetes)?;
        let mut mistakes = Vec::new();
        let mut compiler = Compiler {
            rewrite: None,
            mistakes: &mut mistakes,
        };
        let mutations = Mutation::compile_all(&mut compiler, spec.get("mutations"), rules.scope());
        if mistakes.is_empty() && mutations.is_empty() && rules.check_nothing() {
            mistakes.push(PolicyError {
                message: "the policy checks and changes nothing: it has neither `validations` nor `mutations`".to_owned(),
                origin: place.clone(),
            });
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let text = |of: Datum<'_>, key| of.get(key).and_then(Datum::as_text).map(str::to_owned);
        let annotation = |key: &str| metadata.get("annotations")?.get(key)?.as_text();
        Ok(Self {
            name: text(metadata, "name").unwrap_or_default(),
            title: annotation("policies.kyverno.io/title")
                .or_else(|| annotation("description"))
                .unwrap_or("")
                .to_owned(),
            failure: FailurePolicy::of(spec),
            matcher: Matcher::read(spec.get("matchConstraints")),
            rules,
            mutations,
            param_kind: spec
                .get("paramKind")
                .and_then(|kind| Some((text(kind, "apiVersion")?, text(kind, "kind")?))),
            doubts: unused_variables(spec),
            origin: place,
        })
    }

    /// The name of a policy that may not load.
    pub(crate) fn name_of(document: Datum<'_>) -> &str {
        let metadata = document.get("metadata");
        let name = metadata.and_then(|metadata| metadata.get("name")?.as_text());
        name.unwrap_or_default()
    }

    /// What is doubtful in it.
    pub(crate) fn doubts(&self) -> &[PolicyError] {
        &self.doubts
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What is known of it without running it, once per binding.
    pub(crate) fn summaries(&self, bindings: &[Binding]) -> Vec<RuleSummary> {
        let summary = |rule: &str, enforcement| RuleSummary {
            policy: self.name.clone(),
            rule: rule.to_owned(),
            title: self.title.clone(),
            severity: None,
            enforcement,
            origin: self.origin.clone(),
            subjects: Vec::new(),
        };
        let own: Vec<_> = self.bindings(bindings).collect();
        if own.is_empty() {
            return vec![summary("", Enforcement::Deny)];
        }
        own.into_iter()
            .map(|binding| summary(&binding.name, binding.enforcement))
            .collect()
    }

    fn bindings<'b>(&self, bindings: &'b [Binding]) -> impl Iterator<Item = &'b Binding> {
        bindings
            .iter()
            .filter(|binding| binding.policy == self.name)
    }

    /// Judges a request, once per binding that it is for. A policy that nothing binds has no
    /// effect in a cluster; here it is judged as if it were bound everywhere.
    pub(crate) fn evaluate<'v>(
        &'v self,
        context: &'v Context<'v>,
        request: &'v Request<'v>,
        bindings: &'v [Binding],
    ) -> Vec<Answer> {
        let attributes = Attributes::of(request);
        let own = self.matcher.matches(&attributes);
        if own == Fit::No {
            return Vec::new();
        }
        let judge = |fit: Fit, binding: Option<&'v Binding>| match fit {
            Fit::No => None,
            Fit::Yes => Some(self.evaluate_binding(context, request, binding)),
            Fit::Unknown => Some(self.unknown(&attributes, binding)),
        };
        let mut bindings = self.bindings(bindings).peekable();
        if bindings.peek().is_none() {
            return judge(own, None).into_iter().collect();
        }
        bindings
            .filter_map(|binding| {
                judge(own.min(binding.matcher.matches(&attributes)), Some(binding))
            })
            .collect()
    }

    /// Nobody knows whether the policy is for the request.
    fn unknown(&self, attributes: &Attributes<'_>, binding: Option<&Binding>) -> Answer {
        let (fact, sentence) = attributes.namespace_labels.lacking();
        let mut answer = self.answer(binding, Status::Error, sentence);
        if self.failure == FailurePolicy::Ignore {
            answer.enforcement = answer.enforcement.min(Enforcement::Warn);
        }
        answer.missing.push(fact);
        answer
    }

    fn evaluate_binding<'v>(
        &'v self,
        context: &'v Context<'v>,
        request: &'v Request<'v>,
        binding: Option<&'v Binding>,
    ) -> Answer {
        let params = match params::find(self.param_kind.as_ref(), binding, request) {
            params::Found::None => vec![None],
            params::Found::Some(found) => found.into_iter().map(Some).collect(),
            params::Found::Allowed(message) => return self.answer(binding, Status::Skip, message),
            params::Found::Missing(message) => {
                let status = match self.failure {
                    FailurePolicy::Fail => Status::Error,
                    FailurePolicy::Ignore => Status::Skip,
                };
                return self.answer(binding, status, message);
            }
        };
        let mut answer = self.answer(binding, Status::Skip, "");
        let mut object = request.object;
        for params in params {
            let bound = Bound { binding, params };
            answer = if self.mutations.is_empty() {
                self.validate(context, request, bound)
            } else {
                self.mutate(context, request, bound, &mut object)
            };
            if matches!(answer.status, Status::Fail | Status::Error) {
                break;
            }
        }
        answer
    }

    fn answer(
        &self,
        binding: Option<&Binding>,
        status: Status,
        message: impl Into<String>,
    ) -> Answer {
        let rule = binding.map_or("", |binding| binding.name.as_str());
        let mut answer = Answer::new(&self.name, rule, status);
        answer.message = message.into();
        answer.enforcement = binding.map_or(Enforcement::Deny, |binding| binding.enforcement);
        answer.defined_at.clone_from(&self.origin);
        answer
    }

    fn validate<'v>(
        &'v self,
        context: &'v Context<'v>,
        request: &'v Request<'v>,
        bound: Bound<'v>,
    ) -> Answer {
        let roots = Roots {
            params: bound.params,
            ..Roots::default()
        };
        let environment = self
            .rules
            .environment(context, roots.bind(context, request));
        let judgement = self.rules.judge(context, environment, self.failure);
        self.answer_of(judgement, bound, request)
    }

    fn answer_of<'v>(
        &self,
        judgement: Judgement<'v>,
        bound: Bound<'v>,
        request: &Request<'v>,
    ) -> Answer {
        let say = |status, message: String| self.answer(bound.binding, status, message);
        match judgement {
            Judgement::Unmatched => say(Status::Skip, "a match condition does not hold".to_owned()),
            Judgement::Ignored { message } => say(
                Status::Skip,
                format!("ignored, as the policy says: {message}"),
            ),
            Judgement::Passed => say(Status::Pass, String::new()),
            Judgement::Failed {
                message,
                about,
                defined_at,
                ..
            } => {
                let mut answer = say(Status::Fail, message);
                (answer.place, answer.path) = place_of(request, about);
                answer.defined_at = defined_at.or(answer.defined_at);
                answer
            }
            Judgement::Error {
                message,
                defined_at,
            } => {
                let mut answer = say(Status::Error, message);
                answer.defined_at = defined_at.or(answer.defined_at);
                answer
            }
        }
    }

    fn mutate<'v>(
        &'v self,
        context: &'v Context<'v>,
        request: &'v Request<'v>,
        bound: Bound<'v>,
        object: &mut Option<Datum<'v>>,
    ) -> Answer {
        let say = |status, message: &str| self.answer(bound.binding, status, message);
        let roots = |object: Datum<'v>| Roots {
            params: bound.params,
            object: Some(Val::from(object)),
            ..Roots::default()
        };
        let mut changed = object.unwrap_or(Datum::Null);
        let bound_values = roots(changed).bind(context, request);
        let environment = self.rules.environment(context, bound_values);
        match self.rules.judge(context, environment, self.failure) {
            Judgement::Passed => {}
            other => return self.answer_of(other, bound, request),
        }
        for mutation in &self.mutations {
            let bound_values = roots(changed).bind(context, request);
            let environment = self.rules.environment(context, bound_values);
            match mutation.apply(context, environment, changed) {
                Ok(next) => changed = next,
                Err(fault) => {
                    let ignored =
                        self.failure == FailurePolicy::Ignore && fault.exhausted().is_none();
                    let status = if ignored { Status::Skip } else { Status::Error };
                    let mut answer = say(status, fault.message());
                    answer.defined_at = mutation.origin().cloned().or(answer.defined_at);
                    return answer;
                }
            }
        }
        *object = Some(changed);
        let text = to_json(changed).to_string();
        if let Err(exhausted) = context.meter.write(text.len()) {
            return say(Status::Error, &exhausted.to_string());
        }
        let mut answer = say(Status::Pass, "");
        answer.changes.push(Change::Mutated(text));
        answer
    }
}
