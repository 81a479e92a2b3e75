//! What patterns mean, and which are refused.

use super::*;

fn matches(pattern: &str, text: &str) -> bool {
    compile(pattern).unwrap().regex.is_match(text)
}

#[test]
fn classes_are_those_of_ascii() {
    assert!(matches(r"^\d+$", "42") && !matches(r"^\d+$", "٤٢"));
    assert!(matches(r"^[\w.-]+$", "a_1.b-c") && !matches(r"^\w+$", "ä"));
    assert!(matches(r"^\S+\s\S+$", "ä ö") && !matches(r"\s", "\u{a0}"));
    assert!(matches(r"\bteam\b", "a team b") && !matches(r"\Bb", "äb"));
    assert!(matches(r"\<a\>", "<a>") && matches(r"^\W[\D]$", "äö"));
}

#[test]
fn classes_do_not_nest_or_subtract() {
    assert!(matches(r"^[[a]+$", "[a") && matches(r"^[]a]+$", "]a"));
    assert!(matches(r"^[a&&b]+$", "a&b") && matches(r"^[a~~]+$", "~"));
    assert!(matches(r"^[[:alpha:]_]+$", "a_b") && !matches(r"^[^[:digit:]]$", "1"));
    assert!(matches(r"^[+--]+$", "+,-") && matches(r"^[[:alpha:]-]+$", "a-b"));
    assert!(matches(r"^[^]a]$", "b") && !matches(r"^[^]a]$", "]"));
}

#[test]
fn what_is_no_repetition_is_a_letter() {
    assert!(matches(r"^a{,2}$", "a{,2}") && matches(r"^a{1$", "a{1"));
    assert!(matches(r"^{$", "{") && matches(r"^a{2}$", "aa"));
    assert!(matches(r"^\Qa.b\E*$", "a.bbb") && !matches(r"^\Qa.b\E$", "axb"));
}

#[test]
fn what_go_refuses_is_refused() {
    for pattern in [
        "(?=a)",
        "x*+",
        "x**",
        "x{2}{3}",
        "x{1001}",
        "(x{100}){11}",
        "{2}",
        "*",
        "a|*",
        "(?x)a",
        "\\u0041",
        "\\1",
        "a\\",
        "[a",
        "[b-a]",
        "[a--b]",
        "[a-\\d]",
        "[[:foo:]]",
        "\\p{Alphabetic}",
        "\\Z",
        "a)",
        "(a",
        "(?-)a",
        "\\x4",
        "\\x{110000}",
    ] {
        assert!(
            matches!(compile(pattern), Err(PatternError::Wrong(_))),
            "{pattern}"
        );
    }
}

#[test]
fn bounds_are_told_apart_from_mistakes() {
    let deep = format!("{}a{}", "(".repeat(101), ")".repeat(101));
    let long = "a".repeat(MAX_PATTERN_BYTES + 1);
    for pattern in ["(\\pL{100}){10}", &deep, &long] {
        let error = compile(pattern).unwrap_err();
        assert!(matches!(error, PatternError::Beyond(_)), "{error:?}");
    }
    let deep = format!("{}a{}", "(".repeat(99), ")*".repeat(99));
    assert!(matches(&deep, "a") && matches(r"^\w{0,253}$", "a"));
}

#[test]
fn properties_and_escapes_are_those_of_go() {
    assert!(matches(r"^\pL\p{Greek}\P{^Lu}$", "aαA") && !matches(r"\p{Cs}", "a"));
    assert!(matches(r"^\x41\x{e4}\101\_$", "AäA_") && matches(r"(?i)^[^\x{D800}]k$", "ä\u{212a}"));
    let pattern = compile("(?P<a>x)(?:y)(z)(?<b>w)").unwrap();
    assert_eq!(pattern.names, ["", "a", "", "b"]);
}
