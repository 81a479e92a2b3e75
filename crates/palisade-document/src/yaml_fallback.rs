//! The lenient YAML engine, which agrees with Kubernetes' own tools on where a closing bracket or
//! the rest of a quoted text may stand.
//!
//! It is a translation of a C library and keeps its interface: this module is the only one with
//! `unsafe`, and nothing but [`read`] leaves it.
#![expect(
    unsafe_code,
    reason = "the engine is driven through pointers; each block says why it is sound"
)]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::CStr;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

use libyaml_rs::{
    YAML_ALIAS_EVENT, YAML_DOCUMENT_END_EVENT, YAML_DOCUMENT_START_EVENT, YAML_FOLDED_SCALAR_STYLE,
    YAML_LITERAL_SCALAR_STYLE, YAML_MAPPING_END_EVENT, YAML_MAPPING_START_EVENT,
    YAML_PLAIN_SCALAR_STYLE, YAML_READER_ERROR, YAML_SCALAR_EVENT, YAML_SEQUENCE_END_EVENT,
    YAML_SEQUENCE_START_EVENT, YAML_STREAM_START_EVENT, YAML_UTF8_ENCODING, yaml_event_delete,
    yaml_event_t, yaml_parser_delete, yaml_parser_initialize, yaml_parser_parse,
    yaml_parser_set_encoding, yaml_parser_set_input_string, yaml_parser_t, yaml_scalar_style_t,
};

use crate::builder::Container;
use crate::compose::{Composer, Event, Properties, Style};
use crate::scalar::Tag;
use crate::yaml::{Refusal, Stop};

/// Reads a text that the strict engine refused.
pub(crate) fn read<'t>(mut composer: Composer<'t>, text: &'t str) -> (Composer<'t>, Option<Stop>) {
    let mut anchors = Anchors::default();
    let Some(mut engine) = Engine::new(text) else {
        let stop = Stop::Refused(Refusal {
            at: 0,
            info: "the text could not be read".to_owned(),
        });
        return (composer, Some(stop));
    };
    loop {
        let step = match engine.next(&mut anchors) {
            Ok(Some(step)) => step,
            Ok(None) => return (composer, None),
            Err(refusal) => return (composer, Some(Stop::Refused(refusal))),
        };
        let Some(event) = step.event else { continue };
        if let Err(error) = composer.take(event, step.start, step.end) {
            return (composer, Some(Stop::Bound(error)));
        }
    }
}

/// Numbers for the names of anchors; a name used again is a new anchor.
#[derive(Debug, Default)]
struct Anchors {
    numbers: BTreeMap<String, usize>,
    count: usize,
}

impl Anchors {
    fn define(&mut self, name: String) -> usize {
        self.count += 1;
        self.numbers.insert(name, self.count);
        self.count
    }

    /// The number of a name; 0, which no anchor has, where there is none.
    fn find(&self, name: &str) -> usize {
        self.numbers.get(name).copied().unwrap_or(0)
    }
}

struct Step<'t> {
    event: Option<Event<'t>>,
    start: usize,
    end: usize,
}

/// An initialized parser on the heap: it points into itself, so it must not move.
struct Engine<'t> {
    parser: *mut yaml_parser_t,
    text: PhantomData<&'t str>,
}

impl<'t> Engine<'t> {
    fn new(text: &'t str) -> Option<Self> {
        let parser = Box::into_raw(Box::<yaml_parser_t>::new_uninit()).cast::<yaml_parser_t>();
        // SAFETY: `parser` is an allocation of the right size and alignment, which this call fills.
        if unsafe { yaml_parser_initialize(parser) }.fail {
            // SAFETY: the allocation above came from a box and was not initialized.
            drop(unsafe { Box::from_raw(parser.cast::<MaybeUninit<yaml_parser_t>>()) });
            return None;
        }
        // SAFETY: the parser is initialized and `text` outlives it by the lifetime of `Self`.
        unsafe {
            yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
            yaml_parser_set_input_string(parser, text.as_ptr(), text.len() as u64);
        }
        Some(Self {
            parser,
            text: PhantomData,
        })
    }

    /// The next step; `None` at the end of the stream.
    fn next(&mut self, anchors: &mut Anchors) -> Result<Option<Step<'t>>, Refusal> {
        let mut raw = MaybeUninit::<yaml_event_t>::uninit();
        // SAFETY: the parser is initialized, and the call fills the event before anything else.
        if unsafe { yaml_parser_parse(self.parser, raw.as_mut_ptr()) }.fail {
            return Err(self.refusal());
        }
        // SAFETY: a successful call leaves a valid event.
        let mut raw = unsafe { raw.assume_init() };
        // SAFETY: the event is valid and not yet deleted.
        let event = unsafe { translated(&raw, anchors) };
        let step = Step {
            start: index(raw.start_mark.index),
            end: index(raw.end_mark.index),
            event,
        };
        let goes_on = step.event.is_some() || raw.type_ == YAML_STREAM_START_EVENT;
        // SAFETY: the event is valid; everything in `step` is a copy.
        unsafe { yaml_event_delete(&raw mut raw) };
        Ok(goes_on.then_some(step))
    }

    fn refusal(&self) -> Refusal {
        // SAFETY: the parser is initialized; both texts are null or live forever.
        let (parser, problem, context) = unsafe {
            let parser = &*self.parser;
            let (problem, context) = (parser.problem.cast(), parser.context.cast());
            (parser, owned(problem), owned(context))
        };
        let (problem, context) = (problem.unwrap_or_default(), context.unwrap_or_default());
        let unclosed = context.contains("quoted scalar") && problem.contains("end of stream");
        Refusal {
            at: index(if parser.error == YAML_READER_ERROR {
                // The reader keeps its place apart from the scanner's.
                parser.problem_offset
            } else if unclosed {
                parser.context_mark.index
            } else {
                parser.problem_mark.index
            }),
            info: if context.is_empty() {
                problem
            } else {
                format!("{context}, {problem}")
            },
        }
    }
}

impl Drop for Engine<'_> {
    fn drop(&mut self) {
        // SAFETY: the parser is initialized, came from a box, and is not used afterwards.
        unsafe {
            yaml_parser_delete(self.parser);
            drop(Box::from_raw(
                self.parser.cast::<MaybeUninit<yaml_parser_t>>(),
            ));
        }
    }
}

fn index(index: u64) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// A copy of a text of the engine.
///
/// # Safety
/// `text` is null or ends in a zero byte.
unsafe fn owned(text: *const u8) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not null, and the caller promises the zero byte.
    let text = unsafe { CStr::from_ptr(text.cast()) };
    Some(text.to_string_lossy().into_owned())
}

/// A copy of an event in our terms; `None` for the start and the end of the stream.
///
/// # Safety
/// The event comes from a successful call of the parser and was not deleted.
unsafe fn translated(raw: &yaml_event_t, anchors: &mut Anchors) -> Option<Event<'static>> {
    // SAFETY: the type of a valid event says which member of the union is in use.
    unsafe {
        Some(match raw.type_ {
            YAML_DOCUMENT_START_EVENT => {
                anchors.numbers.clear();
                Event::DocumentStart
            }
            YAML_DOCUMENT_END_EVENT => Event::DocumentEnd,
            YAML_ALIAS_EVENT => {
                let name = owned(raw.data.alias.anchor).unwrap_or_default();
                Event::Alias(anchors.find(&name))
            }
            YAML_SCALAR_EVENT => {
                let scalar = raw.data.scalar;
                let bytes = if scalar.value.is_null() {
                    &[]
                } else {
                    std::slice::from_raw_parts(scalar.value, index(scalar.length))
                };
                let text = String::from_utf8_lossy(bytes).into_owned();
                let properties = properties(anchors, scalar.anchor, scalar.tag);
                Event::Scalar(Cow::Owned(text), style(scalar.style), properties)
            }
            YAML_SEQUENCE_START_EVENT => {
                let start = raw.data.sequence_start;
                let properties = properties(anchors, start.anchor, start.tag);
                Event::Open(Container::Array, properties)
            }
            YAML_MAPPING_START_EVENT => {
                let start = raw.data.mapping_start;
                let properties = properties(anchors, start.anchor, start.tag);
                Event::Open(Container::Object, properties)
            }
            YAML_SEQUENCE_END_EVENT | YAML_MAPPING_END_EVENT => Event::Close,
            _ => return None,
        })
    }
}

fn style(style: yaml_scalar_style_t) -> Style {
    match style {
        YAML_PLAIN_SCALAR_STYLE => Style::Plain,
        YAML_LITERAL_SCALAR_STYLE | YAML_FOLDED_SCALAR_STYLE => Style::Block,
        _ => Style::Quoted,
    }
}

/// # Safety
/// Both texts are null or end in a zero byte.
unsafe fn properties(anchors: &mut Anchors, anchor: *const u8, tag: *const u8) -> Properties {
    // SAFETY: as the caller promises.
    let (anchor, tag) = unsafe { (owned(anchor), owned(tag)) };
    Properties {
        anchor: anchor.map(|name| anchors.define(name)),
        tag: tag.map(|tag| Tag::of(&tag)),
    }
}
