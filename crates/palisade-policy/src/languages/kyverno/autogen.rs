//! Rules for pods, rewritten for the controllers that make pods.

use bumpalo::Bump;

use crate::datum::Datum;

use super::scalars::build;

/// The annotation that says for which controllers.
const ANNOTATION: &str = "pod-policies.kyverno.io/autogen-controllers";
/// Controllers whose pods stand under `spec.template`, in every version of their API: a server
/// shows each object in the version that a rule asks for.
const CONTROLLERS: [(&str, &str); 6] = [
    ("DaemonSet", "apps/*/DaemonSet"),
    ("Deployment", "apps/*/Deployment"),
    ("Job", "batch/*/Job"),
    ("ReplicaSet", "apps/*/ReplicaSet"),
    ("ReplicationController", "ReplicationController"),
    ("StatefulSet", "apps/*/StatefulSet"),
];
const CRON_JOB: &str = "CronJob";
/// Longest name of a rule.
const MAX_NAME: usize = 63;

/// A rule, and the one that it was made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expanded<'a> {
    /// The rule.
    pub(crate) rule: Datum<'a>,
    /// As it stands in the policy.
    pub(crate) written: Datum<'a>,
}

/// All rules of a policy: its own, and those for pod controllers.
pub(crate) fn expand<'a>(arena: &'a Bump, policy: Datum<'a>) -> Vec<Expanded<'a>> {
    let rules = build::at(policy, &["spec", "rules"]).unwrap_or(Datum::Null);
    let own = rules.items().map(|rule| Expanded {
        rule,
        written: rule,
    });
    let mut expanded: Vec<_> = own.collect();
    let controllers = controllers(policy, rules);
    if controllers.is_empty() {
        return expanded;
    }
    for written in rules.items() {
        for shape in [Shape::Template, Shape::JobTemplate] {
            if let Some(rule) = rewrite(arena, written, shape, &controllers) {
                expanded.push(Expanded { rule, written });
            }
        }
    }
    expanded
}

/// Where a controller keeps its pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Template,
    JobTemplate,
}

/// The controllers that the policy is to be rewritten for.
fn controllers(policy: Datum<'_>, rules: Datum<'_>) -> Vec<String> {
    let mut needed = false;
    for rule in rules.items() {
        if rule.get("generate").is_some() || patches_json(rule) {
            return Vec::new();
        }
        for block in ["match", "exclude"] {
            for resources in resources_of(rule, block) {
                if !can_be_rewritten(resources) {
                    return Vec::new();
                }
                needed |= kinds(resources).any(|kind| {
                    kind == "Pod"
                        || kind == CRON_JOB
                        || CONTROLLERS.iter().any(|(name, _)| *name == kind)
                });
            }
        }
    }
    if !needed {
        return Vec::new();
    }
    let every = || {
        let names = CONTROLLERS.iter().map(|(name, _)| (*name).to_owned());
        names.chain([CRON_JOB.to_owned()]).collect()
    };
    let asked = build::text_at(policy, &["metadata", "annotations", ANNOTATION]);
    match asked {
        None | Some("all") => every(),
        Some("none") => Vec::new(),
        Some(asked) => asked
            .split(',')
            .map(|name| name.trim().to_owned())
            .collect(),
    }
}

fn patches_json(rule: Datum<'_>) -> bool {
    let Some(mutate) = rule.get("mutate") else {
        return false;
    };
    let loops = mutate.get("foreach").into_iter().flat_map(Datum::items);
    std::iter::once(mutate).chain(loops).any(|patch| {
        patch
            .get("patchesJson6902")
            .is_some_and(|patch| patch.as_text() != Some(""))
    })
}

/// The resource descriptions of `match` or `exclude`.
fn resources_of<'a>(rule: Datum<'a>, block: &str) -> Vec<Datum<'a>> {
    let Some(block) = rule.get(block) else {
        return Vec::new();
    };
    let listed = ["any", "all"].into_iter().filter_map(|key| block.get(key));
    std::iter::once(block)
        .chain(listed.flat_map(Datum::items))
        .filter_map(|filter| filter.get("resources"))
        .collect()
}

fn kinds(resources: Datum<'_>) -> impl Iterator<Item = &str> {
    let kinds = resources.get("kinds").into_iter().flat_map(Datum::items);
    kinds.filter_map(Datum::as_text)
}

fn can_be_rewritten(resources: Datum<'_>) -> bool {
    let names = resources
        .get("names")
        .is_some_and(|names| !names.is_empty());
    let name = resources
        .get("name")
        .is_some_and(|name| name.as_text() != Some(""));
    let selected = resources.get("selector").is_some() || resources.get("annotations").is_some();
    let mixed = kinds(resources).count() > 1 && has_pod(resources);
    !(names || name || selected || mixed)
}

fn has_pod(resources: Datum<'_>) -> bool {
    kinds(resources).any(is_pod)
}

/// Whether a selector of a kind names pods.
fn is_pod(kind: &str) -> bool {
    kind == "Pod" || kind.rsplit('/').next() == Some("Pod")
}

fn rewrite<'a>(
    arena: &'a Bump,
    rule: Datum<'a>,
    shape: Shape,
    controllers: &[String],
) -> Option<Datum<'a>> {
    let name = rule.get("name").and_then(Datum::as_text).unwrap_or("");
    if name.starts_with("autogen-") || !resources_of(rule, "match").into_iter().any(has_pod) {
        return None;
    }
    let excluded = resources_of(rule, "exclude");
    let has_kinds = excluded
        .iter()
        .any(|resources| kinds(*resources).count() > 0);
    if has_kinds && !excluded.iter().any(|resources| has_pod(*resources)) {
        return None;
    }
    let (prefix, kinds) = match shape {
        Shape::Template => {
            let wanted = CONTROLLERS.iter();
            let wanted = wanted.filter(|(name, _)| controllers.iter().any(|asked| asked == name));
            let kinds: Vec<_> = wanted.map(|(_, selector)| Datum::Text(selector)).collect();
            ("autogen", kinds)
        }
        Shape::JobTemplate => {
            if !controllers.iter().any(|asked| asked == CRON_JOB) {
                return None;
            }
            ("autogen-cronjob", vec![Datum::Text("batch/*/CronJob")])
        }
    };
    if kinds.is_empty() {
        return None;
    }
    let kinds = build::list(arena, kinds);
    let name: String = format!("{prefix}-{name}").chars().take(MAX_NAME).collect();
    let mut made = build::with(arena, rule, "name", build::text(arena, &name));
    for block in ["match", "exclude"] {
        if let Some(filters) = made.get(block) {
            let filters = with_kinds(arena, filters, kinds, block, shape);
            made = build::with(arena, made, block, filters);
        }
    }
    made = wrap(arena, made, shape)?;
    let is_cel = build::at(rule, &["validate", "cel"]).is_some();
    Some(shift(arena, made, shape, is_cel))
}

fn with_kinds<'a>(
    arena: &'a Bump,
    filters: Datum<'a>,
    kinds: Datum<'a>,
    block: &str,
    shape: Shape,
) -> Datum<'a> {
    for key in ["any", "all"] {
        let Some(list) = filters.get(key).filter(|list| !list.is_empty()) else {
            continue;
        };
        let changed = list.items().map(|filter| match filter.get("resources") {
            Some(resources)
                if has_pod(resources) || shape == Shape::JobTemplate && kinds_in(resources) =>
            {
                build::with_at(arena, filter, &["resources", "kinds"], kinds)
            }
            _ => filter,
        });
        let changed = build::list(arena, changed.collect());
        return build::with(arena, filters, key, changed);
    }
    let has_kinds = filters.get("resources").is_some_and(kinds_in);
    if block == "match" || has_kinds {
        return build::with_at(arena, filters, &["resources", "kinds"], kinds);
    }
    filters
}

fn kinds_in(resources: Datum<'_>) -> bool {
    kinds(resources).count() > 0
}

/// Puts the rule's overlay under the controller's template.
fn wrap<'a>(arena: &'a Bump, rule: Datum<'a>, shape: Shape) -> Option<Datum<'a>> {
    let deeper = |overlay: Datum<'a>| {
        let template = build::map(arena, vec![("template", overlay)]);
        let spec = build::map(arena, vec![("spec", template)]);
        match shape {
            Shape::Template => spec,
            Shape::JobTemplate => {
                let template = build::map(arena, vec![("jobTemplate", spec)]);
                build::map(arena, vec![("spec", template)])
            }
        }
    };
    if let Some(mutate) = rule.get("mutate") {
        let wrapped = wrap_mutation(arena, mutate, deeper)?;
        return Some(build::with(arena, rule, "mutate", wrapped));
    }
    if let Some(validate) = rule.get("validate") {
        let mut wrapped = validate;
        if let Some(pattern) = validate.get("pattern") {
            wrapped = build::with(arena, wrapped, "pattern", deeper(pattern));
        } else if validate.get("deny").is_some() || validate.get("podSecurity").is_some() {
            // Nothing but paths in expressions changes.
        } else if let Some(any) = validate.get("anyPattern") {
            let patterns = build::list(arena, any.items().map(deeper).collect());
            wrapped = build::with(arena, wrapped, "anyPattern", patterns);
        } else if validate.get("foreach").is_none() && validate.get("cel").is_none() {
            return None;
        }
        return Some(build::with(arena, rule, "validate", wrapped));
    }
    rule.get("verifyImages").map(|_| rule)
}

fn wrap_mutation<'a>(
    arena: &'a Bump,
    mutate: Datum<'a>,
    deeper: impl Fn(Datum<'a>) -> Datum<'a>,
) -> Option<Datum<'a>> {
    if let Some(patch) = mutate.get("patchStrategicMerge") {
        return Some(build::map(
            arena,
            vec![("patchStrategicMerge", deeper(patch))],
        ));
    }
    let loops = mutate.get("foreach")?;
    let wrapped = loops.items().map(|one| {
        let kept = one
            .entries()
            .filter(|(key, _)| matches!(*key, "list" | "context" | "preconditions"));
        let patch = one.get("patchStrategicMerge").unwrap_or(Datum::Null);
        let patch = ("patchStrategicMerge", deeper(patch));
        build::map(arena, kept.chain([patch]).collect())
    });
    let wrapped = build::list(arena, wrapped.collect());
    Some(build::map(arena, vec![("foreach", wrapped)]))
}

/// Lets every expression read the pod under the controller's template.
fn shift<'a>(arena: &'a Bump, rule: Datum<'a>, shape: Shape, is_cel: bool) -> Datum<'a> {
    let below = match shape {
        Shape::Template => "spec.template",
        Shape::JobTemplate => "spec.jobTemplate.spec.template",
    };
    let roots: &[&str] = if is_cel {
        &["object", "oldObject"]
    } else {
        &["request.object", "request.oldObject"]
    };
    let mut replacements = Vec::new();
    for part in ["spec", "metadata"] {
        for root in roots {
            replacements.push((format!("{root}.{part}"), format!("{root}.{below}.{part}")));
        }
    }
    replace(arena, rule, &replacements)
}

fn replace<'a>(arena: &'a Bump, value: Datum<'a>, replacements: &[(String, String)]) -> Datum<'a> {
    let text = |text: &'a str| -> &'a str {
        if !replacements.iter().any(|(old, _)| text.contains(old)) {
            return text;
        }
        let replaced = replacements
            .iter()
            .fold(text.to_owned(), |text, (old, new)| text.replace(old, new));
        arena.alloc_str(&replaced)
    };
    if let Some(whole) = value.as_text() {
        let replaced = text(whole);
        return if std::ptr::eq(replaced, whole) {
            value
        } else {
            Datum::Text(replaced)
        };
    }
    if value.is_list() {
        let items = value.items().map(|item| replace(arena, item, replacements));
        return build::list(arena, items.collect());
    }
    if value.is_map() {
        let entries = value.entries();
        let entries = entries.map(|(key, value)| (text(key), replace(arena, value, replacements)));
        return build::map(arena, entries.collect());
    }
    value
}

#[cfg(test)]
mod tests {
    use palisade_document::Syntax;

    use super::*;
    use crate::budget::{Budget, Meter};
    use crate::context::{Context, Effects};
    use crate::languages::kyverno::jmespath::read_text;

    fn expanded(policy: &str) -> Vec<String> {
        let arena = Bump::new();
        let context = Context::new(&arena, Meter::start(Budget::default()), Effects::default());
        let policy = read_text(&context, policy, Syntax::Yaml).unwrap();
        let rules = expand(&arena, policy);
        rules.iter().map(|one| build::json(one.rule)).collect()
    }

    #[test]
    fn a_rule_for_pods_is_rewritten_for_their_controllers() {
        let rules = expanded(
            "{spec: {rules: [{name: r, match: {any: [{resources: {kinds: [Pod]}}]}, validate: \
             {pattern: {spec: {hostPID: false}}}}]}}",
        );
        assert_eq!(rules.len(), 3);
        assert!(rules[1].contains("autogen-r") && rules[1].contains("apps/*/Deployment"));
        assert!(rules[1].contains(r#""spec":{"template":{"spec":{"hostPID":false}}}"#));
        assert!(rules[2].contains("autogen-cronjob-r") && rules[2].contains("jobTemplate"));
    }

    #[test]
    fn paths_in_expressions_are_shifted() {
        let rules = expanded(
            "{metadata: {annotations: {pod-policies.kyverno.io/autogen-controllers: Deployment}}, \
             spec: {rules: [{name: r, match: {resources: {kinds: [Pod]}}, validate: {deny: \
             {conditions: {any: [{key: '{{ request.object.spec.x }}'}]}}}}]}}",
        );
        assert_eq!(rules.len(), 2);
        assert!(rules[1].contains("{{ request.object.spec.template.spec.x }}"));
    }

    #[test]
    fn some_policies_are_not_rewritten() {
        for (annotation, rule) in [
            (
                "none",
                "match: {resources: {kinds: [Pod]}}, validate: {pattern: {}}",
            ),
            (
                "all",
                "match: {resources: {kinds: [Pod], names: [a]}}, validate: {pattern: {}}",
            ),
            (
                "all",
                "match: {resources: {kinds: [Pod, Job]}}, validate: {pattern: {}}",
            ),
            (
                "all",
                "match: {resources: {kinds: [Pod]}}, mutate: {patchesJson6902: x}",
            ),
            (
                "all",
                "match: {resources: {kinds: [Service]}}, validate: {pattern: {}}",
            ),
        ] {
            let policy = format!(
                "{{metadata: {{annotations: {{{ANNOTATION}: {annotation}}}}}, \
                 spec: {{rules: [{{name: r, {rule}}}]}}}}"
            );
            assert_eq!(expanded(&policy).len(), 1, "{rule}");
        }
    }
}
