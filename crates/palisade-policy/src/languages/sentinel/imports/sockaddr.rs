//! `sockaddr`: addresses and networks.

use std::net::IpAddr;

use ipnet::IpNet;

use super::super::evaluation::{Outcome, failed};
use super::super::value::Value;
use super::{Call, NativeEntry};

pub(super) static FUNCTIONS: &[NativeEntry] = &[
    NativeEntry::new("is_contained", |_, call| {
        pair(call, |outer, inner| outer.contains(&inner))
    }),
    NativeEntry::new("is_equal", |_, call| {
        pair(call, |left, right| left == right)
    }),
    NativeEntry::new("is_ipv4", |_, call| {
        family(call, |address| address.is_ipv4())
    }),
    NativeEntry::new("is_ipv6", |_, call| {
        family(call, |address| address.is_ipv6())
    }),
];

fn pair<'r>(call: &Call<'_, 'r>, test: fn(IpNet, IpNet) -> bool) -> Outcome<Value<'r>> {
    let Some(texts) = call.texts::<2>()? else {
        return Ok(Value::Undefined);
    };
    let [Some(left), Some(right)] = texts.map(network) else {
        let sentence = "this needs IP addresses or networks";
        return Err(failed(call.at, sentence));
    };
    Ok(Value::Bool(test(left, right)))
}

/// Something that is no address is of no family.
fn family<'r>(call: &Call<'_, 'r>, test: fn(IpAddr) -> bool) -> Outcome<Value<'r>> {
    let texts = call.texts()?;
    Ok(texts.map_or(Value::Undefined, |[text]| {
        Value::Bool(network(text).is_some_and(|network| test(network.addr())))
    }))
}

/// An address, alone, with a port or with the length of its network.
fn network(text: &str) -> Option<IpNet> {
    if let Ok(network) = text.parse::<IpNet>() {
        return Some(network);
    }
    let address = text.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|at| at.ip()));
    address.map(IpNet::from)
}
