//! `tfplan/v2`.

use palisade_document::Value as Borrowed;

use super::super::evaluation::Machine;
use super::super::value::Value;
use super::{keyed, part, record, state, text};

pub(super) fn import<'r>(machine: &Machine<'r>, root: Borrowed<'r>) -> Value<'r> {
    let planned = root.get("planned_values");
    let changes = |key: &str| {
        let changes = root.get(key).into_iter().flat_map(Borrowed::items);
        keyed(
            machine,
            changes.map(|change| (key_of(change), resource_change(machine, change))),
        )
    };
    let values = record(
        machine,
        planned.unwrap_or(root),
        &[
            ("outputs", state::outputs(machine, planned)),
            ("resources", state::resources(machine, planned)),
        ],
    );
    record(
        machine,
        root,
        &[
            (
                "terraform_version",
                part(machine, root, "terraform_version"),
            ),
            ("variables", variables(machine, root)),
            ("planned_values", values),
            ("resource_changes", changes("resource_changes")),
            ("resource_drift", changes("resource_drift")),
            ("output_changes", output_changes(machine, root)),
            ("raw", Value::borrow(machine.arena, root)),
        ],
    )
}

/// An address, with the key of a deposed object where it is one.
fn key_of(change: Borrowed<'_>) -> String {
    match text(change, "deposed") {
        "" => text(change, "address").to_owned(),
        deposed => format!("{}:{deposed}", text(change, "address")),
    }
}

fn resource_change<'r>(machine: &Machine<'r>, change: Borrowed<'r>) -> Value<'r> {
    let own = |key| part(machine, change, key);
    let inner = change.get("change").unwrap_or(change);
    let of_change = |key| part(machine, inner, key);
    let text_or_empty = |key| match own(key) {
        Value::Null => Value::Text(""),
        other => other,
    };
    record(
        machine,
        change,
        &[
            ("address", own("address")),
            ("module_address", text_or_empty("module_address")),
            ("mode", own("mode")),
            ("type", own("type")),
            ("name", own("name")),
            ("index", own("index")),
            ("provider_name", own("provider_name")),
            ("deposed", text_or_empty("deposed")),
            ("action_reason", own("action_reason")),
            ("previous_address", own("previous_address")),
            (
                "change",
                record(
                    machine,
                    inner,
                    &[
                        ("actions", of_change("actions")),
                        ("before", of_change("before")),
                        ("after", of_change("after")),
                        ("after_unknown", of_change("after_unknown")),
                        ("before_sensitive", of_change("before_sensitive")),
                        ("after_sensitive", of_change("after_sensitive")),
                        ("replace_paths", of_change("replace_paths")),
                    ],
                ),
            ),
        ],
    )
}

fn output_changes<'r>(machine: &Machine<'r>, root: Borrowed<'r>) -> Value<'r> {
    let outputs = root.get("output_changes").into_iter();
    let outputs = outputs.flat_map(Borrowed::entries).map(|entry| {
        let fields = [
            ("name", Value::Text(entry.key)),
            ("change", Value::borrow(machine.arena, entry.value)),
        ];
        (entry.key.to_owned(), record(machine, entry.value, &fields))
    });
    keyed(machine, outputs)
}

pub(super) fn variables<'r>(machine: &Machine<'r>, root: Borrowed<'r>) -> Value<'r> {
    let variables = root.get("variables").into_iter();
    let variables = variables.flat_map(Borrowed::entries).map(|entry| {
        let fields = [
            ("name", Value::Text(entry.key)),
            ("value", part(machine, entry.value, "value")),
        ];
        (entry.key.to_owned(), record(machine, entry.value, &fields))
    });
    keyed(machine, variables)
}
