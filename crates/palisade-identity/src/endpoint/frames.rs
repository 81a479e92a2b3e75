//! Where HTTP/2 frames begin and end in a stream of bytes; their content stays closed.
//!
//! Source: RFC 9113, sections 3.4 (preface), 4.1 (frame), 6.2 and 6.10 (field blocks), 6.7 (PING).

use super::authority::FieldBlocks;

/// Bytes of a frame's header.
const HEADER: usize = 9;
/// Bytes of the client's connection preface.
const PREFACE: usize = 24;
const HEADERS: u8 = 0x1;
const PUSH_PROMISE: u8 = 0x5;
const PING: u8 = 0x6;
const CONTINUATION: u8 = 0x9;
const END_HEADERS: u8 = 0x4;
const ACK: u8 = 0x1;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// The opaque content of a PING.
pub(crate) type Opaque = [u8; 8];

/// A PING frame as it is on the wire.
pub(crate) fn ping(opaque: Opaque) -> [u8; 17] {
    let mut frame = [0; 17];
    let (header, content) = frame.split_at_mut(HEADER);
    header.copy_from_slice(&[0, 0, 8, PING, 0, 0, 0, 0, 0]);
    content.copy_from_slice(&opaque);
    frame
}

/// Walks over frames, byte by byte, in pieces of any size.
#[derive(Debug, Default)]
struct Walk {
    header: Vec<u8>,
    kind: u8,
    flags: u8,
    left: usize,
}

impl Walk {
    /// Takes bytes up to the end of the header or of the content; tells how many.
    fn step(&mut self, bytes: &[u8]) -> usize {
        if self.left > 0 {
            let taken = self.left.min(bytes.len());
            self.left = self.left.saturating_sub(taken);
            return taken;
        }
        let taken = HEADER.saturating_sub(self.header.len()).min(bytes.len());
        self.header
            .extend_from_slice(bytes.get(..taken).unwrap_or_default());
        if let [a, b, c, kind, flags, _, _, _, _] = *self.header {
            self.left = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
            (self.kind, self.flags) = (kind, flags);
            self.header.clear();
        }
        taken
    }

    fn between_frames(&self) -> bool {
        self.left == 0 && self.header.is_empty()
    }
}

/// What was written: says where another frame may be put in between.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    walk: Walk,
    begun: bool,
}

impl Outgoing {
    /// Whether a frame may be put in here: after the first frame, between two frames, and not
    /// within a field block.
    pub(crate) fn is_open(&self) -> bool {
        let in_block = matches!(self.walk.kind, HEADERS | PUSH_PROMISE | CONTINUATION)
            && self.walk.flags & END_HEADERS == 0;
        self.begun && self.walk.between_frames() && !in_block
    }

    /// How many of the next bytes may be written before one has to look again.
    pub(crate) fn until_next(&self) -> usize {
        match self.walk.left {
            0 => HEADER.saturating_sub(self.walk.header.len()),
            left => left,
        }
    }

    /// Takes note of bytes that were written.
    pub(crate) fn wrote(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let taken = self.walk.step(bytes);
            self.begun = true;
            bytes = bytes.get(taken..).unwrap_or_default();
        }
    }
}

/// What was read: finds the answers to PINGs, and passes field blocks on.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    preface: usize,
    walk: Walk,
    answer: Vec<u8>,
    /// What a frame with fields still has before its fields: padding length, priority.
    before: usize,
    /// Whether the next of these is the length of the padding.
    is_padding_next: bool,
    /// The length of the padding, once it is known.
    padding: usize,
    blocks: FieldBlocks,
}

impl Incoming {
    /// Takes note of bytes that were read; hands over every answer that they complete.
    pub(crate) fn read(&mut self, bytes: &mut [u8], mut answered: impl FnMut(Opaque)) {
        let skipped = PREFACE.saturating_sub(self.preface).min(bytes.len());
        self.preface = self.preface.saturating_add(skipped);
        let mut bytes = bytes.get_mut(skipped..).unwrap_or_default();
        while !bytes.is_empty() {
            let left = self.walk.left;
            let taken = self.walk.step(bytes);
            let Some((piece, rest)) = bytes.split_at_mut_checked(taken) else {
                return;
            };
            bytes = rest;
            if left == 0 {
                self.begin();
                continue;
            }
            match self.walk.kind {
                PING if self.walk.flags & ACK != 0 => self.ping(piece, &mut answered),
                HEADERS | CONTINUATION => self.fields(piece, left),
                _ => {}
            }
        }
    }

    /// A frame's header was read, or a part of it.
    fn begin(&mut self) {
        self.answer.clear();
        let Walk { kind, flags, .. } = self.walk;
        let has = |flag: u8, bytes: usize| if flags & flag == 0 { 0 } else { bytes };
        self.padding = 0;
        self.is_padding_next = kind == HEADERS && flags & PADDED != 0;
        self.before = match kind {
            HEADERS => has(PADDED, 1).saturating_add(has(PRIORITY, 5)),
            _ => 0,
        };
    }

    fn ping(&mut self, piece: &[u8], answered: &mut impl FnMut(Opaque)) {
        // A PING is eight bytes; the protocol's own code ends the connection for any other.
        let room = 9_usize.saturating_sub(self.answer.len());
        self.answer.extend(piece.iter().take(room));
        if self.walk.left == 0
            && let Ok(opaque) = Opaque::try_from(self.answer.as_slice())
        {
            answered(opaque);
        }
    }

    /// A piece of a frame with fields, of which `left` bytes were left before it.
    fn fields(&mut self, piece: &mut [u8], left: usize) {
        let mut start = 0;
        while self.before > 0
            && let Some(byte) = piece.get(start)
        {
            if std::mem::take(&mut self.is_padding_next) {
                self.padding = usize::from(*byte);
            }
            self.before = self.before.saturating_sub(1);
            start = start.saturating_add(1);
        }
        let end = left.saturating_sub(self.padding).min(piece.len());
        if let Some(fields) = piece.get_mut(start..end) {
            self.blocks.pass(fields);
        }
        if self.walk.left == 0 && self.walk.flags & END_HEADERS != 0 {
            self.blocks.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Incoming, Outgoing, ping};

    fn frame(kind: u8, flags: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).expect("short");
        let mut frame = vec![0, 0, length, kind, flags, 0, 0, 0, 1];
        frame.extend_from_slice(content);
        frame
    }

    fn answers(bytes: &[u8], piece: usize) -> Vec<[u8; 8]> {
        let mut incoming = Incoming::default();
        let mut found = Vec::new();
        for piece in bytes.to_vec().chunks_mut(piece) {
            incoming.read(piece, |opaque| found.push(opaque));
        }
        found
    }

    #[test]
    fn answers_are_found_in_pieces_of_any_size() {
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        bytes.extend(frame(4, 0, &[]));
        bytes.extend(frame(6, 0, b"question"));
        bytes.extend(frame(6, 1, b"answer-1"));
        bytes.extend(frame(0, 0, &frame(6, 1, b"in-data-")));
        bytes.extend(frame(6, 1, b"answer-2"));
        for piece in 1..bytes.len() {
            assert_eq!(
                answers(&bytes, piece),
                [*b"answer-1", *b"answer-2"],
                "{piece}"
            );
        }
    }

    #[test]
    fn a_ping_of_another_length_answers_nothing() {
        let mut bytes = vec![b'x'; 24];
        bytes.extend(frame(6, 1, b"too long answer"));
        bytes.extend(frame(6, 1, b"short"));
        bytes.extend(frame(6, 1, b""));
        assert!(answers(&bytes, 5).is_empty());
    }

    #[test]
    fn fields_are_passed_on_without_padding_and_priority() {
        let fields = b"\x41\x03a%b";
        let wanted = b"\x41\x03a-b";
        let framed = |fields: &[u8]| {
            let mut bytes = vec![b'%'; 24];
            // Padded, with a priority, and with a block that goes on.
            bytes.extend(frame(
                1,
                0x28,
                &[b"\x02%%%%%", &fields[..3], b"%%"].concat(),
            ));
            bytes.extend(frame(9, 0x4, &fields[3..]));
            bytes.extend(frame(1, 0x4, fields));
            bytes.extend(frame(0, 0, b"\x41\x03a%b"));
            bytes.extend(frame(1, 0xc, &[b"\x01", fields, b"%"].concat()));
            bytes
        };
        let (bytes, wanted) = (framed(fields), framed(wanted));
        for size in 1..bytes.len() {
            let mut bytes = bytes.clone();
            let mut incoming = Incoming::default();
            for piece in bytes.chunks_mut(size) {
                incoming.read(piece, |_| ());
            }
            assert_eq!(bytes, wanted, "{size}");
        }
    }

    #[test]
    fn frames_go_in_only_between_frames_and_outside_field_blocks() {
        let mut written = Outgoing::default();
        assert!(
            !written.is_open(),
            "the first frame is the server's settings"
        );
        written.wrote(&frame(4, 0, b"settings")[..4]);
        assert!(!written.is_open());
        assert_eq!(written.until_next(), 5);
        written.wrote(&frame(4, 0, b"settings")[4..10]);
        assert_eq!(written.until_next(), 7);
        written.wrote(b"ettings");
        assert!(written.is_open());
        written.wrote(&frame(1, 0, b"block"));
        assert!(!written.is_open());
        written.wrote(&frame(9, 4, b"rest"));
        assert!(written.is_open());
        written.wrote(&ping(*b"12345678"));
        assert!(written.is_open());
    }
}
