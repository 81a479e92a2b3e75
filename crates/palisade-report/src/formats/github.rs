//! Workflow commands: annotations on a pull request on GitHub.
//!
//! Escaping as in the runner's own toolkit: `%`, CR and LF in messages, `:` and `,` in properties too.

use std::fmt::Write as _;

use palisade_document::SourceFile;
use palisade_model::{Diagnostic, DiagnosticLevel, Origin, Severity};

use crate::Texts;
use crate::assessment::Assessment;
use crate::formats::human;
use crate::verdict::Verdict;

pub(super) fn render(assessment: &Assessment, texts: &Texts) -> String {
    let mut out = String::new();
    for diagnostic in &assessment.diagnostics {
        annotate_diagnostic(&mut out, diagnostic, texts);
    }
    for finding in &assessment.findings {
        let command = match finding.severity {
            Severity::Critical | Severity::High => "error",
            Severity::Medium => "warning",
            Severity::Low => "notice",
        };
        let title = format!("{} {}", finding.check, finding.slug);
        let message = format!(
            "{}\nlets: {}\nfix: {}\nsee: palisade explain {}",
            finding.message, finding.lets, finding.fix, finding.check
        );
        annotate(
            &mut out,
            command,
            &place(&finding.origin, texts, &title),
            &message,
        );
    }
    let command = match &assessment.verdict {
        Verdict::Passes => "notice",
        Verdict::Fails { .. } | Verdict::Incomplete { .. } => "error",
        Verdict::NothingToCheck => "warning",
    };
    let properties = format!("title={}", property("Palisade"));
    annotate(
        &mut out,
        command,
        &properties,
        &human::verdict_words(assessment),
    );
    out
}

fn annotate_diagnostic(out: &mut String, diagnostic: &Diagnostic, texts: &Texts) {
    let command = match diagnostic.level {
        DiagnosticLevel::Error => "error",
        DiagnosticLevel::Warning => "warning",
        DiagnosticLevel::Note => "notice",
    };
    let properties = match &diagnostic.origin {
        Some(origin) => place(origin, texts, "Palisade"),
        None => format!("title={}", property("Palisade")),
    };
    annotate(out, command, &properties, &diagnostic.message);
}

fn annotate(out: &mut String, command: &str, properties: &str, message: &str) {
    out.push_str("::");
    out.push_str(command);
    out.push(' ');
    out.push_str(properties);
    out.push_str("::");
    out.push_str(&text(message));
    out.push('\n');
}

fn place(origin: &Origin, texts: &Texts, title: &str) -> String {
    let mut place = format!(
        "file={},line={},col={}",
        property(&origin.file),
        origin.start.line,
        origin.start.column
    );
    let end = texts.get(&*origin.file).map(|file| end_line(file, origin));
    if let Some(end) = end.filter(|end| *end > origin.start.line) {
        let _infallible = write!(place, ",endLine={end}");
    }
    let _infallible = write!(place, ",title={}", property(title));
    place
}

fn end_line(file: &SourceFile, origin: &Origin) -> u32 {
    let last = origin.span.end.saturating_sub(1).max(origin.span.start);
    file.position(last).line
}

fn text(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(value: &str) -> String {
    text(value).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{property, text};

    #[test]
    fn escapes_what_would_end_a_command_or_property() {
        assert_eq!(text("50%\r\nnext"), "50%25%0D%0Anext");
        assert_eq!(property("a:b,c%"), "a%3Ab%2Cc%25");
    }
}
