//! The first forms of the imports: `tfplan`, `tfstate` and `tfconfig` by module, type and name.

use std::collections::BTreeMap;

use palisade_document::Value as Borrowed;

use super::super::evaluation::{Machine, Outcome};
use super::super::imports::{Call, Instance};
use super::super::value::{Map, Value};
use super::configuration::{ConfiguredModule, configured_modules};
use super::{difference, modules, part, text};

/// Modules by their paths, as the `module` function finds them.
pub(in super::super) struct ModuleIndex<'r> {
    by_path: &'r [(&'r str, Value<'r>)],
}

/// A path as one text; names hold no NUL.
fn joined(path: &[String]) -> String {
    path.join("\0")
}

/// `module(["a", "b"])`; `null` if there is none.
pub(super) fn module<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [path] = call.exactly()?;
    let (Value::List(list), Some(Instance::Modules(index))) = (path, call.receiver) else {
        return Err(call.wrong("a list of names of modules", path));
    };
    let mut path = Vec::new();
    for step in list.items(machine.arena) {
        match step {
            Value::Text(step) => path.push(step.to_owned()),
            other => return Err(call.wrong("names of modules as strings", other)),
        }
    }
    let path = joined(&path);
    let at = index
        .by_path
        .binary_search_by(|(known, _)| (*known).cmp(path.as_str()));
    let module = at.ok().and_then(|at| index.by_path.get(at));
    Ok(module.map_or(Value::Null, |(_, module)| *module))
}

/// The root of an import: the outermost module's namespaces, the paths, and `module`.
fn root<'r>(
    machine: &Machine<'r>,
    found: &BTreeMap<Vec<String>, Value<'r>>,
    further: &[(&'static str, Value<'r>)],
) -> Value<'r> {
    let map = Map::new(machine.arena);
    if let Some(Value::Map(outermost)) = found.get(&Vec::new()) {
        for (key, value) in outermost.entries(machine.arena) {
            map.set(machine.arena, key, value);
        }
    }
    let paths = found.keys().map(|path| {
        let steps = path.iter().map(|step| Value::text(machine.arena, step));
        Value::list(machine.arena, steps.collect::<Vec<_>>())
    });
    let paths = Value::list(machine.arena, paths.collect::<Vec<_>>());
    map.set(machine.arena, Value::Text("module_paths"), paths);
    for (name, value) in further {
        map.set(machine.arena, Value::Text(name), *value);
    }
    let mut by_path: Vec<(&'r str, Value<'r>)> = found
        .iter()
        .map(|(path, module)| (&*machine.arena.alloc_str(&joined(path)), *module))
        .collect();
    by_path.sort_unstable_by_key(|(path, _)| *path);
    let by_path = machine.arena.alloc_slice_copy(&by_path);
    let module = super::module_function(machine, ModuleIndex { by_path });
    map.set(machine.arena, Value::Text("module"), module);
    Value::Map(machine.arena.alloc(map))
}

/// The names in an address: `module.a.module.b[0]` is `["a", "b"]`.
fn path_of(address: &str) -> Vec<String> {
    let (mut path, mut rest) = (Vec::new(), address);
    while let Some(after) = rest.strip_prefix("module.") {
        let end = after.find(['.', '[']).unwrap_or(after.len());
        path.push(after.get(..end).unwrap_or_default().to_owned());
        let tail = after.get(end..).unwrap_or_default();
        let tail = match tail.strip_prefix('[') {
            Some(index) => index.split_once(']').map_or("", |(_, tail)| tail),
            None => tail,
        };
        rest = tail.strip_prefix('.').unwrap_or(tail);
    }
    path
}

/// Resources of a module while they are gathered: by type, name and number or key.
struct Gathered<'r> {
    resources: Map<'r>,
    data: Map<'r>,
}

impl<'r> Gathered<'r> {
    fn new(machine: &Machine<'r>) -> Self {
        Self {
            resources: Map::new(machine.arena),
            data: Map::new(machine.arena),
        }
    }

    fn add(&self, machine: &Machine<'r>, of: Borrowed<'r>, value: Value<'r>) {
        let by_type = if text(of, "mode") == "data" {
            &self.data
        } else {
            &self.resources
        };
        let by_name = inner(machine, by_type, text(of, "type"));
        let by_index = inner(machine, by_name, text(of, "name"));
        let index = match part(machine, of, "index") {
            Value::Null => Value::Int(0),
            index => index,
        };
        by_index.set(machine.arena, index, value);
    }

    fn namespaces(
        self,
        machine: &Machine<'r>,
        path: &[String],
        further: &[(&'static str, Value<'r>)],
    ) -> Value<'r> {
        let steps = path.iter().map(|step| Value::text(machine.arena, step));
        let path = Value::list(machine.arena, steps.collect::<Vec<_>>());
        let arena = machine.arena;
        let own = [
            ("path", path),
            ("resources", Value::Map(arena.alloc(self.resources))),
            ("data", Value::Map(arena.alloc(self.data))),
        ];
        Value::map(arena, own.into_iter().chain(further.iter().copied()))
    }
}

/// The map under a key of another, made if there is none.
fn inner<'r>(machine: &Machine<'r>, map: &Map<'r>, key: &'r str) -> &'r Map<'r> {
    if let Some(Value::Map(found)) = map.get_text(machine.arena, key) {
        return found;
    }
    let fresh: &'r Map<'r> = machine.arena.alloc(Map::new(machine.arena));
    map.set(machine.arena, Value::Text(key), Value::Map(fresh));
    fresh
}

pub(super) fn plan<'r>(machine: &Machine<'r>, of: Borrowed<'r>) -> Value<'r> {
    let mut gathered: BTreeMap<Vec<String>, Gathered<'r>> = BTreeMap::new();
    gathered.insert(Vec::new(), Gathered::new(machine));
    let changes = of.get("resource_changes").into_iter();
    for change in changes.flat_map(Borrowed::items) {
        let path = path_of(text(change, "module_address"));
        let module = gathered
            .entry(path)
            .or_insert_with(|| Gathered::new(machine));
        module.add(machine, change, planned(machine, change));
    }
    let found = gathered.into_iter().map(|(path, gathered)| {
        let module = gathered.namespaces(machine, &path, &[]);
        (path, module)
    });
    let variables = of.get("variables").into_iter().flat_map(Borrowed::entries);
    let variables = variables.map(|entry| (entry.key, part(machine, entry.value, "value")));
    let further = [
        ("terraform_version", part(machine, of, "terraform_version")),
        ("variables", Value::map(machine.arena, variables)),
        ("config", configuration(machine, of)),
        ("state", state(machine, of)),
    ];
    root(machine, &found.collect(), &further)
}

/// A resource as the first form of a plan has it.
fn planned<'r>(machine: &Machine<'r>, change: Borrowed<'r>) -> Value<'r> {
    let inner = change.get("change").unwrap_or(change);
    let actions = inner.get("actions").into_iter().flat_map(Borrowed::items);
    let actions: Vec<&str> = actions.filter_map(Borrowed::as_str).collect();
    let deletes = actions.contains(&"delete");
    let creates = actions.contains(&"create");
    let fields = [
        ("address", part(machine, change, "address")),
        ("applied", part(machine, inner, "after")),
        ("diff", difference::of_change(machine, inner)),
        ("destroy", Value::Bool(deletes)),
        ("requires_new", Value::Bool(deletes && creates)),
    ];
    super::record(machine, change, &fields)
}

pub(super) fn state<'r>(machine: &Machine<'r>, of: Borrowed<'r>) -> Value<'r> {
    let state = of.get("prior_state");
    let values = state.and_then(|state| state.get("values"));
    let mut found = BTreeMap::new();
    for module in modules(values.and_then(|values| values.get("root_module"))) {
        let path = path_of(text(module, "address"));
        let gathered = Gathered::new(machine);
        let resources = module.get("resources").into_iter();
        for resource in resources.flat_map(Borrowed::items) {
            let attributes = part(machine, resource, "values");
            let id = resource.at(&["values", "id"]);
            let tainted = resource.get("tainted").and_then(Borrowed::as_bool);
            let fields = [
                ("attr", attributes),
                (
                    "id",
                    id.map_or(Value::Null, |id| Value::borrow(machine.arena, id)),
                ),
                ("depends_on", part(machine, resource, "depends_on")),
                ("tainted", Value::Bool(tainted == Some(true))),
            ];
            gathered.add(machine, resource, super::record(machine, resource, &fields));
        }
        let outputs = if path.is_empty() {
            super::state::outputs(machine, values)
        } else {
            Value::map(machine.arena, [])
        };
        let module = gathered.namespaces(machine, &path, &[("outputs", outputs)]);
        found.insert(path, module);
    }
    if found.is_empty() {
        let empty = Gathered::new(machine).namespaces(machine, &[], &[]);
        found.insert(Vec::new(), empty);
    }
    let version = state.map_or(Value::Null, |state| {
        part(machine, state, "terraform_version")
    });
    root(machine, &found, &[("terraform_version", version)])
}

pub(super) fn configuration<'r>(machine: &Machine<'r>, of: Borrowed<'r>) -> Value<'r> {
    let mut found = BTreeMap::new();
    for configured in configured_modules(of) {
        let path = configured.path.iter().map(|step| (*step).to_owned());
        found.insert(path.collect(), configured_module(machine, of, &configured));
    }
    root(machine, &found, &[])
}

fn configured_module<'r>(
    machine: &Machine<'r>,
    of: Borrowed<'r>,
    configured: &ConfiguredModule<'r>,
) -> Value<'r> {
    let arena = machine.arena;
    let (resources, data) = (Map::new(arena), Map::new(arena));
    let found = configured.module.get("resources").into_iter();
    for resource in found.flat_map(Borrowed::items) {
        let by_type = if text(resource, "mode") == "data" {
            &data
        } else {
            &resources
        };
        let by_name = inner(machine, by_type, text(resource, "type"));
        let provisioners = resource.get("provisioners").into_iter();
        let provisioners = provisioners.flat_map(Borrowed::items).map(|provisioner| {
            let kind = ("type", part(machine, provisioner, "type"));
            difference::settings(machine, provisioner, &[kind])
        });
        let provisioners = Value::list(arena, provisioners.collect::<Vec<_>>());
        let value = difference::settings(machine, resource, &[("provisioners", provisioners)]);
        by_name.set(arena, Value::Text(text(resource, "name")), value);
    }
    let entries = |key: &str| {
        let entries = configured.module.get(key).into_iter();
        entries.flat_map(Borrowed::entries)
    };
    let calls = entries("module_calls").map(|call| {
        let further = [
            ("source", part(machine, call.value, "source")),
            ("version", part(machine, call.value, "version_constraint")),
        ];
        (
            call.key,
            difference::settings(machine, call.value, &further),
        )
    });
    let variables =
        entries("variables").map(|variable| (variable.key, Value::borrow(arena, variable.value)));
    let outputs = entries("outputs").map(|output| {
        let expression = output.value.get("expression");
        let of = |key| expression.map_or(Value::Null, |found| part(machine, found, key));
        let fields = [
            ("value", of("constant_value")),
            ("references", of("references")),
            ("sensitive", part(machine, output.value, "sensitive")),
            ("description", part(machine, output.value, "description")),
            ("depends_on", part(machine, output.value, "depends_on")),
        ];
        (output.key, Value::map(arena, fields))
    });
    Value::map(
        arena,
        [
            ("resources", Value::Map(arena.alloc(resources))),
            ("data", Value::Map(arena.alloc(data))),
            ("modules", Value::map(arena, calls)),
            ("variables", Value::map(arena, variables)),
            ("outputs", Value::map(arena, outputs)),
            ("providers", providers(machine, of, &configured.address)),
        ],
    )
}

/// The providers of a module by type, with further ones under `alias`.
fn providers<'r>(machine: &Machine<'r>, of: Borrowed<'r>, address: &str) -> Value<'r> {
    let found = Map::new(machine.arena);
    let providers = of.at(&["configuration", "provider_config"]).into_iter();
    for entry in providers.flat_map(Borrowed::entries) {
        if text(entry.value, "module_address") != address {
            continue;
        }
        let by_name = inner(machine, &found, text(entry.value, "name"));
        let version = ("version", part(machine, entry.value, "version_constraint"));
        let value = difference::settings(machine, entry.value, &[version]);
        match (text(entry.value, "alias"), value) {
            ("", Value::Map(own)) => {
                for (key, value) in own.entries(machine.arena) {
                    by_name.set(machine.arena, key, value);
                }
            }
            (alias, value) => {
                let aliases = inner(machine, by_name, "alias");
                aliases.set(machine.arena, Value::Text(alias), value);
            }
        }
    }
    Value::Map(machine.arena.alloc(found))
}
