//! Kubernetes' named formats: `format.dns1123Label().validate(name)`.

use super::super::fault::Fault;
use super::super::foreign::Foreign;
use super::super::machine::Machine;
use super::super::overload::{Overload, Type};
use super::super::value::Val;
use super::{foreign, text, time, value};

/// A format by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format(&'static str);

/// Every format by the name of its function.
const NAMES: [&str; 15] = [
    "dns1123Label",
    "dns1123Subdomain",
    "dns1035Label",
    "qualifiedName",
    "dns1123LabelPrefix",
    "dns1123SubdomainPrefix",
    "dns1035LabelPrefix",
    "labelValue",
    "uri",
    "uuid",
    "byte",
    "date",
    "datetime",
    "ipv4",
    "ipv6",
];

pub(super) const OVERLOADS: &[Overload] = &[
    Overload::global("format.named", &[Type::Text], |m, a| {
        let name = text(a, 0)?;
        let known = NAMES.iter().find(|known| **known == name);
        Ok(m.optional(known.map(|name| foreign(m, Foreign::Format(Format(name))))))
    }),
    Overload::global("format.dns1123Label", &[], |m, _| {
        Ok(make(m, "dns1123Label"))
    }),
    Overload::global("format.dns1123Subdomain", &[], |m, _| {
        Ok(make(m, "dns1123Subdomain"))
    }),
    Overload::global("format.dns1035Label", &[], |m, _| {
        Ok(make(m, "dns1035Label"))
    }),
    Overload::global("format.qualifiedName", &[], |m, _| {
        Ok(make(m, "qualifiedName"))
    }),
    Overload::global("format.dns1123LabelPrefix", &[], |m, _| {
        Ok(make(m, "dns1123LabelPrefix"))
    }),
    Overload::global("format.dns1123SubdomainPrefix", &[], |m, _| {
        Ok(make(m, "dns1123SubdomainPrefix"))
    }),
    Overload::global("format.dns1035LabelPrefix", &[], |m, _| {
        Ok(make(m, "dns1035LabelPrefix"))
    }),
    Overload::global("format.labelValue", &[], |m, _| Ok(make(m, "labelValue"))),
    Overload::global("format.uri", &[], |m, _| Ok(make(m, "uri"))),
    Overload::global("format.uuid", &[], |m, _| Ok(make(m, "uuid"))),
    Overload::global("format.byte", &[], |m, _| Ok(make(m, "byte"))),
    Overload::global("format.date", &[], |m, _| Ok(make(m, "date"))),
    Overload::global("format.datetime", &[], |m, _| Ok(make(m, "datetime"))),
    Overload::member(
        "validate",
        &[Type::Named("kubernetes.NamedFormat"), Type::Text],
        validate,
    ),
];

fn make<'v>(machine: &Machine<'v>, name: &'static str) -> Val<'v> {
    foreign(machine, Foreign::Format(Format(name)))
}

/// Nothing if the text has the format, otherwise a list of what is wrong.
fn validate<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let Val::Foreign(Foreign::Format(Format(name))) = value(arguments, 0)? else {
        return Err(Fault::no_overload());
    };
    let text = text(arguments, 1)?;
    if holds(name, text) {
        return Ok(Val::Optional(None));
    }
    let message = machine.new_text(&format!("the value is not of the format {name}"))?;
    let list = machine.new_list(&[message])?;
    Ok(machine.optional(Some(list)))
}

fn holds(name: &str, text: &str) -> bool {
    let prefix = text.strip_suffix('-').unwrap_or(text);
    match name {
        "dns1123Label" => label(text, 63),
        "dns1123LabelPrefix" => label(prefix, 63),
        "dns1123Subdomain" => subdomain(text),
        "dns1123SubdomainPrefix" => subdomain(prefix),
        "dns1035Label" => label(text, 63) && starts_with_letter(text),
        "dns1035LabelPrefix" => label(prefix, 63) && starts_with_letter(prefix),
        "qualifiedName" => match text.split_once('/') {
            Some((prefix, name)) => subdomain(prefix) && name_part(name),
            None => name_part(text),
        },
        "labelValue" => text.is_empty() || name_part(text),
        "uri" => text
            .split_once(':')
            .is_some_and(|(scheme, rest)| starts_with_letter(scheme) && !rest.is_empty()),
        "uuid" => uuid(text),
        "byte" => text.len().is_multiple_of(4) && text.bytes().all(base64),
        "date" => text.len() == 10 && time::parse_timestamp(&format!("{text}T00:00:00Z")).is_some(),
        "datetime" => time::parse_timestamp(text).is_some(),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        _ => false,
    }
}

fn label(text: &str, most: usize) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty()
        && text.len() <= most
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(|part| label(part, 253))
}

fn starts_with_letter(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn name_part(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !text.is_empty()
        && text.len() <= 63
        && text.chars().all(inner)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
}

fn uuid(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| *c != '-').collect();
    plain.len() == 32 && plain.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)
}
