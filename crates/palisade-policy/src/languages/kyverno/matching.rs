//! Which requests a rule is for: `match` and `exclude`.

use crate::datum::Datum;
use crate::fit::{Fit, NamespaceLabels};
use crate::input::Operation;

use super::request::Request;
use super::scalars::{build, wildcard};
use crate::languages::cel::plural;

/// `match` and `exclude` of a rule.
#[derive(Debug, Default)]
pub(crate) struct Matching {
    matched: Filters,
    excluded: Option<Filters>,
}

/// Filters that are joined by `any` or by `all`.
#[derive(Debug, Default)]
pub(crate) struct Filters {
    filters: Vec<Filter>,
    any: bool,
}

/// One filter: all of its conditions must hold.
#[derive(Debug, Default)]
struct Filter {
    empty: bool,
    operations: Vec<String>,
    kinds: Vec<KindSelector>,
    names: Vec<String>,
    namespaces: Vec<String>,
    annotations: Vec<(String, String)>,
    selector: Option<Selector>,
    namespace_selector: Option<Selector>,
    roles: Vec<String>,
    cluster_roles: Vec<String>,
    subjects: Vec<(String, String, String)>,
}

/// Group, version, kind and subresource, each with wildcards.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct KindSelector {
    group: String,
    version: String,
    kind: String,
    subresource: String,
}

/// A label selector; keys and values may hold wildcards.
#[derive(Debug, Default)]
pub(crate) struct Selector {
    labels: Vec<(String, String)>,
    expressions: Vec<(String, String, Vec<String>)>,
}

impl Matching {
    /// Reads `match` and `exclude` of a rule.
    pub(crate) fn read(rule: Datum<'_>) -> Self {
        let matched = rule.get("match").map(Filters::read).unwrap_or_default();
        let excluded = rule.get("exclude").filter(|exclude| !exclude.is_empty());
        Self {
            matched,
            excluded: excluded.map(Filters::read),
        }
    }

    /// Whether a kind could match at all, before anything else is looked at.
    pub(crate) fn may_match(&self, request: &Request<'_>) -> bool {
        self.matched.filters.iter().any(|filter| {
            filter.kinds.is_empty() || filter.kinds.iter().any(|kind| kind.matches(request))
        })
    }

    /// Whether the rule is for an operation by its name.
    pub(crate) fn names_operation(&self, operation: &str) -> bool {
        let mut named = self.matched.filters.iter().flat_map(|one| &one.operations);
        named.any(|named| named == operation)
    }

    /// Whether the rule is for a resource of a request.
    pub(crate) fn takes(&self, request: &Request<'_>, resource: Datum<'_>) -> Fit {
        let matched = self.matched.hold(request, resource, Ignore::UnknownUser);
        match &self.excluded {
            Some(excluded) if matched != Fit::No => {
                matched.min(!excluded.hold(request, resource, Ignore::Nothing))
            }
            _ => matched,
        }
    }
}

/// What a filter leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ignore {
    Nothing,
    /// Conditions on the user, where nothing is known of the user.
    UnknownUser,
}

impl Filters {
    /// Reads `any`, `all` or one filter.
    pub(crate) fn read(value: Datum<'_>) -> Self {
        let list = |key| value.get(key).filter(|list| !list.is_empty());
        if let Some(any) = list("any") {
            return Self {
                filters: any.items().map(Filter::read).collect(),
                any: true,
            };
        }
        if let Some(all) = list("all") {
            return Self {
                filters: all.items().map(Filter::read).collect(),
                any: false,
            };
        }
        Self {
            filters: vec![Filter::read(value)],
            any: false,
        }
    }

    /// Whether the filters take a resource; an empty filter takes nothing.
    pub(crate) fn take(&self, request: &Request<'_>, resource: Datum<'_>) -> Fit {
        self.hold(request, resource, Ignore::Nothing)
    }

    fn hold(&self, request: &Request<'_>, resource: Datum<'_>, ignore: Ignore) -> Fit {
        let holds = |filter: &Filter| filter.holds(request, resource, ignore);
        let fits = self.filters.iter().map(holds);
        if self.any {
            Fit::any(fits)
        } else if self.filters.is_empty() {
            Fit::No
        } else {
            Fit::all(fits)
        }
    }
}

fn texts(value: Option<Datum<'_>>) -> Vec<String> {
    value
        .into_iter()
        .flat_map(Datum::items)
        .filter_map(|item| item.as_text().map(str::to_owned))
        .collect()
}

fn pairs(value: Option<Datum<'_>>) -> Vec<(String, String)> {
    value
        .into_iter()
        .flat_map(Datum::entries)
        .map(|(key, value)| (key.to_owned(), build::sprint(value)))
        .collect()
}

impl Filter {
    fn read(value: Datum<'_>) -> Self {
        let resources = value.get("resources").unwrap_or(Datum::Null);
        let list = |key| texts(resources.get(key));
        let mut names = list("names");
        let name = resources.get("name").and_then(Datum::as_text);
        let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
        if names.is_empty() {
            names.extend(name);
        }
        let subjects = value.get("subjects").into_iter().flat_map(Datum::items);
        let text = |of: Datum<'_>, key: &str| {
            of.get(key)
                .and_then(Datum::as_text)
                .unwrap_or("")
                .to_owned()
        };
        Self {
            empty: value.is_empty(),
            operations: list("operations"),
            kinds: list("kinds")
                .iter()
                .map(|kind| KindSelector::read(kind))
                .collect(),
            names,
            namespaces: list("namespaces"),
            annotations: pairs(resources.get("annotations")),
            selector: resources.get("selector").map(Selector::read),
            namespace_selector: resources.get("namespaceSelector").map(Selector::read),
            roles: texts(value.get("roles")),
            cluster_roles: texts(value.get("clusterRoles")),
            subjects: subjects
                .map(|subject| {
                    let name = text(subject, "name");
                    (text(subject, "kind"), text(subject, "namespace"), name)
                })
                .collect(),
        }
    }

    fn holds(&self, request: &Request<'_>, resource: Datum<'_>, ignore: Ignore) -> Fit {
        if self.empty || resource.is_empty() {
            return Fit::No;
        }
        let operation = |one: &String| *one == request.operation.word();
        let kind = self.kinds.is_empty() || self.kinds.iter().any(|kind| kind.matches(request));
        let fits = (self.operations.is_empty() || self.operations.iter().any(operation))
            && kind
            && self.fits(request, resource)
            && (ignore == Ignore::UnknownUser && is_unknown(request) || self.takes_user(request));
        match &self.namespace_selector {
            Some(selector) if fits => {
                let is_namespace = build::text_at(resource, &["kind"]) == Some("Namespace");
                Fit::from(!is_namespace).min(selector.on_namespace(request.namespace_labels()))
            }
            _ => fits.into(),
        }
    }

    /// Whether what the resource itself says fits.
    fn fits(&self, request: &Request<'_>, resource: Datum<'_>) -> bool {
        let metadata = |key| build::at(resource, &["metadata", key]);
        let text = |key| metadata(key).and_then(Datum::as_text).unwrap_or("");
        let name = match text("name") {
            "" => text("generateName"),
            name => name,
        };
        let namespace = match text("namespace") {
            _ if build::text_at(resource, &["kind"]) == Some("Namespace") => text("name"),
            "" if !request.subresource.is_empty() => request.namespace,
            said => said,
        };
        let one_of = |patterns: &[String], text: &str| {
            patterns.is_empty()
                || patterns
                    .iter()
                    .any(|pattern| wildcard::matches(pattern, text))
        };
        let annotations = metadata("annotations").unwrap_or(Datum::Null);
        let annotated = |(key, value): &(String, String)| {
            annotations.entries().any(|(name, present)| {
                wildcard::matches(key, name) && wildcard::matches(value, &build::sprint(present))
            })
        };
        let labels = metadata("labels").unwrap_or(Datum::Null);
        one_of(&self.names, name)
            && one_of(&self.namespaces, namespace)
            && self.annotations.iter().all(annotated)
            && self
                .selector
                .as_ref()
                .is_none_or(|selector| selector.matches(labels))
    }

    fn takes_user(&self, request: &Request<'_>) -> bool {
        let shares = |wanted: &[String], known: &[&str]| {
            wanted.is_empty() || wanted.iter().any(|one| known.contains(&one.as_str()))
        };
        shares(&self.roles, request.roles)
            && shares(&self.cluster_roles, request.cluster_roles)
            && (self.subjects.is_empty() || self.has_subject(request))
    }

    fn has_subject(&self, request: &Request<'_>) -> bool {
        let user = request.user_info.get("username");
        let user = user.and_then(Datum::as_text).unwrap_or("");
        let groups = request.user_info.get("groups");
        self.subjects
            .iter()
            .any(|(kind, namespace, name)| match kind.as_str() {
                "ServiceAccount" => {
                    wildcard::matches(&format!("system:serviceaccount:{namespace}:{name}"), user)
                }
                "User" => wildcard::matches(name, user),
                "Group" => groups.into_iter().flat_map(Datum::items).any(|group| {
                    group
                        .as_text()
                        .is_some_and(|group| wildcard::matches(name, group))
                }),
                _ => false,
            })
    }
}

/// Whether nothing is known of who asks.
fn is_unknown(request: &Request<'_>) -> bool {
    build::is_null(request.user_info)
        && request.roles.is_empty()
        && request.cluster_roles.is_empty()
}

impl KindSelector {
    /// Reads `Kind`, `version/Kind`, `group/version/Kind`, each with an optional subresource.
    pub(crate) fn read(text: &str) -> Self {
        let mut parts: Vec<&str> = text.split('/').collect();
        if let Some(last) = parts.pop() {
            parts.extend(last.split('.'));
        }
        let make = |group: &str, version: &str, kind: &str, subresource: &str| Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            subresource: subresource.to_owned(),
        };
        match parts.as_slice() {
            [kind] => make("*", "*", kind, ""),
            ["*", "*"] => make("*", "*", "*", "*"),
            ["*", lower] if lower.to_lowercase() == **lower => make("*", "*", "*", lower),
            [version, kind] if is_version(version) => make("*", version, kind, ""),
            [kind, subresource] => make("*", "*", kind, subresource),
            [version, kind, subresource] if is_version(version) => {
                make("*", version, kind, subresource)
            }
            [group, version, kind] => make(group, version, kind, ""),
            [group, version, kind, subresource] => make(group, version, kind, subresource),
            _ => make("", "", "", ""),
        }
    }

    /// Whether it names the kind of the whole resource that a request is about.
    fn matches(&self, request: &Request<'_>) -> bool {
        let gvk = request.gvk;
        let holder = request.target.filter(|_| !request.subresource.is_empty());
        let own = (
            wildcard::matches(&self.kind, gvk.kind),
            gvk.group,
            gvk.version,
        );
        let (kind, group, version) = holder.map_or(own, |held| {
            (self.names(held.resource), held.group, held.version)
        });
        let is_pod = gvk.kind == "Pod" && gvk.group.is_empty();
        let ephemeral = is_pod && request.subresource == "ephemeralcontainers";
        kind && wildcard::matches(&self.group, group)
            && wildcard::matches(&self.version, version)
            && (wildcard::matches(&self.subresource, request.subresource) || ephemeral)
    }

    /// Whether a kind's plural is a resource's name.
    fn names(&self, resource: &str) -> bool {
        wildcard::matches(&plural(&self.kind), resource)
            || self.kind.ends_with('*')
                && wildcard::matches(&self.kind.to_ascii_lowercase(), resource)
    }
}

fn is_version(text: &str) -> bool {
    if text == "*" {
        return true;
    }
    let Some(rest) = text.strip_prefix('v') else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let staged = ["alpha", "beta"]
        .iter()
        .find_map(|stage| rest.split_once(stage));
    digits(rest) || staged.is_some_and(|(major, minor)| digits(major) && digits(minor))
}

impl Selector {
    /// Reads `matchLabels` and `matchExpressions`.
    pub(crate) fn read(value: Datum<'_>) -> Self {
        let expressions = value.get("matchExpressions").into_iter();
        let text = |of: Datum<'_>, key: &str| {
            of.get(key)
                .and_then(Datum::as_text)
                .unwrap_or("")
                .to_owned()
        };
        Self {
            labels: pairs(value.get("matchLabels")),
            expressions: expressions
                .flat_map(Datum::items)
                .map(|one| {
                    (
                        text(one, "key"),
                        text(one, "operator"),
                        texts(one.get("values")),
                    )
                })
                .collect(),
        }
    }

    /// Whether labels fit; an unknown operator fits nothing.
    pub(crate) fn matches(&self, labels: Datum<'_>) -> bool {
        let labelled = |(key, value): &(String, String)| {
            labels.entries().any(|(name, present)| {
                wildcard::matches(key, name) && wildcard::matches(value, &build::sprint(present))
            })
        };
        let expressed = |(key, operator, values): &(String, String, Vec<String>)| {
            let present = labels.get(key).map(build::sprint);
            match operator.as_str() {
                "In" => present.is_some_and(|present| values.contains(&present)),
                "NotIn" => present.is_none_or(|present| !values.contains(&present)),
                "Exists" => present.is_some(),
                "DoesNotExist" => present.is_none(),
                _ => false,
            }
        };
        self.labels.iter().all(labelled) && self.expressions.iter().all(expressed)
    }

    /// Whether the labels of a namespace fit, as far as they are known.
    pub(crate) fn on_namespace(&self, namespace: NamespaceLabels<'_>) -> Fit {
        let labelled = |(key, value): &(String, String)| {
            namespace.has(key, |name, present| {
                wildcard::matches(key, name) && wildcard::matches(value, present)
            })
        };
        let expressed = |(key, operator, values): &(String, String, Vec<String>)| {
            namespace.meets(key, operator, values)
        };
        let labels = Fit::all(self.labels.iter().map(labelled));
        labels.min(Fit::all(self.expressions.iter().map(expressed)))
    }
}

/// The operation of a name.
pub(crate) fn operation(name: &str) -> Option<Operation> {
    [
        Operation::Create,
        Operation::Update,
        Operation::Delete,
        Operation::Connect,
    ]
    .into_iter()
    .find(|operation| operation.word() == name)
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use palisade_document::Syntax;

    use super::*;
    use crate::budget::{Budget, Meter};
    use crate::context::{Context, Effects};
    use crate::languages::kyverno::jmespath::read_text;

    const POD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: web-1, namespace: shop, \
                       labels: {app: web}, annotations: {a.io/x: y}}}";

    fn takes(rule: &str) -> bool {
        let arena = Bump::new();
        let context = Context::new(&arena, Meter::start(Budget::default()), Effects::default());
        let read = |text| read_text(&context, text, Syntax::Yaml).unwrap();
        let request = Request::create(read(POD));
        let matching = Matching::read(read(rule));
        matching.takes(&request, request.written) == Fit::Yes
    }

    #[test]
    fn filters_are_joined_by_any_and_all() {
        let kinds =
            |kinds: &str| format!("{{match: {{any: [{{resources: {{kinds: [{kinds}]}}}}]}}}}");
        for (selector, expected) in [
            ("Pod", true),
            ("v1/Pod", true),
            ("'*'", true),
            ("Pod.status", false),
            ("apps/*/Deployment", false),
            ("'*/*'", true),
            ("P?d", true),
        ] {
            assert_eq!(takes(&kinds(selector)), expected, "{selector}");
        }
        let all = "{match: {all: [{resources: {kinds: [Pod]}}, {resources: {names: [db-*]}}]}}";
        assert!(!takes(all));
        assert!(!takes("{match: {}}"));
    }

    #[test]
    fn each_condition_of_a_filter_counts() {
        let with = |more: &str| format!("{{match: {{resources: {{kinds: [Pod], {more}}}}}}}");
        for (more, expected) in [
            ("name: 'web-*'", true),
            ("namespaces: [shop]", true),
            ("namespaces: [other]", false),
            ("operations: [UPDATE]", false),
            ("annotations: {'a.io/*': y}", true),
            ("selector: {matchLabels: {'ap?': '*'}}", true),
            (
                "selector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}",
                false,
            ),
            ("namespaceSelector: {matchLabels: {a: b}}", false),
        ] {
            assert_eq!(takes(&with(more)), expected, "{more}");
        }
    }

    #[test]
    fn what_is_excluded_is_not_taken_and_an_unknown_user_is_not_excluded() {
        let rule = |exclude: &str| {
            format!("{{match: {{resources: {{kinds: [Pod]}}}}, exclude: {exclude}}}")
        };
        assert!(!takes(&rule("{any: [{resources: {namespaces: [shop]}}]}")));
        assert!(takes(&rule("{any: [{resources: {namespaces: [x]}}]}")));
        assert!(takes(&rule("{any: [{clusterRoles: [cluster-admin]}]}")));
    }
}
