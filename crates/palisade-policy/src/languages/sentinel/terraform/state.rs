//! `tfstate/v2`, and the resources of any values that a plan holds.

use palisade_document::Value as Borrowed;

use super::super::evaluation::Machine;
use super::super::value::Value;
use super::{keyed, modules, part, record, text};

pub(super) fn import<'r>(machine: &Machine<'r>, root: Borrowed<'r>) -> Value<'r> {
    let state = root.get("prior_state");
    let values = state.and_then(|state| state.get("values"));
    let holder = state.unwrap_or(root);
    record(
        machine,
        holder,
        &[
            (
                "terraform_version",
                part(machine, holder, "terraform_version"),
            ),
            ("outputs", outputs(machine, values)),
            ("resources", resources(machine, values)),
        ],
    )
}

pub(super) fn outputs<'r>(machine: &Machine<'r>, values: Option<Borrowed<'r>>) -> Value<'r> {
    let outputs = values.and_then(|values| values.get("outputs")).into_iter();
    let outputs = outputs.flat_map(Borrowed::entries).map(|entry| {
        let fields = [
            ("name", Value::Text(entry.key)),
            ("sensitive", part(machine, entry.value, "sensitive")),
            ("value", part(machine, entry.value, "value")),
        ];
        (entry.key.to_owned(), record(machine, entry.value, &fields))
    });
    keyed(machine, outputs)
}

pub(super) fn resources<'r>(machine: &Machine<'r>, values: Option<Borrowed<'r>>) -> Value<'r> {
    let root = values.and_then(|values| values.get("root_module"));
    let mut found = Vec::new();
    for module in modules(root) {
        let address = text(module, "address");
        let resources = module.get("resources").into_iter();
        found.extend(resources.flat_map(Borrowed::items).map(|resource| {
            let key = match text(resource, "deposed_key") {
                "" => text(resource, "address").to_owned(),
                deposed => format!("{}:{deposed}", text(resource, "address")),
            };
            (key, self::resource(machine, address, resource))
        }));
    }
    keyed(machine, found)
}

fn resource<'r>(machine: &Machine<'r>, module: &'r str, resource: Borrowed<'r>) -> Value<'r> {
    let own = |key| part(machine, resource, key);
    let or = |key, other| match own(key) {
        Value::Null => other,
        found => found,
    };
    record(
        machine,
        resource,
        &[
            ("address", own("address")),
            ("module_address", Value::Text(module)),
            ("mode", own("mode")),
            ("type", own("type")),
            ("name", own("name")),
            ("index", own("index")),
            ("provider_name", own("provider_name")),
            ("values", own("values")),
            (
                "depends_on",
                or("depends_on", Value::list(machine.arena, [])),
            ),
            ("tainted", or("tainted", Value::Bool(false))),
            ("deposed_key", or("deposed_key", Value::Text(""))),
        ],
    )
}
