//! Fields and elements of values.

use super::fault::Fault;
use super::machine::Machine;
use super::node::{Access, Node};
use super::operators;
use super::value::Val;
use crate::datum::Datum;

impl<'v> Machine<'v> {
    pub(super) fn touch(&self, value: Val<'v>) {
        if let Val::Data(datum) = value {
            self.touched.set(Some(datum));
        }
    }

    pub(super) fn select(
        &mut self,
        operand: &'v Node,
        field: &'v str,
        access: Access,
    ) -> Result<Val<'v>, Fault> {
        let value = self.eval(operand)?;
        if access == Access::Test {
            return self.test(value, field).map(Val::Bool);
        }
        if let Val::Optional(inner) = value {
            let found = match inner {
                Some(inner) => self.field_of(*inner, field, Access::Required)?,
                None => None,
            };
            return Ok(self.optional(found));
        }
        let found = self.field_of(value, field, access)?;
        match (access, found) {
            (Access::Required, Some(found)) => Ok(found),
            (Access::Required, None) => Err(Fault::new(format!("no such key: {field}"))),
            (_, found) => Ok(self.optional(found)),
        }
    }

    fn test(&self, value: Val<'v>, field: &str) -> Result<bool, Fault> {
        let value = match value {
            Val::Optional(None) => return Ok(false),
            Val::Optional(Some(value)) => *value,
            other => other,
        };
        let found = self.field_of(value, field, Access::Test)?;
        Ok(match (value, found) {
            // A message's field counts as set unless it has its type's empty value.
            (Val::Message(message), Some(found)) if !message.type_name.starts_with("Object") => {
                !found.is_zero()
            }
            (_, found) => found.is_some(),
        })
    }

    fn field_of(
        &self,
        value: Val<'v>,
        field: &str,
        access: Access,
    ) -> Result<Option<Val<'v>>, Fault> {
        self.touch(value);
        let found = match value {
            Val::Data(datum) if datum.is_map() => {
                let found = datum.get(field).or_else(|| unescaped(datum, field));
                if let Some(found) = found {
                    self.touched.set(Some(found));
                }
                found.map(Val::from)
            }
            Val::Map(_) | Val::Message(_) => value.field(field),
            Val::Foreign(foreign) => return super::library::field(foreign, field),
            // What is no container has no fields: asking for one is no error, using it is.
            _ if access == Access::Required => return Err(Fault::no_overload()),
            _ => None,
        };
        Ok(found)
    }

    pub(super) fn index(
        &mut self,
        operand: &'v Node,
        index: &'v Node,
        access: Access,
    ) -> Result<Val<'v>, Fault> {
        let value = self.eval(operand)?;
        let key = self.eval(index)?;
        let (value, access) = match value {
            Val::Optional(None) => return Ok(value),
            Val::Optional(Some(inner)) => (*inner, Access::Optional),
            other => (other, access),
        };
        let found = self.element(value, key)?;
        match (access, found) {
            (Access::Required, Some(found)) => Ok(found),
            (Access::Required, None) if value.is_list() => {
                let index = super::library::conversions::text_of(key);
                let index = index.unwrap_or_default();
                Err(Fault::new(format!("index out of bounds: {index}")))
            }
            (Access::Required, None) => {
                let key = super::library::conversions::text_of(key);
                let key = key.unwrap_or_default();
                Err(Fault::new(format!("no such key: {key}")))
            }
            (_, found) => Ok(self.optional(found)),
        }
    }

    fn element(&self, value: Val<'v>, key: Val<'v>) -> Result<Option<Val<'v>>, Fault> {
        self.touch(value);
        if value.is_list() {
            let index = operators::whole(key).ok_or_else(|| {
                Fault::new(format!("a list has no index of type {}", key.type_name()))
            })?;
            let found = usize::try_from(index).ok().and_then(|at| value.item(at));
            found.inspect(|found| self.touch(*found));
            return Ok(found);
        }
        if value.is_map() {
            let usable = matches!(
                key,
                Val::Text(_) | Val::Int(_) | Val::Uint(_) | Val::Bool(_) | Val::Double(_)
            );
            if !usable {
                let message = format!("a map has no key of type {}", key.type_name());
                return Err(Fault::new(message));
            }
            if let (Val::Data(datum), Val::Text(key)) = (value, key) {
                let found = datum.get(key);
                found.inspect(|found| self.touched.set(Some(*found)));
                return Ok(found.map(Val::from));
            }
            return Ok(value.entry(key));
        }
        Err(Fault::no_overload())
    }
}

/// Kubernetes escapes names that CEL reserves or cannot write: `__namespace__`, `a__dash__b`.
fn unescaped<'v>(datum: Datum<'v>, field: &str) -> Option<Datum<'v>> {
    if !field.contains("__") {
        return None;
    }
    let reserved = field
        .strip_prefix("__")
        .and_then(|name| name.strip_suffix("__"));
    if let Some(found) = reserved.and_then(|name| datum.get(name)) {
        return Some(found);
    }
    let plain = field
        .replace("__dot__", ".")
        .replace("__dash__", "-")
        .replace("__slash__", "/")
        .replace("__underscores__", "__");
    datum.get(&plain)
}
