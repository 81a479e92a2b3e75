//! Tests of anchors on small resources of our own.

use bumpalo::Bump;
use palisade_document::Syntax;

use super::*;
use crate::budget::{Budget, Meter};
use crate::context::Effects;
use crate::languages::kyverno::jmespath::read_text;

/// `pass`, `skip`, `fail PATH` or `error`.
fn judge(pattern: &str, resource: &str) -> String {
    let arena = Bump::new();
    let context = Context::new(&arena, Meter::start(Budget::default()), Effects::default());
    let read = |text| read_text(&context, text, Syntax::Yaml).unwrap();
    match match_pattern(&context, read(resource), read(pattern)).unwrap() {
        Ok(()) => "pass".to_owned(),
        Err(mismatch) => match mismatch.outcome {
            Outcome::Skip => "skip".to_owned(),
            Outcome::Fail => format!("fail {}", mismatch.path),
            Outcome::Error => "error".to_owned(),
        },
    }
}

#[test]
fn a_pattern_without_anchors_asks_for_every_key() {
    let pattern = "{spec: {hostNetwork: false, containers: [{image: '*:?*'}]}}";
    assert_eq!(
        judge(
            pattern,
            "{spec: {hostNetwork: false, containers: [{image: 'a:1'}]}}"
        ),
        "pass"
    );
    assert_eq!(
        judge(
            pattern,
            "{spec: {hostNetwork: false, containers: [{image: 'a:1'}, {image: b}]}}"
        ),
        "fail /spec/containers/1/image/"
    );
    assert_eq!(
        judge(pattern, "{spec: {containers: []}}"),
        "fail /spec/hostNetwork/"
    );
}

#[test]
fn an_equality_anchor_asks_only_where_the_key_is() {
    let pattern = "{spec: {=(hostPID): false}}";
    assert_eq!(judge(pattern, "{spec: {}}"), "pass");
    assert_eq!(
        judge(pattern, "{spec: {hostPID: true}}"),
        "fail /spec/hostPID/"
    );
}

#[test]
fn a_condition_takes_items_out_and_skips_when_none_is_left() {
    let pattern = "{spec: {containers: [{(image): '*:latest', imagePullPolicy: Always}]}}";
    let container = |image: &str, policy: &str| {
        format!("{{spec: {{containers: [{{image: '{image}', imagePullPolicy: {policy}}}]}}}}")
    };
    assert_eq!(judge(pattern, &container("a:latest", "Always")), "pass");
    assert_eq!(
        judge(pattern, &container("a:latest", "Never")),
        "fail /spec/containers/0/imagePullPolicy/"
    );
    assert_eq!(judge(pattern, &container("a:1", "Never")), "skip");
}

#[test]
fn a_negation_forbids_and_an_existence_asks_for_one() {
    assert_eq!(
        judge("{spec: {X(hostIPC): 'null'}}", "{spec: {hostIPC: true}}"),
        "fail /spec/hostIPC/"
    );
    let pattern = "{spec: {^(tolerations): [{key: a}]}}";
    assert_eq!(
        judge(pattern, "{spec: {tolerations: [{key: b}, {key: a}]}}"),
        "pass"
    );
    assert_eq!(
        judge(pattern, "{spec: {tolerations: [{key: b}]}}"),
        "fail /spec/tolerations/"
    );
}

#[test]
fn a_global_anchor_skips_the_whole_rule() {
    let pattern = "{spec: {<(kind): x, size: 1}}";
    assert_eq!(judge(pattern, "{spec: {kind: y, size: 2}}"), "skip");
    assert_eq!(
        judge(pattern, "{spec: {kind: x, size: 2}}"),
        "fail /spec/size/"
    );
}

#[test]
fn keys_of_labels_may_hold_wildcards() {
    let pattern = "{metadata: {labels: {'team.*/name': '?*'}}}";
    assert_eq!(
        judge(pattern, "{metadata: {labels: {team.io/name: a}}}"),
        "pass"
    );
    assert_eq!(
        judge(pattern, "{metadata: {labels: {other: a}}}"),
        "fail /metadata/labels/team.*/name/"
    );
}
