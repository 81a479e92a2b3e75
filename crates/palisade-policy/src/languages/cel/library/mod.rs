//! The functions that expressions may call, one library per module.

pub(super) mod authorizer;
pub(super) mod conversions;
mod encoders;
pub(super) mod format;
pub(super) mod image;
mod kyverno;
pub(super) mod lists;
pub(super) mod lookups;
mod math;
pub(super) mod network;
mod optional;
pub(super) mod quantity;
mod regex;
pub(super) mod semver;
mod sets;
mod strings;
pub(super) mod template;
mod time;
pub(super) mod url;
pub(super) mod wellknown;

use super::fault::Fault;
use super::foreign::Foreign;
use super::machine::Machine;
use super::overload::{Dialect, Overload};
use super::value::Val;

/// Libraries of the language itself and of its reference implementation.
const STANDARD: &[&[Overload]] = &[
    conversions::OVERLOADS,
    encoders::OVERLOADS,
    lists::OVERLOADS,
    math::OVERLOADS,
    network::OVERLOADS,
    optional::OVERLOADS,
    regex::OVERLOADS,
    sets::OVERLOADS,
    strings::OVERLOADS,
    template::OVERLOADS,
    time::OVERLOADS,
];

/// Libraries of Kubernetes' API server.
const KUBERNETES: &[&[Overload]] = &[
    authorizer::OVERLOADS,
    encoders::KUBERNETES,
    format::OVERLOADS,
    lists::KUBERNETES,
    quantity::OVERLOADS,
    regex::KUBERNETES,
    semver::OVERLOADS,
    url::OVERLOADS,
];

/// Libraries of Kyverno.
const KYVERNO: &[&[Overload]] = &[kyverno::OVERLOADS, image::OVERLOADS, lookups::OVERLOADS];

/// All functions of a dialect.
pub(super) fn overloads(dialect: Dialect) -> impl Iterator<Item = &'static Overload> {
    let kubernetes = if dialect >= Dialect::Kubernetes {
        KUBERNETES
    } else {
        &[]
    };
    let kyverno = if dialect >= Dialect::Kyverno {
        KYVERNO
    } else {
        &[]
    };
    STANDARD
        .iter()
        .chain(kubernetes)
        .chain(kyverno)
        .flat_map(|library| library.iter())
}

/// A field of a library's value: none has any.
pub(super) fn field<'v>(foreign: &Foreign<'v>, name: &str) -> Result<Option<Val<'v>>, Fault> {
    Err(Fault::new(format!(
        "no such field: a value of type {} has no `{name}`",
        foreign.type_name()
    )))
}

/// The text of an argument whose overload asked for one.
fn text<'v>(arguments: &[Val<'v>], at: usize) -> Result<&'v str, Fault> {
    arguments
        .get(at)
        .and_then(|value| value.as_text())
        .ok_or_else(Fault::no_overload)
}

/// The int of an argument whose overload asked for one.
fn int(arguments: &[Val<'_>], at: usize) -> Result<i64, Fault> {
    match arguments.get(at) {
        Some(Val::Int(value)) => Ok(*value),
        _ => Err(Fault::no_overload()),
    }
}

/// Any argument.
fn value<'v>(arguments: &[Val<'v>], at: usize) -> Result<Val<'v>, Fault> {
    arguments.get(at).copied().ok_or_else(Fault::no_overload)
}

/// A length or position as an int.
fn count(length: usize) -> Val<'static> {
    Val::Int(i64::try_from(length).unwrap_or(i64::MAX))
}

/// Puts a library's value into the arena.
fn foreign<'v>(machine: &Machine<'v>, foreign: Foreign<'v>) -> Val<'v> {
    // A value in the arena is never dropped; what it owns outside is counted as a step.
    Val::Foreign(machine.context.arena.alloc(foreign))
}
