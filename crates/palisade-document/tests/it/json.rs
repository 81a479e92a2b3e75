//! JSON as its standard has it.

use palisade_document::{Span, Syntax, SyntaxSeverity, Value};

use crate::shown::{fatal, read, shown};

fn json(text: &str) -> String {
    let (document, errors) = read(Syntax::Json, text);
    assert_eq!(errors, [], "`{text}`");
    shown(&document)
}

#[test]
fn values_of_every_kind_are_read() {
    assert_eq!(
        json(" {\"a\": [1, -2.5, 1e3, true, null, []], \"b\": {}, \"c\": {\"d\": \"e\"}}\n"),
        r#"{a: [1, -2.5, 1000.0, true, null, []], b: {}, c: {d: "e"}}"#
    );
    assert_eq!(json("\u{feff}\"x\""), "\"x\"");
    assert_eq!(json("9223372036854775807"), "9223372036854775807");
    assert_eq!(json("9223372036854775808"), "9.223372036854776e18");
    assert_eq!(json("[[[[1]]], [{\"a\": [[]]}]]"), "[[[[1]]], [{a: [[]]}]]");
}

#[test]
fn escapes_are_read() {
    assert_eq!(
        json(r#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\ud83dx""#),
        format!("{:?}", "a\"\\/\u{8}\u{c}\n\r\té😀\u{fffd}x")
    );
}

#[test]
fn places_are_exact() {
    let text = "{ \"é\" : [ 12 , \"x\" ] }";
    let (document, _) = read(Syntax::Json, text);
    let root = document.roots().next().unwrap();
    let entry = root.entry("é").unwrap();
    let file = document.file();
    assert_eq!(file.slice(root.span()), text);
    assert_eq!(file.slice(entry.key_span), "\"é\"");
    assert_eq!(file.slice(entry.value.span()), "[ 12 , \"x\" ]");
    let items: Vec<_> = entry
        .value
        .items()
        .map(|item| file.slice(item.span()))
        .collect();
    assert_eq!(items, ["12", "\"x\""]);
}

#[test]
fn mistakes_are_placed() {
    let cases = [
        ("", 0, "a value"),
        ("[1,]", 3, "a value"),
        ("[1 2]", 3, "`,` or `]`"),
        ("{\"a\" 1}", 5, "`:`"),
        ("{a: 1}", 1, "a key in double quotes"),
        ("{\"a\": 1", 7, "the end of the text"),
        ("[01]", 1, "no json number"),
        ("[1.]", 1, "no json number"),
        ("[-]", 1, "no json number"),
        ("\"a", 0, "never closed"),
        ("\"a\nb\"", 2, "line break"),
        ("\"\\x\"", 1, "escape"),
        ("\"\\u12\"", 1, "escape"),
        ("tru", 0, "a value"),
        ("[}", 1, "a value"),
        ("[1}", 2, "`,` or `]`"),
    ];
    for (text, at, part) in cases {
        let (kept, error) = fatal(Syntax::Json, text);
        assert_eq!(kept, "", "`{text}`");
        assert_eq!(error.span.start, at, "`{text}`: {}", error.message);
        assert!(error.message.contains(part), "`{text}`: {}", error.message);
    }
}

#[test]
fn what_follows_the_value_is_a_mistake_and_the_value_is_kept() {
    let (kept, error) = fatal(Syntax::Json, "{\"a\": 1} x");
    assert_eq!(kept, "{a: 1}");
    assert_eq!(error.span, Span::new(9, 10));
}

#[test]
fn a_key_that_stands_twice_is_reported() {
    let (document, errors) = read(Syntax::Json, "{\"a\": 1, \"a\": 2}");
    assert_eq!(shown(&document), "{a: 2}");
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].severity, SyntaxSeverity::Warning);
    assert_eq!(errors[0].span, Span::new(9, 12));
}

#[test]
fn every_key_of_a_large_object_is_found() {
    let mut pairs: Vec<String> = (0..100).map(|at| format!("\"key{at}\":{at}")).collect();
    pairs.push("\"key7\":700".to_owned());
    let text = format!("{{\"only\":{{\"here\":1}},{}}}", pairs.join(","));
    let (document, errors) = read(Syntax::Json, &text);
    assert_eq!(errors.len(), 1, "key7 stands twice");
    let root = document.roots().next().unwrap();
    for at in 0..100 {
        let expected = if at == 7 { 700 } else { at };
        let found = root.get(&format!("key{at}")).and_then(Value::as_i64);
        assert_eq!(found, Some(expected));
    }
    assert!(root.get("here").is_none());
    assert!(root.get("nowhere").is_none());
}

#[test]
fn texts_with_and_without_escapes_are_what_they_mean() {
    let text = r#"{"a\tb":"c\u0064","plain":"'é' stands","":""}"#;
    let (document, _) = read(Syntax::Json, text);
    let root = document.roots().next().unwrap();
    let pairs: Vec<_> = root
        .entries()
        .map(|entry| (entry.key, entry.value.as_str().unwrap()))
        .collect();
    assert_eq!(pairs, [("a\tb", "cd"), ("plain", "'é' stands"), ("", "")]);
}

#[test]
fn a_number_that_nothing_holds_is_refused() {
    for text in ["[1, 1e400]", "[1, -1e400]"] {
        let (_, error) = fatal(Syntax::Json, text);
        assert_eq!(error.span.start, 4, "`{text}`");
        assert!(error.message.contains("a number that nothing holds"));
    }
}
