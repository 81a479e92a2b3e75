//! Values of imports with fields and functions of their own.

use super::super::evaluation::Machine;
use super::super::value::Value;
use super::client::{Client, Request};
use super::decimal::Decimal;
use super::moment::Moment;
use super::version::Version;
use super::{NativeFunction, client, decimal, moment, version};
use crate::languages::sentinel::terraform::{self, ModuleIndex};

/// A value that holds memory of its own. An arena of bytes never runs destructors, so these are
/// kept apart, and go when the evaluation ends.
pub(in super::super) enum Kept {
    Decimal(Decimal),
    Version(Version),
    Client(Client),
    Request(Request),
}

/// Such a value.
pub(in super::super) enum Instance<'r> {
    Moment(Moment),
    Decimal(&'r Decimal),
    Version(&'r Version),
    Client(&'r Client),
    Request(&'r Request),
    /// What the `module` function of a Terraform import looks in.
    Modules(ModuleIndex<'r>),
}

impl<'r> Instance<'r> {
    /// The value of what is kept.
    pub(super) fn of(machine: &Machine<'r>, kept: Kept) -> Value<'r> {
        let instance = match machine.kept.alloc(kept) {
            Kept::Decimal(number) => Self::Decimal(number),
            Kept::Version(version) => Self::Version(version),
            Kept::Client(client) => Self::Client(client),
            Kept::Request(request) => Self::Request(request),
        };
        Value::Instance(machine.arena.alloc(instance))
    }

    /// A field, or a function of this value.
    pub(in super::super) fn select(
        &'r self,
        machine: &Machine<'r>,
        name: &str,
    ) -> Option<Value<'r>> {
        let (functions, field) = match self {
            Self::Moment(moment) => (moment::METHODS, moment::field(machine, moment, name)),
            Self::Decimal(number) => (decimal::METHODS, decimal::field(machine, number, name)),
            Self::Version(version) => (version::METHODS, version::field(machine, version, name)),
            Self::Client(client) => (client::CLIENT, client::client_field(machine, client, name)),
            Self::Request(request) => (
                client::REQUEST,
                client::request_field(machine, request, name),
            ),
            Self::Modules(_) => (terraform::METHODS, None),
        };
        if field.is_some() {
            return field;
        }
        let entry = functions.iter().find(|entry| entry.name == name);
        entry.map(|entry| Value::Method(self, NativeFunction(entry)))
    }

    pub(in super::super) fn is_equal(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Moment(left), Self::Moment(right)) => left == right,
            (Self::Decimal(left), Self::Decimal(right)) => left.is_equal(right),
            (Self::Version(left), Self::Version(right)) => left == right,
            _ => std::ptr::eq(self, other),
        }
    }

    pub(in super::super) fn shown(&self) -> String {
        match self {
            Self::Moment(moment) => moment.shown(),
            Self::Decimal(number) => number.shown(),
            Self::Version(version) => version.text.clone(),
            Self::Client(_) => "http client".to_owned(),
            Self::Request(request) => request.url.clone(),
            Self::Modules(_) => "modules".to_owned(),
        }
    }
}
