//! Reads texts and writes values on one line, so that tests compare texts.

use std::sync::Arc;

use palisade_document::{
    Document, Kind, Limits, SourceFile, Syntax, SyntaxError, SyntaxSeverity, Value, parse,
};

/// Reads a text within the usual bounds.
pub(crate) fn read(syntax: Syntax, text: &str) -> (Document, Vec<SyntaxError>) {
    let file = Arc::new(SourceFile::new("test.yaml", text));
    parse(file, syntax, &Limits::default())
}

/// The documents of a YAML text that has no mistake, each on one line.
pub(crate) fn yaml(text: &str) -> String {
    let (document, errors) = read(Syntax::Yaml, text);
    assert_eq!(errors, [], "`{text}`");
    shown(&document)
}

/// All documents, joined by ` --- `.
pub(crate) fn shown(document: &Document) -> String {
    let roots: Vec<String> = document.roots().map(one_line).collect();
    roots.join(" --- ")
}

/// The one fatal error of a text, and what was kept.
pub(crate) fn fatal(syntax: Syntax, text: &str) -> (String, SyntaxError) {
    let (document, errors) = read(syntax, text);
    let mut fatals = errors
        .into_iter()
        .filter(|error| error.severity == SyntaxSeverity::Fatal);
    let error = fatals.next().expect("the text has a mistake");
    assert_eq!(fatals.next(), None);
    (shown(&document), error)
}

/// The line of a mistake.
pub(crate) fn line(text: &str, error: &SyntaxError) -> u32 {
    SourceFile::new("test.yaml", text)
        .position(error.span.start)
        .line
}

/// A value as JSON-like text; texts always in quotes.
pub(crate) fn one_line(value: Value<'_>) -> String {
    match value.kind() {
        Kind::Null => "null".to_owned(),
        Kind::Bool(value) => value.to_string(),
        Kind::Int(value) => value.to_string(),
        Kind::Float(value) => format!("{value:?}"),
        Kind::String(value) => format!("{value:?}"),
        Kind::Array => {
            let items: Vec<String> = value.items().map(one_line).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Object => {
            let entries: Vec<String> = value
                .entries()
                .map(|entry| format!("{}: {}", entry.key, one_line(entry.value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// Every value with the text under its span, outermost first, keys as `key=`.
pub(crate) fn places(text: &str) -> Vec<String> {
    let (document, _) = read(Syntax::Yaml, text);
    let mut found = Vec::new();
    for root in document.roots() {
        visit(root, &mut found);
    }
    found
}

fn visit(value: Value<'_>, found: &mut Vec<String>) {
    let file = value.document().file();
    found.push(file.slice(value.span()).to_owned());
    for item in value.items() {
        visit(item, found);
    }
    for entry in value.entries() {
        found.push(format!("{}=", file.slice(entry.key_span)));
        visit(entry.value, found);
    }
}
