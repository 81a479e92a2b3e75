//! Terraform's imports, made from a plan as `terraform show -json` prints it.

mod configuration;
mod difference;
mod first;
mod plan;
mod run;
mod state;

use palisade_document::Value as Borrowed;

use super::evaluation::Machine;
use super::imports::NativeEntry;
use super::value::{Map, Value};
use crate::input::Subject;

pub(super) use self::first::ModuleIndex;

/// Functions that a Terraform import hands out.
pub(super) static METHODS: &[NativeEntry] = &[NativeEntry::new("module", first::module)];

/// Whether a name is one of these imports.
pub(super) fn knows(name: &str) -> bool {
    matches!(name, "tfplan" | "tfconfig" | "tfstate" | "tfrun")
        || name.strip_prefix("tf").is_some_and(|rest| {
            let (import, release) = rest.split_once('/').unwrap_or((rest, ""));
            matches!(import, "plan" | "config" | "state") && matches!(release, "v1" | "v2")
        })
}

/// The import of a name; `None` if it is none of these or the input is no plan.
pub(super) fn import<'r>(machine: &Machine<'r>, name: &str) -> Option<Value<'r>> {
    let input = machine.input?;
    if name == "palisade" {
        return Some(Value::borrow(machine.arena, input.data?));
    }
    if input.subject != Subject::TerraformPlan {
        return None;
    }
    let root = input.document;
    Some(match name {
        "tfplan/v2" => plan::import(machine, root),
        "tfconfig/v2" => configuration::import(machine, root),
        "tfstate/v2" => state::import(machine, root),
        "tfplan" | "tfplan/v1" => first::plan(machine, root),
        "tfconfig" | "tfconfig/v1" => first::configuration(machine, root),
        "tfstate" | "tfstate/v1" => first::state(machine, root),
        "tfrun" => run::import(machine, root),
        _ => return None,
    })
}

/// A part of a document as a value; what is missing is `null`.
fn part<'r>(machine: &Machine<'r>, of: Borrowed<'r>, key: &str) -> Value<'r> {
    let found = of.get(key);
    found.map_or(Value::Null, |found| Value::borrow(machine.arena, found))
}

/// Fills a map that stands for a part of a document.
fn record<'r>(
    machine: &Machine<'r>,
    origin: Borrowed<'r>,
    fields: &[(&'static str, Value<'r>)],
) -> Value<'r> {
    let map = Map::new(machine.arena);
    for (name, value) in fields {
        map.set(machine.arena, Value::Text(name), *value);
    }
    map.stand_for(origin);
    Value::Map(machine.arena.alloc(map))
}

/// A map of records by their keys.
fn keyed<'r>(
    machine: &Machine<'r>,
    entries: impl IntoIterator<Item = (String, Value<'r>)>,
) -> Value<'r> {
    let map = Map::new(machine.arena);
    for (key, value) in entries {
        map.set(machine.arena, Value::text(machine.arena, &key), value);
    }
    Value::Map(machine.arena.alloc(map))
}

fn text<'r>(of: Borrowed<'r>, key: &str) -> &'r str {
    of.get(key).and_then(Borrowed::as_str).unwrap_or_default()
}

/// The modules of a tree with their addresses, outermost first.
fn modules<'r>(root: Option<Borrowed<'r>>) -> Vec<Borrowed<'r>> {
    let mut found: Vec<Borrowed<'r>> = root.into_iter().collect();
    let mut next = 0;
    while let Some(module) = found.get(next).copied() {
        next += 1;
        let children = module.get("child_modules");
        found.extend(children.into_iter().flat_map(Borrowed::items));
    }
    found
}

/// What the `module` function answers with.
pub(super) fn module_function<'r>(machine: &Machine<'r>, index: ModuleIndex<'r>) -> Value<'r> {
    let instance = super::imports::Instance::Modules(index);
    let instance = machine.arena.alloc(instance);
    let entry = METHODS.first().map(super::imports::NativeFunction);
    entry.map_or(Value::Undefined, |entry| Value::Method(instance, entry))
}
