//! A policy as it is compiled: its rules with everything that does not depend on a request.

use std::collections::BTreeMap;
use std::sync::Arc;

use bumpalo::Bump;
use palisade_document::Value;
use palisade_model::{Origin, Severity};

use crate::answer::Enforcement;
use crate::datum::Datum;
use crate::error::PolicyError;
use crate::fit::Fit;
use crate::mentions;

use super::autogen;
use super::cel_rule::CelRule;
use super::conditions::Conditions;
use super::facts::Entry;
use super::generate::Generate;
use super::images::Extractor;
use super::jmespath::Expression;
use super::matching::{Matching, Selector};
use super::mutate::Mutate;
use super::request::Request;
use super::scalars::{build, wildcard};
use super::validate::Validate;
use super::verify::Verify;

/// What a policy is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// What is sent to an API server, and what is there.
    Always,
    /// Only what is there.
    InBackground,
}

impl Asked {
    /// As a switch for admission says, which is on unless it is `false`.
    pub(crate) fn of(admission: Option<Datum<'_>>) -> Self {
        match admission.and_then(Datum::as_bool) {
            Some(false) => Self::InBackground,
            _ => Self::Always,
        }
    }
}

/// A `ClusterPolicy` or a `Policy`.
#[derive(Debug)]
pub(crate) struct Policy {
    /// Its name.
    pub(crate) name: String,
    /// The namespace that a `Policy` is for; `None` for a `ClusterPolicy`.
    pub(crate) namespace: Option<String>,
    /// Its rules, those for pod controllers included.
    pub(crate) rules: Vec<Rule>,
    /// CEL conditions on the requests that reach the policy at all.
    pub(crate) conditions: Option<CelRule>,
    /// Whether only the first rule that applies counts.
    pub(crate) only_first: bool,
    /// What it is asked about.
    pub(crate) asked: Asked,
    /// Severity, where an annotation states one.
    pub(crate) severity: Option<Severity>,
    /// One line about it.
    pub(crate) title: String,
    /// Whether a breach counts.
    pub(crate) scored: bool,
    /// Whether a rule that cannot be evaluated lets the request pass (`failurePolicy: Ignore`).
    pub(crate) ignores_failures: bool,
    enforced: Enforced,
}

/// One rule.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Its name.
    pub(crate) name: String,
    /// Which requests it is for.
    pub(crate) matching: Matching,
    /// Its context.
    pub(crate) context: Vec<Entry>,
    /// When it applies.
    pub(crate) preconditions: Option<Conditions>,
    /// What it does.
    pub(crate) body: Body,
    /// How images are found in kinds that are not pods.
    pub(crate) extractors: BTreeMap<String, Vec<Extractor>>,
    /// Where it stands.
    pub(crate) origin: Origin,
    /// What is wrong with it; it answers with an error then.
    pub(crate) mistakes: Vec<String>,
    /// What is doubtful in it: context entries that nothing reads.
    pub(crate) doubts: Vec<String>,
    /// Whether it was made for pod controllers.
    pub(crate) is_autogen: bool,
    enforced: Option<Enforced>,
}

/// What a rule does.
#[derive(Debug)]
pub(crate) enum Body {
    /// Judges the resource.
    Validate(Box<Validate>),
    /// Changes it, or others.
    Mutate(Box<Mutate>),
    /// Makes others.
    Generate(Box<Generate>),
    /// Asks for verified images.
    Verify(Box<Verify>),
    /// Nothing that is known.
    Unknown,
}

/// What follows a breach, by namespace.
#[derive(Debug, Default)]
struct Enforced {
    denies: bool,
    overrides: Vec<(bool, Vec<String>, Option<Selector>)>,
}

impl Enforced {
    fn read(holder: Datum<'_>, action: &str, overrides: &str) -> Option<Self> {
        let denies = |value: Option<Datum<'_>>| {
            let word = value.and_then(Datum::as_text)?;
            Some(word.eq_ignore_ascii_case("enforce"))
        };
        let own = denies(holder.get(action));
        let listed = holder.get(overrides).into_iter().flat_map(Datum::items);
        let listed: Vec<_> = listed
            .map(|one| {
                let namespaces = one.get("namespaces").into_iter().flat_map(Datum::items);
                (
                    denies(one.get("action")).unwrap_or(false),
                    namespaces.map(build::sprint).collect(),
                    one.get("namespaceSelector").map(Selector::read),
                )
            })
            .collect();
        if own.is_none() && listed.is_empty() {
            return None;
        }
        Some(Self {
            denies: own.unwrap_or(false),
            overrides: listed,
        })
    }

    fn for_request(&self, request: &Request<'_>) -> Enforcement {
        let mut denies = self.denies;
        for (action, namespaces, selector) in self.overrides.iter().rev() {
            let mut names = namespaces.iter();
            let named = namespaces.is_empty()
                || names.any(|pattern| wildcard::matches(pattern, request.namespace));
            let selected = selector.as_ref().map_or(Fit::Yes, |selector| {
                selector.on_namespace(request.namespace_labels())
            });
            denies = match Fit::from(named).min(selected) {
                Fit::Yes => *action,
                // The stricter one stands where nobody knows which.
                Fit::Unknown => *action || denies,
                Fit::No => denies,
            };
        }
        if denies {
            Enforcement::Deny
        } else {
            Enforcement::Audit
        }
    }
}

impl Policy {
    /// Compiles a policy.
    pub(crate) fn compile(root: Value<'_>) -> Result<Self, PolicyError> {
        let arena = Bump::new();
        let file = root.document().file();
        let origin = |span| Origin::new(file, span);
        let policy = Datum::from(root);
        let text = |path: &[&str]| build::text_at(policy, path);
        let name = text(&["metadata", "name"]).ok_or_else(|| {
            let message = "the policy has no `metadata.name`; give it one";
            PolicyError::at(origin(root.span()), message)
        })?;
        let rules = root.at(&["spec", "rules"]);
        let Some(rules) = rules.filter(|rules| rules.is_array()) else {
            let message =
                format!("policy `{name}` has no list `spec.rules`; write its rules there");
            return Err(PolicyError::at(origin(root.span()), message));
        };
        if let Some(broken) = rules.items().find(|rule| !rule.is_object()) {
            let message = format!("a rule of policy `{name}` is no mapping");
            return Err(PolicyError::at(origin(broken.span()), message));
        }
        let spec = policy.get("spec").unwrap_or(Datum::Null);
        let annotation = |name: &str| text(&["metadata", "annotations", name]);
        let compiled = autogen::expand(&arena, policy)
            .into_iter()
            .map(|expanded| {
                let place = expanded.written.span().unwrap_or(root.span());
                Rule::compile(&arena, expanded, origin(place))
            })
            .collect();
        Ok(Self {
            name: name.to_owned(),
            namespace: (text(&["kind"]) == Some("Policy")).then(|| {
                text(&["metadata", "namespace"])
                    .unwrap_or("default")
                    .to_owned()
            }),
            rules: compiled,
            conditions: conditions(spec),
            only_first: text(&["spec", "applyRules"]) == Some("One"),
            asked: Asked::of(spec.get("admission")),
            severity: annotation("policies.kyverno.io/severity").and_then(severity),
            title: annotation("policies.kyverno.io/title")
                .unwrap_or("")
                .to_owned(),
            scored: annotation("policies.kyverno.io/scored") != Some("false"),
            ignores_failures: ignores_failures(spec),
            enforced: Enforced::read(
                spec,
                "validationFailureAction",
                "validationFailureActionOverrides",
            )
            .unwrap_or_default(),
        })
    }

    /// What follows a breach of a rule in a request.
    pub(crate) fn enforcement(&self, rule: &Rule, request: &Request<'_>) -> Enforcement {
        let enforced = rule.enforced.as_ref().unwrap_or(&self.enforced);
        enforced.for_request(request)
    }

    /// What follows a breach of a rule where nothing is known of the namespace.
    pub(crate) fn usual_enforcement(&self, rule: &Rule) -> Enforcement {
        self.enforcement(rule, &Request::create(Datum::Null))
    }

    /// The name with the namespace before it, as exceptions say it.
    pub(crate) fn full_name(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{}", self.name),
            None => self.name.clone(),
        }
    }
}

/// `failurePolicy` of the policy's webhook: `Fail` unless it says `Ignore`.
fn ignores_failures(spec: Datum<'_>) -> bool {
    let said = build::text_at(spec, &["webhookConfiguration", "failurePolicy"])
        .or_else(|| build::text_at(spec, &["failurePolicy"]));
    said == Some("Ignore")
}

/// `matchConditions` of the policy's webhook.
fn conditions(spec: Datum<'_>) -> Option<CelRule> {
    let listed = build::at(spec, &["webhookConfiguration", "matchConditions"])
        .or_else(|| spec.get("matchConditions"))
        .filter(|listed| !listed.is_empty())?;
    Some(CelRule::read(Datum::Null, Some(listed)))
}

/// A severity by its word.
pub(crate) fn severity(word: &str) -> Option<Severity> {
    match word {
        "critical" => Some(Severity::Critical),
        "high" => Some(Severity::High),
        "medium" => Some(Severity::Medium),
        "low" | "info" => Some(Severity::Low),
        _ => None,
    }
}

impl Rule {
    fn compile(arena: &Bump, expanded: autogen::Expanded<'_>, origin: Origin) -> Self {
        let rule = expanded.rule;
        let body = if let Some(validate) = rule.get("validate") {
            Body::Validate(Box::new(Validate::read(arena, rule, validate)))
        } else if let Some(mutate) = rule.get("mutate") {
            Body::Mutate(Box::new(Mutate::read(arena, mutate)))
        } else if let Some(generate) = rule.get("generate") {
            Body::Generate(Box::new(Generate::read(generate)))
        } else if let Some(verify) = rule.get("verifyImages") {
            Body::Verify(Box::new(Verify::read(verify)))
        } else {
            Body::Unknown
        };
        let name = rule.get("name").and_then(Datum::as_text).unwrap_or("");
        let mut compiled = Self {
            name: name.to_owned(),
            matching: Matching::read(rule),
            context: Entry::read_all(rule.get("context")),
            preconditions: rule.get("preconditions").map(Conditions::read),
            body,
            extractors: extractors(rule),
            origin,
            mistakes: Vec::new(),
            doubts: Vec::new(),
            is_autogen: name.starts_with("autogen-"),
            enforced: rule
                .get("validate")
                .or_else(|| rule.get("verifyImages")?.item(0))
                .and_then(|held| Enforced::read(held, "failureAction", "failureActionOverrides")),
        };
        compiled.mistakes = compiled.find_mistakes();
        let text = build::json(rule);
        let unused = |entry: &&Entry| mentions::count(&text, &entry.name) < 2;
        let unused = compiled.context.iter().filter(unused);
        compiled.doubts = unused
            .map(|entry| format!("the context entry `{}` is never used", entry.name))
            .collect();
        compiled
    }

    fn find_mistakes(&self) -> Vec<String> {
        let mut found = Vec::new();
        for entry in &self.context {
            entry.mistakes(&mut found);
        }
        if let Some(preconditions) = &self.preconditions {
            preconditions.mistakes(&mut found);
        }
        match &self.body {
            Body::Validate(validate) => validate.mistakes(&mut found),
            Body::Mutate(mutate) => mutate.mistakes(&mut found),
            Body::Generate(generate) => generate.mistakes(&mut found),
            Body::Verify(_) => {}
            Body::Unknown => found.push(
                "it has none of `validate`, `mutate`, `generate` and `verifyImages`".to_owned(),
            ),
        }
        found
    }
}

/// `imageExtractors` of a rule, by kind.
fn extractors(rule: Datum<'_>) -> BTreeMap<String, Vec<Extractor>> {
    let kinds = rule
        .get("imageExtractors")
        .into_iter()
        .flat_map(Datum::entries);
    kinds
        .map(|(kind, list)| (kind.to_owned(), list.items().map(extractor).collect()))
        .collect()
}

fn extractor(value: Datum<'_>) -> Extractor {
    let text = |key| value.get(key).and_then(Datum::as_text).unwrap_or("");
    let path = text("path").split('/').map(str::trim);
    let mut fields: Vec<String> = path
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    let held = match text("value") {
        "" => fields.pop().unwrap_or_default(),
        value => value.to_owned(),
    };
    let name = match text("name") {
        "" => "custom",
        name => name,
    };
    Extractor {
        fields,
        value: held,
        key: text("key").to_owned(),
        name: name.to_owned(),
        jmespath: match text("jmesPath") {
            "" => None,
            path => Expression::compile(path).ok().map(Arc::new),
        },
    }
}
