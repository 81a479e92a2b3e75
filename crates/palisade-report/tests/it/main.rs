//! The committed schemas are those of the types.

#![expect(clippy::expect_used, reason = "a test that cannot run fails")]

use std::path::Path;

/// `PALISADE_UPDATE=1` writes the file instead.
fn check(name: &str, fresh: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/schemas")
        .join(name);
    if std::env::var_os("PALISADE_UPDATE").is_some() {
        std::fs::write(&path, fresh).expect("the schema can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == fresh,
        "docs/schemas/{name} is stale: run `PALISADE_UPDATE=1 cargo test -p palisade-report`"
    );
}

#[test]
fn the_schema_of_the_assessment_is_fresh() {
    check("assessment.json", &palisade_report::assessment_schema());
}

#[test]
fn the_schema_of_the_model_is_fresh() {
    check("model.json", &palisade_report::model_schema());
}
