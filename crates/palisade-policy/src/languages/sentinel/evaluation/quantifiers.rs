//! `all`, `any`, `filter` and `map`, and the turns of a `for`.

use super::super::syntax::{Binding, QuantifierKind};
use super::super::value::{Map, Value};
use super::expressions::place_of;
use super::frames::Frame;
use super::{At, Machine, Outcome, Scope, failed};

/// What is gone through: keys or indices, and values.
pub(super) enum Turns<'r> {
    /// The elements of a list.
    List(Vec<Value<'r>>),
    /// The entries of a map.
    Map(Vec<(Value<'r>, Value<'r>)>),
}

impl<'r> Turns<'r> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::List(items) => items.len(),
            Self::Map(entries) => entries.len(),
        }
    }

    /// The key or index, and the value, of a turn.
    pub(super) fn get(&self, turn: usize) -> (Value<'r>, Value<'r>) {
        let found = match self {
            Self::List(items) => items.get(turn).map(|item| {
                let index = i64::try_from(turn).unwrap_or(i64::MAX);
                (Value::Int(index), *item)
            }),
            Self::Map(entries) => entries.get(turn).copied(),
        };
        found.unwrap_or((Value::Undefined, Value::Undefined))
    }

    /// Gives a turn's key and value their names; one name alone is a list's value or a map's key.
    pub(super) fn bind(&self, turn: usize, binding: Binding, frame: &Frame<'r>) {
        let (key, value) = self.get(turn);
        match (binding.second, self) {
            (Some(second), _) => {
                frame.set(binding.first, key);
                frame.set(second, value);
            }
            (None, Self::List(_)) => frame.set(binding.first, value),
            (None, Self::Map(_)) => frame.set(binding.first, key),
        }
    }
}

impl<'r> Machine<'r> {
    /// The turns over a collection; `None` if it is undefined.
    pub(super) fn turns(&self, at: At<'r>, collection: Value<'r>) -> Outcome<Option<Turns<'r>>> {
        match collection {
            Value::Undefined => Ok(None),
            Value::List(list) => {
                self.charge(list.len() as u64 / 64)?;
                Ok(Some(Turns::List(list.items(self.arena))))
            }
            Value::Map(map) => {
                self.charge(map.len() as u64 / 64)?;
                Ok(Some(Turns::Map(map.entries(self.arena))))
            }
            other => {
                let sentence = format!(
                    "only a list or a map can be gone through, not a {}",
                    other.type_name()
                );
                Err(failed(at, sentence))
            }
        }
    }

    /// The frame of a loop's scope; `reuse` is the frame of the turn before.
    pub(super) fn turn_frame(
        &self,
        scope: Scope<'r>,
        index: u32,
        reuse: Option<&'r Frame<'r>>,
    ) -> &'r Frame<'r> {
        let shape = scope.module.program.scopes.get(index as usize);
        match (reuse, shape) {
            (Some(frame), Some(shape)) if !shape.kept => {
                frame.clear();
                frame
            }
            (_, shape) => {
                let slots = shape.map_or(0, |shape| shape.slots);
                Frame::new(self.arena, Some(scope.frame), slots)
            }
        }
    }

    pub(super) fn quantifier(
        &self,
        scope: Scope<'r>,
        at: At<'r>,
        index: u32,
    ) -> Outcome<Value<'r>> {
        let Some(quantifier) = at.program.quantifiers.get(index as usize) else {
            return Ok(Value::Undefined);
        };
        let collection = self.evaluate(scope, quantifier.collection)?;
        let Some(turns) = self.turns(place_of(scope, quantifier.collection), collection)? else {
            return Ok(Value::Undefined);
        };
        let _held = self.hold(turns.len())?;
        let mut gathered = Gathered::new(self, quantifier.kind, &turns);
        let mut frame = None;
        for turn in 0..turns.len() {
            self.charge(1)?;
            let inner = self.turn_frame(scope, quantifier.binding.scope, frame);
            frame = Some(inner);
            turns.bind(turn, quantifier.binding, inner);
            let scope = Scope {
                module: scope.module,
                frame: inner,
            };
            let value = self.evaluate(scope, quantifier.body)?;
            if let Some(result) = gathered.add(self, turns.get(turn), value) {
                return Ok(result);
            }
        }
        Ok(gathered.result(self))
    }
}

/// What a quantifier came to so far.
enum Gathered<'r> {
    /// All so far held.
    All,
    /// None so far held; whether one was undefined.
    Any {
        undefined: bool,
    },
    List(Vec<Value<'r>>),
    Map(Map<'r>),
    Results(Vec<Value<'r>>),
}

impl<'r> Gathered<'r> {
    fn new(machine: &Machine<'r>, kind: QuantifierKind, turns: &Turns<'r>) -> Self {
        match (kind, turns) {
            (QuantifierKind::All, _) => Self::All,
            (QuantifierKind::Any, _) => Self::Any { undefined: false },
            (QuantifierKind::Filter, Turns::List(_)) => Self::List(Vec::new()),
            (QuantifierKind::Filter, Turns::Map(_)) => Self::Map(Map::new(machine.arena)),
            (QuantifierKind::Map, _) => Self::Results(Vec::new()),
        }
    }

    /// Adds the body's value for an element; the result, where that decides it.
    fn add(
        &mut self,
        machine: &Machine<'r>,
        (key, element): (Value<'r>, Value<'r>),
        value: Value<'r>,
    ) -> Option<Value<'r>> {
        match (self, value) {
            (Self::All, Value::Bool(false)) => {
                machine.places.fail(element);
                Some(Value::Bool(false))
            }
            (Self::Any { .. }, Value::Bool(true)) => Some(Value::Bool(true)),
            (Self::All, Value::Bool(true))
            | (Self::Any { .. } | Self::List(_) | Self::Map(_), Value::Bool(false)) => None,
            (Self::Any { undefined }, _) => {
                *undefined = true;
                None
            }
            (Self::List(kept), Value::Bool(true)) => {
                machine.places.keep(element);
                kept.push(element);
                None
            }
            (Self::Map(kept), Value::Bool(true)) => {
                machine.places.keep(element);
                kept.set(machine.arena, key, element);
                None
            }
            (Self::Results(results), value) => {
                results.push(value);
                None
            }
            (Self::All | Self::List(_) | Self::Map(_), _) => Some(Value::Undefined),
        }
    }

    fn result(self, machine: &Machine<'r>) -> Value<'r> {
        match self {
            Self::All => Value::Bool(true),
            Self::Any { undefined: true } => Value::Undefined,
            Self::Any { undefined: false } => Value::Bool(false),
            Self::List(items) | Self::Results(items) => Value::list(machine.arena, items),
            Self::Map(map) => Value::Map(machine.arena.alloc(map)),
        }
    }
}
