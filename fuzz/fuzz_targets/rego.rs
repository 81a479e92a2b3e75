//! Any text is a Rego policy or is refused, and judges within its budget.
#![no_main]

use std::sync::Arc;
use std::time::Duration;

use bumpalo::Bump;
use libfuzzer_sys::fuzz_target;
use palisade_document::{Limits, SourceFile, parse_json};
use palisade_policy::{
    Budget, Bundle, Context, Effects, Input, Meter, Settings, Subject, languages,
};

fuzz_target!(|text: &str| {
    let Some(rego) = languages::find("rego") else {
        return;
    };
    let file = Arc::new(SourceFile::new("fuzz.rego", text));
    let bundle = Bundle {
        name: "fuzz".to_owned(),
        files: [("fuzz.rego".to_owned(), file)].into(),
    };
    let Ok(policy) = (rego.compile)(&bundle, &Settings::default()) else {
        return;
    };
    let input = Arc::new(SourceFile::new("input.json", "{\"a\": [1, {\"b\": \"c\"}]}"));
    let (document, _) = parse_json(input, &Limits::default());
    let arena = Bump::new();
    let budget = Budget {
        time: Duration::from_millis(200),
        ..Budget::default()
    };
    let context = Context::new(&arena, Meter::start(budget), Effects::default());
    for root in document.roots() {
        drop(policy.evaluate(&context, &Input::new(Subject::Other, root)));
    }
});
