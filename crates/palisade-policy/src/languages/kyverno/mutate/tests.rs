//! Tests of patches on small objects of our own.

use palisade_document::Syntax;

use super::*;
use crate::budget::{Budget, Meter};
use crate::context::{Context, Effects};
use crate::languages::kyverno::jmespath::read_text;
use crate::languages::kyverno::request::Request;

fn patched(block: &str, object: &str) -> String {
    let arena = Bump::new();
    let context = Context::new(&arena, Meter::start(Budget::default()), Effects::default());
    let read = |text| read_text(&context, text, Syntax::Yaml).unwrap();
    let request = Request::create(read(object));
    let scope = Scope::new(&context, &request);
    let mutate = Mutate::read(&arena, read(block));
    let responses = apply(&scope, &mutate).unwrap();
    let response = responses.into_iter().next().unwrap();
    match response.patched {
        Some(patched) => build::json(patched),
        None => format!("{:?}: {}", response.status, response.message),
    }
}

const POD: &str = "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a, image: 'x:latest'}, \
                   {name: b, image: 'y:1'}]}}";

#[test]
fn an_overlay_patches_the_items_that_its_conditions_take() {
    let block = "{patchStrategicMerge: {spec: {containers: [{(image): '*:latest', \
                 imagePullPolicy: Always}]}}}";
    let result = patched(block, POD);
    assert!(
        result.contains(r#"[{"image":"x:latest","imagePullPolicy":"Always","name":"a"},{"image":"y:1","name":"b"}]"#),
        "{result}"
    );
}

#[test]
fn a_key_is_added_only_where_it_is_absent() {
    let block = "{patchStrategicMerge: {metadata: {labels: {+(a): new, +(b): new}}}}";
    let result = patched(block, "{kind: X, metadata: {labels: {a: old}}}");
    assert_eq!(
        result,
        r#"{"kind":"X","metadata":{"labels":{"a":"old","b":"new"}}}"#
    );
}

#[test]
fn a_condition_that_is_not_met_leaves_the_object_alone() {
    let block = "{patchStrategicMerge: {(kind): Y, spec: {size: 1}}}";
    assert_eq!(patched(block, "{kind: X}"), "Skip: no patches applied");
    let block = "{patchStrategicMerge: {(kind): X, spec: {size: 1}}}";
    assert_eq!(
        patched(block, "{kind: X}"),
        r#"{"kind":"X","spec":{"size":1}}"#
    );
}

#[test]
fn lists_of_known_fields_merge_by_key_and_null_removes() {
    let block = "{patchStrategicMerge: {spec: {containers: [{name: b, image: 'z:2'}, {name: c}]}, \
                 metadata: {labels: null}}}";
    let object = "{apiVersion: v1, kind: Pod, metadata: {labels: {a: b}}, spec: {containers: \
                  [{name: a}, {name: b, image: 'y:1', stdin: true}]}}";
    let result = patched(block, object);
    assert!(result.contains(
        r#""containers":[{"image":"z:2","name":"b","stdin":true},{"name":"c"},{"name":"a"}]"#
    ));
    assert!(result.contains(r#""metadata":{}"#), "{result}");
}

#[test]
fn a_json_patch_is_applied_operation_by_operation() {
    let block = "{patchesJson6902: '[{op: add, path: /metadata/labels/a~1b, value: c}, {op: \
                 replace, path: /spec/containers/-1/image, value: z}, {op: remove, path: \
                 /spec/gone}]'}";
    let result = patched(block, POD);
    assert!(result.contains(r#""labels":{"a/b":"c"}"#) && result.contains(r#""image":"z""#));
    let block = "{patchesJson6902: '[{op: replace, path: /gone, value: 1}]'}";
    assert!(patched(block, POD).starts_with("Error: "));
}

#[test]
fn a_loop_patches_for_each_element_in_order() {
    let block = "{foreach: [{list: 'request.object.spec.containers', preconditions: {all: [{key: \
                 '{{ element.image }}', operator: Equals, value: 'x:*'}]}, patchStrategicMerge: \
                 {spec: {containers: [{name: '{{ element.name }}', image: 'm/{{ element.image \
                 }}'}]}}}]}";
    let result = patched(block, POD);
    assert!(
        result.contains(r#"{"image":"m/x:latest","name":"a"}"#),
        "{result}"
    );
}
