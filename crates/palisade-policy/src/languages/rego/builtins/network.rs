//! Address ranges.

use std::net::IpAddr;

use ipnet::IpNet;

use super::super::term::Term;
use super::super::world::{Fault, World};
use super::{Builtin, argument, items_argument, text_argument};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("net.cidr_is_valid", 1, |arguments, _| {
        let text = argument(arguments, 0)?.as_text();
        Ok(Term::Bool(text.is_some_and(|text| range(text).is_ok())))
    }),
    Builtin::new("net.cidr_contains_matches", 2, contains_matches),
    Builtin::new("net.cidr_contains", 2, contains),
    Builtin::new("net.cidr_intersects", 2, intersects),
    Builtin::new("net.cidr_overlap", 2, contains),
    Builtin::new("net.cidr_merge", 1, merge),
    Builtin::new("net.cidr_expand", 1, expand),
];

/// Most addresses that a range is expanded to.
const MAX_ADDRESSES: usize = 1 << 16;

fn range(text: &str) -> Result<IpNet, Fault> {
    let wrong = || Fault::undefined(format!("invalid CIDR address: {text}"));
    // The stricter reader of addresses takes no zeros before a number.
    let address = text.split_once('/').map_or(text, |(address, _)| address);
    address.parse::<IpAddr>().map_err(|_| wrong())?;
    let net = text.parse::<IpNet>().map_err(|_| wrong())?.trunc();
    Ok(plain(net))
}

/// An IPv4 range that is written within IPv6 is that IPv4 range.
fn plain(net: IpNet) -> IpNet {
    let IpNet::V6(six) = net else {
        return net;
    };
    let four = six.network().to_ipv4_mapped();
    let bits = six.prefix_len().checked_sub(96);
    match (four, bits) {
        (Some(four), Some(bits)) => {
            ipnet::Ipv4Net::new(four, bits).map_or(net, |four| IpNet::V4(four.trunc()))
        }
        _ => net,
    }
}

fn range_or_address(text: &str) -> Result<IpNet, Fault> {
    match text.parse::<IpAddr>() {
        Ok(address) => Ok(IpNet::from(address.to_canonical())),
        Err(_) => range(text),
    }
}

fn contains(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let outer = range(text_argument(arguments, 0)?)?;
    let inner = range_or_address(text_argument(arguments, 1)?)?;
    Ok(Term::Bool(outer.contains(&inner)))
}

fn intersects(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let left = range(text_argument(arguments, 0)?)?;
    let right = range(text_argument(arguments, 1)?)?;
    Ok(Term::Bool(left.contains(&right) || right.contains(&left)))
}

/// What is compared, with the key that stands for it in the answer.
fn keyed(arguments: &[Term], at: usize) -> Result<Vec<(Term, IpNet)>, Fault> {
    let wrong = || {
        Fault::undefined(format!(
            "net.cidr_contains_matches: operand {}: element must be string or non-empty array",
            at + 1
        ))
    };
    let text = |term: &Term| match term {
        Term::Text(text) => range_or_address(text),
        Term::Array(items) => match items.first() {
            Some(Term::Text(text)) => range_or_address(text),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    };
    match argument(arguments, at)? {
        given @ Term::Text(_) => Ok(vec![(given.clone(), text(given)?)]),
        Term::Array(items) => items
            .iter()
            .zip(0..)
            .map(|(item, index)| Ok((Term::int(index), text(item)?)))
            .collect(),
        Term::Set(items) => items
            .iter()
            .map(|item| Ok((item.clone(), text(item)?)))
            .collect(),
        Term::Object(entries) => entries
            .iter()
            .map(|(key, value)| Ok((key.clone(), text(value)?)))
            .collect(),
        _ => Ok(Vec::new()),
    }
}

/// Whether an argument has nothing to compare: what is not a text or a collection has not.
fn is_bare(argument: &Term) -> bool {
    match argument {
        Term::Text(_) => false,
        Term::Array(items) | Term::Set(items) => items.is_empty(),
        Term::Object(entries) => entries.is_empty(),
        _ => true,
    }
}

fn contains_matches(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    // What is never compared is not read either.
    if is_bare(argument(arguments, 0)?) || is_bare(argument(arguments, 1)?) {
        return Ok(Term::Set(Vec::new()));
    }
    let outer = keyed(arguments, 0)?;
    let inner = keyed(arguments, 1)?;
    let mut found = Vec::new();
    for (outer_key, outer) in &outer {
        for (inner_key, inner) in &inner {
            if outer.contains(inner) {
                found.push(Term::Array(vec![outer_key.clone(), inner_key.clone()]));
            }
        }
    }
    Ok(Term::set(found))
}

fn merge(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let mut four = Vec::new();
    let mut six = Vec::new();
    for item in items_argument(arguments, 0)? {
        let text = item
            .as_text()
            .ok_or_else(|| Fault::undefined("net.cidr_merge: elements must be strings"))?;
        let net = match text.parse::<IpAddr>() {
            Ok(IpAddr::V6(_)) => {
                return Err(Fault::undefined("IPv6 invalid: needs prefix length"));
            }
            // A bare address stands for the network of its old class.
            Ok(IpAddr::V4(address)) => {
                let bits = match address.octets() {
                    [0..=127, ..] => 8,
                    [128..=191, ..] => 16,
                    [192..=223, ..] => 24,
                    _ => return Err(Fault::undefined(format!("invalid CIDR address: {text}"))),
                };
                range(&format!("{text}/{bits}"))?
            }
            Err(_) => range(text)?,
        };
        match net {
            IpNet::V4(net) => four.push(net),
            IpNet::V6(net) => six.push(net),
        }
    }
    let four = ipnet::Ipv4Net::aggregate(&four);
    let six = ipnet::Ipv6Net::aggregate(&six);
    let four = four.iter().map(ToString::to_string);
    let six = six.iter().map(ToString::to_string);
    Ok(Term::set(four.chain(six).map(Term::Text)))
}

fn expand(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let net = range(text_argument(arguments, 0)?)?;
    let bits = usize::from(net.max_prefix_len() - net.prefix_len());
    if bits > MAX_ADDRESSES.ilog2() as usize {
        return Err(Fault::halt(format!(
            "{net} has more than {MAX_ADDRESSES} addresses; compare ranges instead of expanding them"
        )));
    }
    let addresses: Vec<Term> = match net {
        IpNet::V4(net) => (0..1u32 << bits)
            .map(|at| std::net::Ipv4Addr::from(u32::from(net.network()) + at).to_string())
            .map(Term::Text)
            .collect(),
        IpNet::V6(net) => (0..1u128 << bits)
            .map(|at| std::net::Ipv6Addr::from(u128::from(net.network()) + at).to_string())
            .map(Term::Text)
            .collect(),
    };
    Ok(Term::set(addresses))
}
