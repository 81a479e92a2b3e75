//! Evaluates compiled expressions.

use std::cell::Cell;

use super::environment::Environment;
use super::fault::Fault;
use super::node::{Constant, Node, NodeKind, Slot};
use super::operators;
use super::overload::{MAX_ARITY, Overload};
use super::program::Program;
use super::value::{Message, Val};
use crate::context::Context;
use crate::datum::Datum;

/// What a local variable holds.
#[derive(Debug, Clone)]
pub(super) enum Local<'v> {
    Value(Val<'v>),
    /// A value of a block that failed; the failure counts only if the value is used.
    Failed(Fault),
}

/// One evaluation of one expression.
pub(crate) struct Machine<'v> {
    /// The arena, the meter and the effects.
    pub(super) context: &'v Context<'v>,
    /// Variables and facts.
    pub(super) environment: &'v Environment<'v>,
    pub(super) program: &'v Program,
    pub(super) frame: Vec<Local<'v>>,
    /// The value of a document that was looked at last: what a false answer is about.
    pub(super) touched: Cell<Option<Datum<'v>>>,
}

impl<'v> Machine<'v> {
    pub(super) fn new(
        context: &'v Context<'v>,
        environment: &'v Environment<'v>,
        program: &'v Program,
    ) -> Self {
        Self {
            context,
            environment,
            program,
            frame: vec![Local::Value(Val::Null); program.locals()],
            touched: Cell::new(None),
        }
    }

    /// The value of a node.
    pub(super) fn eval(&mut self, node: &'v Node) -> Result<Val<'v>, Fault> {
        self.context.meter.charge(1)?;
        self.eval_kind(node)
            .map_err(|fault| fault.within(node.span))
    }

    fn eval_kind(&mut self, node: &'v Node) -> Result<Val<'v>, Fault> {
        match &node.kind {
            NodeKind::Constant(constant) => Ok(self.constant(constant)),
            NodeKind::Unknown(message) => Err(Fault::new(&**message)),
            NodeKind::Local(slot) | NodeKind::BlockValue { slot } => self.local(*slot),
            NodeKind::Root(index) => self.environment.root(*index),
            NodeKind::Composed(index) => self.composed(*index),
            NodeKind::Select {
                operand,
                field,
                access,
            } => self.select(operand, field, *access),
            NodeKind::Index {
                operand,
                index,
                access,
            } => self.index(operand, index, *access),
            NodeKind::Call {
                overloads,
                arguments,
            } => self.call(overloads, arguments),
            NodeKind::List(items) => self.list(items),
            NodeKind::Map(entries) => self.map(entries),
            NodeKind::Message { type_name, fields } => self.message(type_name, fields),
            NodeKind::And(parts) => self.connective(parts, false),
            NodeKind::Or(parts) => self.connective(parts, true),
            NodeKind::Conditional(parts) => {
                let [condition, then, otherwise] = &**parts;
                match self.eval(condition)? {
                    Val::Bool(true) => self.eval(then),
                    Val::Bool(false) => self.eval(otherwise),
                    _ => Err(Fault::no_overload()),
                }
            }
            NodeKind::Not(operand) => match self.eval(operand)? {
                Val::Bool(value) => Ok(Val::Bool(!value)),
                _ => Err(Fault::no_overload()),
            },
            NodeKind::Negate(operand) => operators::negate(self.eval(operand)?),
            NodeKind::Binary(operator, operands) => {
                let [left, right] = &**operands;
                let (left, right) = (self.eval(left)?, self.eval(right)?);
                operators::binary(self, *operator, left, right)
            }
            NodeKind::Comprehension(comprehension) => self.comprehension(comprehension),
            NodeKind::Bind { slot, value, body } => {
                let value = self.eval(value)?;
                self.set(*slot, value);
                self.eval(body)
            }
            NodeKind::Block {
                first,
                values,
                body,
            } => self.block(*first, values, body),
            NodeKind::OptionalMap {
                operand,
                slot,
                body,
                flat,
            } => self.optional_map((operand, *slot), body, *flat),
            NodeKind::OrElse {
                operand,
                otherwise,
                value,
            } => self.or_else(operand, otherwise, *value),
        }
    }

    fn constant(&self, constant: &'v Constant) -> Val<'v> {
        match constant {
            Constant::Null => Val::Null,
            Constant::Bool(value) => Val::Bool(*value),
            Constant::Int(value) => Val::Int(*value),
            Constant::Uint(value) => Val::Uint(*value),
            Constant::Double(value) => Val::Double(*value),
            Constant::Text(text) => Val::Text(text),
            Constant::Bytes(bytes) => Val::Bytes(bytes),
            Constant::Type(name) => Val::Type(name),
            Constant::Service(name) => {
                let service = super::foreign::Foreign::Service(name);
                Val::Foreign(self.context.arena.alloc(service))
            }
        }
    }

    fn local(&self, slot: Slot) -> Result<Val<'v>, Fault> {
        match self.frame.get(slot) {
            Some(Local::Value(value)) => {
                self.touch(*value);
                Ok(*value)
            }
            Some(Local::Failed(fault)) => Err(fault.clone()),
            None => Err(Fault::new("a local variable is missing")),
        }
    }

    pub(super) fn set(&mut self, slot: Slot, value: Val<'v>) {
        if let Some(local) = self.frame.get_mut(slot) {
            *local = Local::Value(value);
        }
    }

    fn composed(&self, index: usize) -> Result<Val<'v>, Fault> {
        let variable = self.environment.composed(index)?;
        variable.value(self.context, self.environment)
    }

    fn call(
        &mut self,
        overloads: &'static [&'static Overload],
        nodes: &'v [Node],
    ) -> Result<Val<'v>, Fault> {
        let mut buffer = [Val::Null; MAX_ARITY];
        for (place, node) in buffer.iter_mut().zip(nodes) {
            *place = self.eval(node)?;
        }
        let arguments = buffer.get(..nodes.len()).unwrap_or(&[]);
        for overload in overloads {
            if overload.accepts(arguments) {
                let value = (overload.run)(self, arguments)?;
                self.context.charge(1)?;
                return Ok(value);
            }
        }
        let types: Vec<&str> = arguments.iter().map(|value| value.type_name()).collect();
        let name = overloads.first().map_or("", |overload| overload.name);
        let types = types.join(", ");
        Err(Fault::new(format!("no such overload: {name}({types})")))
    }

    fn list(&mut self, items: &'v [(Node, bool)]) -> Result<Val<'v>, Fault> {
        let mut list = Vec::with_capacity(items.len());
        for (item, optional) in items {
            let value = self.eval(item)?;
            match (optional, value) {
                (true, Val::Optional(value)) => list.extend(value.copied()),
                (true, _) => return Err(not_optional(value).within(item.span)),
                (false, value) => list.push(value),
            }
        }
        self.new_list(&list)
    }

    fn map(&mut self, entries: &'v [(Node, Node, bool)]) -> Result<Val<'v>, Fault> {
        let mut map: Vec<(Val<'v>, Val<'v>)> = Vec::with_capacity(entries.len());
        for (key_node, value_node, optional) in entries {
            let key = self.eval(key_node)?;
            let value = self.eval(value_node)?;
            let value = match (optional, value) {
                (true, Val::Optional(None)) => continue,
                (true, Val::Optional(Some(value))) => *value,
                (true, _) => return Err(not_optional(value).within(value_node.span)),
                (false, value) => value,
            };
            insert_new(&mut map, key, value).map_err(|fault| fault.within(key_node.span))?;
        }
        self.new_map(&map)
    }

    fn message(
        &mut self,
        type_name: &'v str,
        fields: &'v [(Box<str>, Node, bool)],
    ) -> Result<Val<'v>, Fault> {
        let mut set: Vec<(&'v str, Val<'v>)> = Vec::with_capacity(fields.len());
        for (name, node, optional) in fields {
            let value = self.eval(node)?;
            match (optional, value) {
                (true, Val::Optional(None)) => {}
                (true, Val::Optional(Some(value))) => set.push((name, *value)),
                (true, _) => return Err(not_optional(value).within(node.span)),
                (false, value) => set.push((name, value)),
            }
        }
        self.context.charge(1)?;
        let arena = self.context.arena;
        let fields = arena.alloc_slice_copy(&set);
        let message: &'v Message<'v> = arena.alloc(Message { type_name, fields });
        super::library::wellknown::value_of(self, message)
    }

    /// `&&` and `||`: any operand that decides wins, even after an error in another one.
    fn connective(&mut self, parts: &'v [Node], decides: bool) -> Result<Val<'v>, Fault> {
        let mut fault = None;
        for part in parts {
            match self.eval(part) {
                Ok(Val::Bool(value)) if value == decides => return Ok(Val::Bool(value)),
                Ok(Val::Bool(_)) => {}
                Ok(_) => {
                    fault.get_or_insert_with(|| Fault::no_overload().within(part.span));
                }
                Err(error) if error.exhausted().is_some() => return Err(error),
                Err(error) => {
                    fault.get_or_insert(error);
                }
            }
        }
        fault.map_or(Ok(Val::Bool(!decides)), Err)
    }

    fn block(&mut self, first: Slot, values: &'v [Node], body: &'v Node) -> Result<Val<'v>, Fault> {
        for (offset, node) in values.iter().enumerate() {
            let local = match self.eval(node) {
                Ok(value) => Local::Value(value),
                Err(fault) if fault.exhausted().is_some() => return Err(fault),
                Err(fault) => Local::Failed(fault),
            };
            if let Some(place) = self.frame.get_mut(first + offset) {
                *place = local;
            }
        }
        self.eval(body)
    }

    fn optional_map(
        &mut self,
        (operand, slot): (&'v Node, Slot),
        body: &'v Node,
        flat: bool,
    ) -> Result<Val<'v>, Fault> {
        let Val::Optional(inner) = self.eval(operand)? else {
            return Err(Fault::no_overload());
        };
        let Some(inner) = inner else {
            return Ok(Val::Optional(None));
        };
        self.set(slot, *inner);
        let value = self.eval(body)?;
        match (flat, value) {
            (true, Val::Optional(_)) => Ok(value),
            (true, _) => Err(not_optional(value)),
            (false, value) => Ok(self.optional(Some(value))),
        }
    }

    fn or_else(
        &mut self,
        operand: &'v Node,
        otherwise: &'v Node,
        plain: bool,
    ) -> Result<Val<'v>, Fault> {
        match self.eval(operand)? {
            Val::Optional(Some(value)) if plain => Ok(*value),
            found @ Val::Optional(Some(_)) => Ok(found),
            Val::Optional(None) => self.eval(otherwise),
            // Kyverno's policies call `orValue` on plain values, which stay as they are.
            value if plain => Ok(value),
            _ => Err(Fault::no_overload()),
        }
    }

    /// Wraps a value in an optional.
    pub(super) fn optional(&self, value: Option<Val<'v>>) -> Val<'v> {
        Val::Optional(value.map(|value| &*self.context.arena.alloc(value)))
    }

    /// Puts a list into the arena.
    pub(super) fn new_list(&self, items: &[Val<'v>]) -> Result<Val<'v>, Fault> {
        let list = self.context.arena.alloc_slice_copy(items);
        self.context.charge(1 + items.len() as u64 / 8)?;
        Ok(Val::List(list))
    }

    /// Puts a map into the arena; its keys have to be unique.
    pub(super) fn new_map(&self, entries: &[(Val<'v>, Val<'v>)]) -> Result<Val<'v>, Fault> {
        let map = self.context.arena.alloc_slice_copy(entries);
        self.context.charge(1 + entries.len() as u64 / 8)?;
        Ok(Val::Map(map))
    }

    /// Puts a text into the arena.
    pub(super) fn new_text(&self, text: &str) -> Result<Val<'v>, Fault> {
        let text = self.context.arena.alloc_str(text);
        self.context.charge(1 + text.len() as u64 / 1024)?;
        Ok(Val::Text(text))
    }

    /// The regular expression of a pattern.
    pub(super) fn regex(&self, pattern: &str) -> Result<std::borrow::Cow<'v, regex::Regex>, Fault> {
        self.program.regexes().get(pattern).map_err(Fault::new)
    }
}

/// Adds an entry; a key that is there already, or that no map can have, is an error.
pub(super) fn insert_new<'v>(
    map: &mut Vec<(Val<'v>, Val<'v>)>,
    key: Val<'v>,
    value: Val<'v>,
) -> Result<(), Fault> {
    if !matches!(
        key,
        Val::Text(_) | Val::Int(_) | Val::Uint(_) | Val::Bool(_)
    ) {
        let message = format!("a map has no key of type {}", key.type_name());
        return Err(Fault::new(message));
    }
    if map.iter().any(|(known, _)| known.equals(key)) {
        let key = super::library::conversions::text_of(key).unwrap_or_default();
        return Err(Fault::new(format!("the key {key} stands twice in a map")));
    }
    map.push((key, value));
    Ok(())
}

fn not_optional(value: Val<'_>) -> Fault {
    Fault::new(format!(
        "expected an optional value, found one of type {}",
        value.type_name()
    ))
}
