//! URLs, as Kubernetes reads them: absolute, or a path from the root.

use super::super::fault::Fault;
use super::super::foreign::Foreign;
use super::super::machine::Machine;
use super::super::overload::{Overload, Type};
use super::super::value::Val;
use super::{foreign, text, value};

const U: &[Type] = &[Type::Named("kubernetes.URL")];

/// A URL in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Url<'v> {
    text: &'v str,
    scheme: &'v str,
    host: &'v str,
    path: &'v str,
    query: &'v str,
}

impl<'v> Url<'v> {
    /// As it was written.
    pub(in super::super) fn text(&self) -> &'v str {
        self.text
    }

    fn hostname(&self) -> &'v str {
        if let Some(six) = self.host.strip_prefix('[') {
            return six.split(']').next().unwrap_or("");
        }
        self.host
            .rsplit_once(':')
            .map_or(self.host, |(name, _)| name)
    }

    fn port(&self) -> &'v str {
        let after = self
            .host
            .rsplit_once(']')
            .map_or(self.host, |(_, rest)| rest);
        after.rsplit_once(':').map_or("", |(_, port)| port)
    }
}

pub(super) const OVERLOADS: &[Overload] = &[
    Overload::global("url", &[Type::Text], |m, a| {
        let text = text(a, 0)?;
        let url = parse(text).map_err(|reason| {
            let shown: String = text.chars().take(128).collect();
            Fault::new(format!("URL parse error: `{shown}` {reason}"))
        })?;
        Ok(foreign(m, Foreign::Url(url)))
    }),
    Overload::global("isURL", &[Type::Text], |_, a| {
        Ok(Val::Bool(parse(text(a, 0)?).is_ok()))
    }),
    Overload::member("getScheme", U, |m, a| {
        m.new_text(&url(a)?.scheme.to_ascii_lowercase())
    }),
    Overload::member("getHost", U, |_, a| Ok(Val::Text(url(a)?.host))),
    Overload::member("getHostname", U, |_, a| Ok(Val::Text(url(a)?.hostname()))),
    Overload::member("getPort", U, |_, a| Ok(Val::Text(url(a)?.port()))),
    Overload::member("getEscapedPath", U, |m, a| {
        m.new_text(&escape_path(url(a)?.path))
    }),
    Overload::member("getQuery", U, query),
];

fn url<'v>(arguments: &[Val<'v>]) -> Result<Url<'v>, Fault> {
    match value(arguments, 0)? {
        Val::Foreign(Foreign::Url(url)) => Ok(*url),
        _ => Err(Fault::no_overload()),
    }
}

fn parse(text: &str) -> Result<Url<'_>, &'static str> {
    if text.chars().any(char::is_control) {
        return Err("has a control character");
    }
    let (before, _) = text.split_once('#').unwrap_or((text, ""));
    let (before, query) = before.split_once('?').unwrap_or((before, ""));
    let (scheme, rest) = match before.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
        _ => ("", before),
    };
    if scheme.is_empty() && !rest.starts_with('/') {
        return Err("is neither absolute nor a path from the root");
    }
    let (host, path) = match rest.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find('/').unwrap_or(rest.len());
            rest.split_at(end)
        }
        None => ("", rest),
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    check_host(host)?;
    if path.contains(' ') && scheme.is_empty() && !path.starts_with('/') {
        return Err("has a space");
    }
    check_escapes(path)?;
    Ok(Url {
        text,
        scheme,
        host,
        path,
        query,
    })
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

fn check_host(host: &str) -> Result<(), &'static str> {
    let name = if let Some(six) = host.strip_prefix('[') {
        let (address, port) = six.split_once(']').ok_or("has no `]` after its address")?;
        let plain = address.split('%').next().unwrap_or("");
        if plain.parse::<std::net::Ipv6Addr>().is_err() {
            return Err("has an invalid IPv6 address");
        }
        port
    } else {
        match host.find(':') {
            Some(at) => host.get(at..).unwrap_or(""),
            None => "",
        }
    };
    let port = name.strip_prefix(':').unwrap_or(name);
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("has an invalid port");
    }
    if host.contains([' ', '<', '>', '"', '\\', '^', '`', '{', '}', '|']) {
        return Err("has an invalid character in its host name");
    }
    Ok(())
}

fn check_escapes(path: &str) -> Result<(), &'static str> {
    for part in path.split('%').skip(1) {
        let hexadecimal = part
            .get(..2)
            .is_some_and(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
        if !hexadecimal {
            return Err("has an invalid escape");
        }
    }
    Ok(())
}

fn escape_path(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for byte in path.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@!*'()%".contains(&byte);
        if plain {
            escaped.push(char::from(byte));
        } else {
            escaped.push('%');
            escaped.push_str(&super::template::hexadecimal(&[byte]).to_ascii_uppercase());
        }
    }
    escaped
}

fn query<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let mut map: Vec<(&str, Vec<Val<'v>>)> = Vec::new();
    let url = url(arguments)?;
    for pair in url.query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, text) = pair.split_once('=').unwrap_or((pair, ""));
        let text = machine.new_text(&unescape(text))?;
        match map.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.push(text),
            None => map.push((key, vec![text])),
        }
    }
    let mut entries = Vec::with_capacity(map.len());
    for (key, values) in map {
        entries.push((
            machine.new_text(&unescape(key))?,
            machine.new_list(&values)?,
        ));
    }
    machine.new_map(&entries)
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let two = (*byte == b'%').then(|| after.get(..2)).flatten();
        let value = two
            .and_then(|two| std::str::from_utf8(two).ok())
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        match value {
            Some(value) => {
                bytes.push(value);
                rest = after.get(2..).unwrap_or(&[]);
            }
            None if *byte == b'+' => bytes.push(b' '),
            None => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
