//! `matchConstraints` and `matchResources`: which requests a policy is for.

use super::super::library::lookups::plural;
use crate::datum::Datum;
use crate::fit::{Fit, NamespaceLabels};
use crate::input::Operation;
use crate::languages::kyverno::request::Request;

/// What of a request decides whether a policy is for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attributes<'a> {
    pub(crate) group: &'a str,
    pub(crate) version: &'a str,
    /// Plural resource name; empty if it follows from the kind.
    pub(crate) resource: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) subresource: &'a str,
    pub(crate) operation: Operation,
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) object: Option<Datum<'a>>,
    pub(crate) old_object: Option<Datum<'a>>,
    pub(crate) namespace_labels: NamespaceLabels<'a>,
}

impl<'a> Attributes<'a> {
    /// Those of a request.
    pub(crate) fn of(request: &Request<'a>) -> Self {
        // What is sent to a subresource may be of another group than the resource.
        let own = (request.gvk.group, request.gvk.version);
        let target = request.target;
        let (group, version) = target.map_or(own, |target| (target.group, target.version));
        Self {
            group,
            version,
            resource: request.resource,
            kind: request.gvk.kind,
            subresource: request.subresource,
            operation: request.operation,
            name: request.name,
            namespace: request.namespace,
            object: request.object,
            old_object: request.old_object,
            namespace_labels: request.namespace_labels(),
        }
    }
}

/// A resource that derived rules are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) resource: &'static str,
}

/// Constraints as a policy or binding writes them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Matcher {
    rules: Vec<Rule>,
    excluded: Vec<Rule>,
    namespaces: Selector,
    objects: Selector,
}

#[derive(Debug, Clone, Default)]
struct Rule {
    groups: Vec<String>,
    versions: Vec<String>,
    resources: Vec<String>,
    operations: Vec<String>,
    names: Vec<String>,
    scope: String,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Selector(Vec<Requirement>);

#[derive(Debug, Clone)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    /// Anything else: nothing fits it.
    Unknown,
}

fn texts(value: Option<Datum<'_>>) -> Vec<String> {
    let items = value.into_iter().flat_map(Datum::items);
    items
        .filter_map(|item| item.as_text().map(str::to_owned))
        .collect()
}

impl Matcher {
    /// Reads constraints; without any, everything matches.
    pub(crate) fn read(constraints: Option<Datum<'_>>) -> Self {
        let Some(constraints) = constraints else {
            return Self::default();
        };
        let rules = |field| {
            let list = constraints.get(field).into_iter().flat_map(Datum::items);
            list.map(Rule::read).collect()
        };
        Self {
            rules: rules("resourceRules"),
            excluded: rules("excludeResourceRules"),
            namespaces: Selector::read(constraints.get("namespaceSelector")),
            objects: Selector::read(constraints.get("objectSelector")),
        }
    }

    /// Constraints on other resources, with the operations and namespaces of these.
    pub(crate) fn of_targets(targets: &[Target], constraints: Datum<'_>) -> Self {
        let first = constraints
            .get("resourceRules")
            .and_then(|rules| rules.item(0));
        let operations = texts(first.and_then(|rule| rule.get("operations")));
        let rules = targets.iter().map(|target| Rule {
            groups: vec![target.group.to_owned()],
            versions: vec![target.version.to_owned()],
            resources: vec![target.resource.to_owned()],
            operations: operations.clone(),
            names: Vec::new(),
            scope: "*".to_owned(),
        });
        Self {
            rules: rules.collect(),
            namespaces: Selector::read(constraints.get("namespaceSelector")),
            ..Self::default()
        }
    }

    /// Whether a resource is meant, whatever is done with it.
    pub(crate) fn matches_any_operation(&self, request: &Attributes<'_>) -> Fit {
        let mut all = self.clone();
        for rule in all.rules.iter_mut().chain(&mut all.excluded) {
            rule.operations = vec!["*".to_owned()];
        }
        all.matches(request)
    }

    /// Whether a request is meant.
    pub(crate) fn matches(&self, request: &Attributes<'_>) -> Fit {
        let included = self.rules.is_empty() || self.rules.iter().any(|rule| rule.matches(request));
        let fits = included
            && !self.excluded.iter().any(|rule| rule.matches(request))
            && self.object_matches(request);
        if fits {
            self.namespace_matches(request)
        } else {
            Fit::No
        }
    }

    fn namespace_matches(&self, request: &Attributes<'_>) -> Fit {
        if self.namespaces.0.is_empty() {
            return Fit::Yes;
        }
        if request.kind == "Namespace" && request.group.is_empty() {
            let object = request.object.or(request.old_object);
            return self.namespaces.fits(labels(object)).into();
        }
        // Resources outside namespaces are never skipped by a namespace's labels.
        if request.namespace.is_empty() {
            return Fit::Yes;
        }
        self.namespaces.on_namespace(request.namespace_labels)
    }

    fn object_matches(&self, request: &Attributes<'_>) -> bool {
        self.objects.0.is_empty()
            || [request.object, request.old_object]
                .into_iter()
                .flatten()
                .any(|object| self.objects.fits(labels(Some(object))))
    }
}

fn labels(object: Option<Datum<'_>>) -> Datum<'_> {
    object
        .and_then(|object| object.get("metadata")?.get("labels"))
        .unwrap_or(Datum::Null)
}

impl Rule {
    fn read(rule: Datum<'_>) -> Self {
        Self {
            groups: texts(rule.get("apiGroups")),
            versions: texts(rule.get("apiVersions")),
            resources: texts(rule.get("resources")),
            operations: texts(rule.get("operations")),
            names: texts(rule.get("resourceNames")),
            scope: rule
                .get("scope")
                .and_then(Datum::as_text)
                .unwrap_or("*")
                .to_owned(),
        }
    }

    fn matches(&self, request: &Attributes<'_>) -> bool {
        let any =
            |list: &[String], wanted: &str| list.iter().any(|item| item == "*" || item == wanted);
        let scope = match self.scope.as_str() {
            "Namespaced" => !request.namespace.is_empty(),
            "Cluster" => request.namespace.is_empty(),
            _ => true,
        };
        let generated = || {
            let object = request.object.or(request.old_object);
            let prefix = object.and_then(|object| {
                let metadata = object.get("metadata")?;
                metadata.get("name").is_none().then_some(())?;
                metadata.get("generateName")?.as_text()
            });
            prefix.is_some_and(|prefix| {
                self.names
                    .iter()
                    .any(|name| prefix.starts_with(name.as_str()))
            })
        };
        scope
            && any(&self.groups, request.group)
            && any(&self.versions, request.version)
            && (self.operations.is_empty() || any(&self.operations, request.operation.word()))
            && self.resource_matches(request)
            && (self.names.is_empty()
                || self.names.iter().any(|name| name == request.name)
                || generated())
    }

    fn resource_matches(&self, request: &Attributes<'_>) -> bool {
        let derived;
        let resource = if request.resource.is_empty() {
            derived = plural(request.kind);
            &derived
        } else {
            request.resource
        };
        self.resources.iter().any(|pattern| {
            let (wanted, sub) = match pattern.split_once('/') {
                Some((wanted, sub)) => (wanted, sub),
                None => (pattern.as_str(), ""),
            };
            let everything = pattern == "*" && request.subresource.is_empty();
            everything
                || pattern == "*/*"
                || ((wanted == "*" || wanted == resource)
                    && (sub == request.subresource
                        || (sub == "*" && !request.subresource.is_empty())
                        || (sub == "*" && pattern.contains('/'))))
        })
    }
}

impl Selector {
    /// Reads a label selector; an empty one fits everything.
    pub(crate) fn read(selector: Option<Datum<'_>>) -> Self {
        let Some(selector) = selector else {
            return Self::default();
        };
        let mut requirements = Vec::new();
        for (key, value) in selector
            .get("matchLabels")
            .into_iter()
            .flat_map(Datum::entries)
        {
            requirements.push(Requirement {
                key: key.to_owned(),
                operator: Operator::In,
                values: vec![value.as_text().unwrap_or("").to_owned()],
            });
        }
        let expressions = selector.get("matchExpressions");
        for expression in expressions.into_iter().flat_map(Datum::items) {
            let text = |field| expression.get(field).and_then(Datum::as_text).unwrap_or("");
            requirements.push(Requirement {
                key: text("key").to_owned(),
                operator: match text("operator") {
                    "In" => Operator::In,
                    "NotIn" => Operator::NotIn,
                    "Exists" => Operator::Exists,
                    "DoesNotExist" => Operator::DoesNotExist,
                    _ => Operator::Unknown,
                },
                values: texts(expression.get("values")),
            });
        }
        Self(requirements)
    }

    /// Whether labels fit.
    pub(crate) fn fits(&self, labels: Datum<'_>) -> bool {
        self.0.iter().all(|requirement| {
            let label = labels.get(&requirement.key).and_then(Datum::as_text);
            let listed = |label: &str| requirement.values.iter().any(|value| value == label);
            match requirement.operator {
                Operator::In => label.is_some_and(listed),
                Operator::NotIn => !label.is_some_and(listed),
                Operator::Exists => label.is_some(),
                Operator::DoesNotExist => label.is_none(),
                Operator::Unknown => false,
            }
        })
    }

    /// Whether the labels of a namespace fit, as far as they are known.
    fn on_namespace(&self, namespace: NamespaceLabels<'_>) -> Fit {
        Fit::all(self.0.iter().map(|requirement| {
            let operator = match requirement.operator {
                Operator::In => "In",
                Operator::NotIn => "NotIn",
                Operator::Exists => "Exists",
                Operator::DoesNotExist => "DoesNotExist",
                Operator::Unknown => "",
            };
            namespace.meets(&requirement.key, operator, &requirement.values)
        }))
    }
}
