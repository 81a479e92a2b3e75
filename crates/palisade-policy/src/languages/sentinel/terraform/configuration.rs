//! `tfconfig/v2`.

use palisade_document::Value as Borrowed;

use super::super::evaluation::{Machine, Outcome};
use super::super::imports::{Call, NativeEntry, NativeFunction};
use super::super::value::Value;
use super::{keyed, part, record, text};

/// Deepest nesting of modules that is read.
const MAX_DEPTH: usize = 64;

static STRIP_INDEX: NativeEntry = NativeEntry::new("strip_index", strip_index);

/// A module of the configuration with its address.
pub(super) struct ConfiguredModule<'r> {
    pub(super) address: String,
    pub(super) path: Vec<&'r str>,
    pub(super) module: Borrowed<'r>,
}

/// The modules of a configuration, outermost first.
pub(super) fn configured_modules(root: Borrowed<'_>) -> Vec<ConfiguredModule<'_>> {
    let outermost = root.at(&["configuration", "root_module"]);
    let mut found: Vec<ConfiguredModule<'_>> = outermost
        .into_iter()
        .map(|module| ConfiguredModule {
            address: String::new(),
            path: Vec::new(),
            module,
        })
        .collect();
    let mut next = 0;
    while let Some(parent) = found.get(next) {
        next += 1;
        if parent.path.len() >= MAX_DEPTH {
            continue;
        }
        let calls = parent.module.get("module_calls").into_iter();
        let children: Vec<_> = calls
            .flat_map(Borrowed::entries)
            .filter_map(|call| {
                let module = call.value.get("module")?;
                let path = parent.path.iter().copied().chain([call.key]).collect();
                let address = format!("module.{}", call.key);
                let address = joined(&parent.address, '.', &address);
                Some(ConfiguredModule {
                    address,
                    path,
                    module,
                })
            })
            .collect();
        found.extend(children);
    }
    found
}

/// Adds the records of a module, each with its key.
type Fill<'f, 'r> = dyn Fn(&ConfiguredModule<'r>, &mut Vec<(String, Value<'r>)>) + 'f;

pub(super) fn import<'r>(machine: &Machine<'r>, root: Borrowed<'r>) -> Value<'r> {
    let modules = configured_modules(root);
    let each = |fill: &Fill<'_, 'r>| {
        let mut found = Vec::new();
        for module in &modules {
            fill(module, &mut found);
        }
        keyed(machine, found)
    };
    let fields = [
        ("providers", providers(machine, root)),
        (
            "resources",
            each(&|module, found| resources(machine, module, found)),
        ),
        (
            "provisioners",
            each(&|module, found| provisioners(machine, module, found)),
        ),
        (
            "variables",
            each(&|module, found| variables(machine, module, found)),
        ),
        (
            "outputs",
            each(&|module, found| outputs(machine, module, found)),
        ),
        (
            "module_calls",
            each(&|module, found| calls(machine, module, found)),
        ),
        ("strip_index", Value::Native(NativeFunction(&STRIP_INDEX))),
    ];
    record(machine, root, &fields)
}

fn joined(address: &str, mark: char, name: &str) -> String {
    match address {
        "" => name.to_owned(),
        address => format!("{address}{mark}{name}"),
    }
}

/// A part, or a value in its place.
fn or<'r>(machine: &Machine<'r>, of: Borrowed<'r>, key: &str, other: Value<'r>) -> Value<'r> {
    match part(machine, of, key) {
        Value::Null => other,
        found => found,
    }
}

fn config<'r>(machine: &Machine<'r>, of: Borrowed<'r>) -> Value<'r> {
    or(machine, of, "expressions", Value::map(machine.arena, []))
}

fn providers<'r>(machine: &Machine<'r>, root: Borrowed<'r>) -> Value<'r> {
    let providers = root.at(&["configuration", "provider_config"]).into_iter();
    let empty = Value::Text("");
    let providers = providers.flat_map(Borrowed::entries).map(|entry| {
        let of = entry.value;
        let fields = [
            ("provider_config_key", Value::Text(entry.key)),
            ("name", part(machine, of, "name")),
            ("full_name", part(machine, of, "full_name")),
            ("alias", or(machine, of, "alias", empty)),
            ("module_address", or(machine, of, "module_address", empty)),
            ("config", config(machine, of)),
            (
                "version_constraint",
                or(machine, of, "version_constraint", empty),
            ),
        ];
        (entry.key.to_owned(), record(machine, of, &fields))
    });
    keyed(machine, providers)
}

fn resources<'r>(
    machine: &Machine<'r>,
    module: &ConfiguredModule<'r>,
    found: &mut Vec<(String, Value<'r>)>,
) {
    let address = Value::text(machine.arena, &module.address);
    let none = Value::map(machine.arena, []);
    let resources = module.module.get("resources").into_iter();
    for of in resources.flat_map(Borrowed::items) {
        let own = joined(&module.address, '.', text(of, "address"));
        let provisioners = of.get("provisioners").into_iter().flat_map(Borrowed::items);
        let provisioners: Vec<Value<'r>> = (0..)
            .zip(provisioners)
            .map(|(index, provisioner)| self::provisioner(machine, &own, index, provisioner))
            .collect();
        let fields = [
            ("address", Value::text(machine.arena, &own)),
            ("module_address", address),
            ("mode", part(machine, of, "mode")),
            ("type", part(machine, of, "type")),
            ("name", part(machine, of, "name")),
            (
                "provider_config_key",
                part(machine, of, "provider_config_key"),
            ),
            ("provisioners", Value::list(machine.arena, provisioners)),
            ("config", config(machine, of)),
            ("count", or(machine, of, "count_expression", none)),
            ("for_each", or(machine, of, "for_each_expression", none)),
            (
                "depends_on",
                or(machine, of, "depends_on", Value::list(machine.arena, [])),
            ),
        ];
        found.push((own, record(machine, of, &fields)));
    }
}

fn provisioner<'r>(
    machine: &Machine<'r>,
    resource: &str,
    index: i64,
    of: Borrowed<'r>,
) -> Value<'r> {
    let fields = [
        ("resource_address", Value::text(machine.arena, resource)),
        ("type", part(machine, of, "type")),
        ("index", Value::Int(index)),
        ("config", config(machine, of)),
    ];
    record(machine, of, &fields)
}

fn provisioners<'r>(
    machine: &Machine<'r>,
    module: &ConfiguredModule<'r>,
    found: &mut Vec<(String, Value<'r>)>,
) {
    let resources = module.module.get("resources").into_iter();
    for of in resources.flat_map(Borrowed::items) {
        let own = joined(&module.address, '.', text(of, "address"));
        let provisioners = of.get("provisioners").into_iter().flat_map(Borrowed::items);
        for (index, provisioner) in (0..).zip(provisioners) {
            let value = self::provisioner(machine, &own, index, provisioner);
            found.push((format!("{own}:{index}"), value));
        }
    }
}

fn variables<'r>(
    machine: &Machine<'r>,
    module: &ConfiguredModule<'r>,
    found: &mut Vec<(String, Value<'r>)>,
) {
    let variables = module.module.get("variables").into_iter();
    for entry in variables.flat_map(Borrowed::entries) {
        let of = entry.value;
        let fields = [
            (
                "module_address",
                Value::text(machine.arena, &module.address),
            ),
            ("name", Value::Text(entry.key)),
            ("default", part(machine, of, "default")),
            (
                "description",
                or(machine, of, "description", Value::Text("")),
            ),
            (
                "sensitive",
                or(machine, of, "sensitive", Value::Bool(false)),
            ),
        ];
        let key = joined(&module.address, ':', entry.key);
        found.push((key, record(machine, of, &fields)));
    }
}

fn outputs<'r>(
    machine: &Machine<'r>,
    module: &ConfiguredModule<'r>,
    found: &mut Vec<(String, Value<'r>)>,
) {
    let outputs = module.module.get("outputs").into_iter();
    for entry in outputs.flat_map(Borrowed::entries) {
        let of = entry.value;
        let fields = [
            (
                "module_address",
                Value::text(machine.arena, &module.address),
            ),
            ("name", Value::Text(entry.key)),
            (
                "sensitive",
                or(machine, of, "sensitive", Value::Bool(false)),
            ),
            ("value", part(machine, of, "expression")),
            (
                "description",
                or(machine, of, "description", Value::Text("")),
            ),
            (
                "depends_on",
                or(machine, of, "depends_on", Value::list(machine.arena, [])),
            ),
        ];
        let key = joined(&module.address, ':', entry.key);
        found.push((key, record(machine, of, &fields)));
    }
}

fn calls<'r>(
    machine: &Machine<'r>,
    module: &ConfiguredModule<'r>,
    found: &mut Vec<(String, Value<'r>)>,
) {
    let none = Value::map(machine.arena, []);
    let calls = module.module.get("module_calls").into_iter();
    for entry in calls.flat_map(Borrowed::entries) {
        let of = entry.value;
        let fields = [
            (
                "module_address",
                Value::text(machine.arena, &module.address),
            ),
            ("name", Value::Text(entry.key)),
            ("source", part(machine, of, "source")),
            ("config", config(machine, of)),
            ("count", or(machine, of, "count_expression", none)),
            ("for_each", or(machine, of, "for_each_expression", none)),
            (
                "depends_on",
                or(machine, of, "depends_on", Value::list(machine.arena, [])),
            ),
            (
                "version_constraint",
                or(machine, of, "version_constraint", Value::Text("")),
            ),
        ];
        let key = joined(&module.address, ':', entry.key);
        found.push((key, record(machine, of, &fields)));
    }
}

/// An address without what stands in brackets.
fn strip_index<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let Some([address]) = call.texts()? else {
        return Ok(Value::Undefined);
    };
    let mut stripped = String::with_capacity(address.len());
    let (mut within, mut quoted, mut escaped) = (false, false, false);
    for letter in address.chars() {
        match (within, letter) {
            (false, '[') => within = true,
            (false, letter) => stripped.push(letter),
            (true, _) if escaped => escaped = false,
            (true, '\\') => escaped = quoted,
            (true, '"') => quoted = !quoted,
            (true, ']') if !quoted => within = false,
            (true, _) => {}
        }
    }
    Ok(Value::text(machine.arena, &stripped))
}
