//! A compiled set of Kyverno's policies and exceptions.

use std::collections::BTreeMap;
use std::sync::Arc;

use palisade_document::{Limits, Syntax, Value, parse};
use palisade_model::Origin;

use crate::answer::{Answer, Change, Enforcement, Status};
use crate::compiled::{Compiled, RuleSummary};
use crate::context::Context;
use crate::datum::Datum;
use crate::error::{EvaluationError, PolicyError};
use crate::exception::PolicyException;
use crate::folder::Folder;
use crate::input::Input;
use crate::language::{Bundle, Settings};
use crate::listed::{is_cut_off, mistakes, objects};

use super::cel_policies::{self, CelPolicy};
use super::engine::{self, Judged};
use super::exceptions::Exception;
use super::policy::{Asked, Policy};
use super::request::Request;
use super::response::RuleKind;
use super::scalars::build;
use crate::languages::cel::policies::{AdmissionPolicy, Binding};

/// Policies that are judged together, with the exceptions from them.
#[derive(Debug, Default)]
pub(crate) struct PolicySet {
    /// Policies whose rules are Kyverno's own.
    pub(crate) policies: Vec<Policy>,
    /// Exceptions from those.
    pub(crate) exceptions: Vec<Exception>,
    /// Policies whose rules are CEL.
    pub(crate) cel: Vec<CelPolicy>,
    /// Kubernetes' own admission policies, which only tests judge here: elsewhere the language
    /// `cel` does.
    pub(crate) admission: Vec<AdmissionPolicy>,
    /// Their bindings.
    pub(crate) bindings: Vec<Binding>,
    /// Policies that do not load: they answer every request with an error.
    pub(crate) broken: Vec<(String, PolicyError)>,
    rules: Vec<RuleSummary>,
    errors: Vec<PolicyError>,
    doubts: Vec<PolicyError>,
    said: Vec<PolicyException>,
}

/// Takes the files with Kyverno's policies out of a folder, as one bundle.
pub(crate) fn discover(folder: &Folder) -> Result<Vec<Bundle>, PolicyError> {
    let mut files = BTreeMap::new();
    let listed = folder
        .files()
        .map_err(|error| PolicyError::new(error.to_string()))?;
    for path in listed {
        if !is_yaml(&path) {
            continue;
        }
        let file = folder
            .read(&path)
            .map_err(|error| PolicyError::new(error.to_string()))?;
        if !file.text().contains("kyverno.io/") {
            continue;
        }
        let (document, errors) = parse(Arc::clone(&file), syntax_of(&path), &Limits::default());
        // A text that is cut off may hold a policy: compiling says so, rather than nobody.
        let holds_policies = objects(&document).any(|root| Kind::of(root).is_some());
        if holds_policies || is_cut_off(&errors) {
            files.insert(path, file);
        }
    }
    if files.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Bundle {
        name: folder.shown(""),
        files,
    }])
}

/// Compiles a bundle; policies that do not load are named and answer with errors, the others run.
pub(crate) fn compile(
    bundle: &Bundle,
    _: &Settings,
) -> Result<Arc<dyn Compiled>, Vec<PolicyError>> {
    let mut documents = Vec::new();
    let mut unread = Vec::new();
    for (path, file) in &bundle.files {
        let syntax = syntax_of(path);
        let (document, errors) = parse(Arc::clone(file), syntax, &Limits::default());
        match mistakes(file, &errors) {
            found if found.is_empty() => documents.push(document),
            found => unread.extend(found.into_iter().map(|error| (path.clone(), error))),
        }
    }
    let set = PolicySet::of(documents.iter().flat_map(objects), unread);
    if set.policies.is_empty() && set.cel.is_empty() && !set.broken.is_empty() {
        return Err(set.broken.into_iter().map(|(_, error)| error).collect());
    }
    Ok(Arc::new(set))
}

pub(crate) fn is_yaml(path: &str) -> bool {
    let extension = path.rsplit('.').next().unwrap_or("");
    let known = ["yaml", "yml", "json"];
    known.iter().any(|end| extension.eq_ignore_ascii_case(end))
}

/// The syntax of a file, by its name.
pub(crate) fn syntax_of(path: &str) -> Syntax {
    match path.rsplit('.').next() {
        Some(end) if end.eq_ignore_ascii_case("json") => Syntax::Json,
        _ => Syntax::Yaml,
    }
}

/// What a document is to a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A `ClusterPolicy` or `Policy`.
    Policy,
    /// An exception from those.
    Exception,
    /// A policy whose rules are CEL.
    CelPolicy,
    /// An exception from those.
    CelException,
    /// A policy of Kyverno's that judges no requests; the words say what it does.
    Elsewhere(&'static str),
}

impl Kind {
    /// What a document is; `None` for what is none of Kyverno's.
    pub(crate) fn of(root: Value<'_>) -> Option<Self> {
        let text = |key| root.get(key).and_then(Value::as_str).unwrap_or("");
        let own = text("apiVersion").starts_with("kyverno.io/");
        match text("kind") {
            "ClusterPolicy" | "Policy" if own => Some(Self::Policy),
            "PolicyException" if own => Some(Self::Exception),
            "CleanupPolicy" | "ClusterCleanupPolicy" if own => {
                Some(Self::Elsewhere("removes objects on a schedule"))
            }
            "ValidatingPolicy" if text("apiVersion").starts_with("json.kyverno.io/") => {
                Some(Self::Elsewhere("judges payloads of kyverno-json"))
            }
            _ if cel_policies::is_policy(root.into()) => Some(Self::CelPolicy),
            _ if cel_policies::is_exception(root.into()) => Some(Self::CelException),
            _ => None,
        }
    }
}

impl PolicySet {
    /// Compiles the policies and exceptions among documents; `unread` are files that cannot be
    /// read, and answer every request with their mistakes.
    pub(crate) fn of<'d>(
        roots: impl Iterator<Item = Value<'d>>,
        unread: Vec<(String, PolicyError)>,
    ) -> Self {
        let mut set = Self {
            broken: unread,
            ..Self::default()
        };
        let known: Vec<_> = roots
            .filter_map(|root| Some((Kind::of(root)?, root)))
            .collect();
        let exceptions: Vec<Datum<'_>> = known
            .iter()
            .filter(|(kind, _)| *kind == Kind::CelException)
            .map(|(_, root)| Datum::from(*root))
            .collect();
        for (kind, root) in known {
            let name = root.at(&["metadata", "name"]).and_then(Value::as_str);
            let name = name.unwrap_or("").to_owned();
            match kind {
                Kind::Policy => match Policy::compile(root) {
                    Ok(policy) => set.policies.push(policy),
                    Err(error) => set.broken.push((name, error)),
                },
                Kind::Exception => {
                    let exception = Exception::read(root);
                    set.said.push(exception.said.clone());
                    set.exceptions.push(exception);
                }
                Kind::CelPolicy => match CelPolicy::compile(root.into(), &exceptions) {
                    Ok(policy) => set.cel.push(policy),
                    Err(errors) => {
                        let errors = errors.into_iter().map(|error| (name.clone(), error));
                        set.broken.extend(errors);
                    }
                },
                Kind::CelException => set.said.extend(cel_policies::exception(root.into())),
                Kind::Elsewhere(what) => {
                    let origin = Origin::new(root.document().file(), root.span());
                    let message = format!("policy `{name}` {what}, which is not done here");
                    set.doubts.push(PolicyError::at(origin, message));
                }
            }
        }
        set.summarize();
        set
    }

    /// Compiles Kubernetes' own admission policies among documents, for tests of them.
    pub(crate) fn add_admission<'d>(&mut self, roots: impl Iterator<Item = Value<'d>>) {
        for root in roots.map(Datum::from) {
            self.bindings.extend(Binding::read(root));
            if !AdmissionPolicy::is(root) {
                continue;
            }
            match AdmissionPolicy::compile(root) {
                Ok(policy) => self.admission.push(policy),
                Err(errors) => {
                    let name = build::text_at(root, &["metadata", "name"]).unwrap_or("");
                    let errors = errors.into_iter().map(|error| (name.to_owned(), error));
                    self.broken.extend(errors);
                }
            }
        }
    }

    fn summarize(&mut self) {
        for policy in &self.policies {
            for rule in &policy.rules {
                if rule.is_autogen {
                    continue;
                }
                self.rules.push(RuleSummary {
                    policy: policy.name.clone(),
                    rule: rule.name.clone(),
                    title: policy.title.clone(),
                    severity: policy.severity,
                    enforcement: policy.usual_enforcement(rule),
                    origin: Some(rule.origin.clone()),
                    subjects: Vec::new(),
                });
                for doubt in &rule.doubts {
                    let message =
                        format!("rule `{}` of policy `{}`: {doubt}", rule.name, policy.name);
                    self.doubts
                        .push(PolicyError::at(rule.origin.clone(), message));
                }
                for mistake in &rule.mistakes {
                    let (policy, rule_name) = (&policy.name, &rule.name);
                    let message = format!("rule `{rule_name}` of policy `{policy}`: {mistake}");
                    self.errors
                        .push(PolicyError::at(rule.origin.clone(), message));
                }
            }
        }
        self.rules.extend(self.cel.iter().map(CelPolicy::summary));
        let doubts = self.cel.iter().flat_map(CelPolicy::doubts);
        self.doubts.extend(doubts.cloned());
        let broken = self.broken.iter().map(|(_, error)| error.clone());
        self.errors.extend(broken);
    }
}

impl Compiled for PolicySet {
    fn language(&self) -> &'static str {
        "kyverno"
    }

    fn rules(&self) -> &[RuleSummary] {
        &self.rules
    }

    fn errors(&self) -> &[PolicyError] {
        &self.errors
    }

    fn warnings(&self) -> &[PolicyError] {
        &self.doubts
    }

    fn exceptions(&self) -> &[PolicyException] {
        &self.said
    }

    fn evaluate<'a>(
        &self,
        context: &Context<'a>,
        input: &Input<'a>,
    ) -> Result<Vec<Answer>, EvaluationError> {
        let Some(request) = Request::of(context.arena, input) else {
            return Ok(Vec::new());
        };
        let mut answers = Vec::new();
        for (policy, error) in &self.broken {
            let mut answer = Answer::error(policy, "", error.message.clone());
            answer.defined_at.clone_from(&error.origin);
            answers.push(answer);
        }
        let kinds = [
            RuleKind::Mutation,
            RuleKind::ImageVerification,
            RuleKind::Validation,
            RuleKind::Generation,
        ];
        // At a gate the object is stored as it was sent: what policies would change is the answer to
        // another question. In files the changes are what will be there.
        let is_as_sent = input.request.is_some();
        let judges = |asked| asked == Asked::Always || !is_as_sent;
        let mut changed = request;
        for kind in kinds {
            for policy in self.policies.iter().filter(|policy| judges(policy.asked)) {
                let current = if is_as_sent && kind != RuleKind::Mutation {
                    request
                } else {
                    changed
                };
                let outcome = engine::run(context, &current, policy, kind, &self.exceptions);
                let judged = outcome.answers.into_iter();
                answers.extend(judged.map(|judged| answer(policy, judged, &current)));
                if outcome.object.is_some() {
                    changed.object = outcome.object;
                }
            }
        }
        for policy in self.cel.iter().filter(|policy| judges(policy.asked())) {
            let is_change = policy.kind() == cel_policies::Kind::Mutating;
            let current = if is_as_sent && !is_change {
                &request
            } else {
                &changed
            };
            match context.meter.renew() {
                Ok(()) => answers.extend(policy.evaluate(context, current)),
                Err(reason) => answers.push(policy.not_reached(reason)),
            }
        }
        Ok(answers)
    }
}

fn answer(policy: &Policy, judged: Judged<'_, '_>, request: &Request<'_>) -> Answer {
    let Judged {
        rule,
        response,
        missing,
        exhausted,
    } = judged;
    let status = match response.status {
        Status::Fail if !policy.scored && policy.enforcement(rule, request) < Enforcement::Deny => {
            Status::Warn
        }
        status => status,
    };
    let mut answer = Answer::new(&policy.name, &rule.name, status);
    answer.message = response.message;
    // A change that could not be made is not the object that the policy wants to let in.
    answer.enforcement = match (status, engine::kind_of(rule)) {
        (Status::Error, _) if policy.ignores_failures && !exhausted => {
            policy.enforcement(rule, request).min(Enforcement::Warn)
        }
        (Status::Error, RuleKind::Mutation) => Enforcement::Deny,
        _ => policy.enforcement(rule, request),
    };
    answer.severity = policy.severity;
    answer.place = response
        .place
        .or_else(|| response.value.and_then(Request::place))
        .or_else(|| Request::place(request.written));
    answer.path = response.path;
    answer.defined_at = Some(rule.origin.clone());
    answer.exception = response.exception.map(Box::new);
    answer.missing = missing;
    let mutated = response
        .patched
        .map(|patched| Change::Mutated(build::json(patched)));
    let generated = response.generated.into_iter().chain(response.target);
    let generated = generated.map(|made| Change::Generated(build::json(made)));
    answer.changes = mutated.into_iter().chain(generated).collect();
    answer
}
