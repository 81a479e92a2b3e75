//! Any text is read in both syntaxes without a panic, and every place lies on its characters.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use palisade_document::{Limits, SourceFile, Span, Syntax, Value, parse};

fuzz_target!(|text: &str| {
    for syntax in [Syntax::Yaml, Syntax::Json] {
        let file = Arc::new(SourceFile::new("fuzz", text));
        let (document, errors) = parse(file, syntax, &Limits::default());
        for error in &errors {
            check(text, error.span);
        }
        for root in document.roots() {
            visit(text, root);
        }
    }
});

fn visit(text: &str, value: Value<'_>) {
    check(text, value.span());
    for item in value.items() {
        visit(text, item);
    }
    for entry in value.entries() {
        check(text, entry.key_span);
        visit(text, entry.value);
    }
}

fn check(text: &str, span: Span) {
    let part = text.get(span.start as usize..span.end as usize);
    assert!(part.is_some(), "{span:?} is no part of the text");
}
