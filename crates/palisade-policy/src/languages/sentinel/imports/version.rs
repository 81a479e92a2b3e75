//! `version`: semantic versions and constraints on them.

use std::cmp::Ordering;

use super::super::evaluation::{Machine, Outcome, failed};
use super::super::value::Value;
use super::{Call, Instance, Kept, NativeEntry};

/// A version.
#[derive(Debug, Clone)]
pub(in super::super) struct Version {
    /// As it was written.
    pub(super) text: String,
    /// Up to three numbers, and as many as were written.
    segments: Vec<u64>,
    written: usize,
    prerelease: String,
    metadata: String,
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other) == Ordering::Equal
    }
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let trimmed = text.trim();
        let bare = trimmed.strip_prefix('v').unwrap_or(trimmed);
        let (rest, metadata) = bare.split_once('+').unwrap_or((bare, ""));
        let (numbers, prerelease) = rest.split_once('-').unwrap_or((rest, ""));
        let mut segments = Vec::new();
        for segment in numbers.split('.') {
            let digits = segment.bytes().all(|byte| byte.is_ascii_digit());
            segments.push(segment.parse().ok().filter(|_| digits)?);
        }
        let identifiers = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'~'))
        };
        if segments.len() > 16 || !identifiers(prerelease) || !identifiers(metadata) {
            return None;
        }
        let written = segments.len();
        while segments.len() < 3 {
            segments.push(0);
        }
        Some(Self {
            text: trimmed.to_owned(),
            segments,
            written,
            prerelease: prerelease.to_owned(),
            metadata: metadata.to_owned(),
        })
    }

    fn segment(&self, index: usize) -> u64 {
        self.segments.get(index).copied().unwrap_or(0)
    }

    fn compare(&self, other: &Self) -> Ordering {
        let count = self.segments.len().max(other.segments.len());
        let numbers = (0..count).map(|at| self.segment(at).cmp(&other.segment(at)));
        let order = numbers.fold(Ordering::Equal, Ordering::then);
        order.then_with(|| prereleases(&self.prerelease, &other.prerelease))
    }

    fn same_release(&self, other: &Self) -> bool {
        (0..3).all(|at| self.segment(at) == other.segment(at))
    }

    /// Whether every constraint of a list, with commas between them, is met.
    fn satisfies(&self, constraints: &str) -> Option<bool> {
        let mut all = true;
        for constraint in constraints.split(',') {
            all &= self.meets(constraint.trim())?;
        }
        Some(all)
    }

    fn meets(&self, constraint: &str) -> Option<bool> {
        let end = constraint
            .find(|letter: char| !"=!<>~".contains(letter))
            .unwrap_or(constraint.len());
        let (operator, version) = constraint.split_at(end);
        let wanted = Self::parse(version)?;
        let order = self.compare(&wanted);
        // A pre-release is met only by one of the same release, and the other way round.
        let comparable = match (self.prerelease.is_empty(), wanted.prerelease.is_empty()) {
            (true, true) => true,
            (false, false) => self.same_release(&wanted),
            (false, true) => false,
            (true, false) => operator != "<" && operator != "<=",
        };
        Some(match operator {
            "" | "=" => order.is_eq(),
            "!=" => order.is_ne(),
            ">" => comparable && order.is_gt(),
            ">=" => comparable && order.is_ge(),
            "<" => comparable && order.is_lt(),
            "<=" => comparable && order.is_le(),
            "~>" => comparable && order.is_ge() && self.within(&wanted),
            _ => return None,
        })
    }

    /// `~> 1.2` lets the second number grow, `~> 1.2.3` the third.
    fn within(&self, wanted: &Self) -> bool {
        let fixed = wanted.written.saturating_sub(1);
        (0..fixed).all(|at| self.segment(at) == wanted.segment(at))
    }
}

/// Pre-releases by the rules of semantic versions; none is above any.
fn prereleases(left: &str, right: &str) -> Ordering {
    match (left.is_empty(), right.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let (left, right) = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(left), Some(right)) => (left, right),
        };
        let order = match (left.parse::<u64>(), right.parse::<u64>()) {
            (Ok(left), Ok(right)) => left.cmp(&right),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => left.cmp(right),
        };
        if order.is_ne() {
            return order;
        }
    }
}

pub(super) static FUNCTIONS: &[NativeEntry] = &[NativeEntry::new("new", new)];

pub(super) static METHODS: &[NativeEntry] = &[
    NativeEntry::new("greater_than", |_, call| test(call, Ordering::is_gt)),
    NativeEntry::new("gt", |_, call| test(call, Ordering::is_gt)),
    NativeEntry::new("greater_than_or_equals", |_, call| {
        test(call, Ordering::is_ge)
    }),
    NativeEntry::new("gte", |_, call| test(call, Ordering::is_ge)),
    NativeEntry::new("less_than", |_, call| test(call, Ordering::is_lt)),
    NativeEntry::new("lt", |_, call| test(call, Ordering::is_lt)),
    NativeEntry::new("less_than_or_equals", |_, call| test(call, Ordering::is_le)),
    NativeEntry::new("lte", |_, call| test(call, Ordering::is_le)),
    NativeEntry::new("equals", |_, call| test(call, Ordering::is_eq)),
    NativeEntry::new("eq", |_, call| test(call, Ordering::is_eq)),
    NativeEntry::new("compare", compare),
    NativeEntry::new("cmp", compare),
    NativeEntry::new("satisfies", satisfies),
    NativeEntry::new("sat", satisfies),
];

pub(super) fn field<'r>(machine: &Machine<'r>, version: &Version, name: &str) -> Option<Value<'r>> {
    let number = |at| Some(Value::Int(i64::try_from(version.segment(at)).ok()?));
    match name {
        "major" => number(0),
        "minor" => number(1),
        "patch" => number(2),
        "prerelease" => Some(Value::text(machine.arena, &version.prerelease)),
        "metadata" => Some(Value::text(machine.arena, &version.metadata)),
        "version" => Some(Value::text(machine.arena, &version.text)),
        _ => None,
    }
}

fn new<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [value] = call.exactly()?;
    let version = read(call, value)?;
    Ok(version.map_or(Value::Undefined, |version| {
        Instance::of(machine, Kept::Version(version))
    }))
}

fn read<'r>(call: &Call<'_, 'r>, value: Value<'r>) -> Outcome<Option<Version>> {
    match value {
        Value::Undefined => Ok(None),
        Value::Instance(Instance::Version(version)) => Ok(Some((*version).clone())),
        Value::Text(text) => match Version::parse(text) {
            Some(version) => Ok(Some(version)),
            None => Err(failed(call.at, format!("`{text}` is no version"))),
        },
        other => Err(call.wrong("a version", other)),
    }
}

fn ordering(call: &Call<'_, '_>) -> Outcome<Option<Ordering>> {
    let [value] = call.exactly()?;
    let other = read(call, value)?;
    Ok(match (call.receiver, other) {
        (Some(Instance::Version(own)), Some(other)) => Some(own.compare(&other)),
        _ => None,
    })
}

fn test<'r>(call: &Call<'_, 'r>, is: fn(Ordering) -> bool) -> Outcome<Value<'r>> {
    let order = ordering(call)?;
    Ok(order.map_or(Value::Undefined, |order| Value::Bool(is(order))))
}

fn compare<'r>(_: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let order = ordering(call)?;
    Ok(order.map_or(Value::Undefined, |order| Value::Int(order as i64)))
}

fn satisfies<'r>(_: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let (Some([constraints]), Some(Instance::Version(own))) = (call.texts()?, call.receiver) else {
        return Ok(Value::Undefined);
    };
    if let Some(met) = own.satisfies(constraints) {
        Ok(Value::Bool(met))
    } else {
        let sentence = format!("`{constraints}` is no constraint on versions");
        Err(failed(call.at, sentence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meets(version: &str, constraints: &str) -> bool {
        Version::parse(version)
            .unwrap()
            .satisfies(constraints)
            .unwrap()
    }

    #[test]
    fn constraints_are_met_as_written() {
        assert!(meets("1.2.9", "~> 1.2.3") && !meets("1.3.0", "~> 1.2.3"));
        assert!(meets("1.9.0", "~> 1.2") && !meets("2.0.0", "~> 1.2"));
        assert!(meets("1.2.3", ">= 1.0, < 2.0, != 1.2.4"));
        assert!(!meets("1.3.0-beta", "> 1.2.0"));
        assert!(meets("1.3.0-beta.2", "> 1.3.0-beta.1"));
        assert!(Version::parse("1.x").is_none());
    }
}
