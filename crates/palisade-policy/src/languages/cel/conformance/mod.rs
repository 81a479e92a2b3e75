//! Runs the conformance suite of the language's specification (`*.textproto` files of
//! `SimpleTestFile` messages). The suite is given at run time.

mod textproto;
mod values;

use bumpalo::Bump;

use self::textproto::{Block, Field};
use super::environment::Environment;
use super::overload::Dialect;
use super::program::Program;
use super::scope::Scope;
use super::value::Val;
use crate::budget::{Budget, Meter};
use crate::context::{Context, Effects};
use crate::error::PolicyError;
use crate::folder::Folder;
use crate::suite::ConformanceReport;

/// How one case went.
enum Outcome {
    Passed,
    Failed(String),
    NotApplicable(&'static str),
}

/// Scores the engine on the suite below a folder.
pub(crate) fn conform(folder: &Folder) -> Result<ConformanceReport, PolicyError> {
    let unreadable = |error: crate::folder::ReadError| PolicyError::new(error.to_string());
    let mut report = ConformanceReport {
        suite: "cel",
        ..ConformanceReport::default()
    };
    let files = folder.files().map_err(unreadable)?;
    for path in files.iter().filter(|path| path.ends_with(".textproto")) {
        let text = folder.read(path).map_err(unreadable)?;
        let file = textproto::parse(text.text())
            .map_err(|error| PolicyError::new(format!("cannot read `{path}`: {error}")))?;
        for section in file.blocks("section") {
            for case in section.blocks("test") {
                let name = format!(
                    "{}/{}/{}",
                    file.text("name"),
                    section.text("name"),
                    case.text("name")
                );
                match run(case) {
                    Outcome::Passed => report.passed += 1,
                    Outcome::Failed(cause) => report.failed.entry(cause).or_default().push(name),
                    Outcome::NotApplicable(reason) => {
                        let names = report.not_applicable.entry(reason.to_owned());
                        names.or_default().push(name);
                    }
                }
            }
        }
    }
    if report.passed == 0 {
        let message = "no `*.textproto` case below the folder; give the suite's `testdata` folder";
        return Err(PolicyError::new(message));
    }
    Ok(report)
}

fn run(case: &Block) -> Outcome {
    let word = |name: &str| case.text(name) == "true";
    if word("check_only") {
        return Outcome::NotApplicable(
            "asks for a deduced type; expressions are checked as they run",
        );
    }
    if case.get("unknown").is_some() || case.get("any_unknowns").is_some() {
        return Outcome::NotApplicable("asks for unknown values, which this engine does not have");
    }
    let arena = Bump::new();
    let context = Context::new(&arena, Meter::start(Budget::default()), Effects::default());
    let fails = case.get("eval_error").is_some() || case.get("any_eval_errors").is_some();
    let result = evaluate(case, &context);
    if fails {
        return match result {
            Err(Refusal::Unsupported(cause)) => Outcome::Failed(cause),
            Err(_) => Outcome::Passed,
            Ok(found) => Outcome::Failed(format!("an error was expected, not {}", kind(found))),
        };
    }
    let typed = case.blocks("typed_result").next();
    let expected = typed
        .and_then(|typed| typed.blocks("result").next())
        .or_else(|| case.blocks("value").next());
    let expected = match expected.map(|value| values::value(&context, value)) {
        None => Val::Bool(true),
        Some(Ok(value)) => value,
        Some(Err(cause)) => return Outcome::Failed(cause),
    };
    match result {
        Ok(found) if values::same(found, expected) => Outcome::Passed,
        Ok(_) => Outcome::Failed("another value".to_owned()),
        Err(Refusal::Unsupported(cause)) => Outcome::Failed(cause),
        Err(Refusal::Mistake(message)) => Outcome::Failed(format!("does not compile: {message}")),
        Err(Refusal::Fault(message)) => Outcome::Failed(format!("fails: {message}")),
    }
}

fn kind(value: Val<'_>) -> &str {
    value.type_name()
}

enum Refusal {
    Unsupported(String),
    Mistake(String),
    Fault(String),
}

const PROTOBUF: &str = "protobuf messages and enums";

fn evaluate<'v>(case: &Block, context: &'v Context<'v>) -> Result<Val<'v>, Refusal> {
    let mut scope = Scope {
        dialect: Dialect::Standard,
        container: case.text("container"),
        unchecked: case.text("disable_check") == "true",
        ..Scope::default()
    };
    let mut roots = Vec::new();
    for declared in case.blocks("type_env") {
        if declared.blocks("ident").next().is_some() {
            scope.roots.push(declared.text("name"));
            roots.push(None);
        }
    }
    for binding in case.blocks("bindings") {
        let name = binding.text("key");
        let value = binding
            .blocks("value")
            .next()
            .and_then(|value| value.blocks("value").next())
            .ok_or_else(|| Refusal::Unsupported("a binding that is not a value".to_owned()))?;
        let value = values::value(context, value).map_err(Refusal::Unsupported)?;
        let known = scope.roots.iter().position(|known| *known == name);
        if let Some(place) = known.and_then(|at| roots.get_mut(at)) {
            *place = Some(value);
        } else {
            scope.roots.push(name);
            roots.push(Some(value));
        }
    }
    let expr = case.text("expr");
    let program = Program::compile(&expr, &scope).map_err(|mistake| {
        if mentions_protobuf(&expr, &scope.container, &mistake.message) {
            Refusal::Unsupported(PROTOBUF.to_owned())
        } else {
            Refusal::Mistake(mistake.message)
        }
    })?;
    let arena = context.arena;
    // A value may borrow the program, which is gone after the case.
    let program: &'v Program = &*Box::leak(Box::new(program));
    let environment: &'v Environment<'v> = arena.alloc(Environment {
        roots: arena.alloc_slice_copy(&roots),
        ..Environment::default()
    });
    program
        .run(context, environment)
        .map_err(|fault| Refusal::Fault(fault.message().to_owned()))
}

fn mentions_protobuf(expr: &str, container: &str, message: &str) -> bool {
    let message_type = [
        "TestAll",
        "NestedTestAll",
        "GlobalEnum",
        "proto.",
        "protobuf.Any",
    ];
    let named = message_type.iter().any(|name| expr.contains(name));
    named
        && (message.contains("not a type") || container.contains("proto") || expr.contains("proto"))
}

fn is_word(field: &Field, word: &str) -> bool {
    matches!(field, Field::Word(found) if found == word)
}
