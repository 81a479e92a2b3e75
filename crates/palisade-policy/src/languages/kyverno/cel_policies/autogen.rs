//! Forms of a policy on Pods that are derived for the controllers that make Pods.

use regex::Regex;
use std::sync::LazyLock;

use super::Kind;
use crate::datum::Datum;
use crate::languages::cel::admission::{Matcher, Target};

/// Where the Pod's `spec` and `metadata` stand in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Pod,
    Template,
    JobTemplate,
}

/// One form of a policy.
#[derive(Debug, Clone)]
pub(super) struct Form {
    /// Empty for the policy as written.
    pub(super) name: &'static str,
    place: Place,
    targets: Vec<Target>,
}

/// Controllers by their word in `podControllers`, with group and version.
const CONTROLLERS: [(&str, &str, &str); 6] = [
    ("daemonsets", "apps", "v1"),
    ("deployments", "apps", "v1"),
    ("replicasets", "apps", "v1"),
    ("statefulsets", "apps", "v1"),
    ("jobs", "batch", "v1"),
    ("cronjobs", "batch", "v1"),
];

/// The forms that are derived from a policy; none unless it is just about Pods.
pub(super) fn derived(kind: Kind, spec: Datum<'_>) -> Vec<Form> {
    let has_forms = matches!(
        kind,
        Kind::Validating | Kind::Mutating | Kind::ImageValidating
    );
    if !has_forms || !only_pods(spec) {
        return Vec::new();
    }
    let wanted = spec
        .get("autogen")
        .and_then(|autogen| autogen.get("podControllers")?.get("controllers"))
        .filter(|list| list.is_list());
    let chosen = |word: &str| match wanted {
        Some(list) => list.items().any(|item| item.as_text() == Some(word)),
        None => true,
    };
    let targets = |cron: bool| -> Vec<Target> {
        CONTROLLERS
            .iter()
            .filter(|(word, _, _)| (*word == "cronjobs") == cron && chosen(word))
            .map(|(resource, group, version)| Target {
                group,
                version,
                resource,
            })
            .collect()
    };
    let forms = [
        ("autogen-defaults", Place::Template, targets(false)),
        ("autogen-cronjobs", Place::JobTemplate, targets(true)),
    ];
    forms
        .into_iter()
        .filter(|(_, _, targets)| !targets.is_empty())
        .map(|(name, place, targets)| Form {
            name,
            place,
            targets,
        })
        .collect()
}

/// One rule, on Pods of the core group, with neither names nor exclusions nor labels.
fn only_pods(spec: Datum<'_>) -> bool {
    let Some(constraints) = spec.get("matchConstraints") else {
        return false;
    };
    let selects = |field| {
        constraints
            .get("objectSelector")?
            .get(field)
            .map(Datum::len)
    };
    if selects("matchLabels").unwrap_or(0) + selects("matchExpressions").unwrap_or(0) > 0 {
        return false;
    }
    let list = |of: Datum<'_>, field| of.get(field).map_or(0, Datum::len);
    if list(constraints, "excludeResourceRules") > 0 || list(constraints, "resourceRules") != 1 {
        return false;
    }
    let rule = constraints
        .get("resourceRules")
        .and_then(|rules| rules.item(0));
    let Some(rule) = rule else {
        return false;
    };
    let only = |field, word| {
        let items = rule.get(field);
        items.is_some_and(|items| {
            items.len() == 1 && items.item(0).and_then(Datum::as_text) == Some(word)
        })
    };
    list(rule, "resourceNames") == 0
        && only("apiGroups", "")
        && only("apiVersions", "v1")
        && only("resources", "pods")
}

impl Form {
    /// The policy as written.
    pub(super) fn written() -> Self {
        Self {
            name: "",
            place: Place::Pod,
            targets: Vec::new(),
        }
    }

    /// What the form matches; nothing if the policy says nothing.
    pub(super) fn matcher(&self, spec: Datum<'_>) -> Option<Matcher> {
        let constraints = spec.get("matchConstraints")?;
        if self.place == Place::Pod {
            return Some(Matcher::read(Some(constraints)));
        }
        Some(Matcher::of_targets(&self.targets, constraints))
    }

    /// Where the Pod's specification stands, as a path in an expression.
    pub(super) fn pod_spec(&self) -> &'static str {
        match self.place {
            Place::Pod => "spec",
            Place::Template => "spec.template.spec",
            Place::JobTemplate => "spec.jobTemplate.spec.template.spec",
        }
    }

    fn pod_metadata(&self) -> &'static str {
        match self.place {
            Place::Pod => "metadata",
            Place::Template => "spec.template.metadata",
            Place::JobTemplate => "spec.jobTemplate.spec.template.metadata",
        }
    }

    /// An expression about a Pod as one about the controller.
    pub(super) fn rewrite(&self, kind: Kind, text: &str) -> String {
        if kind == Kind::Mutating {
            return self.rewrite_mutation(text);
        }
        let mut text = text.to_owned();
        let places = [("spec", self.pod_spec()), ("metadata", self.pod_metadata())];
        for (from, to) in places {
            for variable in ["object", "oldObject"] {
                let from = format!("{variable}.{from}");
                text = replace(&text, &from, &format!("{variable}.{to}"));
            }
        }
        text
    }

    fn rewrite_mutation(&self, text: &str) -> String {
        static PATTERNS: LazyLock<Option<[Regex; 3]>> = LazyLock::new(|| {
            let pattern = |path: &str| Regex::new(&format!(r"\b(object|oldObject|Object)\.{path}"));
            Some([
                pattern("spec").ok()?,
                pattern(r"metadata\.labels").ok()?,
                pattern(r"metadata\.annotations").ok()?,
            ])
        });
        let Some([spec, labels, annotations]) = PATTERNS.as_ref() else {
            return text.to_owned();
        };
        let metadata = self.pod_metadata();
        let text = spec.replace_all(text, format!("${{1}}.{}", self.pod_spec()));
        let text = labels.replace_all(&text, format!("${{1}}.{metadata}.labels"));
        let text = annotations.replace_all(&text, format!("${{1}}.{metadata}.annotations"));
        self.wrapped(&text)
    }

    /// `Object{…}` around the whole expression becomes the object of the template.
    fn wrapped(&self, text: &str) -> String {
        let inner = text
            .trim()
            .strip_prefix("Object")
            .and_then(|rest| rest.trim_start().strip_prefix('{'));
        let Some(inner) = inner else {
            return text.to_owned();
        };
        let mut open = 1_usize;
        let end = inner.char_indices().find_map(|(at, letter)| {
            match letter {
                '{' => open += 1,
                '}' => open -= 1,
                _ => {}
            }
            (open == 0).then_some(at)
        });
        let Some((content, rest)) = end.and_then(|end| inner.split_at_checked(end)) else {
            return text.to_owned();
        };
        let mut path = String::from("Object");
        let mut wrapped = String::from("Object{");
        let parts = self.pod_spec().trim_end_matches(".spec").split('.');
        let mut depth = 0;
        for part in parts {
            path.push('.');
            path.push_str(part);
            wrapped.extend([part, ": ", &path, "{"]);
            depth += 1;
        }
        // The content follows the braces of the template, which close behind it.
        let rest = rest.strip_prefix('}').unwrap_or(rest);
        format!("{wrapped}{content}{}{rest}", "}".repeat(depth + 1))
    }
}

/// Replaces a path, except where the object's own namespace is meant.
fn replace(text: &str, from: &str, to: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(from) {
        written.push_str(before);
        let own = after
            .strip_prefix(".namespace")
            .is_some_and(|next| !next.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'));
        written.push_str(if own { from } else { to });
        rest = after;
    }
    written.push_str(rest);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Form {
        Form {
            name: "autogen-defaults",
            place: Place::Template,
            targets: Vec::new(),
        }
    }

    #[test]
    fn expressions_about_pods_become_expressions_about_templates() {
        let text = "object.spec.x == oldObject.spec.y && object.metadata.labels.a != object.metadata.namespace";
        assert_eq!(
            template().rewrite(Kind::Validating, text),
            "object.spec.template.spec.x == oldObject.spec.template.spec.y && \
             object.spec.template.metadata.labels.a != object.metadata.namespace"
        );
    }

    #[test]
    fn objects_are_wrapped_into_the_template() {
        let text = "Object{ spec: Object.spec{ a: 1 } }";
        assert_eq!(
            template().rewrite(Kind::Mutating, text),
            "Object{spec: Object.spec{template: Object.spec.template{ \
             spec: Object.spec.template.spec{ a: 1 } }}}"
        );
    }
}
