//! Structured merge: what a configuration sets wins; lists with keys merge by their keys.

use super::super::fault::Fault;
use super::super::value::Val;
use crate::context::Context;
use crate::datum::Datum;

/// Deepest object that is merged.
const MAX_DEPTH: usize = 200;

/// Lists of Kubernetes' built-in types that merge by keys: field name and keys.
const KEYED: [(&str, &[&str]); 22] = [
    ("conditions", &["type"]),
    ("containers", &["name"]),
    ("env", &["name"]),
    ("ephemeralContainers", &["name"]),
    ("hostAliases", &["ip"]),
    ("imagePullSecrets", &["name"]),
    ("initContainers", &["name"]),
    ("ownerReferences", &["uid"]),
    ("podIPs", &["ip"]),
    ("ports", &["containerPort", "protocol"]),
    ("ports", &["port", "protocol"]),
    ("resizePolicy", &["resourceName"]),
    ("resourceClaims", &["name"]),
    ("schedulingGates", &["name"]),
    ("secrets", &["name"]),
    (
        "topologySpreadConstraints",
        &["topologyKey", "whenUnsatisfiable"],
    ),
    ("volumeDevices", &["devicePath"]),
    ("volumeMounts", &["mountPath"]),
    ("volumes", &["name"]),
    ("webhooks", &["name"]),
    ("validations", &["expression"]),
    ("variables", &["name"]),
];

/// Lists that are sets of texts.
const SETS: [&str; 1] = ["finalizers"];

/// The object with what is applied merged in.
pub(super) fn merge<'v>(
    context: &'v Context<'v>,
    object: Datum<'v>,
    applied: Datum<'v>,
) -> Result<Datum<'v>, Fault> {
    merged(context, object, applied, ("", 0))
}

fn merged<'v>(
    context: &'v Context<'v>,
    old: Datum<'v>,
    new: Datum<'v>,
    (field, depth): (&str, usize),
) -> Result<Datum<'v>, Fault> {
    context.charge(1)?;
    if depth > MAX_DEPTH {
        return Err(Fault::new(format!(
            "the object is nested deeper than {MAX_DEPTH}"
        )));
    }
    if old.is_map() && new.is_map() {
        let mut entries: Vec<(&'v str, Datum<'v>)> = old.entries().collect();
        for (key, value) in new.entries() {
            context.meter.charge(1)?;
            match entries.iter_mut().find(|(known, _)| *known == key) {
                Some((_, place)) => *place = merged(context, *place, value, (key, depth + 1))?,
                None => entries.push((key, value)),
            }
        }
        return Ok(Datum::Map(context.arena.alloc_slice_copy(&entries)));
    }
    if old.is_list() && new.is_list() {
        let keys = KEYED.iter().find(|(name, keys)| {
            let has_first =
                |item: Datum<'v>| keys.first().is_some_and(|key| item.get(key).is_some());
            *name == field && old.items().chain(new.items()).all(has_first)
        });
        if let Some((_, keys)) = keys {
            return merged_by_keys(context, (old, new), keys, depth);
        }
        if SETS.contains(&field) {
            let mut items: Vec<Datum<'v>> = old.items().collect();
            for item in new.items() {
                if !items.iter().any(|known| known.as_text() == item.as_text()) {
                    items.push(item);
                }
            }
            return Ok(Datum::List(context.arena.alloc_slice_copy(&items)));
        }
    }
    Ok(new)
}

fn merged_by_keys<'v>(
    context: &'v Context<'v>,
    (old, new): (Datum<'v>, Datum<'v>),
    keys: &[&str],
    depth: usize,
) -> Result<Datum<'v>, Fault> {
    let mut items: Vec<Datum<'v>> = old.items().collect();
    for item in new.items() {
        context.meter.charge(1 + items.len() as u64)?;
        match items
            .iter_mut()
            .find(|known| same_keys(**known, item, keys))
        {
            Some(place) => *place = merged(context, *place, item, ("", depth + 1))?,
            None => items.push(item),
        }
    }
    Ok(Datum::List(context.arena.alloc_slice_copy(&items)))
}

fn same_keys(a: Datum<'_>, b: Datum<'_>, keys: &[&str]) -> bool {
    keys.iter().all(|key| {
        // A port's protocol is TCP where it is not said.
        let default = if *key == "protocol" {
            Datum::Text("TCP")
        } else {
            Datum::Null
        };
        let (a, b) = (a.get(key).unwrap_or(default), b.get(key).unwrap_or(default));
        Val::from(a).equals(Val::from(b))
    })
}
