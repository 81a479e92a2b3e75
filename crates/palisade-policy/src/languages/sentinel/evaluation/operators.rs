//! Operators with two operands, with `undefined` as a third truth value.

use std::cmp::Ordering;

use super::super::syntax::{BinaryOperator, ExpressionId, ExpressionKind};
use super::super::value::{Order, Value, equal, order};
use super::expressions::place_of;
use super::patterns;
use super::{At, Machine, Outcome, Scope, failed};

/// Longest text and list that `+` makes.
const MAX_LENGTH: usize = 16 << 20;

impl<'r> Machine<'r> {
    /// A chain such as `a and b and c` is folded from the left without nesting.
    pub(super) fn binary(&self, scope: Scope<'r>, id: ExpressionId) -> Outcome<Value<'r>> {
        let expressions = &scope.module.program.expressions;
        let parts = |id: ExpressionId| match expressions.get(id as usize)?.kind {
            ExpressionKind::Binary(operator, left, right) => Some((operator, left, right)),
            _ => None,
        };
        let Some((operator, left, right)) = parts(id) else {
            return Ok(Value::Undefined);
        };
        if parts(left).is_none() {
            let left = self.evaluate(scope, left)?;
            return self.apply_lazily(scope, id, (operator, left, right));
        }
        let mut chain = vec![(id, operator, right)];
        let mut first = left;
        while let Some((operator, left, right)) = parts(first) {
            self.charge(1)?;
            chain.push((first, operator, right));
            first = left;
        }
        let mut value = self.evaluate(scope, first)?;
        for (id, operator, right) in chain.into_iter().rev() {
            value = self.apply_lazily(scope, id, (operator, value, right))?;
        }
        Ok(value)
    }

    /// Applies an operator, evaluating the right side only where it matters.
    fn apply_lazily(
        &self,
        scope: Scope<'r>,
        id: ExpressionId,
        (operator, left, right): (BinaryOperator, Value<'r>, ExpressionId),
    ) -> Outcome<Value<'r>> {
        let truth = |value: Value<'r>| match value {
            Value::Bool(value) => Some(value),
            _ => None,
        };
        let value = |truth: Option<bool>| truth.map_or(Value::Undefined, Value::Bool);
        match operator {
            BinaryOperator::Else if left.is_undefined() => self.evaluate(scope, right),
            BinaryOperator::Else => Ok(left),
            BinaryOperator::And => Ok(match truth(left) {
                Some(true) => value(truth(self.evaluate(scope, right)?)),
                left => value(left),
            }),
            BinaryOperator::Or => Ok(match truth(left) {
                Some(true) => Value::Bool(true),
                Some(false) => value(truth(self.evaluate(scope, right)?)),
                None => value(truth(self.evaluate(scope, right)?).filter(|right| *right)),
            }),
            BinaryOperator::Xor => {
                let right = truth(self.evaluate(scope, right)?);
                Ok(value(
                    truth(left).zip(right).map(|(left, right)| left != right),
                ))
            }
            BinaryOperator::Matches | BinaryOperator::NotMatches => {
                let pattern = self.evaluate(scope, right)?;
                let found = self.is_match(scope, id, left, pattern)?;
                let wanted = operator == BinaryOperator::Matches;
                Ok(value(found.map(|found| found == wanted)))
            }
            _ => {
                let right = self.evaluate(scope, right)?;
                self.apply(place_of(scope, id), operator, left, right)
            }
        }
    }

    /// An operator that needs both operands.
    pub(super) fn apply(
        &self,
        at: At<'r>,
        operator: BinaryOperator,
        left: Value<'r>,
        right: Value<'r>,
    ) -> Outcome<Value<'r>> {
        let value = |truth: Option<bool>| truth.map_or(Value::Undefined, Value::Bool);
        Ok(match operator {
            BinaryOperator::Equal => value(equal(self, left, right)?),
            BinaryOperator::NotEqual => value(equal(self, left, right)?.map(|same| !same)),
            BinaryOperator::Less => ordered(left, right, Ordering::is_lt),
            BinaryOperator::LessOrEqual => ordered(left, right, Ordering::is_le),
            BinaryOperator::Greater => ordered(left, right, Ordering::is_gt),
            BinaryOperator::GreaterOrEqual => ordered(left, right, Ordering::is_ge),
            BinaryOperator::Contains => value(self.contains(at, left, right)?),
            BinaryOperator::NotContains => value(self.contains(at, left, right)?.map(|is| !is)),
            BinaryOperator::In => value(self.contains(at, right, left)?),
            BinaryOperator::NotIn => value(self.contains(at, right, left)?.map(|is| !is)),
            _ => return self.arithmetic(at, operator, left, right),
        })
    }

    /// Whether a collection holds a value.
    pub(in super::super) fn contains(
        &self,
        at: At<'r>,
        collection: Value<'r>,
        wanted: Value<'r>,
    ) -> Outcome<Option<bool>> {
        match (collection, wanted) {
            (Value::Undefined, _) | (_, Value::Undefined) => Ok(None),
            (Value::List(list), wanted) => {
                self.charge(list.len() as u64 / 8)?;
                let mut found = Some(false);
                for index in 0..list.len() {
                    let Some(item) = list.get(self.arena, index) else {
                        break;
                    };
                    match equal(self, item, wanted)? {
                        Some(true) => return Ok(Some(true)),
                        Some(false) => {}
                        None => found = None,
                    }
                }
                Ok(found)
            }
            (Value::Map(map), key) => Ok(Some(map.get(self.arena, key).is_some())),
            (Value::Text(text), Value::Text(part)) => {
                self.charge(text.len() as u64 / 1024)?;
                Ok(Some(text.contains(part)))
            }
            (Value::Text(_), other) => {
                let sentence = format!("a string cannot hold a {}", other.type_name());
                Err(failed(at, sentence))
            }
            (other, _) => {
                let sentence = format!(
                    "`contains` and `in` need a list, a map or a string, not a {}",
                    other.type_name()
                );
                Err(failed(at, sentence))
            }
        }
    }

    fn is_match(
        &self,
        scope: Scope<'r>,
        id: ExpressionId,
        text: Value<'r>,
        pattern: Value<'r>,
    ) -> Outcome<Option<bool>> {
        let (text, pattern) = match (text, pattern) {
            (Value::Undefined, _) | (_, Value::Undefined) => return Ok(None),
            (Value::Text(text), Value::Text(pattern)) => (text, pattern),
            (Value::Text(_), other) | (other, _) => {
                let sentence = format!("`matches` needs strings, not a {}", other.type_name());
                return Err(failed(place_of(scope, id), sentence));
            }
        };
        self.charge(text.len() as u64 / 256)?;
        let patterns = &scope.module.program.patterns;
        let constant = patterns
            .binary_search_by_key(&id, |(id, _)| *id)
            .ok()
            .and_then(|index| patterns.get(index));
        let found = match constant {
            Some((_, compiled)) => match compiled.get_or_init(|| patterns::compile(pattern)) {
                Ok(regex) => Ok(regex.is_match(text)),
                Err(sentence) => Err(sentence.clone()),
            },
            None => self.matches(pattern, text),
        };
        found
            .map(Some)
            .map_err(|sentence| failed(place_of(scope, id), sentence))
    }

    fn arithmetic(
        &self,
        at: At<'r>,
        operator: BinaryOperator,
        left: Value<'r>,
        right: Value<'r>,
    ) -> Outcome<Value<'r>> {
        Ok(match (left, right) {
            (Value::Undefined, _) | (_, Value::Undefined) => Value::Undefined,
            (Value::Int(left), Value::Int(right)) => return whole(at, operator, left, right),
            (Value::Text(left), Value::Text(right)) if operator == BinaryOperator::Add => {
                let length = left.len() + right.len();
                self.room_for(at, length)?;
                let mut text = bumpalo::collections::String::with_capacity_in(length, self.arena);
                text.push_str(left);
                text.push_str(right);
                Value::Text(text.into_bump_str())
            }
            (Value::List(left), Value::List(right)) if operator == BinaryOperator::Add => {
                self.room_for(at, left.len() + right.len())?;
                let items = left.items(self.arena).into_iter();
                Value::list(self.arena, items.chain(right.items(self.arena)))
            }
            (left, right) => {
                if let (Some(left), Some(right)) = (number(left), number(right)) {
                    Value::Float(float(operator, left, right))
                } else {
                    let sentence = format!(
                        "cannot calculate with a {} and a {}",
                        left.type_name(),
                        right.type_name()
                    );
                    return Err(failed(at, sentence));
                }
            }
        })
    }

    /// Counts what `+` copies.
    fn room_for(&self, at: At<'r>, length: usize) -> Outcome<()> {
        if length > MAX_LENGTH {
            let sentence = format!("`+` would make more than {MAX_LENGTH} bytes or items");
            return Err(failed(at, sentence));
        }
        self.charge(length as u64 / 256)
    }
}

fn ordered<'r>(left: Value<'r>, right: Value<'r>, is: fn(Ordering) -> bool) -> Value<'r> {
    match order(left, right) {
        Order::Known(order) => Value::Bool(is(order)),
        Order::Unordered => Value::Bool(false),
        Order::Different => Value::Undefined,
    }
}

fn whole(at: At<'_>, operator: BinaryOperator, left: i64, right: i64) -> Outcome<Value<'_>> {
    let divides = matches!(operator, BinaryOperator::Divide | BinaryOperator::Remainder);
    if divides && right == 0 {
        return Err(failed(at, "cannot divide by zero"));
    }
    Ok(Value::Int(match operator {
        BinaryOperator::Add => left.wrapping_add(right),
        BinaryOperator::Subtract => left.wrapping_sub(right),
        BinaryOperator::Multiply => left.wrapping_mul(right),
        BinaryOperator::Divide => left.wrapping_div(right),
        _ => left.wrapping_rem(right),
    }))
}

fn float(operator: BinaryOperator, left: f64, right: f64) -> f64 {
    match operator {
        BinaryOperator::Add => left + right,
        BinaryOperator::Subtract => left - right,
        BinaryOperator::Multiply => left * right,
        BinaryOperator::Divide => left / right,
        _ => left % right,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the language calculates with a whole number and a float as floats"
)]
fn number(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Int(value) => Some(value as f64),
        Value::Float(value) => Some(value),
        _ => None,
    }
}
