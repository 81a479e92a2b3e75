//! Broken YAML: what is kept, where the error stands, what it says; and what only looks broken.

use palisade_document::Syntax;

use crate::shown::{fatal, line, yaml};

#[test]
fn documents_before_a_mistake_are_kept() {
    let text = "a: 1\n---\nb: 2\n---\nc: [1, 2\n---\nd: 4\n";
    let (kept, error) = fatal(Syntax::Yaml, text);
    assert_eq!(kept, "{a: 1} --- {b: 2}");
    assert_eq!(line(text, &error), 6);
}

#[test]
fn messages_say_what_is_wrong_and_where() {
    let cases = [
        ("a:\n\tb: 1\n", 2, "a tab indents this line"),
        ("a:\n  b: 1\n \tc: 2\n", 3, "a tab indents this line"),
        ("a: 1\nb: [1, 2,\n", 2, "the `[` that opens here has no `]`"),
        ("a: 1\nb: {x: 1\n", 2, "the `{` that opens here has no `}`"),
        ("a: [1, 2\nb: 3\n", 2, "`[` of line 1"),
        ("x: 1\na: \"b\nc: d\n", 2, "never closed"),
        ("a: b: c\n", 1, "a `:` cannot stand here"),
        ("a: {{ .Values.x }}-b\n", 1, "template"),
        ("a: 1\n b: 2\n", 2, "cannot stand here"),
        ("a: *x\n", 1, "no anchor"),
        ("a: 1\n- b\n", 2, ""),
        ("a: @b\n", 1, ""),
    ];
    for (text, at, part) in cases {
        let (kept, error) = fatal(Syntax::Yaml, text);
        assert_eq!(kept, "", "`{text}`");
        assert_eq!(line(text, &error), at, "`{text}`: {}", error.message);
        assert!(error.message.contains(part), "`{text}`: {}", error.message);
        assert!(!error.message.is_empty() && !error.message.ends_with('.'));
    }
}

#[test]
fn what_kubernetes_accepts_is_read_though_the_standard_refuses_it() {
    assert_eq!(
        yaml("a:\n  b: [\n    1\n  ]\n  c: {\n    d: 2\n  }\n"),
        "{a: {b: [1], c: {d: 2}}}"
    );
    assert_eq!(yaml("a:\n  b: [\n    1\n]\n"), "{a: {b: [1]}}");
    assert_eq!(
        yaml("a: {\n  b: 1\n}\nc: [\n1,\n2\n]\n"),
        "{a: {b: 1}, c: [1, 2]}"
    );
    assert_eq!(
        yaml("a:\n  b: \"one\n  two\"\n  c: \"one\ntwo\"\n"),
        r#"{a: {b: "one two", c: "one two"}}"#
    );
    assert_eq!(yaml("- [\n  a\n]\n- 'x\ny'\n"), r#"[["a"], "x y"]"#);
}

#[test]
fn the_lenient_engine_places_values_exactly() {
    let text = "é: &a !t\n  b: [\n    1\n]\nc: \"é\ny\" # z\nd: |\n  one\n  two\n\ne:\nf: *a\n";
    assert_eq!(
        yaml(text),
        r#"{é: {b: [1]}, c: "é y", d: "one\ntwo\n", e: null, f: {b: [1]}}"#
    );
    let found = crate::shown::places(text);
    assert_eq!(
        found[1..],
        [
            "é=",
            "b: [\n    1\n]",
            "b=",
            "[\n    1\n]",
            "1",
            "c=",
            "\"é\ny\"",
            "d=",
            "one\n  two",
            "e=",
            "",
            "f=",
            "b: [\n    1\n]",
            "b=",
            "[\n    1\n]",
            "1",
        ]
    );
}

#[test]
fn a_line_break_of_yaml_1_1_before_a_quoted_text_moves_no_place() {
    let found = crate::shown::places("!<x> \u{85}'\n a\n? b'\n");
    assert_eq!(found, ["'\n a\n? b'"]);
}
