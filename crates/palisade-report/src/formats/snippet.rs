//! One finding or diagnostic as a compiler would show it.

use std::ops::Range;

use annotate_snippets::{
    Annotation, AnnotationKind, Element, Group, Level, Origin as Place, Renderer, Snippet,
};
use palisade_document::{SourceFile, Span};
use palisade_model::{Diagnostic, DiagnosticLevel, Finding, Origin, Severity};

use crate::Texts;
use crate::assessment::{Assessment, CheckSummary};

/// How much is said after the source of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notes {
    /// Nothing: the finding before it said the same.
    None,
    /// What it lets, what to do, and where to read on.
    Some,
    /// That, with every reference and the finding's own name.
    All,
}

/// References after the handbook's, unless all are asked for.
const REFERENCES_SHOWN: usize = 2;

/// A finding with its source.
pub(crate) fn finding(
    finding: &Finding,
    assessment: &Assessment,
    texts: &Texts,
    wanted: Notes,
) -> String {
    let title = Level::primary_title(level(finding.severity), one_line(&finding.message))
        .id(finding.check.to_string());
    let mut group = Group::with_title(title);
    group = group.elements(source(
        &finding.origin,
        &finding.label,
        AnnotationKind::Primary,
        texts,
    ));
    for place in &finding.related {
        group = group.elements(source(
            &place.origin,
            &place.note,
            AnnotationKind::Context,
            texts,
        ));
    }
    for (name, text) in notes(finding, assessment, wanted) {
        group = group.element(Level::NOTE.with_name(name).message(text));
    }
    let report = [group];
    renderer().render(&report)
}

/// A diagnostic in full.
pub(super) fn diagnostic(diagnostic: &Diagnostic, texts: &Texts) -> String {
    let level = match diagnostic.level {
        DiagnosticLevel::Error => Level::ERROR,
        DiagnosticLevel::Warning => Level::WARNING,
        DiagnosticLevel::Note => Level::NOTE,
    };
    let mut group = Group::with_title(level.primary_title(one_line(&diagnostic.message)));
    if let Some(origin) = &diagnostic.origin {
        group = group.elements(source(origin, "", AnnotationKind::Primary, texts));
    }
    let help = diagnostic.help.as_ref().map(|help| one_line(help));
    let mut report = Vec::new();
    match (help, diagnostic.origin.is_some()) {
        (Some(help), true) => report.push(group.element(Level::HELP.message(help))),
        (Some(help), false) => {
            report.push(group);
            report.push(Group::with_title(Level::HELP.secondary_title(help)));
        }
        (None, _) => report.push(group),
    }
    renderer().render(&report)
}

fn renderer() -> Renderer {
    Renderer::styled()
}

/// Critical and high read as errors, medium as a warning, low as a note.
fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Critical | Severity::High => Level::ERROR,
        Severity::Medium => Level::WARNING,
        Severity::Low => Level::NOTE,
    }
}

/// The lines after the source: what it allows, what to do, where to read on.
fn notes(finding: &Finding, assessment: &Assessment, wanted: Notes) -> Vec<(&'static str, String)> {
    let check = finding.check.to_string();
    let mut notes = Vec::new();
    if wanted != Notes::None && !finding.lets.is_empty() {
        notes.push(("lets", one_line(&finding.lets)));
    }
    if wanted != Notes::None && !finding.fix.is_empty() {
        let command = if finding.is_fixable() {
            format!(" (palisade fix {check})")
        } else {
            String::new()
        };
        notes.push(("fix", format!(" {}{command}", one_line(&finding.fix))));
    }
    if !finding.also.is_empty() {
        notes.push(("also", also(&finding.also)));
    }
    if wanted == Notes::None {
        return notes;
    }
    let summary: Option<&CheckSummary> = assessment.checks.get(&check);
    let references = summary.map_or(&[] as &[String], |known| &known.references);
    let shown = match wanted {
        Notes::All => references.len(),
        Notes::None | Notes::Some => REFERENCES_SHOWN,
    };
    let page = format!(" palisade explain {check}");
    let parts = std::iter::once(page).chain(references.iter().take(shown).cloned());
    notes.push(("see", parts.collect::<Vec<_>>().join(" · ")));
    if wanted == Notes::All {
        let id = &finding.id;
        notes.push(("id", format!("  {id} (palisade explain {id})")));
    }
    notes
}

fn also(places: &[Origin]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = places.iter().take(SHOWN).map(Origin::to_string).collect();
    let rest = places.len().saturating_sub(SHOWN);
    if rest == 0 {
        shown.join(", ")
    } else {
        format!("{} and {rest} more", shown.join(", "))
    }
}

/// The marked line of a place; only its path where the text is not at hand.
fn source<'a>(
    origin: &Origin,
    label: &str,
    kind: AnnotationKind,
    texts: &'a Texts,
) -> Vec<Element<'a>> {
    let Some(marked) = texts
        .get(&*origin.file)
        .and_then(|file| marked_line(file, origin.span))
    else {
        let place = Place::path(origin.file.to_string())
            .line(origin.start.line as usize)
            .char_column(origin.start.column as usize);
        return vec![place.into()];
    };
    let label = (!label.is_empty()).then(|| one_line(label));
    let annotation: Annotation<'a> = kind.span(marked.bytes).label(label);
    let snippet = Snippet::source(marked.text)
        .line_start(marked.number as usize)
        .path(origin.file.to_string())
        .annotation(annotation);
    vec![snippet.into()]
}

/// The line that shows a place, its number, and the bytes of it to mark.
struct Marked<'t> {
    number: u32,
    text: &'t str,
    bytes: Range<usize>,
}

/// A place's first line. Longer spans are cut at its end; a whole object, whose first line says
/// nothing, is shown by the line of its name.
fn marked_line(file: &SourceFile, span: Span) -> Option<Marked<'_>> {
    const LONGEST: usize = 400;
    if file.text().is_empty() {
        return None;
    }
    let span = name_in(file, span).unwrap_or(span);
    let number = file.position(span.start).line;
    let line = file.line_span(number);
    let text = file.slice(line).trim_end();
    let start = (span.start.checked_sub(line.start)? as usize).min(text.len());
    let end = (span.end.saturating_sub(line.start) as usize).clamp(start, text.len());
    let within =
        text.len() <= LONGEST && text.is_char_boundary(start) && text.is_char_boundary(end);
    within.then_some(Marked {
        number,
        text,
        bytes: start..end,
    })
}

/// The `name:` line of an object that starts with `apiVersion:` or `kind:`.
fn name_in(file: &SourceFile, span: Span) -> Option<Span> {
    const HEAD_LINES: u32 = 12;
    let first = file.position(span.start).line;
    let opening = file.slice(Span::new(span.start, file.line_span(first).end));
    let is_object = opening.starts_with("apiVersion:") || opening.starts_with("kind:");
    let lines = (first..first + HEAD_LINES).map(|number| file.line_span(number));
    lines
        .take_while(|line| is_object && line.start < span.end)
        .find(|line| file.slice(*line).trim_start().starts_with("name:"))
        .map(|line| {
            let text = file.slice(line);
            let indent = text.len() - text.trim_start().len();
            let end = line.start + u32::try_from(text.trim_end().len()).unwrap_or(0);
            Span::new(line.start + u32::try_from(indent).unwrap_or(0), end)
        })
}

/// Control characters of user input must not reach a terminal, nor break the layout.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect()
}
