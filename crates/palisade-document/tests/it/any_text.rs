//! Whatever the text, reading it ends, and every place lies on characters of it.

use palisade_document::{Span, Syntax, Value};
use proptest::prelude::{ProptestConfig, any, prop, proptest};

use crate::shown::read;

/// Reads a text in both syntaxes and checks every place.
pub(crate) fn check(text: &str) {
    for syntax in [Syntax::Yaml, Syntax::Json] {
        let (document, errors) = read(syntax, text);
        for error in &errors {
            check_span(text, error.span);
            assert!(!error.message.is_empty());
        }
        for root in document.roots() {
            visit(text, root);
        }
    }
}

fn check_span(text: &str, span: Span) {
    let part = text.get(span.start as usize..span.end as usize);
    assert!(part.is_some(), "{span:?} in `{text:?}`");
}

fn visit(text: &str, value: Value<'_>) {
    check_span(text, value.span());
    for item in value.items() {
        visit(text, item);
    }
    for entry in value.entries() {
        check_span(text, entry.key_span);
        visit(text, entry.value);
    }
}

const PIECES: &[&str] = &[
    "a",
    "b: ",
    "- ",
    "\n",
    "\n  ",
    "\n    ",
    "? ",
    ": ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "'",
    "\"",
    "|",
    ">-\n",
    "|2\n",
    "&x ",
    "*x",
    "!t ",
    "!!str ",
    "<<: ",
    "#c",
    "\t",
    "\r\n",
    "---",
    "\n---\n",
    "...\n",
    "%YAML 1.2\n",
    "\\",
    "é",
    "😀",
    "\u{feff}",
    "~",
    "0x1",
    "\u{85}",
    "\u{2028}",
    "%",
    "@",
    "`",
    "!<x> ",
    "\0",
    "\u{7f}",
    "=",
    "\\u12",
    "true",
    "-",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4 * ProptestConfig::default().cases, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_safely(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn any_heap_of_yaml_is_read_safely(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        check(&pieces.concat());
    }
}

#[test]
#[ignore = "takes minutes where nothing is optimized"]
fn no_repeated_pair_of_pieces_costs_more_than_its_length() {
    let mut slow = Vec::new();
    for first in PIECES {
        for second in PIECES {
            let text = format!("{first}{second}").repeat(10_000);
            let start = std::time::Instant::now();
            check(&text);
            let took = start.elapsed();
            if took > std::time::Duration::from_millis(500) {
                slow.push(format!("{first:?} {second:?}: {took:?}"));
            }
        }
    }
    assert!(slow.is_empty(), "{}", slow.join("\n"));
}
