//! Numbers, and arithmetic over numbers, quantities and durations.

use crate::datum::Datum;
use crate::languages::kyverno::scalars::quantity::Quantity;
use crate::languages::kyverno::scalars::{build, duration};

use super::SearchError;
use super::functions::{Function, Given, Kind, failure, number, value};
use super::interpret::{Argument, Interpreter};

const NUMBER: &[Kind] = &[Kind::Number];
const ANY: &[Kind] = &[Kind::Any];

/// The functions.
pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("abs", &[NUMBER], abs),
    Function::new("ceil", &[NUMBER], ceil),
    Function::new("floor", &[NUMBER], floor),
    Function::new("avg", &[&[Kind::Numbers]], avg),
    Function::new("round", &[NUMBER, NUMBER], round),
    Function::new("add", &[ANY, ANY], add),
    Function::new("sum", &[&[Kind::List]], sum),
    Function::new("subtract", &[ANY, ANY], subtract),
    Function::new("multiply", &[ANY, ANY], multiply),
    Function::new("divide", &[ANY, ANY], divide),
    Function::new("modulo", &[ANY, ANY], modulo),
];

/// What can be calculated with.
#[derive(Debug, Clone, Copy)]
enum Operand {
    Scalar(f64),
    Amount(Quantity),
    Span(i64),
}

const NANO: i128 = 1_000_000_000;

fn abs<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    Ok(build::number(number(arguments, 0).abs()))
}

fn ceil<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    Ok(build::number(number(arguments, 0).ceil()))
}

fn floor<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    Ok(build::number(number(arguments, 0).floor()))
}

#[expect(clippy::cast_precision_loss, reason = "a count of items")]
fn avg<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let list = value(arguments, 0);
    if list.is_empty() {
        return Ok(Datum::Null);
    }
    let total: f64 = list.items().filter_map(build::as_number).sum();
    Ok(build::number(total / list.len() as f64))
}

fn round<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let digits = number(arguments, 1);
    if digits.fract() != 0.0 || digits < 0.0 {
        return failure("round", "the number of digits is not a whole number from 0");
    }
    let shift = 10_f64.powf(digits);
    let rounded = (number(arguments, 0) * shift).round() / shift;
    if rounded.is_finite() {
        return Ok(build::number(rounded));
    }
    Ok(value(arguments, 0))
}

fn operand(name: &str, value: Datum<'_>) -> Result<Operand, SearchError> {
    if let Some(value) = build::as_number(value) {
        return Ok(Operand::Scalar(value));
    }
    let text = value.as_text().unwrap_or("");
    if let Some(amount) = Quantity::parse(text) {
        return Ok(Operand::Amount(amount));
    }
    match duration::parse(text) {
        Some(span) => Ok(Operand::Span(span)),
        None => failure(name, "an operand is no number, quantity or duration"),
    }
}

fn operands(name: &str, arguments: &[Argument<'_, '_>]) -> Result<(Operand, Operand), SearchError> {
    Ok((
        operand(name, value(arguments, 0))?,
        operand(name, value(arguments, 1))?,
    ))
}

fn written<'a>(interpreter: Interpreter<'_, 'a>, name: &str, result: Option<Operand>) -> Given<'a> {
    let arena = interpreter.context.arena;
    match result {
        Some(Operand::Scalar(value)) if value.is_finite() => Ok(build::number(value)),
        Some(Operand::Amount(amount)) => Ok(build::text(arena, &amount.print())),
        Some(Operand::Span(span)) => Ok(build::text(arena, &duration::print(span))),
        _ => failure(
            name,
            "the operands do not go together, or the result is too large",
        ),
    }
}

fn plus(left: Operand, right: Operand, sign: i8) -> Option<Operand> {
    Some(match (left, right) {
        (Operand::Scalar(left), Operand::Scalar(right)) => {
            Operand::Scalar(left + f64::from(sign) * right)
        }
        (Operand::Amount(left), Operand::Amount(right)) => {
            let nano = left.nano().checked_add(i128::from(sign) * right.nano())?;
            Operand::Amount(Quantity::of_nano(nano, left.format()))
        }
        (Operand::Span(left), Operand::Span(right)) => {
            Operand::Span(left.checked_add(right.checked_mul(i64::from(sign))?)?)
        }
        _ => return None,
    })
}

fn add<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let (left, right) = operands("add", arguments)?;
    written(interpreter, "add", plus(left, right, 1))
}

fn subtract<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let (left, right) = operands("subtract", arguments)?;
    written(interpreter, "subtract", plus(left, right, -1))
}

fn sum<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let mut items = value(arguments, 0).items();
    let Some(first) = items.next() else {
        return failure("sum", "the list is empty");
    };
    let Some(second) = items.next() else {
        return Ok(first);
    };
    let mut total = plus(operand("sum", first)?, operand("sum", second)?, 1);
    for item in items {
        let item = operand("sum", item)?;
        total = total.and_then(|total| plus(total, item, 1));
    }
    written(interpreter, "sum", total)
}

/// A whole or fractional factor in billionths.
#[expect(clippy::cast_possible_truncation, reason = "bounded just before")]
fn in_nano(value: f64) -> Option<i128> {
    let nano = value * 1e9;
    (nano.abs() < 1e27).then_some(nano.round() as i128)
}

#[expect(clippy::cast_possible_truncation, reason = "bounded just before")]
fn scaled(span: i64, factor: f64) -> Option<Operand> {
    #[expect(clippy::cast_precision_loss, reason = "Go calculates in doubles too")]
    let product = span as f64 * factor;
    (product.abs() < 9e18).then_some(Operand::Span(product as i64))
}

fn multiply<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let product = match operands("multiply", arguments)? {
        (Operand::Scalar(left), Operand::Scalar(right)) => Some(Operand::Scalar(left * right)),
        (Operand::Scalar(factor), Operand::Amount(amount))
        | (Operand::Amount(amount), Operand::Scalar(factor)) => in_nano(factor)
            .and_then(|factor| amount.nano().checked_mul(factor))
            .map(|product| Operand::Amount(Quantity::of_nano(product / NANO, amount.format()))),
        (Operand::Scalar(factor), Operand::Span(span))
        | (Operand::Span(span), Operand::Scalar(factor)) => scaled(span, factor),
        _ => None,
    };
    written(interpreter, "multiply", product)
}

fn divide<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let (left, right) = operands("divide", arguments)?;
    if is_zero(right) {
        return failure("divide", "the divisor is zero");
    }
    #[expect(clippy::cast_precision_loss, reason = "Go calculates in doubles too")]
    let quotient = match (left, right) {
        (Operand::Scalar(left), Operand::Scalar(right)) => Some(Operand::Scalar(left / right)),
        (Operand::Amount(left), Operand::Amount(right)) => {
            Some(Operand::Scalar(left.approximate() / right.approximate()))
        }
        (Operand::Amount(left), Operand::Scalar(right)) => in_nano(right)
            .filter(|right| *right != 0)
            .and_then(|right| left.nano().checked_mul(NANO).map(|left| left / right))
            .map(|quotient| Operand::Amount(truncated(left, quotient))),
        (Operand::Span(left), Operand::Span(right)) => {
            Some(Operand::Scalar(left as f64 / right as f64))
        }
        (Operand::Span(left), Operand::Scalar(right)) => scaled(left, 1.0 / right),
        _ => None,
    };
    written(interpreter, "divide", quotient)
}

/// A quotient is as precise as its dividend was written.
fn truncated(dividend: Quantity, quotient: i128) -> Quantity {
    let unit = [NANO, 1_000_000, 1_000, 1]
        .into_iter()
        .find(|unit| dividend.nano() % unit == 0)
        .unwrap_or(1);
    Quantity::of_nano(quotient / unit * unit, dividend.format())
}

fn is_zero(operand: Operand) -> bool {
    match operand {
        Operand::Scalar(value) => value == 0.0,
        Operand::Amount(amount) => amount.nano() == 0,
        Operand::Span(span) => span == 0,
    }
}

fn modulo<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let (left, right) = operands("modulo", arguments)?;
    if is_zero(right) {
        return failure("modulo", "the divisor is zero");
    }
    let rest = match (left, right) {
        (Operand::Scalar(left), Operand::Scalar(right)) => {
            if left.fract() != 0.0 || right.fract() != 0.0 {
                return failure("modulo", "the operands are not whole numbers");
            }
            Some(Operand::Scalar(left % right))
        }
        (Operand::Amount(left), Operand::Amount(right)) => {
            if left.nano() % NANO != 0 || right.nano() % NANO != 0 {
                return failure("modulo", "the operands are not whole numbers");
            }
            let rest = left.nano() % right.nano();
            Some(Operand::Amount(Quantity::of_nano(rest, left.format())))
        }
        (Operand::Span(left), Operand::Span(right)) => left.checked_rem(right).map(Operand::Span),
        _ => None,
    };
    written(interpreter, "modulo", rest)
}
