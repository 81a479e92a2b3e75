//! Runs the rules of a policy on a request.

use crate::answer::{Enforcement, Status};
use crate::budget::Exhausted;
use crate::context::Context;
use crate::datum::Datum;
use crate::fit::Fit;
use crate::input::Operation;

use super::exceptions::Exception;
use super::jmespath::SearchError;
use super::mutate;
use super::policy::{Body, Policy, Rule};
use super::request::Request;
use super::response::{Response, RuleKind};
use super::scalars::build;
use super::scope::Scope;
use super::validate;

/// One answer of a rule, with the rule.
#[derive(Debug)]
pub(crate) struct Judged<'x, 'a> {
    /// The rule.
    pub(crate) rule: &'x Rule,
    /// What it says.
    pub(crate) response: Response<'a>,
    /// Facts that were asked for in vain.
    pub(crate) missing: Vec<String>,
    /// Whether a budget ran out.
    pub(crate) exhausted: bool,
}

impl<'x, 'a> Judged<'x, 'a> {
    fn new(rule: &'x Rule, response: Response<'a>) -> Self {
        Self {
            rule,
            response,
            missing: Vec::new(),
            exhausted: false,
        }
    }

    /// A rule without an answer, since a budget ran out.
    fn exhausted(rule: &'x Rule, reason: Exhausted) -> Self {
        Self {
            exhausted: true,
            ..Self::new(rule, Response::new(Status::Error, reason.to_string()))
        }
    }
}

/// What a policy says about a request.
#[derive(Debug, Default)]
pub(crate) struct Outcome<'x, 'a> {
    /// Answers, in the order of the rules.
    pub(crate) answers: Vec<Judged<'x, 'a>>,
    /// The request's object after the policy's changes, if it changed it.
    pub(crate) object: Option<Datum<'a>>,
}

/// Runs the rules of one kind of a policy. A rule whose budget runs out answers with an error; the
/// next has one of its own.
pub(crate) fn run<'x, 'a>(
    context: &'x Context<'a>,
    request: &'x Request<'a>,
    policy: &'x Policy,
    kind: RuleKind,
    exceptions: &'x [Exception],
) -> Outcome<'x, 'a> {
    let mut outcome = Outcome::default();
    let wanted = |rule: &&Rule| kind_of(rule) == kind && rule.matching.may_match(request);
    let mut rules = policy.rules.iter().filter(wanted).peekable();
    if rules.peek().is_none() || !is_in_namespace(policy, request) {
        return outcome;
    }
    let scope = Scope::new(context, request);
    match conditions(&scope, policy) {
        Conditions::Hold => {}
        Conditions::DoNotHold => return outcome,
        Conditions::Unknown(message) => {
            let respond = |rule| Judged::new(rule, Response::new(Status::Error, &*message));
            outcome.answers.extend(rules.map(respond));
            return outcome;
        }
        Conditions::Exhausted(reason) => {
            outcome
                .answers
                .extend(rules.map(|rule| Judged::exhausted(rule, reason)));
            return outcome;
        }
    }
    let mut applied = 0_usize;
    for rule in rules {
        let runner = Runner {
            scope: &scope,
            policy,
            rule,
            exceptions,
        };
        let saved = scope.save();
        let responses = context.meter.renew().and_then(|()| runner.run(kind));
        let missing = context.take_missing();
        scope.restore(&saved);
        let responses = match responses {
            Ok(responses) => responses,
            Err(reason) => {
                outcome.answers.push(Judged::exhausted(rule, reason));
                continue;
            }
        };
        for response in responses {
            if let Some(patched) = response.patched {
                if build::is_too_deep(patched) {
                    outcome.answers.push(Judged::new(rule, too_deep()));
                    continue;
                }
                scope.set_object(patched);
                outcome.object = Some(patched);
            }
            applied += usize::from(response.status != Status::Skip);
            outcome.answers.push(Judged {
                missing: missing.clone(),
                ..Judged::new(rule, response)
            });
        }
        if policy.only_first && applied > 0 {
            break;
        }
    }
    outcome
}

/// The answer of a rule whose change nobody could read.
fn too_deep<'a>() -> Response<'a> {
    let most = build::MAX_DEPTH;
    let message = format!("the change nests the object deeper than {most}");
    Response::new(Status::Error, message)
}

/// Whether a request reaches a policy at all.
enum Conditions {
    Hold,
    DoNotHold,
    Unknown(String),
    Exhausted(Exhausted),
}

fn conditions(scope: &Scope<'_, '_>, policy: &Policy) -> Conditions {
    let Some(conditions) = &policy.conditions else {
        return Conditions::Hold;
    };
    let renewed = scope.context.meter.renew();
    match renewed.and_then(|()| conditions.judge(scope, "")) {
        Ok(judged) => match judged.status {
            Status::Pass => Conditions::Hold,
            Status::Skip => Conditions::DoNotHold,
            _ => {
                let message = judged.message;
                Conditions::Unknown(format!("`matchConditions` have no value: {message}"))
            }
        },
        Err(reason) => Conditions::Exhausted(reason),
    }
}

/// Which kind of answers a rule gives.
pub(crate) fn kind_of(rule: &Rule) -> RuleKind {
    match rule.body {
        Body::Validate(_) | Body::Unknown => RuleKind::Validation,
        Body::Mutate(_) => RuleKind::Mutation,
        Body::Generate(_) => RuleKind::Generation,
        Body::Verify(_) => RuleKind::ImageVerification,
    }
}

/// Images of what goes are not verified, and a removal makes objects only where it is named.
fn is_for_removals(rule: &Rule) -> bool {
    match rule.body {
        Body::Verify(_) => false,
        Body::Generate(_) => rule.matching.names_operation("DELETE"),
        _ => true,
    }
}

fn is_in_namespace(policy: &Policy, request: &Request<'_>) -> bool {
    policy
        .namespace
        .as_ref()
        .is_none_or(|namespace| request.namespace == namespace)
}

struct Runner<'x, 'a> {
    scope: &'x Scope<'x, 'a>,
    policy: &'x Policy,
    rule: &'x Rule,
    exceptions: &'x [Exception],
}

type Answers<'a> = Result<Vec<Response<'a>>, Exhausted>;

impl<'x, 'a> Runner<'x, 'a> {
    fn run(&self, kind: RuleKind) -> Answers<'a> {
        let (scope, rule) = (self.scope, self.rule);
        scope.context.charge(1)?;
        let request = scope.request;
        if request.operation == Operation::Delete && !is_for_removals(rule) {
            return Ok(Vec::new());
        }
        let subject = match request.operation {
            Operation::Delete => scope.old_object(),
            _ => scope.object(),
        };
        let subject = subject.unwrap_or(Datum::Null);
        match rule.matching.takes(request, subject) {
            Fit::Yes => {}
            Fit::No => return Ok(Vec::new()),
            Fit::Unknown => {
                let (fact, sentence) = request.namespace_labels().lacking();
                scope.context.miss(fact);
                return Ok(vec![Response::new(Status::Error, sentence)]);
            }
        }
        if !rule.mistakes.is_empty() {
            let message = format!("the rule has mistakes: {}", rule.mistakes.join("; "));
            return Ok(vec![Response::new(Status::Error, message)]);
        }
        for (name, values) in request.rule_variables {
            let own = rule.name.strip_prefix("autogen-").unwrap_or(&rule.name);
            let own = own.strip_prefix("cronjob-").unwrap_or(own);
            if *name == rule.name || *name == own {
                for (key, value) in values.entries() {
                    scope.lay_over(key, value);
                }
            }
        }
        if let Some(extractors) = rule.extractors.get(request.gvk.kind) {
            scope.show_images(subject, extractors);
        }
        scope.add_entries(&rule.context);
        if let Some(preconditions) = &rule.preconditions {
            match preconditions.hold(scope) {
                Ok((true, _)) => {}
                Ok((false, message)) => {
                    let parts = ["preconditions not met", &message];
                    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                    return Ok(vec![Response::new(Status::Skip, parts.join("; "))]);
                }
                Err(error) => {
                    let response = Response::error("failed to evaluate preconditions", &error)?;
                    return Ok(vec![response]);
                }
            }
        }
        let exceptions = self.matching_exceptions()?;
        let whole = exceptions
            .iter()
            .find(|one| kind != RuleKind::Validation || one.pod_security.is_empty());
        if let Some(exception) = whole {
            let message = format!(
                "rule is skipped due to policy exceptions {}",
                exception.said.name
            );
            let mut response = Response::new(Status::Skip, message);
            response.exception = Some(exception.said.clone());
            return Ok(vec![response]);
        }
        self.apply(exceptions)
    }

    fn apply(&self, exceptions: Vec<&'x Exception>) -> Answers<'a> {
        let (scope, rule) = (self.scope, self.rule);
        match &rule.body {
            Body::Validate(validate) => {
                let mut judged = validate::judge(scope, rule, validate, exceptions)?;
                let fails = |one: &Response<'_>| one.status == Status::Fail;
                let excusable = scope.request.operation == Operation::Update
                    && validate.allows_existing()
                    && self.policy.enforcement(rule, scope.request) == Enforcement::Deny;
                if excusable && judged.as_ref().is_some_and(fails) && self.broke_before()? {
                    let message =
                        "the resource broke the rule before, and existing violations are allowed";
                    judged = Some(Response::new(Status::Skip, message));
                }
                Ok(judged.into_iter().collect())
            }
            Body::Mutate(mutate) => {
                if scope.request.operation == Operation::Delete && !mutate.is_of_others() {
                    return Ok(Vec::new());
                }
                mutate::apply(scope, mutate)
            }
            Body::Generate(generate) => Ok(vec![generate.apply(scope)?]),
            Body::Verify(verify) => Ok(verify.judge(scope, rule).into_iter().collect()),
            Body::Unknown => Ok(Vec::new()),
        }
    }

    /// Whether the old object, made anew, would break the rule too.
    fn broke_before(&self) -> Result<bool, Exhausted> {
        let context = self.scope.context;
        let Some(old) = self.scope.old_object() else {
            return Ok(false);
        };
        let kept = self.scope.request.variables.iter().copied();
        let kept: Vec<_> = kept
            .filter(|(name, _)| !name.starts_with("request."))
            .collect();
        let request = Request {
            object: Some(old),
            old_object: None,
            operation: Operation::Create,
            review: None,
            variables: context.arena.alloc_slice_copy(&kept),
            ..*self.scope.request
        };
        let scope = Scope::new(context, &request);
        let runner = Runner {
            scope: &scope,
            policy: self.policy,
            rule: self.rule,
            exceptions: self.exceptions,
        };
        let before = runner.run(RuleKind::Validation)?;
        Ok(before.iter().any(|one| one.status == Status::Fail))
    }

    fn matching_exceptions(&self) -> Result<Vec<&'x Exception>, Exhausted> {
        let mut found = Vec::new();
        for exception in self.exceptions {
            let now_ns = self.scope.context.effects.now_ns;
            if !exception.names(self.policy, self.rule) || !exception.said.holds(now_ns) {
                continue;
            }
            match exception.takes(self.scope) {
                Ok(true) => found.push(exception),
                Err(SearchError::Exhausted(reason)) => return Err(reason),
                Ok(false) | Err(_) => {}
            }
        }
        Ok(found)
    }
}
