//! Any text is parsed and run within its budget: no panic, no overflow, no run without end.
#![no_main]

use std::sync::Arc;
use std::time::Duration;

use bumpalo::Bump;
use libfuzzer_sys::fuzz_target;
use palisade_document::{Limits, SourceFile, parse_json};
use palisade_policy::{Budget, Bundle, Context, Effects, Input, Meter, Settings, Subject, languages};

const PLAN: &str = r#"{"resource_changes": [{"address": "a.b", "mode": "managed", "type": "a",
"name": "b", "change": {"actions": ["create"], "before": null, "after": {"tags": {"x": 1}}}}]}"#;

fuzz_target!(|text: &str| {
    let Some(language) = languages::find("sentinel") else {
        return;
    };
    let mut bundle = Bundle::default();
    for path in ["p.sentinel", "sentinel.hcl"] {
        bundle.files.clear();
        let file = Arc::new(SourceFile::new(path, text));
        bundle.files.insert(path.to_owned(), file);
        let Ok(set) = (language.compile)(&bundle, &Settings::default()) else {
            continue;
        };
        let plan = Arc::new(SourceFile::new("plan.json", PLAN));
        let (plan, _) = parse_json(plan, &Limits::default());
        let Some(root) = plan.roots().next() else {
            continue;
        };
        let arena = Bump::new();
        let budget = Budget {
            steps: 20_000,
            memory_bytes: 64 << 20,
            output_bytes: 1 << 16,
            time: Duration::from_secs(5),
        };
        let context = Context::new(&arena, Meter::start(budget), Effects::default());
        let answers = set.evaluate(&context, &Input::new(Subject::TerraformPlan, root));
        std::hint::black_box(&answers);
    }
});
