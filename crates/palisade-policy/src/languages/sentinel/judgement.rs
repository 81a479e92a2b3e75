//! Runs a policy and says what its rules came to.

use std::collections::BTreeMap;
use std::sync::Arc;

use bumpalo::Bump;
use palisade_document::{SourceFile, Span};
use serde_json::Value as Json;

use super::environment::Environment;
use typed_arena::Arena;

use super::evaluation::{Fault, Machine, Module, Outcome, failed_anywhere};
use super::syntax::Program;
use super::value::{Value, equal, shown};
use crate::budget::{Budget, Meter};
use crate::context::{Context, Effects};
use crate::input::Input;

/// A place in a file.
pub(super) type Place = (Arc<SourceFile>, Span);

/// What became of a policy.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) verdict: Verdict,
    /// The rules that were evaluated, in that order.
    pub(super) rules: Vec<RuleOutcome>,
    /// Lines that it printed.
    pub(super) prints: Vec<String>,
    /// The part of the input that a quantifier singled out.
    pub(super) element: Option<Place>,
    /// The part of the input that was looked up last.
    pub(super) touched: Option<Place>,
    /// Rules that did not come out as a test expects: name, expected and found.
    pub(super) unexpected: Vec<(String, String, String)>,
}

/// What `main` says.
#[derive(Debug)]
pub(super) enum Verdict {
    Passes,
    Fails,
    /// It is undefined, since where.
    Undefined(Option<Place>),
    /// It was not reached.
    Stopped(Box<Fault>),
}

/// A rule that was evaluated.
#[derive(Debug)]
pub(super) struct RuleOutcome {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) passes: bool,
    pub(super) shown: String,
}

/// What a policy is run with.
pub(super) struct Trial<'t> {
    pub(super) program: &'t Program,
    pub(super) environment: &'t Environment,
    pub(super) input: Option<&'t Input<'t>>,
    pub(super) effects: Effects<'t>,
    pub(super) budget: Budget,
    /// Rules with the values that they should have; `None` asks for `main` alone.
    pub(super) expected: Option<&'t BTreeMap<String, Json>>,
}

/// Longest value of a rule that is shown.
const MAX_SHOWN: usize = 400;

/// Runs a policy in an arena of its own, so that it cannot use up what others need.
pub(super) fn judge(trial: &Trial<'_>) -> Judgement {
    let arena = Bump::new();
    let context = Context::new(&arena, Meter::start(trial.budget), trial.effects);
    let kept = Arena::new();
    let machine = Machine::new(&context, &kept, trial.environment, trial.input);
    let mut unexpected = Vec::new();
    let verdict = match run(&machine, trial, &mut unexpected) {
        Ok(verdict) => verdict,
        Err(fault) => Verdict::Stopped(fault),
    };
    let rules = machine.trace().into_iter().map(|traced| {
        let mut text = shown(&arena, traced.value);
        if text.len() > MAX_SHOWN {
            let end = (0..=MAX_SHOWN)
                .rev()
                .find(|end| text.is_char_boundary(*end));
            text.truncate(end.unwrap_or(0));
            text.push('…');
        }
        RuleOutcome {
            name: traced.rule.name.clone(),
            place: (Arc::clone(&traced.program.file), traced.rule.span),
            passes: passes(traced.value) == Some(true),
            shown: text,
        }
    });
    let place = |value: palisade_document::Value<'_>| {
        let file = Arc::clone(value.document().file());
        (file, value.span())
    };
    Judgement {
        verdict,
        rules: rules.collect(),
        element: machine.element().map(place),
        touched: machine.touched().map(place),
        unexpected,
        prints: context.take_prints(),
    }
}

fn run<'r>(
    machine: &Machine<'r>,
    trial: &Trial<'r>,
    unexpected: &mut Vec<(String, String, String)>,
) -> Outcome<Verdict> {
    let module = machine.run_policy(trial.program)?;
    let main = rule(machine, module, "main");
    if let Some(expected) = trial.expected {
        for (name, wanted) in expected {
            let found = match name.as_str() {
                "main" => main.clone(),
                name => rule(machine, module, name),
            }?;
            compare(machine, (name, wanted), found, unexpected)?;
        }
        if !expected.contains_key("main") {
            return Ok(Verdict::Passes);
        }
    }
    match main? {
        None => Err(failed_anywhere("the policy has no rule `main`".to_owned())),
        Some(main) => match passes(main) {
            Some(true) => Ok(Verdict::Passes),
            Some(false) => Ok(Verdict::Fails),
            None if main.is_undefined() => {
                let at = machine.undefined_at();
                let place = at.map(|at| (Arc::clone(&at.program.file), at.span));
                Ok(Verdict::Undefined(place))
            }
            None => {
                let sentence = format!("`main` is a {}, which says nothing", main.type_name());
                Err(failed_anywhere(sentence))
            }
        },
    }
}

/// The value of a rule or a variable of the policy.
fn rule<'r>(
    machine: &Machine<'r>,
    module: &'r Module<'r>,
    name: &str,
) -> Outcome<Option<Value<'r>>> {
    match module.global(name) {
        Some(Value::Rule(rule)) => machine.force(rule).map(Some),
        other => Ok(other),
    }
}

/// Whether a value of `main` passes: true, or nothing found; `None` if it says nothing.
fn passes(value: Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(value),
        Value::Text(text) => Some(text.is_empty()),
        Value::Int(number) => Some(number == 0),
        Value::Float(number) => Some(number == 0.0),
        Value::List(list) => Some(list.len() == 0),
        Value::Map(map) => Some(map.len() == 0),
        _ => None,
    }
}

fn compare<'r>(
    machine: &Machine<'r>,
    (name, wanted): (&str, &'r Json),
    found: Option<Value<'r>>,
    unexpected: &mut Vec<(String, String, String)>,
) -> Outcome<()> {
    let value = from_json(machine, wanted);
    let is_same = match found {
        // An undefined `main` counts as false, by the specification.
        Some(Value::Undefined) if name == "main" => *wanted == Json::Bool(false),
        Some(found) => equal(machine, value, found)? == Some(true),
        None => false,
    };
    if !is_same {
        let found = match found {
            Some(found) => shown(machine.arena, found),
            None => "no such rule".to_owned(),
        };
        let wanted = shown(machine.arena, value);
        unexpected.push((name.to_owned(), wanted, found));
    }
    Ok(())
}

fn from_json<'r>(machine: &Machine<'r>, json: &'r Json) -> Value<'r> {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::Text(text),
        Json::Array(items) => {
            let items = items.iter().map(|item| from_json(machine, item));
            Value::list(machine.arena, items.collect::<Vec<_>>())
        }
        Json::Object(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| (key.as_str(), from_json(machine, value)));
            Value::map(machine.arena, entries.collect::<Vec<_>>())
        }
    }
}
