//! Strategic merge of Kubernetes: mappings merge key by key, lists of known fields merge by a key
//! of their items, `null` removes.

use bumpalo::Bump;

use crate::datum::Datum;
use crate::languages::kyverno::scalars::build;

/// Keys by which the items of lists are told apart (`x-kubernetes-patch-merge-key` of the
/// Kubernetes API, by the field's name).
const MERGE_KEYS: [(&str, &[&str]); 21] = [
    ("containers", &["name"]),
    ("initContainers", &["name"]),
    ("ephemeralContainers", &["name"]),
    ("volumes", &["name"]),
    ("imagePullSecrets", &["name"]),
    ("env", &["name"]),
    ("volumeMounts", &["mountPath"]),
    ("volumeDevices", &["devicePath"]),
    ("ports", &["containerPort", "port"]),
    ("hostAliases", &["ip"]),
    ("topologySpreadConstraints", &["topologyKey"]),
    ("schedulingGates", &["name"]),
    ("resourceClaims", &["name"]),
    ("ownerReferences", &["uid"]),
    ("conditions", &["type"]),
    ("secrets", &["name"]),
    ("webhooks", &["name"]),
    ("validations", &["expression"]),
    ("addresses", &["type"]),
    ("taints", &["key"]),
    ("podIPs", &["ip"]),
];

/// API groups whose schema the merge keys are of; lists of other kinds are replaced.
const KNOWN_GROUPS: [&str; 12] = [
    "apps",
    "batch",
    "autoscaling",
    "policy",
    "networking.k8s.io",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "extensions",
    "certificates.k8s.io",
];

/// The object with a patch merged into it.
pub(super) fn merge<'a>(arena: &'a Bump, object: Datum<'a>, patch: Datum<'a>) -> Datum<'a> {
    let api = build::text_at(object, &["apiVersion"]).unwrap_or("");
    let group = api.split_once('/').map_or("", |(group, _)| group);
    let known = group.is_empty() || KNOWN_GROUPS.contains(&group);
    let merger = Merger { arena, known };
    merger.value("", object, patch)
}

struct Merger<'a> {
    arena: &'a Bump,
    known: bool,
}

impl<'a> Merger<'a> {
    fn value(&self, field: &str, old: Datum<'a>, patch: Datum<'a>) -> Datum<'a> {
        if patch.is_map() && old.is_map() {
            return self.map(old, patch);
        }
        if patch.is_list() && old.is_list() && self.known {
            if let Some(key) = merge_key(field, patch, old) {
                return self.list(key, old, patch);
            }
            if field == "finalizers" {
                let mut items: Vec<_> = patch.items().collect();
                let kept = old
                    .items()
                    .filter(|item| !patch.items().any(|new| build::equal(new, *item)));
                items.extend(kept);
                return build::list(self.arena, items);
            }
        }
        self.cleaned(patch)
    }

    fn map(&self, old: Datum<'a>, patch: Datum<'a>) -> Datum<'a> {
        match patch.get("$patch").and_then(Datum::as_text) {
            Some("delete") => return Datum::Null,
            Some("replace") => return build::without(self.arena, patch, "$patch"),
            _ => {}
        }
        patch.entries().fold(old, |merged, (key, new)| {
            if key == "$patch" {
                return merged;
            }
            if build::is_null(new) {
                return build::without(self.arena, merged, key);
            }
            let value = match merged.get(key) {
                Some(old) => self.value(key, old, new),
                None => self.cleaned(new),
            };
            if build::is_null(value) {
                return build::without(self.arena, merged, key);
            }
            build::with(self.arena, merged, key, value)
        })
    }

    /// The patch's items first, merged with those of the same key; then the others.
    fn list(&self, key: &str, old: Datum<'a>, patch: Datum<'a>) -> Datum<'a> {
        let same = |one: Datum<'a>, other: Datum<'a>| match (one.get(key), other.get(key)) {
            (Some(one), Some(other)) => build::equal(one, other),
            _ => false,
        };
        let mut items: Vec<Datum<'a>> = Vec::new();
        for new in patch.items() {
            if let Some(done) = items.iter_mut().find(|done| same(**done, new)) {
                *done = self.value("", *done, new);
                continue;
            }
            let merged = match old.items().find(|item| same(*item, new)) {
                Some(item) => self.value("", item, new),
                None if new.get("$patch").is_some() => continue,
                None => self.cleaned(new),
            };
            items.push(merged);
        }
        let others = old
            .items()
            .filter(|item| !patch.items().any(|new| same(*item, new)));
        items.extend(others);
        items.retain(|item| !build::is_null(*item));
        build::list(self.arena, items)
    }

    /// A new value without the `null`s that would remove something.
    fn cleaned(&self, value: Datum<'a>) -> Datum<'a> {
        if value.is_map() {
            let entries = value.entries().filter(|(_, value)| !build::is_null(*value));
            let entries = entries.map(|(key, value)| (key, self.cleaned(value)));
            return build::map(self.arena, entries.collect());
        }
        if value.is_list() {
            let items = value.items().map(|item| self.cleaned(item));
            return build::list(self.arena, items.collect());
        }
        value
    }
}

fn merge_key(field: &str, patch: Datum<'_>, old: Datum<'_>) -> Option<&'static str> {
    let keys = MERGE_KEYS.iter().find(|(name, _)| *name == field)?.1;
    keys.iter().copied().find(|key| {
        let mut items = patch.items().chain(old.items());
        items.all(|item| item.get(key).is_some())
    })
}
