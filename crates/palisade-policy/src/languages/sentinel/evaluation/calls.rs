//! Calls of functions: written ones, built-in ones and those of imports.

use super::super::imports::Call;
use super::super::syntax::{ExpressionId, Range};
use super::super::value::Value;
use super::frames::{Closure, Frame};
use super::statements::Left;
use super::{At, Machine, Outcome, Scope, failed};

impl<'r> Machine<'r> {
    pub(super) fn call(
        &self,
        scope: Scope<'r>,
        at: At<'r>,
        callee: ExpressionId,
        arguments: Range,
    ) -> Outcome<Value<'r>> {
        let callee = self.evaluate(scope, callee)?;
        let arguments = arguments.of(&at.program.operands);
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(self.evaluate(scope, *argument)?);
        }
        self.call_value(at, callee, &values)
    }

    /// Calls a function with values.
    pub(in super::super) fn call_value(
        &self,
        at: At<'r>,
        callee: Value<'r>,
        arguments: &[Value<'r>],
    ) -> Outcome<Value<'r>> {
        match callee {
            Value::Undefined => Ok(Value::Undefined),
            Value::Function(closure) => self.call_closure(at, closure, arguments),
            Value::Native(function) => {
                let call = Call {
                    at,
                    receiver: None,
                    arguments,
                };
                (function.0.call)(self, &call)
            }
            Value::Method(receiver, function) => {
                let call = Call {
                    at,
                    receiver: Some(receiver),
                    arguments,
                };
                (function.0.call)(self, &call)
            }
            other => {
                let sentence = format!("a {} cannot be called", other.type_name());
                Err(failed(at, sentence))
            }
        }
    }

    fn call_closure(
        &self,
        at: At<'r>,
        closure: &'r Closure<'r>,
        arguments: &[Value<'r>],
    ) -> Outcome<Value<'r>> {
        let function = closure.function;
        if arguments.len() != function.parameters as usize {
            let name = match function.name.as_str() {
                "" => "the function",
                name => name,
            };
            let sentence = format!(
                "`{name}` takes {} arguments, not {}",
                function.parameters,
                arguments.len()
            );
            return Err(failed(at, sentence));
        }
        let module = closure.scope.module;
        let shape = module.program.scopes.get(function.scope as usize);
        let slots = shape.map_or(0, |shape| shape.slots);
        let frame = Frame::new(self.arena, Some(closure.scope.frame), slots);
        for (slot, argument) in (0..).zip(arguments) {
            frame.set(slot, *argument);
        }
        let scope = Scope { module, frame };
        if let Left::Return(value) = self.deeper(at, || self.run(scope, &function.body))? {
            Ok(value)
        } else {
            let sentence = "the function ends without a `return`";
            Err(failed(at, sentence))
        }
    }
}
