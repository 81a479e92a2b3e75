//! Network policies: the namespaced one, and those of administrators.

mod admin;
mod namespaced;

pub(super) use admin::{admin, baseline, cluster};
pub(super) use namespaced::namespaced;

use palisade_document::Value;
use palisade_model::{Cidr, NetworkPeer, NetworkPort, PortRange};

use super::services::protocol;
use crate::facts::Facts;
use crate::object::Object;

/// A peer that could not be read: it matches nothing.
fn unread_peer<'d>(object: &Object<'d>, value: Value<'d>) -> NetworkPeer {
    NetworkPeer::Unknown {
        text: object.file.slice(value.span()).trim().to_owned(),
    }
}

/// The address block that a value names; `None` after a warning.
fn block<'d>(object: &Object<'d>, value: Value<'d>, facts: &mut Facts) -> Option<Cidr> {
    let written = value.to_text().unwrap_or_default();
    match written.parse() {
        Ok(cidr) => Some(cidr),
        Err(error) => {
            let error: palisade_model::ParseCidrError = error;
            facts.warn(object.origin_of(value), error.to_string());
            None
        }
    }
}

/// The range between two keys of a value; `None` after a warning.
fn range<'d>(
    object: &Object<'d>,
    value: Value<'d>,
    keys: (&str, &str),
    facts: &mut Facts,
) -> Option<PortRange> {
    let first = super::services::port_number(object, value, keys.0, facts)?;
    let last = super::services::port_number(object, value, keys.1, facts)?;
    if last < first {
        let message = format!(
            "`{}` {last} is below `{}` {first}, so no port is meant",
            keys.1, keys.0
        );
        facts.warn(object.origin_of(value), message);
        return None;
    }
    Some(PortRange { first, last })
}

/// A port by number with its protocol; `None` after a warning.
fn numbered<'d>(object: &Object<'d>, value: Value<'d>, facts: &mut Facts) -> Option<NetworkPort> {
    Some(NetworkPort::Number {
        protocol: protocol(object, value, facts)?,
        port: super::services::port_number(object, value, "port", facts)?,
    })
}
