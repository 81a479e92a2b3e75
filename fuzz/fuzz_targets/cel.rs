//! Any CEL expression, and any admission policy, ends: in an answer, a mistake or a budget.
#![no_main]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bumpalo::Bump;
use libfuzzer_sys::fuzz_target;
use palisade_document::{Limits, SourceFile, parse_yaml};
use palisade_policy::{
    Budget, Bundle, Context, Effects, Input, Meter, Settings, Subject, languages,
};

const OBJECT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {app: web, 'a/b': c}}
spec: {replicas: 2, list: [1, 2.5, null, x], template: {spec: {containers: [{name: a, image: 'r.example/a:1'}]}}}
";

const HEAD: &str = "\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: p}
spec:
  validations:
";

/// The text as a policy, or as the expression of one.
fn policy(text: &str) -> String {
    if text.contains("AdmissionPolicy") {
        return text.to_owned();
    }
    let mut quoted = String::new();
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            other => quoted.push(other),
        }
    }
    format!("{HEAD}    - expression: \"{quoted}\"\n")
}

fuzz_target!(|text: &str| {
    let Some(language) = languages::find("cel") else {
        return;
    };
    let file = Arc::new(SourceFile::new("policy.yaml", policy(text)));
    let bundle = Bundle {
        name: "fuzz".to_owned(),
        files: BTreeMap::from([("policy.yaml".to_owned(), file)]),
    };
    let Ok(compiled) = (language.compile)(&bundle, &Settings::default()) else {
        return;
    };
    let object = Arc::new(SourceFile::new("object.yaml", OBJECT));
    let (document, _) = parse_yaml(object, &Limits::default());
    let budget = Budget {
        steps: 20_000,
        memory_bytes: 8 << 20,
        time: Duration::from_secs(1),
        ..Budget::default()
    };
    let arena = Bump::new();
    let context = Context::new(&arena, Meter::start(budget), Effects::default());
    if let Some(root) = document.roots().next() {
        let input = Input::new(Subject::KubernetesObject, root);
        std::hint::black_box(compiled.evaluate(&context, &input).is_ok());
    }
});
