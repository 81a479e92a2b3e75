//! Says what is wrong with a YAML text in words that help, where an engine only says that it
//! cannot go on.

use crate::builder::fatal;
use crate::file::offset;
use crate::{SourceFile, Span, SyntaxError};

/// The error for a place where an engine gave up, `open` being the start of the innermost array
/// or object.
pub(crate) fn explain(file: &SourceFile, at: u32, open: Option<u32>, info: &str) -> SyntaxError {
    let text = file.text();
    let at = offset(text.floor_char_boundary(at as usize));
    let line = file.line_span(file.line(at));
    let about_tabs = info.contains("tab");
    if let Some(tab) = indenting_tab(file, at, about_tabs) {
        let message = "a tab indents this line; yaml allows only spaces".to_owned();
        return fatal(Span::new(tab, tab + 1), message);
    }
    if let Some(template) = file.slice(line).find("{{") {
        let start = line.start + offset(template);
        let message = "the line holds a template (`{{`); render it before reading it".to_owned();
        return fatal(Span::new(start, start + 2), message);
    }
    let rest = text.get(at as usize..).unwrap_or("");
    if rest.starts_with(['"', '\'']) && info.contains("quoted") && info.contains("end of stream") {
        let message = "the quoted text that begins here is never closed".to_owned();
        return fatal(Span::new(at, at + 1), message);
    }
    if let Some(error) = unclosed(file, at, open) {
        return error;
    }
    let width = rest.chars().next().map_or(0, char::len_utf8);
    fatal(Span::new(at, at + offset(width)), plain_words(info))
}

/// The tab among the blanks that begin the line of a place, or a line after it where the engine
/// says that there is one.
fn indenting_tab(file: &SourceFile, at: u32, look_on: bool) -> Option<u32> {
    let first = file.line(at);
    let last = if look_on { file.line_count() } else { first };
    (first..=last).find_map(|line| {
        let line = file.line_span(line);
        let text = file.slice(line);
        let blank = text.len() - text.trim_start_matches([' ', '\t']).len();
        let tab = text.get(..blank)?.find('\t')?;
        Some(line.start + offset(tab))
    })
}

/// An array or object in brackets that is still open where the engine gave up.
fn unclosed(file: &SourceFile, at: u32, open: Option<u32>) -> Option<SyntaxError> {
    let open = open?;
    let bracket = file.text().get(open as usize..)?.chars().next()?;
    let closing = match bracket {
        '[' => ']',
        '{' => '}',
        _ => return None,
    };
    if file
        .text()
        .get(at as usize..)
        .is_some_and(|rest| rest.trim().is_empty())
    {
        let message = format!("the `{bracket}` that opens here has no `{closing}`");
        return Some(fatal(Span::new(open, open + 1), message));
    }
    let line = file.line(open);
    let message = format!("expected `,` or `{closing}` for the `{bracket}` of line {line}");
    let end = file.text().ceil_char_boundary(at as usize + 1);
    Some(fatal(Span::new(at, offset(end)), message))
}

/// The sentence of an engine without its preamble, or our own where it says too little.
fn plain_words(info: &str) -> String {
    let sentence = info
        .rsplit_once(", ")
        .filter(|(preamble, _)| preamble.starts_with("while "))
        .map_or(info, |(_, sentence)| sentence)
        .trim_end_matches('.');
    match sentence {
        "" => "this is no yaml".to_owned(),
        _ if sentence.contains("mapping values are not allowed") => {
            "a `:` cannot stand here; quote the text or put the key on its own line".to_owned()
        }
        _ if sentence.contains("expected key") || sentence.contains("expected ':'") => {
            "expected a key followed by `:` at the indentation of the keys before it".to_owned()
        }
        _ if sentence.contains("unknown anchor") => {
            "an alias has no anchor before it in this document".to_owned()
        }
        _ => sentence.to_owned(),
    }
}
