//! `spec.match` of a constraint.

use palisade_document::Value;

use super::super::term::Term;
use super::review::Review;
use crate::datum::{Datum, to_json};
use crate::fit::{Fit, NamespaceLabels};

/// What a constraint is for; an empty list asks for nothing.
#[derive(Debug, Default)]
pub(in crate::languages::rego) struct Matching {
    kinds: Vec<(Vec<String>, Vec<String>)>,
    scope: Option<String>,
    namespaces: Vec<String>,
    excluded: Vec<String>,
    labels: Option<Selector>,
    namespace_labels: Option<Selector>,
    name: Option<String>,
    generated_only: bool,
}

/// A label selector.
#[derive(Debug, Default)]
struct Selector {
    labels: Vec<(String, String)>,
    expressions: Vec<(String, String, Vec<String>)>,
}

type Mistake<'a> = (Value<'a>, String);

impl Matching {
    /// Reads `spec.match`; a key that is not known is a mistake, since ignoring it would widen or
    /// narrow what the constraint is for.
    pub(super) fn read(value: Option<Value<'_>>) -> Result<Self, Mistake<'_>> {
        let mut matching = Self::default();
        let Some(value) = value else {
            return Ok(matching);
        };
        for entry in value.entries() {
            let value = entry.value;
            match entry.key {
                "kinds" => {
                    for kinds in value.items() {
                        let list = |key: &str| texts(kinds.get(key));
                        matching.kinds.push((list("apiGroups"), list("kinds")));
                    }
                }
                "scope" => matching.scope = value.as_str().map(str::to_owned),
                "namespaces" => matching.namespaces = texts(Some(value)),
                "excludedNamespaces" => matching.excluded = texts(Some(value)),
                "labelSelector" => matching.labels = Some(Selector::read(value)?),
                "namespaceSelector" => matching.namespace_labels = Some(Selector::read(value)?),
                "name" => matching.name = value.as_str().map(str::to_owned),
                "source" => matching.generated_only = value.as_str() == Some("Generated"),
                other => {
                    let message =
                        format!("`match.{other}` is not known; what it would leave out is unclear");
                    return Err((value, message));
                }
            }
        }
        Ok(matching)
    }
}

fn texts(value: Option<Value<'_>>) -> Vec<String> {
    let items = value.into_iter().flat_map(Value::items);
    items.filter_map(Value::to_text).collect()
}

impl Selector {
    fn read(value: Value<'_>) -> Result<Self, Mistake<'_>> {
        let mut selector = Self::default();
        for entry in value
            .get("matchLabels")
            .into_iter()
            .flat_map(Value::entries)
        {
            let wanted = entry.value.to_text().unwrap_or_default();
            selector.labels.push((entry.key.to_owned(), wanted));
        }
        for expression in value
            .get("matchExpressions")
            .into_iter()
            .flat_map(Value::items)
        {
            let text = |key: &str| expression.get(key).and_then(Value::as_str);
            let operator = text("operator").unwrap_or("");
            if !matches!(operator, "In" | "NotIn" | "Exists" | "DoesNotExist") {
                return Err((
                    expression,
                    format!("`{operator}` is no operator of a selector"),
                ));
            }
            let key = text("key").unwrap_or("").to_owned();
            selector
                .expressions
                .push((key, operator.to_owned(), texts(expression.get("values"))));
        }
        Ok(selector)
    }

    /// Whether the labels of a namespace fit, as far as they are known.
    fn on_namespace(&self, namespace: NamespaceLabels<'_>) -> Fit {
        let labels = self
            .labels
            .iter()
            .map(|(key, value)| namespace.meets(key, "In", std::slice::from_ref(value)));
        let expressions = self.expressions.iter();
        let expressions =
            expressions.map(|(key, operator, values)| namespace.meets(key, operator, values));
        Fit::all(labels.chain(expressions))
    }

    fn matches(&self, labels: &Term) -> bool {
        let label = |key: &str| labels.get(key).and_then(Term::as_text);
        self.labels
            .iter()
            .all(|(key, value)| label(key) == Some(value))
            && self.expressions.iter().all(|(key, operator, values)| {
                let found = label(key);
                let listed = found.is_some_and(|found| values.iter().any(|value| value == found));
                match operator.as_str() {
                    "In" => listed,
                    "NotIn" => !listed,
                    "Exists" => found.is_some(),
                    _ => found.is_none(),
                }
            })
    }
}

/// Whether a constraint is for a review; the error is the fact that would have to be known, and
/// how it is supplied.
pub(super) fn matches(
    matching: &Matching,
    review: &Review<'_>,
    supplied: &[Value<'_>],
) -> Result<bool, (String, String)> {
    let is_namespace = review.group.is_empty() && review.kind == "Namespace";
    let namespace = if is_namespace {
        review.name
    } else {
        review.namespace
    };
    let one_of = |wanted: &[String], found: &str| {
        wanted.is_empty() || wanted.iter().any(|wanted| wanted == "*" || wanted == found)
    };
    let kinds = matching.kinds.is_empty()
        || matching
            .kinds
            .iter()
            .any(|(groups, kinds)| one_of(groups, review.group) && one_of(kinds, review.kind));
    let namespaced = !review.namespace.is_empty() && !is_namespace;
    let scope = match matching.scope.as_deref() {
        Some("Cluster") => !namespaced,
        Some("Namespaced") => namespaced,
        _ => true,
    };
    let listed = |list: &[String]| list.iter().any(|pattern| glob(pattern, namespace));
    let included =
        matching.namespaces.is_empty() || namespace.is_empty() || listed(&matching.namespaces);
    let excluded = !namespace.is_empty() && listed(&matching.excluded);
    let named = matching
        .name
        .as_deref()
        .is_none_or(|name| glob(name, review.name));
    if !kinds || !scope || !included || excluded || !named || matching.generated_only {
        return Ok(false);
    }
    if let Some(selector) = &matching.labels {
        let objects = [review.object(), review.old_object()];
        let mut objects = objects.into_iter().flatten();
        if !objects.any(|object| selector.matches(&labels(object))) {
            return Ok(false);
        }
    }
    let Some(selector) = &matching.namespace_labels else {
        return Ok(true);
    };
    if is_namespace {
        let object = review.object().or(review.old_object());
        return Ok(object.is_some_and(|object| selector.matches(&labels(object))));
    }
    if namespace.is_empty() {
        return Ok(true);
    }
    let found = supplied.iter().find(|object| {
        object.get("kind").and_then(Value::as_str) == Some("Namespace")
            && object.at(&["metadata", "name"]).and_then(Value::as_str) == Some(namespace)
    });
    let declared = found.map(|object| object.at(&["metadata", "labels"]));
    let namespace = NamespaceLabels {
        name: namespace,
        declared: declared.map(|labels| labels.map_or(Datum::Null, Datum::from)),
    };
    match selector.on_namespace(namespace) {
        Fit::Unknown => Err(namespace.lacking()),
        fit => Ok(fit == Fit::Yes),
    }
}

fn labels(object: Value<'_>) -> Term {
    object
        .at(&["metadata", "labels"])
        .map_or(Term::Null, |labels| {
            Term::from_json(&to_json(Datum::from(labels)))
        })
}

/// A name, with `*` at its beginning or end for anything.
fn glob(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(""), _) => true,
        (Some(rest), Some(_)) => name.contains(rest.trim_end_matches('*')),
        (Some(suffix), None) => name.ends_with(suffix),
        (None, Some(prefix)) => name.starts_with(prefix),
        (None, None) => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_at_either_end() {
        for (pattern, name, expected) in [
            ("kube-*", "kube-system", true),
            ("*-system", "kube-system", true),
            ("*sys*", "kube-system", true),
            ("kube", "kube-system", false),
            ("*", "", true),
        ] {
            assert_eq!(glob(pattern, name), expected, "{pattern} {name}");
        }
    }
}
