//! Messages that stand for plain values: protobuf's well-known types.

use super::super::fault::Fault;
use super::super::machine::Machine;
use super::super::operators;
use super::super::value::{Message, Val};

/// Types whose only field is the value.
const WRAPPERS: [(&str, &str); 9] = [
    ("google.protobuf.BoolValue", "bool"),
    ("google.protobuf.BytesValue", "bytes"),
    ("google.protobuf.DoubleValue", "double"),
    ("google.protobuf.FloatValue", "double"),
    ("google.protobuf.Int32Value", "int"),
    ("google.protobuf.Int64Value", "int"),
    ("google.protobuf.StringValue", "string"),
    ("google.protobuf.UInt32Value", "uint"),
    ("google.protobuf.UInt64Value", "uint"),
];

const OTHERS: [&str; 5] = [
    "google.protobuf.Timestamp",
    "google.protobuf.Duration",
    "google.protobuf.Struct",
    "google.protobuf.ListValue",
    "google.protobuf.Value",
];

/// Whether messages of this type are known.
pub(in super::super) fn is_known(name: &str) -> bool {
    WRAPPERS.iter().any(|(known, _)| *known == name) || OTHERS.contains(&name)
}

/// The plain value that a message stands for, or the message itself.
pub(in super::super) fn value_of<'v>(
    machine: &Machine<'v>,
    message: &'v Message<'v>,
) -> Result<Val<'v>, Fault> {
    let name = message.type_name;
    let field = |wanted: &str| Val::Message(message).field(wanted);
    if let Some((_, kind)) = WRAPPERS.iter().find(|(known, _)| *known == name) {
        only(message, &["value"])?;
        return wrapped(name, kind, field("value"));
    }
    match name {
        "google.protobuf.Timestamp" | "google.protobuf.Duration" => {
            only(message, &["seconds", "nanos"])?;
            let part = |name| match field(name) {
                None => Ok(0),
                Some(Val::Int(value)) => Ok(i128::from(value)),
                Some(_) => Err(Fault::no_overload()),
            };
            let nanoseconds = part("seconds")? * 1_000_000_000 + part("nanos")?;
            if name == "google.protobuf.Timestamp" {
                return operators::moment(nanoseconds).map(Val::Timestamp);
            }
            i64::try_from(nanoseconds)
                .map(Val::Duration)
                .map_err(|_| Fault::new("duration overflow"))
        }
        "google.protobuf.Struct" => {
            only(message, &["fields"])?;
            match field("fields") {
                None => machine.new_map(&[]),
                Some(map) if map.is_map() => Ok(map),
                Some(_) => Err(Fault::no_overload()),
            }
        }
        "google.protobuf.ListValue" => {
            only(message, &["values"])?;
            match field("values") {
                None => machine.new_list(&[]),
                Some(list) if list.is_list() => Ok(list),
                Some(_) => Err(Fault::no_overload()),
            }
        }
        "google.protobuf.Value" => plain(message),
        _ => Ok(Val::Message(message)),
    }
}

fn only(message: &Message<'_>, known: &[&str]) -> Result<(), Fault> {
    match message
        .fields
        .iter()
        .find(|(name, _)| !known.contains(name))
    {
        Some((name, _)) => Err(Fault::new(format!(
            "no such field: {} has no `{name}`",
            message.type_name
        ))),
        None => Ok(()),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a float keeps what it can")]
fn wrapped<'v>(name: &str, kind: &str, value: Option<Val<'v>>) -> Result<Val<'v>, Fault> {
    let Some(value) = value else {
        return Ok(match kind {
            "bool" => Val::Bool(false),
            "bytes" => Val::Bytes(&[]),
            "double" => Val::Double(0.0),
            "int" => Val::Int(0),
            "string" => Val::Text(""),
            _ => Val::Uint(0),
        });
    };
    if value.type_name() != kind {
        return Err(Fault::no_overload());
    }
    match (name, value) {
        ("google.protobuf.FloatValue", Val::Double(value)) => {
            Ok(Val::Double(f64::from(value as f32)))
        }
        ("google.protobuf.Int32Value", Val::Int(value)) if i32::try_from(value).is_err() => {
            Err(Fault::new("range error: the value does not fit 32 bits"))
        }
        ("google.protobuf.UInt32Value", Val::Uint(value)) if u32::try_from(value).is_err() => {
            Err(Fault::new("range error: the value does not fit 32 bits"))
        }
        (_, value) => Ok(value),
    }
}

fn plain<'v>(message: &Message<'v>) -> Result<Val<'v>, Fault> {
    match message.fields {
        [] | [("null_value", _)] => Ok(Val::Null),
        [
            ("number_value", value @ Val::Double(_))
            | ("string_value", value @ Val::Text(_))
            | ("bool_value", value @ Val::Bool(_)),
        ] => Ok(*value),
        [("struct_value", value)] if value.is_map() => Ok(*value),
        [("list_value", value)] if value.is_list() => Ok(*value),
        _ => Err(Fault::new("a google.protobuf.Value has exactly one kind")),
    }
}
