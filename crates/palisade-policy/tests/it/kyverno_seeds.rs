//! The texts that fuzzing of Kyverno's policies starts from, as ordinary tests: whatever a text
//! holds, it is compiled and judges its own documents within budgets and without a panic.

use std::path::Path;
use std::sync::Arc;

use bumpalo::Bump;
use palisade_document::{Limits, SourceFile, parse_yaml};
use palisade_policy::{
    Budget, Bundle, Context, Effects, Input, Meter, Settings, Subject, languages,
};

/// How many answers a text's policies give on its own documents.
fn judge(text: &str) -> usize {
    let file = Arc::new(SourceFile::new("seed.yaml", text));
    let mut bundle = Bundle::default();
    bundle
        .files
        .insert("seed.yaml".to_owned(), Arc::clone(&file));
    let language = languages::find("kyverno").unwrap();
    let Ok(set) = (language.compile)(&bundle, &Settings::default()) else {
        return 0;
    };
    let (document, _) = parse_yaml(file, &Limits::default());
    let mut count = 0;
    for root in document.roots() {
        let arena = Bump::new();
        let context = Context::new(&arena, Meter::start(Budget::default()), Effects::default());
        let input = Input::new(Subject::KubernetesObject, root);
        count += set
            .evaluate(&context, &input)
            .map_or(0, |answers| answers.len());
    }
    count
}

#[test]
fn every_seed_is_judged_safely() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/kyverno");
    let mut answers = 0;
    let mut silent = Vec::new();
    let mut seeds = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let given = judge(&text);
        answers += given;
        if given == 0 {
            silent.push(path);
        }
        seeds += 1;
        for end in (0..text.len())
            .step_by(97)
            .filter(|end| text.is_char_boundary(*end))
        {
            judge(&text[..end]);
        }
    }
    assert!(seeds >= 11, "only {seeds} seeds");
    assert!(
        answers >= 14,
        "only {answers} answers: {silent:?} do not reach the engine"
    );
}
