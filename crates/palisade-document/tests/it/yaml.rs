//! YAML as Kubernetes writes it.

use crate::shown::{places, yaml};

#[test]
fn a_stream_of_documents_is_read() {
    let text = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    ports: [80, \"81\"]\n  - name: 'b'\n---\n# nothing\n---\nx: {y: ~, z: }\n";
    assert_eq!(
        yaml(text),
        "{apiVersion: \"v1\", kind: \"Pod\", spec: {containers: [{name: \"a\", ports: [80, \"81\"]}, {name: \"b\"}]}} --- null --- {x: {y: null, z: null}}"
    );
}

#[test]
fn places_are_exact() {
    let text =
        "a: 1 # one\nbé:\n  - x\n  - \"q\\\"é\"   # two\n# trailing\n\nc: {d: [1, 2 ], e: }\n";
    assert_eq!(
        places(text),
        [
            text.trim_end(),
            "a=",
            "1",
            "bé=",
            "- x\n  - \"q\\\"é\"",
            "x",
            "\"q\\\"é\"",
            "c=",
            "{d: [1, 2 ], e: }",
            "d=",
            "[1, 2 ]",
            "1",
            "2",
            "e=",
            "",
        ]
    );
}

#[test]
fn block_scalars_are_placed_at_their_content() {
    let text = "a: |\n  one\n   two\nb: >-\n\n  folded\n  text\n\nc: !!str |\n  x\nd: |2\n   y\n";
    assert_eq!(
        yaml(text),
        r#"{a: "one\n two\n", b: "\nfolded text", c: "x\n", d: " y\n"}"#
    );
    let found = places(text);
    assert_eq!(found[2], "one\n   two");
    assert_eq!(found[4], "folded\n  text");
    assert_eq!(found[6], "x");
    assert!(found[8].ends_with('y'));
}
