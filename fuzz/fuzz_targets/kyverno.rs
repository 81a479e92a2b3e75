//! Any YAML text is compiled as Kyverno policies, which judge every document of the same text,
//! without a panic and within budgets.
#![no_main]

use std::sync::Arc;
use std::time::Duration;

use bumpalo::Bump;
use libfuzzer_sys::fuzz_target;
use palisade_document::{Limits, SourceFile, parse_yaml};
use palisade_policy::{
    Budget, Bundle, Context, Effects, Input, Meter, Settings, Subject, languages,
};

fuzz_target!(|text: &str| {
    let file = Arc::new(SourceFile::new("fuzz.yaml", text));
    let mut bundle = Bundle::default();
    bundle.files.insert("fuzz.yaml".to_owned(), Arc::clone(&file));
    let language = languages::find("kyverno").expect("the language is registered");
    let Ok(set) = (language.compile)(&bundle, &Settings::default()) else {
        return;
    };
    let (document, _) = parse_yaml(file, &Limits::default());
    for root in document.roots().take(8) {
        let arena = Bump::new();
        let budget = Budget {
            steps: 100_000,
            memory_bytes: 32 << 20,
            time: Duration::from_secs(1),
            ..Budget::default()
        };
        let context = Context::new(&arena, Meter::start(budget), Effects::default());
        let input = Input::new(Subject::KubernetesObject, root);
        std::hint::black_box(set.evaluate(&context, &input).ok());
    }
});
