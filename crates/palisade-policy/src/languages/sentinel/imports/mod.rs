//! Imports that are part of the engine: names, their functions and constants.

mod base64;
mod client;
mod collection;
mod decimal;
mod instance;
mod json;
mod lists;
mod maps;
mod moment;
mod sockaddr;
mod strings;
mod units;
mod version;

use super::evaluation::{At, Machine, Outcome, failed};
use super::value::Value;

pub(super) use self::instance::{Instance, Kept};

/// The code of a function.
pub(super) type Native = for<'c, 'r> fn(&Machine<'r>, &Call<'c, 'r>) -> Outcome<Value<'r>>;

/// A function with its name.
pub(super) struct NativeEntry {
    pub(super) name: &'static str,
    pub(super) call: Native,
}

impl NativeEntry {
    pub(super) const fn new(name: &'static str, call: Native) -> Self {
        Self { name, call }
    }
}

/// A function as a value.
#[derive(Clone, Copy)]
pub(super) struct NativeFunction(pub(super) &'static NativeEntry);

/// A call of such a function.
pub(super) struct Call<'c, 'r> {
    pub(super) at: At<'r>,
    pub(super) receiver: Option<&'r Instance<'r>>,
    pub(super) arguments: &'c [Value<'r>],
}

impl<'r> Call<'_, 'r> {
    /// The arguments, which must be so many.
    pub(super) fn exactly<const N: usize>(&self) -> Outcome<[Value<'r>; N]> {
        <[Value<'r>; N]>::try_from(self.arguments).map_err(|_| {
            let given = self.arguments.len();
            failed(self.at, format!("this takes {N} arguments, not {given}"))
        })
    }

    /// The arguments as texts; `None` if one is undefined.
    pub(super) fn texts<const N: usize>(&self) -> Outcome<Option<[&'r str; N]>> {
        let arguments: [Value<'r>; N] = self.exactly()?;
        let mut texts = [""; N];
        for (text, argument) in texts.iter_mut().zip(arguments) {
            match argument {
                Value::Text(found) => *text = found,
                Value::Undefined => return Ok(None),
                other => return Err(self.wrong("a string", other)),
            }
        }
        Ok(Some(texts))
    }

    /// A failure for an argument of the wrong type.
    #[expect(
        clippy::unnecessary_box_returns,
        reason = "faults are boxed wherever they are returned"
    )]
    pub(super) fn wrong(&self, wanted: &str, found: Value<'r>) -> Box<super::evaluation::Fault> {
        let sentence = format!("this needs {wanted}, not a {}", found.type_name());
        failed(self.at, sentence)
    }
}

/// A constant of an import.
type Constant = for<'r> fn(&Machine<'r>, &str) -> Option<Value<'r>>;

/// An import that is part of the engine.
struct Namespace {
    name: &'static str,
    functions: &'static [NativeEntry],
    constant: Constant,
}

static NAMESPACES: [Namespace; 14] = [
    Namespace {
        name: "strings",
        functions: strings::FUNCTIONS,
        constant: none,
    },
    Namespace {
        name: "types",
        functions: TYPES,
        constant: none,
    },
    Namespace {
        name: "json",
        functions: json::FUNCTIONS,
        constant: none,
    },
    Namespace {
        name: "base64",
        functions: base64::FUNCTIONS,
        constant: none,
    },
    Namespace {
        name: "units",
        functions: &[],
        constant: units::constant,
    },
    Namespace {
        name: "runtime",
        functions: &[],
        constant: runtime,
    },
    Namespace {
        name: "sockaddr",
        functions: sockaddr::FUNCTIONS,
        constant: none,
    },
    Namespace {
        name: "version",
        functions: version::FUNCTIONS,
        constant: none,
    },
    Namespace {
        name: "time",
        functions: moment::FUNCTIONS,
        constant: none,
    },
    Namespace {
        name: "decimal",
        functions: decimal::FUNCTIONS,
        constant: decimal::constant,
    },
    Namespace {
        name: "collection",
        functions: collection::FUNCTIONS,
        constant: none,
    },
    Namespace {
        name: "collection/lists",
        functions: lists::FUNCTIONS,
        constant: none,
    },
    Namespace {
        name: "collection/maps",
        functions: maps::FUNCTIONS,
        constant: none,
    },
    Namespace {
        name: "http",
        functions: client::FUNCTIONS,
        constant: client::constant,
    },
];

static TYPES: &[NativeEntry] = &[NativeEntry::new("type_of", type_of)];

/// The index of an import that is part of the engine.
pub(super) fn namespace(name: &str) -> Option<u32> {
    let index = NAMESPACES.iter().position(|found| found.name == name)?;
    u32::try_from(index).ok()
}

impl<'r> Machine<'r> {
    /// A function or a constant of an import.
    pub(super) fn select_in_namespace(
        &self,
        at: At<'r>,
        index: u32,
        name: &str,
    ) -> Outcome<Option<Value<'r>>> {
        let Some(namespace) = NAMESPACES.get(index as usize) else {
            return Ok(None);
        };
        let function = namespace.functions.iter().find(|entry| entry.name == name);
        match function {
            Some(entry) => Ok(Some(Value::Native(NativeFunction(entry)))),
            None if namespace.name == "time" => moment::constant(self, at, name),
            None => Ok((namespace.constant)(self, name)),
        }
    }
}

fn none<'r>(_: &Machine<'r>, _: &str) -> Option<Value<'r>> {
    None
}

/// The release of the language that this engine follows.
fn runtime<'r>(_: &Machine<'r>, name: &str) -> Option<Value<'r>> {
    (name == "version").then_some(Value::Text("0.41.0"))
}

fn type_of<'r>(_: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [value] = call.exactly()?;
    Ok(Value::Text(value.type_name()))
}
