//! IP addresses and networks.

use std::fmt;
use std::net::IpAddr;

use super::super::fault::Fault;
use super::super::foreign::Foreign;
use super::super::machine::Machine;
use super::super::overload::{Overload, Type};
use super::super::value::Val;
use super::{foreign, text, value};

const IP: Type = Type::Named("net.IP");
const CIDR: Type = Type::Named("net.CIDR");
const T: &[Type] = &[Type::Text];

/// A network: an address with the length of its prefix; the address may lie within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cidr {
    address: IpAddr,
    length: u8,
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.length)
    }
}

/// An address as it is compared: there is one form of every address.
pub(in super::super) fn unmapped(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

pub(super) const OVERLOADS: &[Overload] = &[
    Overload::global("ip", T, |m, a| {
        Ok(foreign(m, Foreign::Ip(address(text(a, 0)?)?)))
    }),
    Overload::global("isIP", T, |_, a| {
        Ok(Val::Bool(address(text(a, 0)?).is_ok()))
    }),
    Overload::global("ip.isCanonical", T, |_, a| {
        let text = text(a, 0)?;
        Ok(Val::Bool(address(text)?.to_string() == text))
    }),
    Overload::global("cidr", T, |m, a| {
        Ok(foreign(m, Foreign::Cidr(network(text(a, 0)?)?)))
    }),
    Overload::global("isCIDR", T, |_, a| {
        Ok(Val::Bool(network(text(a, 0)?).is_ok()))
    }),
    Overload::member("family", &[IP], |_, a| {
        Ok(Val::Int(if ip(a, 0)?.is_ipv4() { 4 } else { 6 }))
    }),
    Overload::member("isUnspecified", &[IP], |_, a| {
        test(a, |ip| ip.is_unspecified())
    }),
    Overload::member("isLoopback", &[IP], |_, a| test(a, |ip| ip.is_loopback())),
    Overload::member("isLinkLocalMulticast", &[IP], |_, a| {
        test(a, link_local_multicast)
    }),
    Overload::member("isLinkLocalUnicast", &[IP], |_, a| {
        test(a, link_local_unicast)
    }),
    Overload::member("isGlobalUnicast", &[IP], |_, a| test(a, global_unicast)),
    Overload::member("containsIP", &[CIDR, IP], contains_ip),
    Overload::member("containsIP", &[CIDR, Type::Text], contains_ip),
    Overload::member("containsCIDR", &[CIDR, CIDR], contains_cidr),
    Overload::member("containsCIDR", &[CIDR, Type::Text], contains_cidr),
    Overload::member("ip", &[CIDR], |m, a| {
        Ok(foreign(m, Foreign::Ip(cidr(a, 0)?.address)))
    }),
    Overload::member("prefixLength", &[CIDR], |_, a| {
        Ok(Val::Int(i64::from(cidr(a, 0)?.length)))
    }),
    Overload::member("isMask", &[CIDR], |_, a| {
        let network = cidr(a, 0)?;
        let address = masked(network.address, network.length);
        Ok(Val::Bool(address == network.address))
    }),
    Overload::member("masked", &[CIDR], |m, a| {
        let network = cidr(a, 0)?;
        let address = masked(network.address, network.length);
        Ok(foreign(m, Foreign::Cidr(Cidr { address, ..network })))
    }),
];

/// Reads an address: no zone, no leading zeros, and no dotted IPv4 address in IPv6's clothes.
fn address(text: &str) -> Result<IpAddr, Fault> {
    let wrong = |reason: &str| Fault::new(format!("IP Address '{text}' {reason}"));
    if text.contains('%') {
        return Err(wrong("with zone value is not allowed"));
    }
    if text.contains(':') && text.contains('.') {
        return Err(wrong(
            "is an IPv4-mapped IPv6 address, which is not allowed",
        ));
    }
    text.parse()
        .map_err(|_| wrong("parse error during conversion from string"))
}

fn network(text: &str) -> Result<Cidr, Fault> {
    let wrong = || {
        Fault::new(format!(
            "network address parse error during conversion from string: '{text}'"
        ))
    };
    let (ip, length) = text.split_once('/').ok_or_else(wrong)?;
    let address = address(ip).map_err(|_| wrong())?;
    let plain = !length.is_empty()
        && length.bytes().all(|byte| byte.is_ascii_digit())
        && (length == "0" || !length.starts_with('0'));
    let length: u8 = length.parse().map_err(|_| wrong())?;
    if !plain || length > width(address) {
        return Err(wrong());
    }
    Ok(Cidr { address, length })
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn masked(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(four) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            IpAddr::V4((four.to_bits() & mask).into())
        }
        IpAddr::V6(six) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
            IpAddr::V6((six.to_bits() & mask).into())
        }
    }
}

fn ip(arguments: &[Val<'_>], at: usize) -> Result<IpAddr, Fault> {
    match value(arguments, at)? {
        Val::Foreign(Foreign::Ip(ip)) => Ok(*ip),
        Val::Text(text) => address(text),
        _ => Err(Fault::no_overload()),
    }
}

fn cidr(arguments: &[Val<'_>], at: usize) -> Result<Cidr, Fault> {
    match value(arguments, at)? {
        Val::Foreign(Foreign::Cidr(cidr)) => Ok(*cidr),
        Val::Text(text) => network(text),
        _ => Err(Fault::no_overload()),
    }
}

fn test<'v>(arguments: &[Val<'v>], holds: fn(IpAddr) -> bool) -> Result<Val<'v>, Fault> {
    Ok(Val::Bool(holds(ip(arguments, 0)?)))
}

fn link_local_multicast(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(four) => four.octets().starts_with(&[224, 0, 0]),
        IpAddr::V6(six) => six.segments()[0] & 0xff0f == 0xff02,
    }
}

fn link_local_unicast(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(four) => four.is_link_local(),
        IpAddr::V6(six) => six.segments()[0] & 0xffc0 == 0xfe80,
    }
}

fn global_unicast(ip: IpAddr) -> bool {
    let broadcast = matches!(ip, IpAddr::V4(four) if four.is_broadcast());
    !(broadcast
        || ip.is_unspecified()
        || ip.is_loopback()
        || ip.is_multicast()
        || link_local_unicast(ip))
}

fn contains_ip<'v>(_: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let (network, ip) = (cidr(arguments, 0)?, ip(arguments, 1)?);
    let same_family = network.address.is_ipv4() == ip.is_ipv4();
    let inside = masked(ip, network.length) == masked(network.address, network.length);
    Ok(Val::Bool(same_family && inside))
}

fn contains_cidr<'v>(_: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let (outer, inner) = (cidr(arguments, 0)?, cidr(arguments, 1)?);
    let same_family = outer.address.is_ipv4() == inner.address.is_ipv4();
    let inside = masked(inner.address, outer.length) == masked(outer.address, outer.length);
    Ok(Val::Bool(
        same_family && outer.length <= inner.length && inside,
    ))
}
