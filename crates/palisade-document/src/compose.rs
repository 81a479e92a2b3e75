//! Turns YAML events, from whichever engine, into values with exact places.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::builder::{Builder, Built, Container, fatal};
use crate::file::offset;
use crate::offsets::Offsets;
use crate::scalar::{self, Scalar, Schema, Tag};
use crate::tree::Payload;
use crate::{Limits, SourceFile, Span, SyntaxError};

/// What may separate a tag from its value; the last three are line breaks of YAML 1.1.
const BLANKS: [char; 7] = [' ', '\t', '\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// What stands before a value: its anchor and its tag.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Properties {
    /// The engine's number for the anchor.
    pub(crate) anchor: Option<usize>,
    /// The reading that the tag asks for; `None` if there is no tag.
    pub(crate) tag: Option<Tag>,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// `|` or `>`.
    Block,
}

/// One step of a YAML stream.
#[derive(Debug)]
pub(crate) enum Event<'t> {
    /// A document begins.
    DocumentStart,
    /// The document is complete.
    DocumentEnd,
    /// A scalar.
    Scalar(Cow<'t, str>, Style, Properties),
    /// An array or object begins.
    Open(Container, Properties),
    /// The innermost array or object ends.
    Close,
    /// The value of an anchor again.
    Alias(usize),
}

/// What an anchor stands for.
#[derive(Debug, Clone, Copy)]
enum Anchored {
    /// Its value is still being read.
    Open,
    Done(Built),
}

/// Feeds the arena from events.
#[derive(Debug)]
pub(crate) struct Composer<'t> {
    builder: Builder,
    offsets: Offsets<'t>,
    /// Bytes of the file before the text of the events (a byte order mark).
    base: usize,
    schema: Schema,
    anchors: BTreeMap<usize, Anchored>,
    /// Per open array or object, its anchor.
    open: Vec<Option<usize>>,
}

impl<'t> Composer<'t> {
    /// A composer for the events of a text, which is the file's text from byte `base` on.
    pub(crate) fn new(
        file: Arc<SourceFile>,
        offsets: Offsets<'t>,
        base: usize,
        (schema, limits): (Schema, Limits),
    ) -> Self {
        Self {
            builder: Builder::new(file, limits),
            offsets,
            base,
            schema,
            anchors: BTreeMap::new(),
            open: Vec::new(),
        }
    }

    /// The arena, to be finished.
    pub(crate) fn into_builder(self) -> Builder {
        self.builder
    }

    /// The arena so far.
    pub(crate) fn builder(&self) -> &Builder {
        &self.builder
    }

    /// The byte in the file of a count of the engine.
    pub(crate) fn byte(&mut self, character: usize) -> u32 {
        offset(self.offsets.byte(character) + self.base)
    }

    /// Takes one event that covers what the engine counts from `start` to `end`.
    pub(crate) fn take(
        &mut self,
        event: Event<'t>,
        start: usize,
        end: usize,
    ) -> Result<(), SyntaxError> {
        let start = self.offsets.byte(start);
        let end = self.offsets.byte(end).max(start);
        match event {
            Event::DocumentStart => self.anchors.clear(),
            Event::DocumentEnd => self.builder.commit(),
            Event::Scalar(text, style, properties) => {
                let (start, end) = self.scalar_place((start, end), &text, style, properties);
                return self.scalar(&text, style, properties, self.span(start, end));
            }
            Event::Open(container, properties) => {
                let start = self.past_properties(start, properties);
                self.builder.open(container, offset(start + self.base))?;
                self.open.push(properties.anchor);
                if let Some(anchor) = properties.anchor {
                    self.anchors.insert(anchor, Anchored::Open);
                }
            }
            Event::Close => return self.close(start, end),
            Event::Alias(anchor) => return self.alias(anchor, self.span(start, end)),
        }
        Ok(())
    }

    /// A span of the file; on whole characters, whatever an engine counted.
    fn span(&self, start: usize, end: usize) -> Span {
        let start = self.offsets.text().floor_char_boundary(start);
        let end = self.offsets.text().floor_char_boundary(end).max(start);
        Span::new(offset(start + self.base), offset(end + self.base))
    }

    fn scalar(
        &mut self,
        text: &str,
        style: Style,
        properties: Properties,
        span: Span,
    ) -> Result<(), SyntaxError> {
        let text = self.without_break(text, style, span);
        let is_key = self.builder.wants_key();
        let is_plain = style == Style::Plain;
        if is_key && is_merge(text, is_plain, properties) {
            self.builder.merge_key(span);
            return Ok(());
        }
        let read = scalar::read(text, is_plain, properties.tag, self.schema);
        let payload = match read.map_err(|sentence| fatal(span, sentence))? {
            Scalar::Is(payload) => Some(payload),
            Scalar::Text => None,
            Scalar::Decoded(text) => return self.decoded(&text, is_key, properties, span),
        };
        if is_key {
            let key = payload.and_then(|payload| self.key(payload));
            self.anchored(payload, text, properties, span)?;
            self.builder.key(key.as_deref().unwrap_or(text), span);
            return Ok(());
        }
        let payload = payload.unwrap_or_else(|| self.builder.text(text, span));
        let built = self.builder.scalar(payload, span)?;
        if let Some(anchor) = properties.anchor {
            self.anchors.insert(anchor, Anchored::Done(built));
        }
        self.builder.attach(built);
        Ok(())
    }

    /// Keeps a key that has an anchor, for aliases.
    fn anchored(
        &mut self,
        payload: Option<Payload>,
        text: &str,
        properties: Properties,
        span: Span,
    ) -> Result<(), SyntaxError> {
        let Some(anchor) = properties.anchor else {
            return Ok(());
        };
        let payload = payload.unwrap_or_else(|| self.builder.text(text, span));
        let built = self.builder.scalar(payload, span)?;
        self.anchors.insert(anchor, Anchored::Done(built));
        Ok(())
    }

    /// A text that was written in base64.
    fn decoded(
        &mut self,
        text: &str,
        is_key: bool,
        properties: Properties,
        span: Span,
    ) -> Result<(), SyntaxError> {
        let payload = self.builder.decoded(text);
        let built = self.builder.scalar(payload, span)?;
        if let Some(anchor) = properties.anchor {
            self.anchors.insert(anchor, Anchored::Done(built));
        }
        if is_key {
            self.builder.key(text, span);
        } else {
            self.builder.attach(built);
        }
        Ok(())
    }

    /// What Kubernetes' own tools make of a key that is no text.
    fn key(&self, payload: Payload) -> Option<String> {
        match self.schema {
            Schema::Kubernetes => scalar::key(payload),
            Schema::Core => None,
        }
    }

    /// A block at the end of a text that does not end in a line break has none either, as
    /// Kubernetes' own tools read it.
    fn without_break<'s>(&self, text: &'s str, style: Style, span: Span) -> &'s str {
        let all = self.offsets.text();
        let ends_all = || span.end as usize >= all.len() + self.base && !all.ends_with('\n');
        match text.strip_suffix('\n') {
            Some(text) if style == Style::Block && ends_all() => text,
            _ => text,
        }
    }

    fn close(&mut self, start: usize, end: usize) -> Result<(), SyntaxError> {
        let last = end.checked_sub(1).filter(|last| *last >= start);
        let bracket = last.and_then(|last| self.offsets.text().as_bytes().get(last));
        let is_flow = matches!(bracket, Some(b']' | b'}'));
        let built = self
            .builder
            .close(is_flow.then(|| offset(end + self.base)))?;
        let anchor = self.open.pop().flatten();
        if let Some(built) = built {
            if let Some(anchor) = anchor {
                self.anchors.insert(anchor, Anchored::Done(built));
            }
            self.builder.attach(built);
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, at: Span) -> Result<(), SyntaxError> {
        match self.anchors.get(&anchor).copied() {
            Some(Anchored::Done(built)) => {
                let as_text = || {
                    let payload = self.builder.payload(built.node);
                    let key = payload.and_then(|payload| self.key(payload));
                    key.or_else(|| self.builder.scalar_text(built.node))
                };
                let text = self.builder.wants_key().then(as_text);
                match text.flatten() {
                    Some(text) => {
                        self.builder.key(&text, at);
                        Ok(())
                    }
                    None => self.builder.repeat(built, at),
                }
            }
            Some(Anchored::Open) => Err(fatal(
                at,
                "an alias stands inside the value that it repeats".to_owned(),
            )),
            None => Err(fatal(
                at,
                "an alias has no anchor before it in this document".to_owned(),
            )),
        }
    }

    /// The bytes of the scalar itself, from the bytes of its event.
    fn scalar_place(
        &self,
        (start, end): (usize, usize),
        text: &str,
        style: Style,
        properties: Properties,
    ) -> (usize, usize) {
        let from = self.past_properties(start, properties).min(end);
        match style {
            Style::Quoted => (from, self.past_quotes(from).unwrap_or(end)),
            Style::Plain if text.is_empty() => self.empty_place(from, end),
            Style::Plain => (from, self.trim_end(from, end)),
            Style::Block => {
                let from = self.past_header(from, end);
                (from, self.trim_end(from, end))
            }
        }
    }

    /// Nothing at all is placed right after the `:`, `-` or tag that promised a value.
    fn empty_place(&self, start: usize, end: usize) -> (usize, usize) {
        match self.offsets.text().as_bytes().get(start) {
            Some(b':' | b'-' | b'?') if end > start => (end, end),
            _ => (start, start),
        }
    }

    /// The byte after the closing quote of the quoted text that begins at a byte; engines may
    /// count what follows it on the line.
    fn past_quotes(&self, start: usize) -> Option<usize> {
        let rest = self.offsets.text().as_bytes().get(start..)?;
        let (quote, body) = rest
            .split_first()
            .filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
        let mut at = 0;
        loop {
            let byte = *body.get(at)?;
            let doubled = byte == b'\'' && body.get(at + 1) == Some(&b'\'');
            at += match byte {
                b'\\' if *quote == b'"' => 2,
                byte if byte != *quote => 1,
                b'\'' if doubled => 2,
                _ => return Some(start + at + 2),
            };
        }
    }

    fn trim_end(&self, start: usize, end: usize) -> usize {
        let text = self.offsets.text().get(start..end).unwrap_or("");
        start + text.trim_end_matches([' ', '\t', '\n', '\r']).len()
    }

    /// Skips the header line of a block scalar, where the event still includes it.
    fn past_header(&self, start: usize, end: usize) -> usize {
        let text = self.offsets.text().get(start..end).unwrap_or("");
        let starts_line = self
            .offsets
            .text()
            .get(..start)
            .is_none_or(|before| before.trim_end_matches(' ').ends_with('\n'));
        if starts_line || !text.starts_with(['|', '>']) {
            return start;
        }
        let body = text.find('\n').map_or(text.len(), |at| at + 1);
        let rest = text.get(body..).unwrap_or("");
        let content = rest.trim_start_matches([' ', '\n', '\r']);
        start + body + (rest.len() - content.len())
    }

    /// Skips an anchor and a tag, in either order, with what separates them from the value.
    fn past_properties(&self, start: usize, properties: Properties) -> usize {
        let count =
            usize::from(properties.anchor.is_some()) + usize::from(properties.tag.is_some());
        let mut at = start;
        for _ in 0..count {
            let rest = self.offsets.text().get(at..).unwrap_or("");
            if !rest.starts_with(['&', '!']) {
                break;
            }
            let word = rest.find([' ', '\t', '\n', '\r', ',', ']', '}']);
            at += word.unwrap_or(rest.len());
            at = self.past_blank(at);
        }
        at
    }

    fn past_blank(&self, start: usize) -> usize {
        let mut at = start;
        loop {
            let rest = self.offsets.text().get(at..).unwrap_or("");
            let content = rest.trim_start_matches(BLANKS);
            at += rest.len() - content.len();
            if at == start || !content.starts_with('#') {
                return at;
            }
            at += content.find('\n').unwrap_or(content.len());
        }
    }
}

fn is_merge(text: &str, is_plain: bool, properties: Properties) -> bool {
    text == "<<"
        && match properties.tag {
            None => is_plain && properties.anchor.is_none(),
            Some(tag) => tag == Tag::Merge,
        }
}
