//! Differences and settings as the first forms of the imports have them.

use indexmap::IndexMap;
use palisade_document::{Kind, Value as Borrowed};

use super::super::evaluation::Machine;
use super::super::value::{Map, Value};
use super::part;

/// Deepest nesting that is looked into.
const MAX_DEPTH: u32 = 32;

/// An attribute before and after a change.
#[derive(Default)]
struct Leaf {
    old: Option<String>,
    new: Option<String>,
    computed: bool,
}

/// The attributes that a change touches, by flat names such as `tags.Name`.
pub(super) fn of_change<'r>(machine: &Machine<'r>, change: Borrowed<'r>) -> Value<'r> {
    let mut leaves: IndexMap<String, Leaf> = IndexMap::new();
    if let Some(before) = change.get("before") {
        flatten(before, String::new(), 0, &mut |name, text| {
            leaves.entry(name).or_default().old = Some(text);
        });
    }
    if let Some(after) = change.get("after") {
        flatten(after, String::new(), 0, &mut |name, text| {
            leaves.entry(name).or_default().new = Some(text);
        });
    }
    if let Some(unknown) = change.get("after_unknown") {
        flatten(unknown, String::new(), 0, &mut |name, text| {
            if text == "true" {
                leaves.entry(name).or_default().computed = true;
            }
        });
    }
    let map = Map::new(machine.arena);
    for (name, Leaf { old, new, computed }) in leaves {
        if old == new && !computed {
            continue;
        }
        let text =
            |text: Option<String>| Value::text(machine.arena, text.as_deref().unwrap_or_default());
        let fields = [
            ("old", text(old)),
            ("new", text(new)),
            ("computed", Value::Bool(computed)),
        ];
        let value = Value::map(machine.arena, fields);
        map.set(machine.arena, Value::text(machine.arena, &name), value);
    }
    Value::Map(machine.arena.alloc(map))
}

fn flatten(value: Borrowed<'_>, name: String, depth: u32, found: &mut dyn FnMut(String, String)) {
    if depth > MAX_DEPTH {
        return;
    }
    let below = |step: &str| match name.as_str() {
        "" => step.to_owned(),
        name => format!("{name}.{step}"),
    };
    match value.kind() {
        Kind::Object => {
            for entry in value.entries() {
                flatten(entry.value, below(entry.key), depth + 1, found);
            }
        }
        Kind::Array => {
            for (index, item) in value.items().enumerate() {
                flatten(item, below(&index.to_string()), depth + 1, found);
            }
        }
        Kind::Null => {}
        _ => {
            if let Some(text) = value.to_text() {
                found(name, text);
            }
        }
    }
}

/// `config` with the constants and `references` with the rest of a block's expressions.
pub(super) fn settings<'r>(
    machine: &Machine<'r>,
    block: Borrowed<'r>,
    further: &[(&'static str, Value<'r>)],
) -> Value<'r> {
    let expressions = block.get("expressions");
    let (config, references) = match expressions {
        Some(expressions) => split(machine, expressions, 0),
        None => (Value::map(machine.arena, []), Value::map(machine.arena, [])),
    };
    let map = Map::new(machine.arena);
    map.set(machine.arena, Value::Text("config"), config);
    map.set(machine.arena, Value::Text("references"), references);
    for (name, value) in further {
        map.set(machine.arena, Value::Text(name), *value);
    }
    map.stand_for(block);
    Value::Map(machine.arena.alloc(map))
}

/// The constants and the references of a map of expressions.
fn split<'r>(
    machine: &Machine<'r>,
    expressions: Borrowed<'r>,
    depth: u32,
) -> (Value<'r>, Value<'r>) {
    let (config, references) = (Map::new(machine.arena), Map::new(machine.arena));
    if depth <= MAX_DEPTH {
        for entry in expressions.entries() {
            let (constant, refers) = expression(machine, entry.value, depth);
            let key = Value::Text(entry.key);
            if let Some(constant) = constant {
                config.set(machine.arena, key, constant);
            }
            if let Some(refers) = refers {
                references.set(machine.arena, key, refers);
            }
        }
    }
    let arena = machine.arena;
    (
        Value::Map(arena.alloc(config)),
        Value::Map(arena.alloc(references)),
    )
}

fn expression<'r>(
    machine: &Machine<'r>,
    of: Borrowed<'r>,
    depth: u32,
) -> (Option<Value<'r>>, Option<Value<'r>>) {
    if of.get("constant_value").is_some() {
        return (Some(part(machine, of, "constant_value")), None);
    }
    if of.get("references").is_some() {
        return (None, Some(part(machine, of, "references")));
    }
    if of.is_array() {
        let parts = of.items().map(|item| split(machine, item, depth + 1));
        let (constants, references): (Vec<_>, Vec<_>) = parts.unzip();
        return (
            Some(Value::list(machine.arena, constants)),
            Some(Value::list(machine.arena, references)),
        );
    }
    let (config, references) = split(machine, of, depth + 1);
    (Some(config), Some(references))
}
