//! What is added to texts of every layout.

use std::sync::Arc;

use palisade_document::{SourceFile, Value};
use palisade_model::{AddedValue, Addition, Origin};

use super::additions::Additions;
use super::{edited, read};

const YES: AddedValue = AddedValue::Bool(true);
const ALL: AddedValue = AddedValue::Words(&["ALL"]);

/// The text with all additions to the mapping under `container` of its last document.
fn added(name: &str, text: &str, additions: &[(&[&'static str], AddedValue)]) -> String {
    let file = Arc::new(SourceFile::new(name, text));
    let (document, errors) = read(Arc::clone(&file));
    assert_eq!(errors, [], "{text}");
    let root = document.roots().next_back().unwrap();
    let mapping: Value<'_> = root.get("container").unwrap_or(root);
    let mut plan = Additions::to(&document);
    for (path, value) in additions {
        let addition = Addition {
            mapping: Origin::new(&file, mapping.span()),
            path: path.to_vec(),
            value: *value,
        };
        if plan.spot(&addition).is_some() {
            plan.take(&addition);
        }
    }
    edited(&file, &plan.patches()).unwrap()
}

fn yaml(text: &str, path: &[&'static str], value: AddedValue) -> String {
    added("a.yaml", text, &[(path, value)])
}

#[test]
fn keys_go_to_the_end_of_a_block() {
    assert_eq!(
        yaml("container:\n  name: a # why\n", &["x"], YES),
        "container:\n  name: a # why\n  x: true\n"
    );
    assert_eq!(
        yaml("container:\n  name: a", &["x"], YES),
        "container:\n  name: a\n  x: true"
    );
    // The end of a text in block style is a matter of indentation, so an earlier key is taken.
    assert_eq!(
        yaml(
            "container:\n  name: a\n  run: |\n    b\n\nother: c\n",
            &["x"],
            YES
        ),
        "container:\n  name: a\n  x: true\n  run: |\n    b\n\nother: c\n"
    );
    assert_eq!(
        yaml("container:\n  run: |\n    b\nother: c\n", &["x"], YES),
        "container:\n  x: true\n  run: |\n    b\nother: c\n"
    );
}

#[test]
fn missing_parents_are_made_with_the_indentation_of_the_file() {
    assert_eq!(
        yaml("container:\n  name: a\n", &["s", "x"], YES),
        "container:\n  name: a\n  s:\n    x: true\n"
    );
    assert_eq!(
        yaml("container:\n    name: a\n", &["s", "x"], YES),
        "container:\n    name: a\n    s:\n        x: true\n"
    );
    assert_eq!(
        yaml("container:\n  s:\n    y: 1\n", &["s", "x"], YES),
        "container:\n  s:\n    y: 1\n    x: true\n"
    );
}

#[test]
fn lists_stand_where_the_lists_of_the_file_stand() {
    assert_eq!(
        yaml("l:\n- a\ncontainer:\n  name: a\n", &["c", "drop"], ALL),
        "l:\n- a\ncontainer:\n  name: a\n  c:\n    drop:\n    - ALL\n"
    );
    assert_eq!(
        yaml("l:\n  - a\ncontainer:\n  name: a\n", &["c", "drop"], ALL),
        "l:\n  - a\ncontainer:\n  name: a\n  c:\n    drop:\n      - ALL\n"
    );
    assert_eq!(
        yaml("container:\n  drop:\n  - A\n  - B\n", &["drop"], ALL),
        "container:\n  drop:\n  - ALL\n"
    );
    assert_eq!(
        yaml("container: {drop: [A]}\n", &["drop"], ALL),
        "container: {drop: [ALL]}\n"
    );
}

#[test]
fn braces_are_kept() {
    assert_eq!(
        yaml("container: {}\n", &["s", "x"], YES),
        "container: { s: { x: true } }\n"
    );
    assert_eq!(
        yaml("container: {a: b}\n", &["x"], YES),
        "container: {a: b, x: true}\n"
    );
    assert_eq!(
        yaml("container: {s: {}, a: b}\n", &["s", "drop"], ALL),
        "container: {s: { drop: [ALL] }, a: b}\n"
    );
    assert_eq!(
        yaml("container: {\n  a: b,\n}\n", &["x"], YES),
        "container: {\n  a: b,\n  x: true,\n}\n"
    );
}

#[test]
fn nothing_and_null_are_replaced() {
    assert_eq!(
        yaml("container:\n  s:  # none\n  a: b\n", &["s", "x"], YES),
        "container:\n  s:  # none\n    x: true\n  a: b\n"
    );
    assert_eq!(
        yaml("container:\n  s: ~\n", &["s", "x"], YES),
        "container:\n  s: { x: true }\n"
    );
    assert_eq!(
        yaml("container:\n  x: false # no\n", &["x"], YES),
        "container:\n  x: true # no\n"
    );
}

#[test]
fn other_line_ends_and_other_documents_stay() {
    assert_eq!(
        yaml(
            "a: b\r\n---\r\ncontainer:\r\n  name: a\r\n",
            &["s", "x"],
            YES
        ),
        "a: b\r\n---\r\ncontainer:\r\n  name: a\r\n  s:\r\n    x: true\r\n"
    );
    assert_eq!(
        yaml(
            "container:\n  a: b\n---\ncontainer:\n  a: b\n---\n",
            &["x"],
            YES
        ),
        "container:\n  a: b\n---\ncontainer:\n  a: b\n---\n",
        "the last document is empty"
    );
}

#[test]
fn json_keeps_its_quotes() {
    assert_eq!(
        added(
            "a.json",
            "{\"container\": {\n  \"a\": 1\n}}",
            &[(&["s", "drop"], ALL)]
        ),
        "{\"container\": {\n  \"a\": 1,\n  \"s\": { \"drop\": [\"ALL\"] }\n}}"
    );
}

#[test]
fn additions_to_one_mapping_are_one_block() {
    let text = "container:\n  name: a\nother: b\n";
    let path: [&[&'static str]; 3] = [&["s", "x"], &["s", "c", "drop"], &["y"]];
    assert_eq!(
        added(
            "a.yaml",
            text,
            &[(path[0], YES), (path[1], ALL), (path[2], YES)]
        ),
        "container:\n  name: a\n  s:\n    x: true\n    c:\n      drop:\n        - ALL\n  y: true\nother: b\n"
    );
    // The end of the inner mapping is that of the outer one: the deeper key goes first.
    assert_eq!(
        added(
            "a.yaml",
            "container:\n  s:\n    a: b\n",
            &[(&["y"], YES), (&["s", "x"], YES)]
        ),
        "container:\n  s:\n    a: b\n    x: true\n  y: true\n"
    );
}

#[test]
fn what_cannot_be_said_is_left_out() {
    let text = "container:\n  s: word\n";
    assert_eq!(yaml(text, &["s", "x"], YES), text);
    let twice = added(
        "a.yaml",
        "container:\n  a: b\n",
        &[(&["x"], YES), (&["x"], AddedValue::Bool(false))],
    );
    assert_eq!(twice, "container:\n  a: b\n  x: true\n");
}
