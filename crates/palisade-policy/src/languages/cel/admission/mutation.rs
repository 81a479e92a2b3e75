//! Mutations: an expression that gives an object to merge in, or a list of JSON patches.

use palisade_model::Origin;

use super::super::environment::Environment;
use super::super::fault::Fault;
use super::super::program::Program;
use super::super::scope::Scope;
use super::super::value::Val;
use super::rules::{Compiler, origin};
use super::{merge, patch};
use crate::context::Context;
use crate::datum::Datum;

/// How a mutation changes an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Merge,
    Patch,
}

/// One mutation.
#[derive(Debug)]
pub(crate) struct Mutation {
    style: Style,
    program: Program,
    origin: Option<Origin>,
}

impl Mutation {
    /// Compiles the `mutations` of a policy.
    pub(crate) fn compile_all(
        compiler: &mut Compiler<'_>,
        list: Option<Datum<'_>>,
        scope: &Scope,
    ) -> Vec<Self> {
        let mut compiled = Vec::new();
        for entry in list.into_iter().flat_map(Datum::items) {
            let written = |field| entry.get(field).and_then(|body| body.get("expression"));
            let patch_type = entry.get("patchType").and_then(Datum::as_text);
            let (style, expression) = match patch_type {
                Some("JSONPatch") => (Style::Patch, written("jsonPatch")),
                _ => (Style::Merge, written("applyConfiguration")),
            };
            let Some(expression) = expression else {
                let message = "a mutation has an expression under `applyConfiguration` or `jsonPatch`, as `patchType` says";
                compiler.mistake(entry, message.to_owned());
                continue;
            };
            if let Some(program) = compiler.expression(expression, scope) {
                compiled.push(Self {
                    style,
                    program,
                    origin: origin(expression),
                });
            }
        }
        compiled
    }

    /// Where the expression stands.
    pub(crate) fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// The object as changed.
    pub(crate) fn apply<'v>(
        &'v self,
        context: &'v Context<'v>,
        environment: &'v Environment<'v>,
        object: Datum<'v>,
    ) -> Result<Datum<'v>, Fault> {
        let value = self.program.run(context, environment)?;
        match self.style {
            Style::Merge => {
                if !matches!(value, Val::Message(_)) {
                    return Err(Fault::new(format!(
                        "an applied configuration is an `Object{{…}}`, not of type {}",
                        value.type_name()
                    )));
                }
                check_names(value, "Object")?;
                let applied = value.to_datum(context.arena).map_err(Fault::new)?;
                merge::merge(context, object, applied)
            }
            Style::Patch => {
                if !value.is_list() {
                    return Err(Fault::new("a JSON patch is a list of `JSONPatch{…}`"));
                }
                patch::apply(context, object, value)
            }
        }
    }
}

/// The type of a nested object is the path to it: `Object.spec.template{…}`.
fn check_names(value: Val<'_>, path: &str) -> Result<(), Fault> {
    if let Val::Message(message) = value {
        if message.type_name != path {
            return Err(Fault::new(format!(
                "type mismatch: `{}` stands where `{path}` belongs",
                message.type_name
            )));
        }
        for (name, field) in message.fields {
            check_names(*field, &format!("{path}.{name}"))?;
        }
    }
    if value.is_list() {
        for item in value.items() {
            check_names(item, path)?;
        }
    }
    Ok(())
}
