//! Sentinel: the language, its imports, Terraform's imports, policy sets, tests and hostile texts.

mod configuration;
mod conformance;
mod examples;
mod hostile;
mod imports;
mod language;
mod seeds;
mod terraform;

use std::collections::BTreeMap;
use std::sync::Arc;

use bumpalo::Bump;
use palisade_document::{Document, Limits, SourceFile, parse_json};
use palisade_policy::{
    Answer, Budget, Bundle, Compiled, Context, Effects, Input, Language, Meter, PolicyError,
    Settings, Status, Subject, languages,
};

pub(crate) fn language() -> &'static Language {
    languages::find("sentinel").unwrap()
}

/// Compiles texts by their paths.
pub(crate) fn compile(texts: &[(&str, &str)]) -> Result<Arc<dyn Compiled>, Vec<PolicyError>> {
    let files = texts.iter().map(|(path, text)| {
        let file = SourceFile::new(*path, *text);
        ((*path).to_owned(), Arc::new(file))
    });
    let bundle = Bundle {
        name: "policies".to_owned(),
        files: files.collect::<BTreeMap<_, _>>(),
    };
    (language().compile)(&bundle, &Settings::default())
}

pub(crate) fn json(text: &str) -> Document {
    let file = Arc::new(SourceFile::new("plan.json", text));
    let (document, errors) = parse_json(file, &Limits::default());
    assert!(errors.is_empty(), "{errors:?}");
    document
}

/// What a set answers about a plan.
pub(crate) fn judge(set: &dyn Compiled, plan: &str, effects: Effects<'_>) -> Vec<Answer> {
    judge_within(set, plan, effects, Budget::default())
}

pub(crate) fn judge_within(
    set: &dyn Compiled,
    plan: &str,
    effects: Effects<'_>,
    budget: Budget,
) -> Vec<Answer> {
    let document = json(plan);
    let arena = Bump::new();
    let context = Context::new(&arena, Meter::start(budget), effects);
    let input = Input::new(Subject::TerraformPlan, document.roots().next().unwrap());
    set.evaluate(&context, &input).unwrap()
}

/// The answer of one policy about an empty plan.
pub(crate) fn run(policy: &str) -> Answer {
    let set = compile(&[("p.sentinel", policy)]).unwrap_or_else(|errors| panic!("{errors:?}"));
    judge(set.as_ref(), "{}", Effects::default()).remove(0)
}

/// Every line is an expression that is true; lines before the first one may be statements.
pub(crate) fn assert_all_hold(head: &str, expressions: &[&str]) {
    for expression in expressions {
        let answer = run(&format!("{head}\nmain = rule {{ {expression} }}\n"));
        assert_eq!(
            (answer.status, answer.message.as_str()),
            (Status::Pass, ""),
            "{expression}"
        );
    }
}

/// Every line is an expression that is `undefined`.
pub(crate) fn assert_all_undefined(head: &str, expressions: &[&str]) {
    for expression in expressions {
        let answer = run(&format!("{head}\nmain = rule {{ {expression} }}\n"));
        assert_eq!(answer.status, Status::Error, "{expression}");
        assert!(
            answer.message.starts_with("`main` is undefined"),
            "{expression}: {}",
            answer.message
        );
    }
}

/// The message with which a policy stops.
pub(crate) fn stops(policy: &str) -> String {
    let answer = run(policy);
    assert_eq!(answer.status, Status::Error, "{policy}: {}", answer.message);
    answer.message
}
