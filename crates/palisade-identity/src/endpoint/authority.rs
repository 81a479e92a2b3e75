//! Makes the `:authority` of clients on a Unix socket readable for the HTTP/2 code.
//!
//! Clients of the gRPC core (Python, C++, Ruby, PHP) send the socket's path with `%2F` in place of
//! slashes. A host must not have a `%`, so the call would be refused before anybody sees it. The
//! host means nothing on a Unix socket: each `%` in it is replaced by `-` as it comes in, which
//! changes no length.
//!
//! Source: RFC 7541, section 6 (field representations), 5 (integers and strings), appendix A
//! (`:authority` is entry 1 of the static table).

/// The name as it is spelled where it is not taken from the table.
const NAME: &[u8] = b":authority";
/// The place of `:authority` in the static table.
const AUTHORITY: u32 = 1;
/// The largest shift of an integer's continuation; longer ones are refused by the HTTP/2 code.
const LARGEST_SHIFT: u32 = 21;

/// Walks over the field blocks of one connection, in pieces of any size.
#[derive(Debug, Default)]
pub(crate) struct FieldBlocks(State);

#[derive(Debug, Default, Clone, Copy)]
enum State {
    /// At the beginning of a field.
    #[default]
    Field,
    /// Within an integer that goes on.
    Integer { value: u32, shift: u32, of: Integer },
    /// At the length of a string.
    Length(Text),
    /// Within a string.
    Bytes { left: u32, text: Text },
    /// Something that cannot be walked over; the HTTP/2 code says what.
    Lost,
}

/// What an integer tells.
#[derive(Debug, Clone, Copy)]
enum Integer {
    /// Nothing that is needed.
    Nothing,
    /// Which name a field has.
    Name,
    /// How long a string is.
    Length(Text),
}

/// What a string is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    /// A name, with the number of bytes in which it is `:authority` so far; none when it is not.
    Name(Option<usize>),
    Value,
    /// The value of `:authority`, as it is or compressed.
    Authority,
    Compressed,
}

impl FieldBlocks {
    /// Looks at a piece of a field block.
    pub(crate) fn pass(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = step(self.0, byte);
        }
    }

    /// A field block is over.
    pub(crate) fn end(&mut self) {
        self.0 = State::Field;
    }
}

fn step(state: State, byte: &mut u8) -> State {
    match state {
        State::Field => field(*byte),
        State::Integer { value, shift, of } => {
            let more = u32::from(*byte & 0x7f).checked_shl(shift);
            let value = more.and_then(|more| value.checked_add(more));
            match value {
                Some(value) if *byte & 0x80 == 0 => known(value, of),
                Some(value) if shift < LARGEST_SHIFT => State::Integer {
                    value,
                    shift: shift.saturating_add(7),
                    of,
                },
                _ => State::Lost,
            }
        }
        State::Length(text) => {
            let text = match text {
                Text::Name(_) if *byte & 0x80 != 0 => Text::Name(None),
                Text::Authority if *byte & 0x80 != 0 => Text::Compressed,
                text => text,
            };
            integer(*byte, 0x7f, Integer::Length(text))
        }
        State::Bytes { left, text } => {
            if text == Text::Authority && *byte == b'%' {
                *byte = b'-';
            }
            let text = match text {
                Text::Name(Some(same)) if NAME.get(same) == Some(byte) => {
                    Text::Name(Some(same.saturating_add(1)))
                }
                Text::Name(_) => Text::Name(None),
                text => text,
            };
            known(left.saturating_sub(1), Integer::Length(text))
        }
        State::Lost => State::Lost,
    }
}

fn field(byte: u8) -> State {
    match byte.leading_zeros() {
        // One that is in a table.
        0 => integer(byte, 0x7f, Integer::Nothing),
        // A literal that is added to the table.
        1 => integer(byte, 0x3f, Integer::Name),
        // Another size of the table.
        2 => integer(byte, 0x1f, Integer::Nothing),
        // A literal that is not added.
        _ => integer(byte, 0x0f, Integer::Name),
    }
}

/// Begins an integer whose first bits stand under a mask.
fn integer(byte: u8, mask: u8, of: Integer) -> State {
    let value = u32::from(byte & mask);
    if byte & mask == mask {
        return State::Integer {
            value,
            shift: 0,
            of,
        };
    }
    known(value, of)
}

/// What follows an integer.
fn known(value: u32, of: Integer) -> State {
    match of {
        Integer::Name => State::Length(match value {
            0 => Text::Name(Some(0)),
            AUTHORITY => Text::Authority,
            _ => Text::Value,
        }),
        Integer::Length(text) if value > 0 => State::Bytes { left: value, text },
        Integer::Length(Text::Name(same)) => State::Length(match same {
            Some(same) if same == NAME.len() => Text::Authority,
            _ => Text::Value,
        }),
        Integer::Nothing | Integer::Length(_) => State::Field,
    }
}

#[cfg(test)]
mod tests {
    use super::FieldBlocks;

    fn passed(block: &[u8], piece: usize) -> Vec<u8> {
        let mut block = block.to_vec();
        let mut blocks = FieldBlocks::default();
        for piece in block.chunks_mut(piece) {
            blocks.pass(piece);
        }
        block
    }

    #[test]
    fn only_the_authority_is_changed() {
        let block = [
            // In the table, and another size of the table.
            &b"\x83\x3f\xe1\x1f"[..],
            // Names that are spelled out.
            b"\x40\x02%a\x02%b\x40\x0b:authority%\x02%b\x00\x09:authorit\x02%b",
            b"\x40\x0a:authority\x05a%2Fb",
            // Names of the table.
            b"\x41\x05a%2Fb\x44\x03%/%\x0f\x00\x02%c\x01\x02%c",
        ]
        .concat();
        let wanted = [
            &b"\x83\x3f\xe1\x1f"[..],
            b"\x40\x02%a\x02%b\x40\x0b:authority%\x02%b\x00\x09:authorit\x02%b",
            b"\x40\x0a:authority\x05a-2Fb",
            b"\x41\x05a-2Fb\x44\x03%/%\x0f\x00\x02%c\x01\x02-c",
        ]
        .concat();
        for piece in 1..=block.len() {
            assert_eq!(passed(&block, piece), wanted, "{piece}");
        }
    }

    #[test]
    fn long_and_compressed_values_are_walked_over() {
        let mut block = b"\x41\x7f\x80\x01".to_vec();
        block.extend([b'%'; 255]);
        block.extend(b"\x44\x01%\x41\x83%%%\x41\x00\x41\x01%");
        let mut wanted = b"\x41\x7f\x80\x01".to_vec();
        wanted.extend([b'-'; 255]);
        wanted.extend(b"\x44\x01%\x41\x83%%%\x41\x00\x41\x01-");
        assert_eq!(passed(&block, 7), wanted);
    }

    #[test]
    fn an_endless_integer_is_left_alone() {
        let block = b"\x41\x7f\xff\xff\xff\xff\xff\xff\xff%%%%";
        assert_eq!(passed(block, 3), block);
    }
}
