//! YAML as Kubernetes writes it.

use palisade_document::{Span, Syntax, SyntaxSeverity, Value};

use crate::shown::{fatal, places, read, shown, yaml};

#[test]
fn a_stream_of_documents_is_read() {
    let text = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    ports: [80, \"81\"]\n  - name: 'b'\n---\n# nothing\n---\nx: {w: ~, z: }\n";
    assert_eq!(
        yaml(text),
        "{apiVersion: \"v1\", kind: \"Pod\", spec: {containers: [{name: \"a\", ports: [80, \"81\"]}, {name: \"b\"}]}} --- null --- {x: {w: null, z: null}}"
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

#[test]
fn plain_words_are_read_as_kubectl_reads_them() {
    assert_eq!(
        yaml("[yes, No, ON, off, true, FALSE, y, n, tRue, 'yes', \"on\"]"),
        r#"[true, false, true, false, true, false, true, false, "tRue", "yes", "on"]"#
    );
    assert_eq!(
        yaml("[0x1F, 0o17, 0755, 1_000, 0_0, 1e3, 1e400, ~, Null, -5, 10Gi]"),
        r#"[31, 15, 493, 1000, 0, 1000.0, "1e400", null, null, -5, "10Gi"]"#
    );
}

#[test]
fn yaml_1_2_knows_no_other_words_and_keeps_its_keys() {
    let (document, errors) = read(Syntax::Yaml12, "on: {y: yes}\n080: 1_0\n");
    assert_eq!(errors, []);
    assert_eq!(shown(&document), r#"{on: {y: "yes"}, 080: "1_0"}"#);
}

#[test]
fn a_tag_reads_even_a_quoted_text() {
    assert_eq!(
        yaml(
            "a: !!bool \"true\"\nb: !!bool 'yes'\nc: !!int \"0\"\nd: !!null \"\"\ne: !!binary bmdpbng=\nf: !!float |-\n  1\n"
        ),
        r#"{a: true, b: true, c: 0, d: null, e: "nginx", f: 1.0}"#
    );
}

#[test]
fn what_kubectl_cannot_read_is_refused_with_its_place() {
    for (text, at) in [
        ("a: 1\n---\nb: !!bool maybe\n", (19, 24)),
        ("a: 1\n---\nb: .inf\n", (12, 16)),
        ("a: 1\n---\nb: !!binary x\n", (21, 22)),
    ] {
        let (kept, error) = fatal(Syntax::Yaml, text);
        assert_eq!(kept, "{a: 1}", "`{text}`");
        assert_eq!(error.span, Span::new(at.0, at.1), "`{text}`");
    }
}

#[test]
fn tags_decide_or_are_ignored() {
    assert_eq!(
        yaml("a: !!str 80\nb: !Ref Name\nc: !GetAtt [x, z]\nd: !!float 1\ne: !!str\nf: ! 12\n"),
        r#"{a: "80", b: "Name", c: ["x", "z"], d: 1.0, e: "", f: "12"}"#
    );
    let found = places("a: !!str 80\nb: &x !Ref Name # c\nc: !T\n  d: 1\n");
    assert_eq!(found[2], "80");
    assert_eq!(found[4], "Name");
    assert_eq!(found[6], "d: 1");
}

#[test]
fn keys_that_are_not_texts_become_their_text() {
    assert_eq!(
        yaml("80: a\ntrue: b\n1.5: c\n\"d\": e\n~: f\n"),
        r#"{80: "a", true: "b", 1.5: "c", d: "e", ~: "f"}"#
    );
    assert_eq!(
        yaml("y: a\n0x10: b\n!!str on: c\n\"no\": d\n&x off: e\nf: {*x : g}\n"),
        r#"{true: "a", 16: "b", on: "c", no: "d", false: "e", f: {false: "g"}}"#
    );
}

#[test]
fn a_key_that_is_no_scalar_is_left_out_with_a_warning() {
    let (document, errors) = read(Syntax::Yaml, "? [a, b]\n: 1\nc: 2\n");
    assert_eq!(shown(&document), "{c: 2}");
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].severity, SyntaxSeverity::Warning);
    assert_eq!(errors[0].span, Span::new(2, 8));
}

#[test]
fn a_key_that_stands_twice_is_reported_and_the_last_one_counts() {
    let text = "a: 1\nb: 2\na: 3\n";
    let (document, errors) = read(Syntax::Yaml, text);
    assert_eq!(shown(&document), "{a: 3, b: 2}");
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].span, Span::new(10, 11));
    assert_eq!(errors[0].severity, SyntaxSeverity::Warning);
    assert!(errors[0].message.contains("line 1"));
}

#[test]
fn aliases_repeat_what_their_anchor_holds() {
    assert_eq!(
        yaml("a: &x {b: [1]}\nc: *x\nd: [*x, &y z, *y]\n&k e: *k\n*y : f\n"),
        r#"{a: {b: [1]}, c: {b: [1]}, d: [{b: [1]}, "z", "z"], e: "e", z: "f"}"#
    );
}

#[test]
fn an_anchor_ends_with_its_document() {
    let (kept, error) = fatal(Syntax::Yaml, "a: &x 1\n---\nb: *x\n");
    assert_eq!(kept, "{a: 1}");
    assert_eq!(error.span, Span::new(15, 17));
}

#[test]
fn merge_keys_add_what_is_missing() {
    let text = "base: &b {image: a, tag: 1}\nmore: &m {tag: 2, pull: x}\none:\n  <<: *b\n  tag: 3\nboth:\n  tag2: 0\n  <<: [*m, *b]\nplain:\n  \"<<\": 1\n";
    assert_eq!(
        yaml(text),
        r#"{base: {image: "a", tag: 1}, more: {tag: 2, pull: "x"}, one: {tag: 3, image: "a"}, both: {tag2: 0, tag: 2, pull: "x", image: "a"}, plain: {<<: 1}}"#
    );
    let (document, errors) = read(Syntax::Yaml, "a:\n  <<: 1\n  b: 2\n");
    assert_eq!(shown(&document), "{a: {b: 2}}");
    assert_eq!(errors.len(), 1);
}

#[test]
fn empty_values_and_empty_texts() {
    assert_eq!(yaml(""), "");
    assert_eq!(yaml("# only a comment\n"), "");
    assert_eq!(yaml("---\n---\n"), "null --- null");
    assert_eq!(
        yaml("a:\nb:\n- \n- x:\n-\n"),
        "{a: null, b: [null, {x: null}, null]}"
    );
    assert_eq!(yaml("[a: b, c]"), r#"[{a: "b"}, "c"]"#);
    assert_eq!(places("a:\nb: 1\n")[2], "");
}

#[test]
fn a_byte_order_mark_moves_no_place() {
    let text = "\u{feff}a: é\nb: x\n";
    assert_eq!(yaml(text), r#"{a: "é", b: "x"}"#);
    assert_eq!(places(text), ["a: é\nb: x", "a=", "é", "b=", "x"]);
}

#[test]
fn windows_line_breaks_move_no_place() {
    let text = "a: 1\r\nb:\r\n  - |\r\n    x\r\n    y\r\n  - z\r\n";
    assert_eq!(yaml(text), r#"{a: 1, b: ["x\ny\n", "z"]}"#);
    assert_eq!(
        places(text)[3..],
        ["b=", "- |\r\n    x\r\n    y\r\n  - z", "x\r\n    y", "z"]
    );
}

#[test]
fn keys_that_are_merged_into_a_large_object_are_found() {
    let own: Vec<String> = (0..50).map(|at| format!("  own{at}: {at}\n")).collect();
    let own = own.concat();
    let text = format!("base: &b {{own3: no, more: yes}}\nall:\n{own}  <<: *b\n");
    let (document, _) = read(Syntax::Yaml, &text);
    let all = document.roots().next().unwrap().get("all").unwrap();
    assert_eq!(all.get("own3").and_then(Value::as_i64), Some(3));
    assert_eq!(all.get("more").and_then(Value::as_bool), Some(true));
    assert_eq!(all.entries().len(), 51);
}

#[test]
fn a_block_at_the_end_has_a_line_break_only_where_the_text_has_one() {
    assert_eq!(yaml("a: |\n  b"), "{a: \"b\"}");
    assert_eq!(yaml("a: |\n  b\n"), "{a: \"b\\n\"}");
    assert_eq!(yaml("a: |\n  b\nc: d"), "{a: \"b\\n\", c: \"d\"}");
}
