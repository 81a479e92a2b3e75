//! Walks the tree of an expression over a value.

use crate::context::Context;
use crate::datum::Datum;
use crate::languages::kyverno::scalars::build;

use super::SearchError;
use super::parser::{Comparison, Node};

/// What a node is evaluated with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interpreter<'x, 'a> {
    /// Arena, meter, effects.
    pub(crate) context: &'x Context<'a>,
}

/// An argument of a function.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Argument<'n, 'a> {
    /// A value.
    Value(Datum<'a>),
    /// An expression that the function applies itself.
    Expression(&'n Node),
}

type Found<'a> = Result<Datum<'a>, SearchError>;

/// What is missing counts as null here.
pub(crate) fn lenient(found: Found<'_>) -> Found<'_> {
    match found {
        Err(SearchError::NotFound(_)) => Ok(Datum::Null),
        other => other,
    }
}

impl<'a> Interpreter<'_, 'a> {
    /// The value of a node.
    pub(crate) fn run(self, node: &Node, value: Datum<'a>) -> Found<'a> {
        self.context.charge(1)?;
        match node {
            Node::Current => Ok(value),
            Node::Field(name) => match value.get(name) {
                Some(found) => Ok(found),
                None if value.is_map() => Err(SearchError::NotFound(name.to_string())),
                None => Ok(Datum::Null),
            },
            Node::Index(index) => Ok(index_of(*index, value.len())
                .and_then(|at| value.item(at))
                .unwrap_or(Datum::Null)),
            Node::Slice(parts) => Ok(self.slice(value, *parts)),
            Node::Then(left, right) => self.run(right, self.run(left, value)?),
            Node::Pipe(left, right) => lenient(self.run(right, lenient(self.run(left, value))?)),
            Node::Project(left, right) => {
                let left = lenient(self.run(left, value))?;
                if !left.is_list() {
                    return Ok(Datum::Null);
                }
                self.project(left.items(), right)
            }
            Node::ProjectValues(left, right) => match self.run(left, value) {
                Ok(left) if left.is_map() => {
                    self.project(left.entries().map(|(_, value)| value), right)
                }
                Err(SearchError::Exhausted(reason)) => Err(reason.into()),
                _ => Ok(Datum::Null),
            },
            Node::Filter(left, right, condition) => self.filter(value, left, right, condition),
            Node::Flatten(left) => self.flatten(value, left),
            Node::Compare(comparison, left, right) => {
                let left = lenient(self.run(left, value))?;
                let right = lenient(self.run(right, value))?;
                Ok(compare(*comparison, left, right))
            }
            Node::Or(left, right) => {
                let left = lenient(self.run(left, value))?;
                if is_true(left) {
                    return Ok(left);
                }
                lenient(self.run(right, value))
            }
            Node::And(left, right) => {
                let left = lenient(self.run(left, value))?;
                if !is_true(left) {
                    return Ok(left);
                }
                self.run(right, value)
            }
            Node::Not(inner) => Ok(Datum::Bool(!is_true(lenient(self.run(inner, value))?))),
            Node::Literal(literal) => Ok(self.literal(literal)),
            Node::List(nodes) => self.list(nodes, value),
            Node::Hash(entries) => self.hash(entries, value),
            Node::Call(function, nodes) => {
                let mut arguments = Vec::with_capacity(nodes.len());
                for node in nodes {
                    arguments.push(match node {
                        Node::Reference(inner) => Argument::Expression(inner),
                        node => Argument::Value(lenient(self.run(node, value))?),
                    });
                }
                function.call(self, &arguments)
            }
            Node::Reference(_) => Err(SearchError::Failed(
                "an expression reference stands outside of a function".to_owned(),
            )),
        }
    }

    fn project(self, items: impl Iterator<Item = Datum<'a>>, right: &Node) -> Found<'a> {
        let mut found = Vec::new();
        for item in items {
            let value = lenient(self.run(right, item))?;
            if !build::is_null(value) {
                found.push(value);
            }
        }
        Ok(build::list(self.context.arena, found))
    }

    fn filter(self, value: Datum<'a>, left: &Node, right: &Node, condition: &Node) -> Found<'a> {
        let left = match self.run(left, value) {
            Ok(left) if left.is_list() => left,
            Err(SearchError::Exhausted(reason)) => return Err(reason.into()),
            _ => return Ok(Datum::Null),
        };
        let mut found = Vec::new();
        for item in left.items() {
            if is_true(lenient(self.run(condition, item))?) {
                let value = lenient(self.run(right, item))?;
                if !build::is_null(value) {
                    found.push(value);
                }
            }
        }
        Ok(build::list(self.context.arena, found))
    }

    fn flatten(self, value: Datum<'a>, left: &Node) -> Found<'a> {
        let left = match self.run(left, value) {
            Ok(left) if left.is_list() => left,
            Err(SearchError::Exhausted(reason)) => return Err(reason.into()),
            _ => return Ok(Datum::Null),
        };
        let mut found = Vec::new();
        for item in left.items() {
            if item.is_list() {
                found.extend(item.items());
            } else {
                found.push(item);
            }
        }
        Ok(build::list(self.context.arena, found))
    }

    fn list(self, nodes: &[Node], value: Datum<'a>) -> Found<'a> {
        if build::is_null(value) {
            return Ok(Datum::Null);
        }
        let mut found = Vec::with_capacity(nodes.len());
        for node in nodes {
            found.push(lenient(self.run(node, value))?);
        }
        Ok(build::list(self.context.arena, found))
    }

    fn hash(self, entries: &[(Box<str>, Node)], value: Datum<'a>) -> Found<'a> {
        if build::is_null(value) {
            return Ok(Datum::Null);
        }
        let mut found: Vec<(&'a str, Datum<'a>)> = Vec::with_capacity(entries.len());
        for (key, node) in entries {
            let value = lenient(self.run(node, value))?;
            match found.iter_mut().find(|(name, _)| *name == key.as_ref()) {
                Some(entry) => entry.1 = value,
                None => found.push((self.context.arena.alloc_str(key), value)),
            }
        }
        Ok(build::map(self.context.arena, found))
    }

    fn slice(self, value: Datum<'a>, [start, stop, step]: [Option<i64>; 3]) -> Datum<'a> {
        if !value.is_list() {
            return Datum::Null;
        }
        let items: Vec<_> = value.items().collect();
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let step = step.unwrap_or(1);
        let (low, high) = if step > 0 {
            (0, length)
        } else {
            (-1, length - 1)
        };
        let bound = |at: i64| {
            let at = if at < 0 {
                at.saturating_add(length)
            } else {
                at
            };
            at.clamp(low, high)
        };
        let mut at = start.map_or(if step > 0 { low } else { high }, bound);
        let stop = stop.map_or(if step > 0 { high } else { low }, bound);
        let mut found = Vec::new();
        while step > 0 && at < stop || step < 0 && at > stop {
            found.extend(
                usize::try_from(at)
                    .ok()
                    .and_then(|at| items.get(at))
                    .copied(),
            );
            at = at.saturating_add(step);
        }
        build::list(self.context.arena, found)
    }

    fn literal(self, literal: &serde_json::Value) -> Datum<'a> {
        use serde_json::Value as Json;
        let arena = self.context.arena;
        match literal {
            Json::Null => Datum::Null,
            Json::Bool(value) => Datum::Bool(*value),
            Json::Number(value) => value
                .as_i64()
                .map_or_else(|| build::number(value.as_f64().unwrap_or(0.0)), Datum::Int),
            Json::String(text) => build::text(arena, text),
            Json::Array(items) => {
                build::list(arena, items.iter().map(|item| self.literal(item)).collect())
            }
            Json::Object(entries) => build::map(
                arena,
                entries
                    .iter()
                    .map(|(key, value)| (&*arena.alloc_str(key), self.literal(value)))
                    .collect(),
            ),
        }
    }
}

/// Whether JMESPath takes a value as true.
pub(crate) fn is_true(value: Datum<'_>) -> bool {
    match value.scalar() {
        Datum::Null => false,
        Datum::Bool(value) => value,
        Datum::Text(text) => !text.is_empty(),
        Datum::Int(_) | Datum::Float(_) => true,
        composite => !composite.is_empty(),
    }
}

fn index_of(index: i64, length: usize) -> Option<usize> {
    if index >= 0 {
        return usize::try_from(index).ok();
    }
    length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
}

fn compare<'a>(comparison: Comparison, left: Datum<'a>, right: Datum<'a>) -> Datum<'a> {
    match comparison {
        Comparison::Equal => return Datum::Bool(build::equal(left, right)),
        Comparison::NotEqual => return Datum::Bool(!build::equal(left, right)),
        _ => {}
    }
    let (Some(left), Some(right)) = (build::as_number(left), build::as_number(right)) else {
        return Datum::Null;
    };
    Datum::Bool(match comparison {
        Comparison::Less => left < right,
        Comparison::LessOrEqual => left <= right,
        Comparison::Greater => left > right,
        _ => left >= right,
    })
}
