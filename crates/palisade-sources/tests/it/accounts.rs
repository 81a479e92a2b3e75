//! Every file has exactly one account.

use palisade_model::Outcome;
use palisade_sources::{Options, read_texts};

#[test]
fn every_text_has_one_account_with_its_reason() {
    let texts = [
        ("README.md", "# Hello"),
        ("empty.yaml", "  \n"),
        ("values.yaml", "a: 1\n"),
    ];
    let reading = read_texts(&texts, &Options::default());
    let told: Vec<(&str, &str)> = reading
        .accounts
        .iter()
        .map(|account| match &account.outcome {
            Outcome::NotApplicable { reason } => (&*account.path, reason.as_str()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        told,
        [
            ("README.md", "not a format that is read"),
            ("empty.yaml", "empty"),
            ("values.yaml", "no Kubernetes object in it"),
        ]
    );
}
