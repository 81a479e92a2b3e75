//! Semantic versions, by semver.org 2.0.0.

use std::cmp::Ordering;
use std::fmt;

use super::super::fault::Fault;
use super::super::foreign::Foreign;
use super::super::machine::Machine;
use super::super::overload::{Overload, Type};
use super::super::value::Val;
use super::quantity::order;
use super::{foreign, text, value};

const V: &[Type] = &[Type::Named("kubernetes.Semver")];
const VV: &[Type] = &[
    Type::Named("kubernetes.Semver"),
    Type::Named("kubernetes.Semver"),
];
const T: &[Type] = &[Type::Text];
const TB: &[Type] = &[Type::Text, Type::Bool];

/// A version; what follows the numbers borrows its text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Version<'v> {
    core: [u64; 3],
    pre_release: &'v str,
    build: &'v str,
}

impl Version<'_> {
    /// Order of precedence: build metadata does not count.
    pub(in super::super) fn precedence(&self, other: &Self) -> Ordering {
        let order = self.core.cmp(&other.core);
        order.then_with(|| match (self.pre_release, other.pre_release) {
            ("", "") => Ordering::Equal,
            ("", _) => Ordering::Greater,
            (_, "") => Ordering::Less,
            (a, b) => pre_releases(a, b),
        })
    }
}

impl fmt::Display for Version<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.core;
        write!(formatter, "{major}.{minor}.{patch}")?;
        if !self.pre_release.is_empty() {
            write!(formatter, "-{}", self.pre_release)?;
        }
        if !self.build.is_empty() {
            write!(formatter, "+{}", self.build)?;
        }
        Ok(())
    }
}

pub(super) const OVERLOADS: &[Overload] = &[
    Overload::global("semver", T, make),
    Overload::global("semver", TB, make),
    Overload::global("isSemver", T, |_, a| Ok(Val::Bool(read(a)?.is_some()))),
    Overload::global("isSemver", TB, |_, a| Ok(Val::Bool(read(a)?.is_some()))),
    Overload::member("major", V, |_, a| number(a, 0)),
    Overload::member("minor", V, |_, a| number(a, 1)),
    Overload::member("patch", V, |_, a| number(a, 2)),
    Overload::member("isLessThan", VV, |_, a| Ok(Val::Bool(compare(a)?.is_lt()))),
    Overload::member("isGreaterThan", VV, |_, a| {
        Ok(Val::Bool(compare(a)?.is_gt()))
    }),
    Overload::member("compareTo", VV, |_, a| Ok(order(compare(a)?))),
];

fn pre_releases(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match (is_number(a), is_number(b)) {
                (true, true) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => a.cmp(b),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Strictly `1.2.3-pre+build`; loosely, a `v`, leading zeros and missing numbers pass.
fn parse(text: &str, loose: bool) -> Option<Version<'_>> {
    let text = if loose {
        text.strip_prefix('v').unwrap_or(text)
    } else {
        text
    };
    let (text, build) = text
        .split_once('+')
        .map_or((text, None), |(t, b)| (t, Some(b)));
    let (numbers, pre) = text
        .split_once('-')
        .map_or((text, None), |(t, p)| (t, Some(p)));
    let mut core = [0; 3];
    let mut parts = numbers.split('.');
    for (at, place) in core.iter_mut().enumerate() {
        let Some(part) = parts.next() else {
            if loose && at > 0 {
                break;
            }
            return None;
        };
        let leading_zero = part.len() > 1 && part.starts_with('0');
        if !is_number(part) || (leading_zero && !loose) {
            return None;
        }
        *place = part.parse().ok()?;
    }
    let identifiers = |text: &str, numbers_plain: bool| {
        text.split('.').all(|part| {
            let letters = part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            let zero = numbers_plain && is_number(part) && part.len() > 1 && part.starts_with('0');
            !part.is_empty() && letters && !zero
        })
    };
    let well_formed = parts.next().is_none()
        && pre.is_none_or(|pre| identifiers(pre, true))
        && build.is_none_or(|build| identifiers(build, false));
    well_formed.then_some(Version {
        core,
        pre_release: pre.unwrap_or(""),
        build: build.unwrap_or(""),
    })
}

fn read<'v>(arguments: &[Val<'v>]) -> Result<Option<Version<'v>>, Fault> {
    let loose = matches!(arguments.get(1), Some(Val::Bool(true)));
    Ok(parse(text(arguments, 0)?, loose))
}

fn make<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let version = read(arguments)?.ok_or_else(|| {
        let given = text(arguments, 0).unwrap_or("");
        let shown: String = given.chars().take(64).collect();
        Fault::new(format!(
            "`{shown}` is not a semantic version such as `1.2.3`"
        ))
    })?;
    Ok(foreign(machine, Foreign::Semver(version)))
}

fn version<'v>(arguments: &[Val<'v>], at: usize) -> Result<Version<'v>, Fault> {
    match value(arguments, at)? {
        Val::Foreign(Foreign::Semver(version)) => Ok(*version),
        _ => Err(Fault::no_overload()),
    }
}

fn number<'v>(arguments: &[Val<'v>], at: usize) -> Result<Val<'v>, Fault> {
    let core = version(arguments, 0)?.core;
    let number = core.get(at).and_then(|number| i64::try_from(*number).ok());
    number
        .map(Val::Int)
        .ok_or_else(|| Fault::new("integer overflow"))
}

fn compare(arguments: &[Val<'_>]) -> Result<Ordering, Fault> {
    Ok(version(arguments, 0)?.precedence(&version(arguments, 1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precedence_is_semver_org_s() {
        let order = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0",
            "1.2.0",
            "1.10.0",
        ];
        let parsed: Vec<_> = order
            .iter()
            .map(|text| parse(text, false).unwrap())
            .collect();
        assert!(
            parsed
                .windows(2)
                .all(|two| two[0].precedence(&two[1]).is_lt())
        );
        for wrong in [
            "1.0", "v1.0.0", "01.0.0", "1.0.0-", "1.0.0-01", "1.0.0.0", "a.b.c",
        ] {
            assert!(parse(wrong, false).is_none(), "{wrong}");
        }
        assert_eq!(parse("v01.2", true).unwrap().to_string(), "1.2.0");
    }
}
