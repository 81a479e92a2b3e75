//! Evaluates an expression.

use palisade_document::Span;

use super::super::syntax::{ExpressionId, ExpressionKind, NOWHERE, Range};
use super::super::value::{Map, Value};
use super::builtins::length_of;
use super::frames::{Closure, LazyRule, RuleState};
use super::{At, Machine, Outcome, Scope, Traced, failed};

impl<'r> Machine<'r> {
    pub(in super::super) fn evaluate(
        &self,
        scope: Scope<'r>,
        id: ExpressionId,
    ) -> Outcome<Value<'r>> {
        let program = scope.module.program;
        let Some(expression) = program.expressions.get(id as usize) else {
            return Ok(Value::Undefined);
        };
        let at = At {
            program,
            span: expression.span,
        };
        match expression.kind {
            ExpressionKind::Undefined => Ok(self.undefined(at)),
            ExpressionKind::Null => Ok(Value::Null),
            ExpressionKind::Bool(value) => Ok(Value::Bool(value)),
            ExpressionKind::Int(value) => Ok(Value::Int(value)),
            ExpressionKind::Float(value) => Ok(Value::Float(value)),
            ExpressionKind::Text(span) => Ok(Value::Text(program.text(span))),
            ExpressionKind::Unescaped(span) => Ok(Value::Text(unescaped(&program.unescaped, span))),
            ExpressionKind::Name(reference) => self.name(scope, at, reference),
            kind => {
                self.charge(1)?;
                self.deeper(at, || self.composed(scope, at, id, kind))
            }
        }
    }

    fn composed(
        &self,
        scope: Scope<'r>,
        at: At<'r>,
        id: ExpressionId,
        kind: ExpressionKind,
    ) -> Outcome<Value<'r>> {
        match kind {
            ExpressionKind::List(range) => self.list(scope, range),
            ExpressionKind::Map(range) => self.map(scope, range),
            ExpressionKind::Not(operand) => Ok(match self.evaluate(scope, operand)? {
                Value::Bool(value) => Value::Bool(!value),
                _ => Value::Undefined,
            }),
            ExpressionKind::Negate(operand) => match self.evaluate(scope, operand)? {
                Value::Int(value) => Ok(Value::Int(value.wrapping_neg())),
                Value::Float(value) => Ok(Value::Float(-value)),
                Value::Undefined => Ok(Value::Undefined),
                other => Err(failed(at, format!("cannot negate a {}", other.type_name()))),
            },
            ExpressionKind::Plus(operand) => match self.evaluate(scope, operand)? {
                value @ (Value::Int(_) | Value::Float(_) | Value::Undefined) => Ok(value),
                other => {
                    let sentence = format!("`+` needs a number, not a {}", other.type_name());
                    Err(failed(at, sentence))
                }
            },
            ExpressionKind::Binary(..) => self.binary(scope, id),
            ExpressionKind::IsEmpty(operand) => {
                let value = self.evaluate(scope, operand)?;
                Ok(match length_of(at, value)? {
                    Some(length) => Value::Bool(length == 0),
                    None => Value::Undefined,
                })
            }
            ExpressionKind::IsDefined(operand) => {
                Ok(Value::Bool(!self.evaluate(scope, operand)?.is_undefined()))
            }
            ExpressionKind::Index(value, index) => {
                let value = self.evaluate(scope, value)?;
                let index = self.evaluate(scope, index)?;
                self.index(at, value, index)
            }
            ExpressionKind::Select(value, name) => {
                let value = self.evaluate(scope, value)?;
                self.select(at, value, at.program.text(name))
            }
            ExpressionKind::Slice(value, bounds) => self.slice(scope, at, value, bounds),
            ExpressionKind::Call(callee, arguments) => self.call(scope, at, callee, arguments),
            ExpressionKind::Quantifier(index) => self.quantifier(scope, at, index),
            ExpressionKind::Function(index) => Ok(match at.program.functions.get(index as usize) {
                Some(function) => Value::Function(self.arena.alloc(Closure { scope, function })),
                None => Value::Undefined,
            }),
            ExpressionKind::Rule(index) => Ok(match at.program.rules.get(index as usize) {
                Some(rule) => Value::Rule(self.arena.alloc(LazyRule {
                    scope,
                    rule,
                    state: std::cell::Cell::new(RuleState::Asleep),
                })),
                None => Value::Undefined,
            }),
            _ => Ok(Value::Undefined),
        }
    }

    fn list(&self, scope: Scope<'r>, range: Range) -> Outcome<Value<'r>> {
        let operands = range.of(&scope.module.program.operands);
        let mut items = bumpalo::collections::Vec::with_capacity_in(operands.len(), self.arena);
        for operand in operands {
            items.push(self.evaluate(scope, *operand)?);
        }
        Ok(Value::list(self.arena, items))
    }

    fn map(&self, scope: Scope<'r>, range: Range) -> Outcome<Value<'r>> {
        let map = Map::new(self.arena);
        for pair in range.of(&scope.module.program.operands).chunks_exact(2) {
            let [key, value] = pair else { continue };
            let at = place_of(scope, *key);
            let key = as_key(at, self.evaluate(scope, *key)?)?;
            map.set(self.arena, key, self.evaluate(scope, *value)?);
        }
        Ok(Value::Map(self.arena.alloc(map)))
    }

    fn name(&self, scope: Scope<'r>, at: At<'r>, reference: u32) -> Outcome<Value<'r>> {
        let program = at.program;
        let candidates = program
            .references
            .get(reference as usize)
            .map_or(&[][..], |found| found.candidates.of(&program.candidates));
        for candidate in candidates {
            let frame = scope.frame.outwards(candidate.hops);
            match frame.and_then(|frame| frame.get(candidate.slot)) {
                Some(Value::Rule(rule)) => return self.force(rule),
                Some(value) => return Ok(value),
                None => {}
            }
        }
        let name = program.name(reference);
        if let Some(native) = super::builtin(name) {
            return Ok(Value::Native(native));
        }
        if let Some(value) = self.global_of_environment(name) {
            return Ok(value);
        }
        Err(failed(at, format!("`{name}` is not known here")))
    }

    /// The value of a rule, evaluated the first time it is asked for.
    pub(in super::super) fn force(&self, lazy: &'r LazyRule<'r>) -> Outcome<Value<'r>> {
        let rule = lazy.rule;
        let at = At {
            program: lazy.scope.module.program,
            span: rule.span,
        };
        match lazy.state.get() {
            RuleState::Done(value) => return Ok(value),
            RuleState::Running => {
                let sentence = format!("the rule `{}` needs its own value", rule.name);
                return Err(failed(at, sentence));
            }
            RuleState::Asleep => lazy.state.set(RuleState::Running),
        }
        let value = self.deeper(at, || {
            let applies = match rule.when {
                Some(when) => self.evaluate(lazy.scope, when)?,
                None => Value::Bool(true),
            };
            match applies {
                Value::Bool(true) => self.evaluate(lazy.scope, rule.body),
                Value::Bool(false) => Ok(Value::Bool(true)),
                _ => Ok(Value::Undefined),
            }
        })?;
        lazy.state.set(RuleState::Done(value));
        if lazy.scope.module.is_policy {
            self.trace.borrow_mut().push(Traced {
                program: at.program,
                rule,
                value,
            });
        }
        Ok(value)
    }

    /// `value[index]`.
    pub(in super::super) fn index(
        &self,
        at: At<'r>,
        value: Value<'r>,
        index: Value<'r>,
    ) -> Outcome<Value<'r>> {
        let found = match (value, index) {
            (Value::Undefined, _) | (_, Value::Undefined) => return Ok(Value::Undefined),
            (Value::Null, _) => None,
            (Value::Map(map), key) => map.get(self.arena, key),
            (Value::List(list), Value::Int(index)) => {
                position(index, list.len()).and_then(|index| list.get(self.arena, index))
            }
            (Value::Text(text), Value::Int(index)) => match position(index, text.len()) {
                Some(index) => Some(piece(at, text, index, index + 1)?),
                None => None,
            },
            (Value::Instance(_) | Value::Module(_) | Value::Namespace(_), Value::Text(name)) => {
                return self.select(at, value, name);
            }
            (value, index) => {
                let sentence = format!(
                    "a {} cannot be indexed by a {}",
                    value.type_name(),
                    index.type_name()
                );
                return Err(failed(at, sentence));
            }
        };
        match found {
            Some(Value::Rule(rule)) => self.force(rule),
            Some(value) => {
                self.places.touch(value);
                Ok(value)
            }
            None => Ok(self.undefined(at)),
        }
    }

    /// `value.name`.
    pub(in super::super) fn select(
        &self,
        at: At<'r>,
        value: Value<'r>,
        name: &'r str,
    ) -> Outcome<Value<'r>> {
        let found = match value {
            Value::Undefined => return Ok(Value::Undefined),
            Value::Null => None,
            Value::Map(map) => map.get_text(self.arena, name),
            Value::Module(module) => module.global(name),
            Value::Namespace(index) => self.select_in_namespace(at, index, name)?,
            Value::Instance(instance) => instance.select(self, name),
            other => {
                let sentence = format!("a {} has no `{name}`", other.type_name());
                return Err(failed(at, sentence));
            }
        };
        match found {
            Some(Value::Rule(rule)) => self.force(rule),
            Some(value) => {
                self.places.touch(value);
                Ok(value)
            }
            None => Ok(self.undefined(at)),
        }
    }

    fn slice(
        &self,
        scope: Scope<'r>,
        at: At<'r>,
        value: ExpressionId,
        bounds: Range,
    ) -> Outcome<Value<'r>> {
        let value = self.evaluate(scope, value)?;
        let mut limits = [None, None];
        for (limit, bound) in limits.iter_mut().zip(bounds.of(&at.program.operands)) {
            if *bound == NOWHERE {
                continue;
            }
            *limit = match self.evaluate(scope, *bound)? {
                Value::Int(bound) => Some(bound),
                Value::Undefined => return Ok(Value::Undefined),
                other => {
                    let sentence =
                        format!("a bound is a whole number, not a {}", other.type_name());
                    return Err(failed(at, sentence));
                }
            };
        }
        let [low, high] = limits;
        let bounds = |length: usize| {
            let low = usize::try_from(low.unwrap_or(0)).ok()?;
            let high = match high {
                Some(high) => usize::try_from(high).ok()?,
                None => length,
            };
            (low <= high && high <= length).then_some((low, high))
        };
        match value {
            Value::Undefined => Ok(Value::Undefined),
            Value::Null => Ok(self.undefined(at)),
            Value::Text(text) => match bounds(text.len()) {
                Some((low, high)) => piece(at, text, low, high),
                None => Ok(self.undefined(at)),
            },
            Value::List(list) => match bounds(list.len()) {
                Some((low, high)) => {
                    self.charge((high - low) as u64 / 8)?;
                    let items = list.items(self.arena);
                    let items = items.get(low..high).unwrap_or_default();
                    Ok(Value::list(self.arena, items.iter().copied()))
                }
                None => Ok(self.undefined(at)),
            },
            other => Err(failed(at, format!("a {} has no slices", other.type_name()))),
        }
    }
}

/// A value as the key of a map.
pub(super) fn as_key<'r>(at: At<'r>, key: Value<'r>) -> Outcome<Value<'r>> {
    match key {
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => Ok(key),
        other => {
            let sentence = format!("a {} cannot be the key of a map", other.type_name());
            Err(failed(at, sentence))
        }
    }
}

/// Where an expression stands.
pub(super) fn place_of(scope: Scope<'_>, id: ExpressionId) -> At<'_> {
    let program = scope.module.program;
    let expression = program.expressions.get(id as usize);
    At {
        program,
        span: expression.map_or_else(Span::default, |expression| expression.span),
    }
}

fn unescaped(pool: &str, span: Span) -> &str {
    pool.get(span.start as usize..span.end as usize)
        .unwrap_or_default()
}

/// An index from the start or, if negative, from the end; `None` if it is out of range.
fn position(index: i64, length: usize) -> Option<usize> {
    match usize::try_from(index) {
        Ok(index) => (index < length).then_some(index),
        Err(_) => length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
    }
}

/// Bytes of a text; a character that they would cut in two is a failure.
fn piece<'r>(at: At<'r>, text: &'r str, low: usize, high: usize) -> Outcome<Value<'r>> {
    let found = text.get(low..high);
    found.map(Value::Text).ok_or_else(|| {
        let sentence = "this cuts a character of several bytes in two, which is not supported";
        failed(at, sentence)
    })
}
