//! Expressions that are long in a row: refused, where walking them would end the process.

use std::collections::BTreeMap;
use std::sync::Arc;

use palisade_document::SourceFile;
use palisade_policy::{Bundle, Settings, languages};

fn mistake(body: &str) -> Option<String> {
    let text = format!("package main\nimport rego.v1\ndeny contains 1 if {{ x := {body} }}\n");
    let bundle = Bundle {
        name: "main".to_owned(),
        files: BTreeMap::from([(
            "a.rego".to_owned(),
            Arc::new(SourceFile::new("a.rego", text)),
        )]),
    };
    let language = languages::find("rego").expect("Rego");
    match (language.compile)(&bundle, &Settings::default()) {
        Ok(compiled) => compiled.errors().first().map(|one| one.message.clone()),
        Err(errors) => errors.first().map(|one| one.message.clone()),
    }
}

#[test]
fn a_chain_has_a_bounded_height() {
    let chain = |count: usize| vec!["1"; count].join(" + ");
    assert_eq!(mistake(&chain(200)), None);
    for body in [
        chain(100_000),
        format!("input{}", ".a".repeat(100_000)),
        format!("input{}", "[0]".repeat(100_000)),
        format!("({}) + ({})", chain(300), chain(2)),
        format!("f{}", "(1)".repeat(1_000)),
        vec!["{1}"; 5_000].join(" & "),
        vec!["{1}"; 5_000].join(" | "),
        vec!["a"; 5_000].join(" in "),
    ] {
        let told = mistake(&body).unwrap_or_default();
        assert!(told.contains("more than 256"), "{told}");
    }
}
