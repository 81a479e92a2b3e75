//! Builds the arena of a document; every syntax pushes through here, so the bounds hold for all.

use std::sync::Arc;

use crate::file::offset;
use crate::tree::{Document, Node, Payload, RawEntry, UNSORTED};
use crate::{Limits, SourceFile, Span, SyntaxError, SyntaxSeverity};

/// From how many keys on an object is searched by their order.
const LARGE: usize = 32;

/// Bytes of a text that make one value at most, as a rule; room is made for so many ahead.
const BYTES_PER_VALUE: usize = 16;

/// Most values for which room is made ahead.
const MOST_AHEAD: usize = 1 << 16;

/// Most doubtful places that one text reports; a text with more is broken as a whole.
const MAX_WARNINGS: usize = 1_000;

/// A finished value with what its repetition would cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Built {
    /// Its node.
    pub(crate) node: u32,
    /// Values in it, itself included, aliases expanded.
    size: usize,
    /// Levels of arrays and objects in it, itself included.
    height: usize,
}

/// What a frame opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    /// A list.
    Array,
    /// A mapping.
    Object,
}

/// The key that waits for its value.
#[derive(Debug, Clone, Copy)]
enum Slot {
    Empty,
    Key { key: u32, span: Span },
    Merge { span: Span },
    Skip,
}

#[derive(Debug)]
struct Frame {
    container: Container,
    start: u32,
    end: u32,
    /// Where this frame's part of the pending children, entries and merges begins.
    base: usize,
    merge_base: usize,
    size: usize,
    height: usize,
    slot: Slot,
}

/// How much of the arena belongs to complete documents.
#[derive(Debug, Default)]
struct Committed {
    nodes: usize,
    children: usize,
    entries: usize,
}

/// Grows a [`Document`] value by value.
#[derive(Debug)]
pub(crate) struct Builder {
    document: Document,
    limits: Limits,
    warnings: Vec<SyntaxError>,
    frames: Vec<Frame>,
    children: Vec<u32>,
    entries: Vec<RawEntry>,
    merges: Vec<(Span, u32)>,
    /// Per key, the object (as a running number) and entry that had it last.
    seen: Vec<(usize, usize)>,
    objects: usize,
    alias_nodes: usize,
    committed: Committed,
    root: Option<u32>,
}

impl Builder {
    /// An empty arena over a text.
    pub(crate) fn new(file: Arc<SourceFile>, limits: Limits) -> Self {
        let ahead = (file.text().len() / BYTES_PER_VALUE).min(MOST_AHEAD);
        let mut document = Document::empty(file);
        document.nodes.reserve(ahead);
        document.entries.reserve(ahead);
        Self {
            document,
            limits,
            warnings: Vec::new(),
            frames: Vec::with_capacity(16),
            children: Vec::with_capacity(16),
            entries: Vec::with_capacity(64),
            merges: Vec::new(),
            seen: Vec::with_capacity(64),
            objects: 0,
            alias_nodes: 0,
            committed: Committed::default(),
            root: None,
        }
    }

    /// Whether the next value stands where a key is expected.
    pub(crate) fn wants_key(&self) -> bool {
        self.frames.last().is_some_and(|frame| {
            frame.container == Container::Object && matches!(frame.slot, Slot::Empty)
        })
    }

    /// Where the innermost open array or object begins.
    pub(crate) fn innermost_start(&self) -> Option<u32> {
        self.frames.last().map(|frame| frame.start)
    }

    /// Adds a scalar without giving it a place.
    pub(crate) fn scalar(&mut self, payload: Payload, span: Span) -> Result<Built, SyntaxError> {
        let node = self.push(payload, span)?;
        Ok(Built {
            node,
            size: 1,
            height: 0,
        })
    }

    /// A text as a value: a place in the file where it stands there as it is meant, between quotes or
    /// not, else a copy.
    pub(crate) fn text(&mut self, text: &str, span: Span) -> Payload {
        let written = self.document.file.slice(span);
        let inner = || written.get(1..written.len().saturating_sub(1));
        if written == text {
            return Payload::standing(span.start, text.len());
        }
        if written.starts_with(['"', '\'']) && inner() == Some(text) {
            return Payload::standing(span.start + 1, text.len());
        }
        self.decoded(text)
    }

    /// A text that does not stand in the file as it is meant.
    pub(crate) fn decoded(&mut self, text: &str) -> Payload {
        let start = offset(self.document.decoded.len());
        self.document.decoded.push_str(text);
        Payload::Decoded {
            start,
            len: offset(text.len()),
        }
    }

    /// Takes a text as the key of the next value.
    pub(crate) fn key(&mut self, text: &str, span: Span) {
        let key = self.intern(text);
        self.fill_slot(Slot::Key { key, span }, span);
    }

    /// The next value's entries are merged into the open object.
    pub(crate) fn merge_key(&mut self, span: Span) {
        self.fill_slot(Slot::Merge { span }, span);
    }

    /// The next value has a key that cannot be kept.
    pub(crate) fn skip_key(&mut self, span: Span) {
        self.warn(
            span,
            "a key that is not a scalar cannot be read; its value is left out".to_owned(),
        );
        self.fill_slot(Slot::Skip, span);
    }

    /// Opens an array or object that starts at a byte.
    pub(crate) fn open(&mut self, container: Container, start: u32) -> Result<(), SyntaxError> {
        if self.frames.len() >= self.limits.max_depth {
            return Err(self.too_deep(start));
        }
        let base = match container {
            Container::Array => self.children.len(),
            Container::Object => self.entries.len(),
        };
        self.frames.push(Frame {
            container,
            start,
            end: start,
            base,
            merge_base: self.merges.len(),
            size: 1,
            height: 1,
            slot: Slot::Empty,
        });
        Ok(())
    }

    /// Closes the innermost array or object; `end` is its closing bracket, if it has one.
    pub(crate) fn close(&mut self, end: Option<u32>) -> Result<Option<Built>, SyntaxError> {
        let Some(frame) = self.frames.pop() else {
            return Ok(None);
        };
        let span = Span::new(frame.start, end.unwrap_or(frame.end).max(frame.end));
        let payload = match frame.container {
            Container::Array => self.finish_array(&frame),
            Container::Object => self.finish_object(&frame),
        };
        let node = self.push(payload, span)?;
        Ok(Some(Built {
            node,
            size: frame.size,
            height: frame.height,
        }))
    }

    /// Puts a finished value where it belongs: under the waiting key, into the list, or as root.
    pub(crate) fn attach(&mut self, built: Built) {
        let span = self.span(built.node);
        self.place(built, span);
    }

    /// Repeats a finished value at an alias.
    pub(crate) fn repeat(&mut self, built: Built, at: Span) -> Result<(), SyntaxError> {
        if self.frames.len() + built.height > self.limits.max_depth {
            return Err(self.too_deep(at.start));
        }
        self.alias_nodes = self.alias_nodes.saturating_add(built.size);
        if self.alias_nodes > self.limits.max_alias_nodes {
            let most = self.limits.max_alias_nodes;
            return Err(fatal(
                at,
                format!("aliases repeat more than {most} values; write them out or split the file"),
            ));
        }
        if self.document.nodes.len() + self.alias_nodes > self.limits.max_nodes {
            return Err(self.too_many(at));
        }
        self.place(built, at);
        Ok(())
    }

    /// The scalar text of a node that is used as a key through an alias.
    pub(crate) fn scalar_text(&self, node: u32) -> Option<String> {
        let node = self.document.nodes.get(node as usize)?;
        match node.payload {
            payload @ (Payload::Text { .. } | Payload::Decoded { .. }) => {
                self.document.text_of(payload).map(str::to_owned)
            }
            Payload::Array { .. } | Payload::Object { .. } => None,
            _ => Some(self.document.file.slice(node.span).to_owned()),
        }
    }

    /// Ends a document of the stream: its root is kept from here on.
    pub(crate) fn commit(&mut self) {
        if let Some(root) = self.root.take() {
            self.document.roots.push(root);
        }
        self.committed = Committed {
            nodes: self.document.nodes.len(),
            children: self.document.children.len(),
            entries: self.document.entries.len(),
        };
    }

    /// How many documents of the stream are complete.
    pub(crate) fn complete(&self) -> usize {
        self.document.roots.len()
    }

    /// The finished arena; a document that did not end is dropped.
    pub(crate) fn finish(mut self) -> (Document, Vec<SyntaxError>) {
        self.document.nodes.truncate(self.committed.nodes);
        self.document.children.truncate(self.committed.children);
        self.document.entries.truncate(self.committed.entries);
        (self.document, self.warnings)
    }

    /// Reports a doubtful place.
    pub(crate) fn warn(&mut self, span: Span, message: String) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(SyntaxError {
                message,
                span,
                severity: SyntaxSeverity::Warning,
            });
        }
    }

    fn fill_slot(&mut self, slot: Slot, span: Span) {
        if let Some(frame) = self.frames.last_mut() {
            frame.slot = slot;
            frame.end = frame.end.max(span.end);
        }
    }

    fn place(&mut self, built: Built, span: Span) {
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(built.node);
            return;
        };
        frame.end = frame.end.max(span.end);
        frame.size = frame.size.saturating_add(built.size);
        frame.height = frame.height.max(built.height + 1);
        let value = built.node;
        match (frame.container, frame.slot) {
            (Container::Array, _) => self.children.push(value),
            (Container::Object, Slot::Empty) => return self.skip_key(span),
            (Container::Object, Slot::Skip) => {}
            (Container::Object, Slot::Merge { span }) => self.merges.push((span, value)),
            (Container::Object, Slot::Key { key, span }) => self.entries.push(RawEntry {
                key,
                key_span: span,
                value,
            }),
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.slot = Slot::Empty;
        }
    }

    fn finish_array(&mut self, frame: &Frame) -> Payload {
        let start = offset(self.document.children.len());
        self.document
            .children
            .extend(self.children.drain(frame.base..));
        let len = offset(self.document.children.len()) - start;
        Payload::Array { start, len }
    }

    fn finish_object(&mut self, frame: &Frame) -> Payload {
        self.objects += 1;
        let start = self.document.entries.len();
        for at in frame.base..self.entries.len() {
            let Some(entry) = self.entries.get(at).copied() else {
                continue;
            };
            if let Some(earlier) = self.first_of(entry.key) {
                self.report_duplicate(entry, earlier);
            }
            self.set_entry(entry);
        }
        self.entries.truncate(frame.base);
        let merges: Vec<_> = self.merges.drain(frame.merge_base..).collect();
        for (span, value) in merges {
            self.merge(span, value);
        }
        let len = self.document.entries.len() - start;
        Payload::Object {
            start: offset(start),
            len: offset(len),
            sorted: self.order(start),
        }
    }

    /// Notes the order of the entries from `start` on, if they are many.
    fn order(&mut self, start: usize) -> u32 {
        let entries = self.document.entries.get(start..).unwrap_or(&[]);
        if entries.len() < LARGE {
            return UNSORTED;
        }
        let at = self.document.sorted.len();
        let keys = entries
            .iter()
            .zip(0..)
            .map(|(entry, place)| (entry.key, place));
        self.document.sorted.extend(keys);
        if let Some(added) = self.document.sorted.get_mut(at..) {
            added.sort_unstable();
        }
        offset(at)
    }

    /// The entry of the object in the making that already has a key.
    fn first_of(&self, key: u32) -> Option<usize> {
        let (object, entry) = *self.seen.get(key as usize)?;
        (object == self.objects).then_some(entry)
    }

    fn set_entry(&mut self, entry: RawEntry) {
        if let Some(earlier) = self.first_of(entry.key) {
            if let Some(slot) = self.document.entries.get_mut(earlier) {
                *slot = entry;
            }
            return;
        }
        let at = self.document.entries.len();
        self.document.entries.push(entry);
        if let Some(seen) = self.seen.get_mut(entry.key as usize) {
            *seen = (self.objects, at);
        }
    }

    fn report_duplicate(&mut self, entry: RawEntry, earlier: usize) {
        let key = self.document.keys.name(entry.key);
        if let Some(first) = self.document.entries.get(earlier) {
            let line = self.document.file.line(first.key_span.start);
            let message = format!(
                "key `{key}` stands twice in this object (first in line {line}); the last one counts"
            );
            self.warn(entry.key_span, message);
        }
    }

    /// Adds what an object, or each object of a list, has and the object in the making has not.
    fn merge(&mut self, span: Span, value: u32) {
        let sources = match self.payload(value) {
            Some(Payload::Array { start, len }) => {
                let range = start as usize..(start + len) as usize;
                self.document.children.get(range).unwrap_or(&[]).to_vec()
            }
            _ => vec![value],
        };
        for source in sources {
            let Some(Payload::Object { start, len, .. }) = self.payload(source) else {
                self.warn(
                    span,
                    "a merge key `<<` needs an object or a list of objects; it is left out"
                        .to_owned(),
                );
                continue;
            };
            for at in start as usize..(start + len) as usize {
                let entry = self.document.entries.get(at).copied();
                if let Some(entry) = entry.filter(|entry| self.first_of(entry.key).is_none()) {
                    self.set_entry(entry);
                }
            }
        }
    }

    /// What a node holds.
    pub(crate) fn payload(&self, node: u32) -> Option<Payload> {
        let node = self.document.nodes.get(node as usize);
        node.map(|node| node.payload)
    }

    fn span(&self, node: u32) -> Span {
        let node = self.document.nodes.get(node as usize);
        node.map_or_else(Span::default, |node| node.span)
    }

    fn push(&mut self, payload: Payload, span: Span) -> Result<u32, SyntaxError> {
        if self.document.nodes.len() + self.alias_nodes >= self.limits.max_nodes {
            return Err(self.too_many(span));
        }
        let node = offset(self.document.nodes.len());
        self.document.nodes.push(Node { span, payload });
        Ok(node)
    }

    fn intern(&mut self, text: &str) -> u32 {
        let id = self.document.keys.intern(text);
        self.seen.resize(self.document.keys.len(), (0, 0));
        id
    }

    fn too_deep(&self, at: u32) -> SyntaxError {
        let most = self.limits.max_depth;
        fatal(
            Span::new(at, at),
            format!("arrays and objects are nested deeper than {most} levels"),
        )
    }

    fn too_many(&self, at: Span) -> SyntaxError {
        let most = self.limits.max_nodes;
        fatal(
            at,
            format!("the text holds more than {most} values; split the file"),
        )
    }
}

/// An error that ends the reading.
pub(crate) fn fatal(span: Span, message: String) -> SyntaxError {
    SyntaxError {
        message,
        span,
        severity: SyntaxSeverity::Fatal,
    }
}
