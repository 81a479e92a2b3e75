//! String and bytes literals with their prefixes and escapes.

/// A literal in quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Quoted {
    Text(String),
    Bytes(Vec<u8>),
}

/// Reads a literal at the start of a text, with its length; `None` if there is none.
pub(super) fn read(text: &str) -> Result<Option<(Quoted, usize)>, String> {
    let mut prefix = 0;
    let (mut raw, mut bytes) = (false, false);
    for letter in text.chars().take(2) {
        match letter {
            'r' | 'R' if !raw => raw = true,
            'b' | 'B' if !bytes => bytes = true,
            _ => break,
        }
        prefix += 1;
    }
    let body = text.get(prefix..).unwrap_or("");
    let Some(quote) = ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find(|quote| body.starts_with(quote))
    else {
        return Ok(None);
    };
    let inside = body.get(quote.len()..).unwrap_or("");
    let length = end(inside, quote, raw).ok_or("the string does not end")?;
    let content = inside.get(..length).unwrap_or("");
    let total = prefix + 2 * quote.len() + length;
    let literal = match (bytes, raw) {
        (false, true) => Quoted::Text(content.to_owned()),
        (true, true) => Quoted::Bytes(content.as_bytes().to_vec()),
        (false, false) => Quoted::Text(unescape_text(content)?),
        (true, false) => Quoted::Bytes(unescape_bytes(content)?),
    };
    Ok(Some((literal, total)))
}

/// Where the closing quote starts; a string in single quotes ends on its line.
fn end(inside: &str, quote: &str, raw: bool) -> Option<usize> {
    let mut escaped = false;
    for (at, letter) in inside.char_indices() {
        if escaped {
            escaped = false;
        } else if letter == '\\' && !raw {
            escaped = true;
        } else if inside.get(at..)?.starts_with(quote) {
            return Some(at);
        } else if quote.len() == 1 && matches!(letter, '\n' | '\r') {
            return None;
        }
    }
    None
}

/// One piece of an escaped literal.
enum Piece {
    Plain(char),
    /// A code point by `\u`, `\U`, or a letter escape.
    Point(char),
    /// `\x` or octal: a code point in a string, a byte in bytes.
    Small(u8),
}

fn unescape_text(content: &str) -> Result<String, String> {
    let mut text = String::with_capacity(content.len());
    pieces(content, |piece| {
        match piece {
            Piece::Plain(letter) | Piece::Point(letter) => text.push(letter),
            Piece::Small(value) => text.push(char::from(value)),
        }
        Ok(())
    })?;
    Ok(text)
}

fn unescape_bytes(content: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(content.len());
    pieces(content, |piece| {
        match piece {
            Piece::Plain(letter) | Piece::Point(letter) => {
                bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Piece::Small(value) => bytes.push(value),
        }
        Ok(())
    })?;
    Ok(bytes)
}

fn pieces(content: &str, mut take: impl FnMut(Piece) -> Result<(), String>) -> Result<(), String> {
    let mut rest = content;
    while let Some(letter) = rest.chars().next() {
        rest = rest.get(letter.len_utf8()..).unwrap_or("");
        if letter != '\\' {
            take(Piece::Plain(letter))?;
            continue;
        }
        let (piece, used) = escape(rest)?;
        rest = rest.get(used..).unwrap_or("");
        take(piece)?;
    }
    Ok(())
}

/// The escape after a backslash, and how many bytes it takes.
fn escape(rest: &str) -> Result<(Piece, usize), String> {
    let letter = rest.chars().next().unwrap_or('\\');
    let simple = match letter {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '\\' | '\'' | '"' | '`' | '?' => letter,
        _ => return numeric_escape(letter, rest),
    };
    Ok((Piece::Point(simple), letter.len_utf8()))
}

fn numeric_escape(letter: char, rest: &str) -> Result<(Piece, usize), String> {
    let unknown = || format!("`\\{letter}` is not an escape");
    let number = |from: usize, digits: usize, radix: u32| {
        rest.get(from..from + digits)
            .filter(|digits| digits.chars().all(|c| c.is_digit(radix)))
            .and_then(|digits| u32::from_str_radix(digits, radix).ok())
            .ok_or_else(unknown)
    };
    let (value, used) = match letter {
        'x' | 'X' => (number(1, 2, 16)?, 3),
        'u' => (number(1, 4, 16)?, 5),
        'U' => (number(1, 8, 16)?, 9),
        '0'..='3' => (number(0, 3, 8)?, 3),
        _ => return Err(unknown()),
    };
    if used == 3 {
        let small = u8::try_from(value).map_err(|_| unknown())?;
        return Ok((Piece::Small(small), used));
    }
    let point = char::from_u32(value)
        .ok_or_else(|| format!("`\\{letter}{value:x}` is not a Unicode character"))?;
    Ok((Piece::Point(point), used))
}
