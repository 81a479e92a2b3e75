//! `tfrun`: what a plan tells of a run, and what the caller supplies under `tfrun`.

use palisade_document::Value as Borrowed;

use super::super::evaluation::Machine;
use super::super::value::{Map, Value};
use super::{part, plan};

pub(super) fn import<'r>(machine: &Machine<'r>, root: Borrowed<'r>) -> Value<'r> {
    let map = Map::new(machine.arena);
    let set = |name, value| map.set(machine.arena, Value::Text(name), value);
    set("variables", plan::variables(machine, root));
    set("created_at", part(machine, root, "timestamp"));
    set("is_destroy", Value::Bool(destroys_everything(root)));
    let supplied = machine.input.and_then(|input| input.supplied.variables);
    let supplied = supplied.and_then(|supplied| supplied.get("tfrun"));
    for entry in supplied.into_iter().flat_map(Borrowed::entries) {
        set(entry.key, Value::borrow(machine.arena, entry.value));
    }
    Value::Map(machine.arena.alloc(map))
}

/// Whether every change of a plan is a removal.
fn destroys_everything(root: Borrowed<'_>) -> bool {
    let changes = root.get("resource_changes").into_iter();
    let mut actions = changes
        .flat_map(Borrowed::items)
        .filter_map(|change| change.at(&["change", "actions"]))
        .map(|actions| {
            let mut actions = actions.items();
            actions.len() == 1 && actions.next().and_then(Borrowed::as_str) == Some("delete")
        })
        .peekable();
    actions.peek().is_some() && actions.all(|deletes| deletes)
}
