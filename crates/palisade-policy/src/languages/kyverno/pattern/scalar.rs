//! One scalar of a pattern against one value: operators, ranges, wildcards, quantities, durations.

use crate::datum::Datum;
use crate::languages::kyverno::scalars::quantity::Quantity;
use crate::languages::kyverno::scalars::{build, duration, wildcard};

/// An operator before a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    More,
    MoreOrEqual,
    Less,
    LessOrEqual,
}

/// Whether a value matches a scalar of a pattern.
pub(crate) fn matches(value: Datum<'_>, pattern: Datum<'_>) -> bool {
    let value = value.scalar();
    match pattern.scalar() {
        Datum::Bool(pattern) => matches!(value, Datum::Bool(value) if value == pattern),
        Datum::Int(pattern) => match value {
            Datum::Int(value) => value == pattern,
            Datum::Float(_) => build::equal(value, Datum::Int(pattern)),
            Datum::Text(text) => text.parse() == Ok(pattern),
            _ => false,
        },
        Datum::Float(pattern) => match value {
            Datum::Int(_) | Datum::Float(_) => build::equal(value, Datum::Float(pattern)),
            #[expect(clippy::float_cmp, reason = "equality of numbers is what is asked")]
            Datum::Text(text) => text.parse::<f64>().is_ok_and(|value| value == pattern),
            _ => false,
        },
        Datum::Null => match value {
            Datum::Null => true,
            Datum::Int(value) => value == 0,
            Datum::Float(value) => value == 0.0,
            Datum::Text(text) => text.is_empty(),
            Datum::Bool(value) => !value,
            _ => false,
        },
        Datum::Text(pattern) => text_matches(value, pattern),
        pattern => pattern.is_map() && value.is_map(),
    }
}

/// Whether a value matches `a | b & c`.
pub(crate) fn text_matches(value: Datum<'_>, pattern: &str) -> bool {
    value.as_text() == Some(pattern)
        || pattern.split('|').any(|alternative| {
            let mut conditions = alternative.trim_matches(' ').split('&');
            conditions.all(|condition| condition_matches(value, condition.trim_matches(' ')))
        })
}

/// Whether a text is a range such as `1-10`.
pub(crate) fn is_range(pattern: &str) -> bool {
    starting_operator(pattern).is_none()
        && ends(pattern, "!-").is_none()
        && ends(pattern, "-").is_some()
}

fn condition_matches(value: Datum<'_>, pattern: &str) -> bool {
    if let Some((operator, rest)) = starting_operator(pattern) {
        return operand_matches(value, rest.trim(), operator);
    }
    if let Some((low, high)) = ends(pattern, "!-") {
        return operand_matches(value, low, Operator::Less)
            || operand_matches(value, high, Operator::More);
    }
    if let Some((low, high)) = ends(pattern, "-") {
        return operand_matches(value, low, Operator::MoreOrEqual)
            && operand_matches(value, high, Operator::LessOrEqual);
    }
    operand_matches(value, pattern.trim(), Operator::Equal)
}

fn starting_operator(pattern: &str) -> Option<(Operator, &str)> {
    if pattern.len() < 2 {
        return None;
    }
    [
        (">=", Operator::MoreOrEqual),
        ("<=", Operator::LessOrEqual),
        (">", Operator::More),
        ("<", Operator::Less),
        ("!", Operator::NotEqual),
    ]
    .into_iter()
    .find_map(|(sign, operator)| Some((operator, pattern.strip_prefix(sign)?)))
}

/// The two ends of a range with a separator between them.
fn ends<'p>(pattern: &'p str, separator: &str) -> Option<(&'p str, &'p str)> {
    pattern.match_indices(separator).find_map(|(at, _)| {
        let (low, rest) = pattern.split_at(at);
        let high = rest.strip_prefix(separator)?;
        (is_end(low) && is_end(high)).then_some((low, high))
    })
}

/// A number with an optional sign, fraction and suffix of letters.
fn is_end(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+', '|']).unwrap_or(text);
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(text);
    let mut rest = text.get(whole..).unwrap_or("");
    if let Some(fraction) = rest.strip_prefix('.') {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = fraction.get(count..).unwrap_or("");
    }
    whole > 0 && rest.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn holds(operator: Operator, order: std::cmp::Ordering) -> bool {
    match operator {
        Operator::Equal => order.is_eq(),
        Operator::NotEqual => order.is_ne(),
        Operator::More => order.is_gt(),
        Operator::MoreOrEqual => order.is_ge(),
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
    }
}

fn operand_matches(value: Datum<'_>, pattern: &str, operator: Operator) -> bool {
    let comparable = match value {
        Datum::Null => Some("0".to_owned()),
        Datum::Int(_) | Datum::Float(_) | Datum::Text(_) => Some(build::sprint(value)),
        _ => None,
    };
    if let Some(text) = &comparable {
        if let (Some(pattern), Some(value)) = (duration::parse(pattern), duration::parse(text)) {
            return holds(operator, value.cmp(&pattern));
        }
        if let (Some(pattern), Some(value)) = (Quantity::parse(pattern), Quantity::parse(text)) {
            return holds(operator, value.cmp(&pattern));
        }
    }
    let text = match value {
        Datum::Null => return false,
        Datum::Bool(value) => value.to_string(),
        _ => match comparable {
            Some(text) => text,
            None => return false,
        },
    };
    match operator {
        Operator::Equal => wildcard::matches(pattern, &text),
        Operator::NotEqual => !wildcard::matches(pattern, &text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_patterns_are_conditions() {
        for (value, pattern) in [
            (Datum::Text("ghcr.io/a"), "ghcr.io/* | quay.io/*"),
            (Datum::Text("x"), "!a & !b"),
            (Datum::Int(5), "1-10"),
            (Datum::Text("512Mi"), "<=1Gi"),
            (Datum::Text("90s"), ">1m"),
            (Datum::Int(20), "1!-10"),
            (Datum::Bool(true), "true"),
            (Datum::Null, "<=1Gi"),
            (Datum::Text("ab"), "?*"),
            (Datum::Int(8080), "80*"),
        ] {
            assert!(text_matches(value, pattern), "{value:?} {pattern}");
        }
        for (value, pattern) in [
            (Datum::Null, "?*"),
            (Datum::Text("a"), "!a"),
            (Datum::Int(11), "1-10"),
            (Datum::Text("x"), ">1"),
            (Datum::Bool(true), "!true"),
        ] {
            assert!(!text_matches(value, pattern), "{value:?} {pattern}");
        }
    }

    #[test]
    fn scalars_of_other_types_match_by_value() {
        assert!(matches(Datum::Text("8"), Datum::Int(8)));
        assert!(matches(Datum::Null, Datum::Null));
        assert!(matches(Datum::Text(""), Datum::Null));
        assert!(!matches(Datum::Text("true"), Datum::Bool(true)));
        assert!(is_range("1-10") && !is_range("a-b") && !is_range("!1-10"));
    }
}
