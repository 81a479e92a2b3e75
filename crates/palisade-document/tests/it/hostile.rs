//! Small texts that want to be large: each must end in a located error, fast.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use palisade_document::{Limits, SourceFile, Syntax, SyntaxError, parse};

use crate::shown::{fatal, line, read, shown, yaml};

fn within(most: Duration, syntax: Syntax, text: &str) -> SyntaxError {
    let start = Instant::now();
    let (_, error) = fatal(syntax, text);
    let took = start.elapsed();
    assert!(took < most, "took {took:?}: {}", error.message);
    error
}

#[test]
fn a_billion_laughs_end_early() {
    let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..30 {
        let below = format!("*a{}", level - 1);
        let items = vec![below; 9].join(", ");
        writeln!(text, "a{level}: &a{level} [{items}]").unwrap();
    }
    let error = within(Duration::from_millis(200), Syntax::Yaml, &text);
    assert!(error.message.contains("aliases repeat more than 100000"));
    assert_eq!(line(&text, &error), 6);
}

#[test]
fn merges_count_as_repetition() {
    let keys: Vec<String> = (0..1000).map(|key| format!("k{key}: 1")).collect();
    let mut text = format!("base: &b {{{}}}\n", keys.join(", "));
    for at in 0..1000 {
        writeln!(text, "m{at}: {{<<: *b}}").unwrap();
    }
    let error = within(Duration::from_secs(2), Syntax::Yaml, &text);
    assert!(error.message.contains("aliases"));
}

#[test]
fn an_alias_inside_its_own_value_is_a_mistake() {
    for text in ["a: 1\nb: &x [1, *x]\n", "a: 1\nb: &x\n  c: *x\n"] {
        let (kept, error) = fatal(Syntax::Yaml, text);
        assert_eq!(kept, "");
        assert!(
            error.message.contains("inside the value"),
            "{}",
            error.message
        );
        assert_eq!(error.span.end - error.span.start, 2);
    }
}

#[test]
fn aliases_cannot_nest_deeper_than_the_text_may() {
    let mut text = "- &a0 [x]\n".to_owned();
    for level in 1..200 {
        writeln!(text, "- &a{level} [*a{}]", level - 1).unwrap();
    }
    let error = within(Duration::from_millis(200), Syntax::Yaml, &text);
    assert!(
        error.message.contains("deeper than 128"),
        "{}",
        error.message
    );
}

#[test]
fn deep_nesting_ends_early() {
    let most = Duration::from_millis(500);
    for (opening, syntax) in [
        ("[", Syntax::Yaml),
        ("{", Syntax::Yaml),
        ("{a: ", Syntax::Yaml),
        ("[\n", Syntax::Yaml),
        ("- ", Syntax::Yaml),
        ("? ", Syntax::Yaml),
        ("[{a: ", Syntax::Yaml),
        ("[", Syntax::Json),
        ("{\"a\":", Syntax::Json),
    ] {
        let text = format!("ok: 1\n---\n{}", opening.repeat(100_000));
        let text = if syntax == Syntax::Json {
            opening.repeat(100_000)
        } else {
            text
        };
        let error = within(most, syntax, &text);
        assert!(
            error.message.contains("nested"),
            "`{opening}`: {}",
            error.message
        );
    }
    let (kept, _) = fatal(
        Syntax::Yaml,
        &format!("ok: 1\n---\n{}", "[".repeat(100_000)),
    );
    assert_eq!(kept, "{ok: 1}");
}

#[test]
fn depth_up_to_the_bound_is_read() {
    let text = format!("{}1{}", "[".repeat(128), "]".repeat(128));
    assert_eq!(yaml(&text), text);
    let (document, errors) = read(Syntax::Json, &text);
    assert_eq!(errors, []);
    assert_eq!(shown(&document), text);
    let deeper = format!("[{text}]");
    assert!(fatal(Syntax::Yaml, &deeper).1.message.contains("nested"));
    assert!(fatal(Syntax::Json, &deeper).1.message.contains("nested"));
}

#[test]
fn bytes_that_are_no_text_are_a_mistake() {
    for (text, at) in [
        ("a: 1\n---\nb: \0\n", 12),
        ("a: 1\n---\nb: \"\u{1b}\"\n", 13),
    ] {
        let (kept, error) = fatal(Syntax::Yaml, text);
        assert_eq!(kept, "{a: 1}");
        assert_eq!(error.span.start, at);
        assert!(error.message.contains("control character"));
    }
}

#[test]
fn bounds_on_bytes_and_values_hold() {
    let limits = Limits {
        max_bytes: 20,
        max_nodes: 5,
        ..Limits::default()
    };
    let cases = [
        (
            Syntax::Yaml,
            "a: 1\n---\nb: 2222222222222222",
            "larger than 20 bytes",
            "{a: 1}",
        ),
        (
            Syntax::Json,
            "[1111111111111111111111]",
            "larger than 20 bytes",
            "",
        ),
        (
            Syntax::Yaml,
            "a: 1\n---\n[1,2,3,4,5]",
            "more than 5 values",
            "{a: 1}",
        ),
        (Syntax::Json, "[1,2,3,4,5,6]", "more than 5 values", ""),
    ];
    for (syntax, text, part, kept) in cases {
        let file = Arc::new(SourceFile::new("x", text));
        let (document, errors) = parse(file, syntax, &limits);
        assert_eq!(shown(&document), kept);
        assert_eq!(errors.len(), 1);
        assert!(errors[0].message.contains(part), "{}", errors[0].message);
    }
}

#[test]
#[ignore = "measures; only optimized builds reach the speed"]
fn ten_megabytes_are_read_fast() {
    let one = "- apiVersion: v1\n  kind: Pod\n  metadata: {name: a, labels: {app: \"x y\"}}\n  spec:\n    containers:\n      - image: registry.example/app:1.2.3\n        ports:\n          - containerPort: 8080\n        env: [] # none\n";
    for text in [
        one.repeat((10 << 20) / one.len()),
        one.replace("x y", "é").repeat((10 << 20) / one.len()),
    ] {
        let start = Instant::now();
        let (document, errors) = read(Syntax::Yaml, &text);
        let took = start.elapsed();
        assert_eq!(errors, []);
        assert!(document.len() > 500_000);
        assert!(took < Duration::from_secs(2), "10 MB took {took:?}");
    }
}
