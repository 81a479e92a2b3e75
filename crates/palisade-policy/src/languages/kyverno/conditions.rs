//! Conditions of preconditions and `deny`: a key, an operator and a value.

use palisade_document::Syntax;

use crate::datum::Datum;

use super::jmespath::{SearchError, read_text};
use super::pattern::scalar;
use super::scalars::quantity::Quantity;
use super::scalars::{build, duration, wildcard};
use super::scope::Scope;
use super::template::Template;

/// Conditions that must all hold.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    blocks: Vec<Block>,
}

#[derive(Debug)]
struct Block {
    any: Option<Vec<Condition>>,
    all: Vec<Condition>,
}

#[derive(Debug)]
struct Condition {
    key: Template,
    operator: Option<Operator>,
    named: Box<str>,
    value: Template,
    message: Box<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equals,
    NotEquals,
    In,
    NotIn,
    AnyIn,
    AllIn,
    AnyNotIn,
    AllNotIn,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    DurationGreater,
    DurationGreaterOrEqual,
    DurationLess,
    DurationLessOrEqual,
}

impl Operator {
    fn named(name: &str) -> Option<Self> {
        Some(match name.to_lowercase().as_str() {
            "equal" | "equals" => Self::Equals,
            "notequal" | "notequals" => Self::NotEquals,
            "in" => Self::In,
            "notin" => Self::NotIn,
            "anyin" => Self::AnyIn,
            "allin" => Self::AllIn,
            "anynotin" => Self::AnyNotIn,
            "allnotin" => Self::AllNotIn,
            "greaterthan" => Self::Greater,
            "greaterthanorequals" => Self::GreaterOrEqual,
            "lessthan" => Self::Less,
            "lessthanorequals" => Self::LessOrEqual,
            "durationgreaterthan" => Self::DurationGreater,
            "durationgreaterthanorequals" => Self::DurationGreaterOrEqual,
            "durationlessthan" => Self::DurationLess,
            "durationlessthanorequals" => Self::DurationLessOrEqual,
            _ => return None,
        })
    }
}

impl Conditions {
    /// Reads `{any, all}`, a list of those, or the old plain list.
    pub(crate) fn read(value: Datum<'_>) -> Self {
        let conditions = |list: Datum<'_>| list.items().map(Condition::read).collect();
        let block = |value: Datum<'_>| Block {
            any: value.get("any").filter(|any| any.is_list()).map(conditions),
            all: value.get("all").map(conditions).unwrap_or_default(),
        };
        if value.is_map() {
            return Self {
                blocks: vec![block(value)],
            };
        }
        let mut blocks = Vec::new();
        let mut plain = Vec::new();
        for item in value.items() {
            if item.get("any").is_some() || item.get("all").is_some() {
                blocks.push(block(item));
            } else {
                plain.push(Condition::read(item));
            }
        }
        blocks.push(Block {
            any: None,
            all: plain,
        });
        Self { blocks }
    }

    /// The mistakes in its expressions and operators.
    pub(crate) fn mistakes(&self, found: &mut Vec<String>) {
        let conditions = self.blocks.iter();
        let conditions = conditions.flat_map(|block| block.any.iter().flatten().chain(&block.all));
        for condition in conditions {
            condition.key.mistakes(found);
            condition.value.mistakes(found);
            if condition.operator.is_none() {
                found.push(format!("unknown operator `{}`", condition.named));
            }
        }
    }

    /// Whether the conditions hold, and the messages of those that decided.
    pub(crate) fn hold(&self, scope: &Scope<'_, '_>) -> Result<(bool, String), SearchError> {
        let mut held = Vec::new();
        for block in &self.blocks {
            let (holds, message) = block.holds(scope)?;
            if !holds {
                return Ok((false, message));
            }
            if !message.is_empty() {
                held.push(message);
            }
        }
        Ok((true, held.join(";")))
    }
}

impl Block {
    fn holds(&self, scope: &Scope<'_, '_>) -> Result<(bool, String), SearchError> {
        let (mut held, mut missed) = (Vec::new(), Vec::new());
        let mut any_holds = true;
        if let Some(any) = &self.any {
            any_holds = false;
            for condition in any {
                if condition.holds(scope)? {
                    any_holds = true;
                    held.push(&*condition.message);
                    break;
                }
                missed.push(&*condition.message);
            }
        }
        let mut all_hold = true;
        for condition in &self.all {
            if condition.holds(scope)? {
                held.push(&*condition.message);
            } else {
                all_hold = false;
                missed.push(&*condition.message);
                break;
            }
        }
        let holds = any_holds && all_hold;
        let mut messages = if holds { held } else { missed };
        messages.retain(|message| !message.is_empty());
        Ok((holds, messages.join("; ")))
    }
}

impl Condition {
    fn read(value: Datum<'_>) -> Self {
        let part = |key| value.get(key).map_or(Template::Null, Template::of);
        let text = |key| value.get(key).and_then(Datum::as_text).unwrap_or("");
        Self {
            key: part("key"),
            operator: Operator::named(text("operator")),
            named: text("operator").into(),
            value: part("value"),
            message: text("message").into(),
        }
    }

    fn holds(&self, scope: &Scope<'_, '_>) -> Result<bool, SearchError> {
        let key = self.key.fill(scope)?.scalar();
        let value = self.value.fill(scope)?.scalar();
        let Some(operator) = self.operator else {
            let message = format!("unknown operator `{}`", self.named);
            return Err(SearchError::Failed(message));
        };
        scope.context.charge(1)?;
        Ok(match operator {
            Operator::Equals => equals(key, value) == Some(true),
            Operator::NotEquals => !build::is_null(key) && equals(key, value) != Some(true),
            Operator::In
            | Operator::AnyIn
            | Operator::NotIn
            | Operator::AnyNotIn
            | Operator::AllIn
            | Operator::AllNotIn => is_in(scope, key, value, operator),
            Operator::Greater
            | Operator::GreaterOrEqual
            | Operator::Less
            | Operator::LessOrEqual => {
                ordered(key, value).is_some_and(|order| fits(operator, order))
            }
            Operator::DurationGreater
            | Operator::DurationGreaterOrEqual
            | Operator::DurationLess
            | Operator::DurationLessOrEqual => match (seconds(key), seconds(value)) {
                (Some(key), Some(value)) => fits(operator, key.cmp(&value)),
                _ => false,
            },
        })
    }
}

fn fits(operator: Operator, order: std::cmp::Ordering) -> bool {
    match operator {
        Operator::Greater | Operator::DurationGreater => order.is_gt(),
        Operator::GreaterOrEqual | Operator::DurationGreaterOrEqual => order.is_ge(),
        Operator::Less | Operator::DurationLess => order.is_lt(),
        _ => order.is_le(),
    }
}

/// Nanoseconds of a duration or of a whole count of seconds.
#[expect(clippy::cast_possible_truncation, reason = "Go truncates too")]
fn seconds(value: Datum<'_>) -> Option<i64> {
    match value {
        Datum::Text(text) => duration::parse(text),
        Datum::Int(value) => value.checked_mul(1_000_000_000),
        Datum::Float(value) => (value as i64).checked_mul(1_000_000_000),
        _ => None,
    }
}

/// Both as durations, where at least one is written as one.
fn durations(key: Datum<'_>, value: Datum<'_>) -> Option<(i64, i64)> {
    let written = |value: Datum<'_>| {
        value
            .as_text()
            .is_some_and(|text| text != "0" && duration::parse(text).is_some())
    };
    if !written(key) && !written(value) {
        return None;
    }
    let read = |value: Datum<'_>| match value {
        Datum::Text("0") => None,
        value => seconds(value),
    };
    Some((read(key)?, read(value)?))
}

/// Whether the two are equal; `None` for keys of types that cannot be compared.
fn equals(key: Datum<'_>, value: Datum<'_>) -> Option<bool> {
    Some(match key {
        Datum::Null => return None,
        Datum::Bool(_) => build::equal(key, value),
        Datum::Int(key) => match value {
            Datum::Text(text) => text.parse() == Ok(key),
            value => build::equal(Datum::Int(key), value),
        },
        #[expect(clippy::float_cmp, reason = "equality of numbers is what is asked")]
        Datum::Float(key) => match value {
            Datum::Text(text) => text.parse::<f64>().is_ok_and(|value| value == key),
            value => build::equal(Datum::Float(key), value),
        },
        Datum::Text(text) => {
            if let Some((key, value)) = durations(key, value) {
                return Some(key == value);
            }
            let Some(value) = value.as_text() else {
                return Some(false);
            };
            match (Quantity::parse(text), Quantity::parse(value)) {
                (Some(key), Some(value)) => key == value,
                (Some(_), None) => value.is_empty() && text.is_empty(),
                _ => wildcard::matches(value, text),
            }
        }
        key => build::equal(key, value),
    })
}

fn ordered(key: Datum<'_>, value: Datum<'_>) -> Option<std::cmp::Ordering> {
    if let Some((key, value)) = durations(key, value) {
        return Some(key.cmp(&value));
    }
    let number = |value: Datum<'_>| match value {
        Datum::Text(text) => text.parse().ok(),
        value => build::as_number(value),
    };
    if let (Some(key), Some(value)) = (key.as_text(), value.as_text()) {
        if let (Some(key), Some(value)) = (Quantity::parse(key), Quantity::parse(value)) {
            return Some(key.cmp(&value));
        }
        if key.parse::<f64>().is_err() {
            let (key, value) = (semver::Version::parse(key), semver::Version::parse(value));
            return Some(key.ok()?.cmp_precedence(&value.ok()?));
        }
    }
    number(key)?.partial_cmp(&number(value)?)
}

/// Membership, in the four readings and the two old ones.
fn is_in<'a>(scope: &Scope<'_, 'a>, key: Datum<'a>, value: Datum<'a>, operator: Operator) -> bool {
    let negative = matches!(
        operator,
        Operator::NotIn | Operator::AnyNotIn | Operator::AllNotIn
    );
    if key.is_list() {
        let keys: Vec<String> = key.items().map(build::sprint).collect();
        return list_is_in(scope, &keys, value, operator);
    }
    if build::is_null(key) || key.is_map() {
        return false;
    }
    match one_is_in(scope, &build::sprint(key), value, operator) {
        Some(found) => found != negative,
        None => false,
    }
}

/// Whether one key is among the values; `None` if the value is of a wrong type.
fn one_is_in<'a>(
    scope: &Scope<'_, 'a>,
    key: &str,
    value: Datum<'a>,
    operator: Operator,
) -> Option<bool> {
    if value.is_list() {
        let mut values = value.items().map(build::sprint);
        return Some(values.any(|value| alike(&value, key)));
    }
    let text = value.as_text()?;
    if wildcard::matches(text, key) {
        return Some(true);
    }
    let old = matches!(operator, Operator::In | Operator::NotIn);
    if !old && scalar::is_range(text) {
        return Some(scalar::text_matches(Datum::Text(key), text));
    }
    let listed = listed(scope, text, old)?;
    Some(listed.iter().any(|value| value == key))
}

fn alike(one: &str, other: &str) -> bool {
    wildcard::matches(one, other) || wildcard::matches(other, one)
}

/// A JSON list in a text; a text that is no JSON is one value where the reading allows it.
fn listed(scope: &Scope<'_, '_>, text: &str, only_json: bool) -> Option<Vec<String>> {
    let parsed = read_text(scope.context, text, Syntax::Json);
    match parsed {
        Ok(list) if list.is_list() => {
            let texts = list.items().map(|item| item.as_text().map(str::to_owned));
            texts.collect()
        }
        Ok(_) => None,
        Err(_) if only_json => None,
        Err(_) => Some(vec![text.to_owned()]),
    }
}

fn list_is_in<'a>(
    scope: &Scope<'_, 'a>,
    keys: &[String],
    value: Datum<'a>,
    operator: Operator,
) -> bool {
    let any = matches!(operator, Operator::AnyIn | Operator::AnyNotIn);
    let values: Vec<String> = if value.is_list() {
        value.items().map(build::sprint).collect()
    } else if let Some(text) = value.as_text() {
        if let [only] = keys
            && only == text
        {
            return matches!(
                operator,
                Operator::AnyIn | Operator::AllIn | Operator::In | Operator::NotIn
            );
        }
        let old = matches!(operator, Operator::In | Operator::NotIn);
        if !old && scalar::is_range(text) {
            let inside = |key: &String| scalar::text_matches(Datum::Text(key), text);
            return match operator {
                Operator::AnyIn => keys.iter().any(inside),
                Operator::AllIn => keys.iter().all(inside),
                Operator::AnyNotIn => keys.iter().any(|key| !inside(key)),
                _ => !keys.iter().any(inside),
            };
        }
        match listed(scope, text, old) {
            Some(values) => values,
            None => return false,
        }
    } else if any && !build::is_null(value) && !value.is_map() {
        vec![build::sprint(value)]
    } else {
        return false;
    };
    let found = |key: &String| values.iter().any(|value| alike(key, value));
    let exact = |key: &String| values.contains(key);
    match operator {
        Operator::AnyIn => keys.iter().any(found),
        Operator::AllIn => keys.iter().all(found),
        Operator::AnyNotIn => keys.iter().any(|key| !found(key)),
        Operator::AllNotIn => !keys.iter().any(found),
        Operator::In => keys.iter().all(exact),
        _ => keys.iter().any(|key| !exact(key)),
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;
    use crate::budget::{Budget, Meter};
    use crate::context::{Context, Effects};
    use crate::languages::kyverno::request::Request;

    fn holds(conditions: &str) -> Result<bool, String> {
        let arena = Bump::new();
        let context = Context::new(&arena, Meter::start(Budget::default()), Effects::default());
        let object =
            read_text(&context, "{kind: Pod, size: 3, list: [a, b]}", Syntax::Yaml).unwrap();
        let request = Request::create(object);
        let scope = Scope::new(&context, &request);
        let read = read_text(&context, conditions, Syntax::Yaml).unwrap();
        let conditions = Conditions::read(read);
        conditions
            .hold(&scope)
            .map(|(holds, _)| holds)
            .map_err(|error| error.to_string())
    }

    fn one(key: &str, operator: &str, value: &str) -> bool {
        holds(&format!(
            "{{all: [{{key: {key}, operator: {operator}, value: {value}}}]}}"
        ))
        .unwrap()
    }

    #[test]
    fn operators_compare_across_types() {
        for (key, operator, value) in [
            ("'{{ request.object.kind }}'", "Equals", "Pod"),
            ("'{{ request.object.size }}'", "GreaterThan", "2"),
            ("1h", "Equals", "60m"),
            ("1Gi", "LessThan", "2Gi"),
            ("1.10.0", "GreaterThan", "1.9.0"),
            ("'{{ request.object.list }}'", "AnyIn", "[b, c]"),
            ("'{{ request.object.list }}'", "AnyNotIn", "[b, c]"),
            ("'{{ request.object.list }}'", "AllIn", "['?']"),
            ("'{{ request.object.list }}'", "AllNotIn", "[c]"),
            ("5", "AnyIn", "1-10"),
            ("a", "In", "'[\"a\", \"b\"]'"),
            ("x", "NotEquals", "y"),
            ("30", "DurationLessThan", "1m"),
        ] {
            assert!(one(key, operator, value), "{key} {operator} {value}");
        }
        for (key, operator, value) in [
            ("a", "AnyNotIn", "[a]"),
            ("'{{ request.object.list }}'", "AllIn", "[a]"),
            ("null", "NotEquals", "y"),
            ("a", "GreaterThan", "1"),
        ] {
            assert!(!one(key, operator, value), "{key} {operator} {value}");
        }
    }

    #[test]
    fn blocks_join_conditions_and_missing_keys_are_errors() {
        let yes = "{key: a, operator: Equals, value: a}";
        let no = "{key: a, operator: Equals, value: b}";
        assert_eq!(
            holds(&format!("{{any: [{no}, {yes}], all: [{yes}]}}")),
            Ok(true)
        );
        assert_eq!(holds(&format!("{{any: [{no}], all: [{yes}]}}")), Ok(false));
        assert_eq!(holds(&format!("[{yes}, {no}]")), Ok(false));
        assert_eq!(holds("[]"), Ok(true));
        let error = holds("[{key: '{{ request.object.gone.x }}', operator: Equals, value: a}]");
        assert!(error.unwrap_err().contains("unknown key `gone`"));
        let error = holds("[{key: a, operator: Nearly, value: a}]");
        assert_eq!(error, Err("unknown operator `Nearly`".to_owned()));
    }
}
