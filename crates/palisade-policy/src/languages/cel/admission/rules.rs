//! Match conditions, variables, validations and audit annotations: compiled once, judged often.

use palisade_document::Span;
use palisade_model::Origin;

use super::super::environment::{Composed, Environment};
use super::super::fault::{Fault, Mistake};
use super::super::overload::Dialect;
use super::super::program::Program;
use super::super::scope::Scope;
use super::super::value::Val;
use super::bindings::{Bound, Roots};
use crate::context::Context;
use crate::datum::Datum;
use crate::error::PolicyError;

/// Most expressions of one kind in a policy.
const MAX_EXPRESSIONS: usize = 1_000;

/// What happens with an error of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum FailurePolicy {
    /// It counts as a breach.
    #[default]
    Fail,
    /// The policy does not apply.
    Ignore,
}

impl FailurePolicy {
    /// `Fail` unless the policy says `Ignore`.
    pub(crate) fn of(spec: Datum<'_>) -> Self {
        match spec.get("failurePolicy").and_then(Datum::as_text) {
            Some("Ignore") => Self::Ignore,
            _ => Self::Fail,
        }
    }
}

/// Where the parts of a policy stand: lists as their ecosystem writes them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Source<'s> {
    /// `matchConditions`, or `celPreconditions`.
    pub(crate) match_conditions: Option<Datum<'s>>,
    /// `variables`.
    pub(crate) variables: Option<Datum<'s>>,
    /// `validations`, or `expressions`.
    pub(crate) validations: Option<Datum<'s>>,
    /// `auditAnnotations`.
    pub(crate) audit_annotations: Option<Datum<'s>>,
    /// Variables that the policy's ecosystem defines before the policy's own, with their
    /// expressions.
    pub(crate) predefined: &'s [(&'s str, &'s str)],
    /// Changes every expression before it is read, for rules that are derived from others.
    pub(crate) rewrite: Option<&'s dyn Fn(&str) -> String>,
}

impl<'s> Source<'s> {
    /// The parts of a `spec`.
    pub(crate) fn of(spec: Datum<'s>) -> Self {
        Self {
            match_conditions: spec.get("matchConditions"),
            variables: spec.get("variables"),
            validations: spec.get("validations"),
            audit_annotations: spec.get("auditAnnotations"),
            predefined: &[],
            rewrite: None,
        }
    }
}

/// A compiled expression with its place in the policy.
#[derive(Debug)]
pub(crate) struct Located {
    /// Its name, where it has one.
    pub(crate) name: String,
    /// The expression.
    pub(crate) program: Program,
    /// Where it stands.
    pub(crate) origin: Option<Origin>,
}

/// One validation.
#[derive(Debug)]
struct Validation {
    check: Located,
    message: Option<String>,
    message_expression: Option<Program>,
}

/// The compiled rules of one policy.
#[derive(Debug)]
pub(crate) struct Rules {
    scope: Scope,
    match_conditions: Vec<Located>,
    variables: Vec<Located>,
    validations: Vec<Validation>,
    audit_annotations: Vec<Located>,
}

/// How rules judged a request.
#[derive(Debug, Clone)]
pub(crate) enum Judgement<'v> {
    /// A match condition took the request out.
    Unmatched,
    /// Something could not be evaluated, and the policy says that this is to be ignored.
    Ignored { message: String },
    /// Every validation holds.
    Passed,
    /// A validation does not hold.
    Failed {
        message: String,
        /// The value of the request that decided.
        about: Option<Datum<'v>>,
        /// Where the validation stands.
        defined_at: Option<Origin>,
    },
    /// Something could not be evaluated.
    Error {
        message: String,
        /// Where the expression stands.
        defined_at: Option<Origin>,
    },
}

impl Rules {
    /// Compiles the rules of a policy; every mistake is said.
    pub(crate) fn compile(source: &Source<'_>, dialect: Dialect) -> Result<Self, Vec<PolicyError>> {
        let mut mistakes = Vec::new();
        let mut scope = Roots::scope(dialect);
        let mut compiler = Compiler {
            rewrite: source.rewrite,
            mistakes: &mut mistakes,
        };
        // Kyverno's conditions may use variables; Kubernetes' may not.
        let late = dialect == Dialect::Kyverno;
        let mut match_conditions = Vec::new();
        if !late {
            match_conditions = compiler.list(source.match_conditions, "expression", &scope);
        }
        let mut variables = compiler.predefined(source.predefined, &mut scope);
        variables.extend(compiler.variables(source.variables, &mut scope));
        if late {
            match_conditions = compiler.list(source.match_conditions, "expression", &scope);
        }
        let validations = compiler.validations(source.validations, &scope);
        let audit_annotations = compiler.list(source.audit_annotations, "valueExpression", &scope);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self {
            scope,
            match_conditions,
            variables,
            validations,
            audit_annotations,
        })
    }

    /// Whether nothing would ever be checked.
    pub(crate) fn check_nothing(&self) -> bool {
        self.validations.is_empty() && self.audit_annotations.is_empty()
    }

    /// What names further expressions of the policy may use.
    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The environment in which the policy's expressions see a request; fresh variables.
    pub(crate) fn environment<'v>(
        &'v self,
        context: &'v Context<'v>,
        bound: Bound<'v>,
    ) -> &'v Environment<'v> {
        let arena = context.arena;
        let composed = self
            .variables
            .iter()
            .map(|variable| Composed::new(&variable.program));
        let composed = arena.alloc_slice_fill_iter(composed);
        arena.alloc(Environment {
            roots: bound.roots,
            composed,
            facts: bound.facts,
        })
    }

    /// Whether the match conditions hold; an error only if none of them is false.
    pub(crate) fn matches<'v>(
        &'v self,
        context: &'v Context<'v>,
        environment: &'v Environment<'v>,
    ) -> Result<bool, (Fault, Option<Origin>)> {
        all_hold(&self.match_conditions, context, environment)
    }

    /// Judges a request.
    pub(crate) fn judge<'v>(
        &'v self,
        context: &'v Context<'v>,
        environment: &'v Environment<'v>,
        failure: FailurePolicy,
    ) -> Judgement<'v> {
        match self.matches(context, environment) {
            Ok(true) => {}
            Ok(false) => return Judgement::Unmatched,
            Err((fault, defined_at)) => return failed(failure, &fault, defined_at),
        }
        // Kyverno ignores errors of its conditions only.
        let failure = match self.scope.dialect {
            Dialect::Kyverno => FailurePolicy::Fail,
            Dialect::Standard | Dialect::Kubernetes => failure,
        };
        for (index, validation) in self.validations.iter().enumerate() {
            let check = &validation.check;
            let at = || check.origin.clone();
            match check.program.judge(context, environment) {
                Ok(judged) if matches!(judged.value, Val::Bool(true)) => {}
                Ok(judged) if matches!(judged.value, Val::Bool(false)) => {
                    return Judgement::Failed {
                        message: validation.message(context, environment, index),
                        about: judged.about,
                        defined_at: at(),
                    };
                }
                Ok(judged) => {
                    let found = judged.value.type_name();
                    let fault = Fault::new(format!("the expression is of type {found}, not bool"));
                    return failed(failure, &fault, at());
                }
                Err(fault) => return failed(failure, &fault, at()),
            }
        }
        self.annotate(context, environment, failure)
    }

    /// Annotations are evaluated for their errors; their texts are printed.
    fn annotate<'v>(
        &'v self,
        context: &'v Context<'v>,
        environment: &'v Environment<'v>,
        failure: FailurePolicy,
    ) -> Judgement<'v> {
        for annotation in &self.audit_annotations {
            let result = annotation.program.run(context, environment);
            let fault = match result {
                Ok(Val::Text(text)) => {
                    let line = format!("{}: {text}", annotation.name);
                    context.print(line).err().map(Fault::from)
                }
                Ok(Val::Null) => None,
                Ok(other) => Some(Fault::new(format!(
                    "the annotation is of type {}, not string",
                    other.type_name()
                ))),
                Err(fault) => Some(fault),
            };
            if let Some(fault) = fault {
                return failed(failure, &fault, annotation.origin.clone());
            }
        }
        Judgement::Passed
    }
}

/// Whether all conditions hold; an error only if none of them is false.
pub(crate) fn all_hold<'v>(
    conditions: &'v [Located],
    context: &'v Context<'v>,
    environment: &'v Environment<'v>,
) -> Result<bool, (Fault, Option<Origin>)> {
    let mut first = None;
    for condition in conditions {
        let fault = match condition.program.run(context, environment) {
            Ok(Val::Bool(true)) => continue,
            Ok(Val::Bool(false)) => return Ok(false),
            Ok(other) => Fault::new(format!(
                "the condition is of type {}, not bool",
                other.type_name()
            )),
            Err(fault) => fault,
        };
        if fault.exhausted().is_some() {
            return Err((fault, condition.origin.clone()));
        }
        first.get_or_insert((fault, condition.origin.clone()));
    }
    first.map_or(Ok(true), Err)
}

fn failed<'v>(failure: FailurePolicy, fault: &Fault, defined_at: Option<Origin>) -> Judgement<'v> {
    // A budget that ran out says nothing about the request, so it is never ignored.
    if failure == FailurePolicy::Ignore && fault.exhausted().is_none() {
        return Judgement::Ignored {
            message: fault.message().to_owned(),
        };
    }
    Judgement::Error {
        message: fault.message().to_owned(),
        defined_at,
    }
}

impl Validation {
    fn message<'v>(
        &'v self,
        context: &'v Context<'v>,
        environment: &'v Environment<'v>,
        index: usize,
    ) -> String {
        let default = || format!("CEL expression validation failed at index {index}");
        let plain = || self.message.clone().unwrap_or_else(default);
        let Some(expression) = &self.message_expression else {
            return plain();
        };
        match expression.run(context, environment) {
            Ok(Val::Text(text)) if !text.trim().is_empty() => text.to_owned(),
            _ => plain(),
        }
    }
}

/// Compiles the lists of a policy and collects the mistakes.
pub(crate) struct Compiler<'c> {
    pub(crate) rewrite: Option<&'c dyn Fn(&str) -> String>,
    pub(crate) mistakes: &'c mut Vec<PolicyError>,
}

impl Compiler<'_> {
    /// Compiles the expressions of a list of mappings.
    pub(crate) fn list(
        &mut self,
        list: Option<Datum<'_>>,
        field: &str,
        scope: &Scope,
    ) -> Vec<Located> {
        let mut compiled = Vec::new();
        for entry in self.entries(list) {
            let name = entry.get("name").or_else(|| entry.get("key"));
            let name = name.and_then(Datum::as_text).unwrap_or("").to_owned();
            if let Some(program) = self.required(entry, field, scope) {
                compiled.push(Located {
                    name,
                    program,
                    origin: origin(entry.get(field).unwrap_or(entry)),
                });
            }
        }
        compiled
    }

    fn predefined(&mut self, variables: &[(&str, &str)], scope: &mut Scope) -> Vec<Located> {
        let mut compiled = Vec::new();
        for (name, expression) in variables {
            match Program::compile(expression, scope) {
                Ok(program) => compiled.push(Located {
                    name: (*name).to_owned(),
                    program,
                    origin: None,
                }),
                Err(mistake) => self.mistakes.push(PolicyError::new(mistake.message)),
            }
            scope.composed.push((*name).to_owned());
        }
        compiled
    }

    fn variables(&mut self, list: Option<Datum<'_>>, scope: &mut Scope) -> Vec<Located> {
        let mut compiled = Vec::new();
        for entry in self.entries(list) {
            let name = entry.get("name").and_then(Datum::as_text).unwrap_or("");
            if name.is_empty() {
                self.mistake(entry, "a variable has a `name`".to_owned());
                continue;
            }
            let Some(program) = self.required(entry, "expression", scope) else {
                // What uses it would only repeat the mistake.
                scope.composed.push(name.to_owned());
                continue;
            };
            scope.composed.push(name.to_owned());
            compiled.push(Located {
                name: name.to_owned(),
                program,
                origin: origin(entry),
            });
        }
        compiled
    }

    fn validations(&mut self, list: Option<Datum<'_>>, scope: &Scope) -> Vec<Validation> {
        let mut compiled = Vec::new();
        for entry in self.entries(list) {
            let Some(program) = self.required(entry, "expression", scope) else {
                continue;
            };
            let message = entry.get("message").and_then(Datum::as_text);
            let message_expression = entry
                .get("messageExpression")
                .and_then(|expression| self.expression(expression, scope));
            compiled.push(Validation {
                check: Located {
                    name: String::new(),
                    program,
                    origin: origin(entry.get("expression").unwrap_or(entry)),
                },
                message: message
                    .map(|text| text.trim().to_owned())
                    .filter(|m| !m.is_empty()),
                message_expression,
            });
        }
        compiled
    }

    fn entries<'d>(&mut self, list: Option<Datum<'d>>) -> Vec<Datum<'d>> {
        let Some(list) = list.filter(|list| !matches!(list.scalar(), Datum::Null)) else {
            return Vec::new();
        };
        if !list.is_list() {
            self.mistake(list, "expected a list".to_owned());
        }
        if list.len() > MAX_EXPRESSIONS {
            let message = format!("the list has more than {MAX_EXPRESSIONS} entries");
            self.mistake(list, message);
        }
        list.items().take(MAX_EXPRESSIONS).collect()
    }

    fn required(&mut self, entry: Datum<'_>, field: &str, scope: &Scope) -> Option<Program> {
        let Some(expression) = entry.get(field) else {
            self.mistake(entry, format!("`{field}` is missing"));
            return None;
        };
        self.expression(expression, scope)
    }

    /// Compiles one expression.
    pub(crate) fn expression(&mut self, value: Datum<'_>, scope: &Scope) -> Option<Program> {
        // YAML reads `expression: true` as a boolean.
        let written = match value.scalar() {
            Datum::Text(text) => text.to_owned(),
            Datum::Bool(value) => value.to_string(),
            _ => {
                self.mistake(value, "an expression is a text".to_owned());
                return None;
            }
        };
        let text = match self.rewrite {
            Some(rewrite) => rewrite(&written),
            None => written,
        };
        let compiled = Program::compile(&text, scope);
        compiled
            .map_err(|mistake| self.mistake(value, described(&mistake, &text)))
            .ok()
    }

    pub(crate) fn mistake(&mut self, at: Datum<'_>, message: String) {
        self.mistakes.push(PolicyError {
            message,
            origin: origin(at),
        });
    }
}

/// The mistake with the line of the expression that it is in.
fn described(mistake: &Mistake, text: &str) -> String {
    let Span { start, .. } = mistake.span;
    let before = text.get(..start as usize).unwrap_or("");
    let (line, column) = (
        before.matches('\n').count() + 1,
        before.rsplit('\n').next().unwrap_or("").chars().count() + 1,
    );
    format!(
        "{} (line {line}, column {column} of the expression)",
        mistake.message
    )
}

/// Where a value of a policy stands.
pub(crate) fn origin(value: Datum<'_>) -> Option<Origin> {
    match value {
        Datum::Document(value) => Some(Origin::new(value.document().file(), value.span())),
        _ => None,
    }
}
