//! Loads imports and runs programs from the top.

use super::super::environment::Source;
use super::super::imports::namespace;
use super::super::syntax::Program;
use super::super::terraform;
use super::super::value::Value;
use super::frames::{Frame, Module};
use super::statements::Left;
use super::{At, Machine, Outcome, failed};
use palisade_document::{Document, Span};

impl<'r> Machine<'r> {
    /// Runs the policy itself, up to the point where its rules can be asked for.
    pub(in super::super) fn run_policy(&self, program: &'r Program) -> Outcome<&'r Module<'r>> {
        self.run_program(program, true)
    }

    fn run_program(&self, program: &'r Program, is_policy: bool) -> Outcome<&'r Module<'r>> {
        let slots = program.scopes.first().map_or(0, |scope| scope.slots);
        let frame = Frame::new(self.arena, None, slots);
        let module: &'r Module<'r> = self.arena.alloc(Module {
            program,
            frame,
            is_policy,
        });
        for import in &program.imports {
            let at = At {
                program,
                span: import.span,
            };
            let value = self.deeper(at, || self.import(at, &import.name))?;
            frame.set(import.slot, value);
        }
        if let (false, Some(parameter)) = (is_policy, program.parameters.first()) {
            let span = parameter.span;
            let sentence = "only a policy has parameters, not what it imports";
            return Err(failed(At { program, span }, sentence));
        }
        for parameter in &program.parameters {
            let given = self.environment.parameters.get(&parameter.name);
            let value = match (given.and_then(|given| self.root(given)), parameter.default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.evaluate(module.scope(), default)?,
                (None, None) => {
                    let at = At {
                        program,
                        span: parameter.span,
                    };
                    let name = &parameter.name;
                    let sentence = format!("the parameter `{name}` is required and has no value");
                    return Err(failed(at, sentence));
                }
            };
            frame.set(parameter.slot, value);
        }
        if let Left::End = self.run(module.scope(), &program.statements)? {
            Ok(module)
        } else {
            let span = Span::default();
            Err(failed(
                At { program, span },
                "a statement leaves the policy",
            ))
        }
    }

    /// The import of a name, loaded once.
    fn import(&self, at: At<'r>, name: &str) -> Outcome<Value<'r>> {
        match self.loaded.borrow().get(name) {
            Some(Some(value)) => return Ok(*value),
            Some(None) => {
                return Err(failed(at, format!("the import `{name}` imports itself")));
            }
            None => {}
        }
        self.loaded.borrow_mut().insert(name.to_owned(), None);
        let value = self.load(at, name)?;
        self.loaded
            .borrow_mut()
            .insert(name.to_owned(), Some(value));
        Ok(value)
    }

    fn load(&self, at: At<'r>, name: &str) -> Outcome<Value<'r>> {
        match self.environment.imports.get(name) {
            Some(Source::Module(program)) => {
                return Ok(Value::Module(self.run_program(program, false)?));
            }
            Some(Source::Data(document)) => {
                return Ok(self.root(document).unwrap_or(Value::Undefined));
            }
            Some(Source::Missing(reason)) => {
                return Err(failed(
                    at,
                    format!("cannot load the import `{name}`: {reason}"),
                ));
            }
            None => {}
        }
        if let Some(index) = namespace(name) {
            return Ok(Value::Namespace(index));
        }
        if let Some(value) = terraform::import(self, name) {
            return Ok(value);
        }
        if let Some(value) = self.part_of_data(at, name)? {
            return Ok(value);
        }
        let sentence = if terraform::knows(name) {
            format!("the import `{name}` needs a Terraform plan, and this input is none")
        } else {
            format!("the import `{name}` is not known; say where it is in `sentinel.hcl`")
        };
        Err(failed(at, sentence))
    }

    /// `name/key/0`: a part of a static import.
    fn part_of_data(&self, at: At<'r>, name: &str) -> Outcome<Option<Value<'r>>> {
        for (end, _) in name.rmatch_indices('/') {
            let (whole, rest) = name.split_at(end);
            let Some(Source::Data(document)) = self.environment.imports.get(whole) else {
                continue;
            };
            let mut value = self.root(document).unwrap_or(Value::Undefined);
            for step in rest.trim_start_matches('/').split('/') {
                let key = match (value, step.parse()) {
                    (Value::List(_), Ok(index)) => Value::Int(index),
                    _ => Value::text(self.arena, step),
                };
                value = self.index(at, value, key)?;
            }
            return Ok(Some(value));
        }
        Ok(None)
    }

    pub(super) fn global_of_environment(&self, name: &str) -> Option<Value<'r>> {
        let document = self.environment.globals.get(name)?;
        let value = self.root(document)?;
        Some(value)
    }

    fn root(&self, document: &'r Document) -> Option<Value<'r>> {
        let root = document.roots().next()?;
        Some(Value::borrow(self.arena, root))
    }
}
