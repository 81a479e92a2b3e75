//! Reads YAML: the strict engine first, and where it refuses, the lenient one that Kubernetes'
//! own tools agree with.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use saphyr_parser::{Event as Raw, Parser, ScalarStyle, ScanError, Tag as RawTag};

use crate::builder::{Container, fatal};
use crate::compose::{Composer, Event, Properties, Style};
use crate::file::offset;
use crate::offsets::Offsets;
use crate::scalar::{Schema, Tag};
use crate::{Document, Limits, SourceFile, Span, SyntaxError};
use crate::{yaml_fallback, yaml_mistake};

/// Why an engine stopped early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The text breaks a bound or a rule of ours: no other engine would help.
    Bound(SyntaxError),
    /// The engine does not understand the text.
    Refused(Refusal),
}

/// Where and why an engine could not go on.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The place, as the engine counts.
    pub(crate) at: usize,
    /// What the engine says.
    pub(crate) info: String,
}

/// Reads every YAML document of a text as Kubernetes' own tools do.
pub fn parse_yaml(file: Arc<SourceFile>, limits: &Limits) -> (Document, Vec<SyntaxError>) {
    parse_as(file, Schema::Kubernetes, limits)
}

/// Reads every YAML document of a text, scalars by a table.
#[expect(
    clippy::needless_pass_by_value,
    reason = "every syntax takes its file in the same way"
)]
pub(crate) fn parse_as(
    file: Arc<SourceFile>,
    schema: Schema,
    limits: &Limits,
) -> (Document, Vec<SyntaxError>) {
    let text_of = Arc::clone(&file);
    let (text, hostile) = readable(text_of.text(), limits);
    let base = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let text = text.get(base..).unwrap_or("");
    let compose = |offsets| Composer::new(Arc::clone(&file), offsets, base, (schema, *limits));
    let (composer, error) = match guarded(|| compose(Offsets::in_characters(text)), text) {
        (composer, None) => (composer, None),
        (composer, Some(Stop::Bound(error))) => (composer, Some(error)),
        (strict, Some(Stop::Refused(refusal))) => {
            match yaml_fallback::read(compose(Offsets::in_bytes(text)), text) {
                (composer, None) => (composer, None),
                (composer, Some(Stop::Bound(error))) => (composer, Some(error)),
                (lenient, Some(Stop::Refused(other))) => {
                    // Of two that got equally far, the lenient one saw what Kubernetes would see.
                    let (composer, refusal) =
                        if lenient.builder().complete() >= strict.builder().complete() {
                            (lenient, other)
                        } else {
                            (strict, refusal)
                        };
                    let (composer, error) = explained(composer, &file, &refusal);
                    (composer, Some(error))
                }
            }
        }
    };
    let (document, mut errors) = composer.into_builder().finish();
    errors.extend(error);
    errors.extend(hostile);
    (document, errors)
}

fn explained<'t>(
    mut composer: Composer<'t>,
    file: &SourceFile,
    refusal: &Refusal,
) -> (Composer<'t>, SyntaxError) {
    let at = composer.byte(refusal.at);
    let open = composer.builder().innermost_start();
    let error = yaml_mistake::explain(file, at, open, &refusal.info);
    (composer, error)
}

/// The part of a text that can be handed to an engine: all of it, or, where it is too large or
/// not text at all, the whole documents before that place.
fn readable<'t>(text: &'t str, limits: &Limits) -> (&'t str, Option<SyntaxError>) {
    let within = text
        .as_bytes()
        .get(..limits.max_bytes)
        .unwrap_or(text.as_bytes());
    let control = within
        .iter()
        .position(|byte| *byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r'));
    let error = if let Some(at) = control {
        let message = "the text holds a control character, so it is no YAML".to_owned();
        fatal(Span::new(offset(at), offset(at + 1)), message)
    } else if text.len() > limits.max_bytes {
        let at = offset(text.floor_char_boundary(limits.max_bytes));
        let most = limits.max_bytes;
        fatal(
            Span::new(at, at),
            format!("the text is larger than {most} bytes"),
        )
    } else {
        return (text, None);
    };
    let before = text.get(..error.span.start as usize).unwrap_or("");
    let whole = before.rfind("\n---").map_or(0, |at| at + 1);
    (before.get(..whole).unwrap_or(""), Some(error))
}

/// The strict engine behind a bulkhead: a defect in it must cost no more than a refusal.
fn guarded<'t>(compose: impl Fn() -> Composer<'t>, text: &'t str) -> (Composer<'t>, Option<Stop>) {
    let outcome = catch_unwind(AssertUnwindSafe(|| strict(compose(), text)));
    outcome.unwrap_or_else(|_| {
        let info = "the text could not be read".to_owned();
        (compose(), Some(Stop::Refused(Refusal { at: 0, info })))
    })
}

fn strict<'t>(mut composer: Composer<'t>, text: &'t str) -> (Composer<'t>, Option<Stop>) {
    let mut parser = Parser::new_from_str(text);
    while let Some(step) = parser.next_event() {
        let (raw, span) = match step {
            Ok(step) => step,
            Err(error) => {
                let stop = refusal(&mut composer, &error);
                return (composer, Some(stop));
            }
        };
        let Some(event) = event(raw) else { continue };
        if let Err(error) = composer.take(event, span.start.index(), span.end.index()) {
            return (composer, Some(Stop::Bound(error)));
        }
    }
    (composer, None)
}

fn event(raw: Raw<'_>) -> Option<Event<'_>> {
    Some(match raw {
        Raw::Nothing | Raw::StreamStart | Raw::StreamEnd => return None,
        Raw::DocumentStart(_) => Event::DocumentStart,
        Raw::DocumentEnd => Event::DocumentEnd,
        Raw::Alias(anchor) => Event::Alias(anchor),
        Raw::Scalar(text, style, anchor, tag) => {
            Event::Scalar(text, style_of(style), properties(anchor, tag.as_deref()))
        }
        Raw::SequenceStart(anchor, tag) => {
            Event::Open(Container::Array, properties(anchor, tag.as_deref()))
        }
        Raw::MappingStart(anchor, tag) => {
            Event::Open(Container::Object, properties(anchor, tag.as_deref()))
        }
        Raw::SequenceEnd | Raw::MappingEnd => Event::Close,
    })
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    }
}

fn properties(anchor: usize, tag: Option<&RawTag>) -> Properties {
    Properties {
        anchor: (anchor != 0).then_some(anchor),
        tag: tag.map(|tag| Tag::of(&format!("{}{}", tag.handle, tag.suffix))),
    }
}

fn refusal(composer: &mut Composer<'_>, error: &ScanError) -> Stop {
    if error.info().contains("recursion limit") {
        let at = composer.byte(error.marker().index());
        let message = "arrays and objects are nested too deep".to_owned();
        return Stop::Bound(fatal(Span::new(at, at), message));
    }
    Stop::Refused(Refusal {
        at: error.marker().index(),
        info: error.info().to_owned(),
    })
}
