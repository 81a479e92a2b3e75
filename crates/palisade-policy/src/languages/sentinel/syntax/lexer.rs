//! Cuts a text into tokens; the end of a line stands for a semicolon where a statement may end.

use palisade_document::Span;

use super::SyntaxMistake;
use super::token::{Mark, Token, TokenKind};
use crate::languages::sentinel::syntax::token::Word;

/// The tokens of a text, with a last one at its end.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, SyntaxMistake> {
    let mut lexer = Lexer {
        text,
        bytes: text.as_bytes(),
        at: 0,
        found: Vec::with_capacity(text.len() / 6 + 1),
    };
    lexer.run()?;
    Ok(lexer.found)
}

struct Lexer<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    found: Vec<Token>,
}

impl Lexer<'_> {
    fn run(&mut self) -> Result<(), SyntaxMistake> {
        loop {
            let line_ended = self.skip()?;
            let start = self.at;
            let Some(&byte) = self.bytes.get(start) else {
                self.end_line();
                self.push(TokenKind::End, start);
                return Ok(());
            };
            if line_ended && !self.continues_by_a_selector() {
                self.end_line();
            }
            self.token(byte)?;
        }
    }

    fn token(&mut self, byte: u8) -> Result<(), SyntaxMistake> {
        let start = self.at;
        let next_is_digit = || self.bytes.get(start + 1).is_some_and(u8::is_ascii_digit);
        let kind = match byte {
            b'"' => self.quoted()?,
            b'`' => self.raw()?,
            b';' => {
                self.at += 1;
                TokenKind::Semicolon
            }
            b'0'..=b'9' => self.number()?,
            b'.' if next_is_digit() => self.number()?,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => self.word()?,
            _ => {
                let rest = self.bytes.get(start..).unwrap_or_default();
                let (mark, length) = Mark::at(rest).ok_or_else(|| self.unexpected(start))?;
                self.at += length;
                TokenKind::Mark(mark)
            }
        };
        self.push(kind, start);
        Ok(())
    }

    /// Skips white space and comments; whether a line ended.
    fn skip(&mut self) -> Result<bool, SyntaxMistake> {
        let mut line_ended = false;
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'\n' => {
                    line_ended = true;
                    self.at += 1;
                }
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'#' => self.skip_line(),
                b'/' => match self.bytes.get(self.at + 1) {
                    Some(b'/') => self.skip_line(),
                    Some(b'*') => line_ended |= self.skip_block()?,
                    _ => break,
                },
                // A byte order mark at the very start.
                0xef if self.at == 0 && self.bytes.starts_with(b"\xef\xbb\xbf") => self.at += 3,
                _ => break,
            }
        }
        Ok(line_ended)
    }

    fn skip_line(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == b'\n');
        self.at += length.unwrap_or(rest.len());
    }

    fn skip_block(&mut self) -> Result<bool, SyntaxMistake> {
        let start = self.at;
        let inner = self.text.get(start + 2..).unwrap_or_default();
        let length = inner
            .find("*/")
            .ok_or_else(|| self.mistake(start, start + 2, "the comment is not closed by `*/`"))?;
        self.at += length + 4;
        Ok(inner.get(..length).unwrap_or_default().contains('\n'))
    }

    fn end_line(&mut self) {
        let ends = match self.found.last() {
            Some(last) => match last.kind {
                TokenKind::Name
                | TokenKind::Int
                | TokenKind::Float
                | TokenKind::PlainText
                | TokenKind::EscapedText
                | TokenKind::RawText
                | TokenKind::Mark(Mark::CloseParenthesis | Mark::CloseBracket | Mark::CloseBrace) => {
                    true
                }
                TokenKind::Word(word) => word.ends_a_statement() || self.follows_a_dot(),
                _ => false,
            },
            None => false,
        };
        if ends {
            let end = self.found.last().map_or(0, |last| last.end as usize);
            let at = std::mem::replace(&mut self.at, end);
            self.push(TokenKind::LineEnd, end);
            self.at = at;
        }
    }

    /// Whether the last token is a selector, which may be any word.
    fn follows_a_dot(&self) -> bool {
        let before = self.found.len().checked_sub(2);
        let before = before.and_then(|index| self.found.get(index));
        before.is_some_and(|token| token.kind == TokenKind::Mark(Mark::Dot))
    }

    /// A line that begins with `.name` goes on with the expression before it.
    fn continues_by_a_selector(&self) -> bool {
        let next = self.bytes.get(self.at + 1);
        self.bytes.get(self.at) == Some(&b'.')
            && next.is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
    }

    fn word(&mut self) -> Result<TokenKind, SyntaxMistake> {
        let start = self.at;
        while let Some(byte) = self.bytes.get(self.at) {
            if byte.is_ascii_alphanumeric() || *byte == b'_' {
                self.at += 1;
            } else if byte.is_ascii() {
                break;
            } else {
                let letter = self
                    .text
                    .get(self.at..)
                    .and_then(|rest| rest.chars().next());
                match letter.filter(|letter| letter.is_alphanumeric()) {
                    Some(letter) => self.at += letter.len_utf8(),
                    None => break,
                }
            }
        }
        let word = self.text.get(start..self.at).unwrap_or_default();
        if word.is_empty() || word.starts_with(|letter: char| letter.is_numeric()) {
            return Err(self.unexpected(start));
        }
        Ok(Word::of(word).map_or(TokenKind::Name, TokenKind::Word))
    }

    fn number(&mut self) -> Result<TokenKind, SyntaxMistake> {
        let start = self.at;
        let hexadecimal = matches!(self.bytes.get(start..start + 2), Some(b"0x" | b"0X"));
        if hexadecimal {
            self.at += 2;
            self.digits(u8::is_ascii_hexdigit);
            return self.not_glued(start, TokenKind::Int);
        }
        self.digits(u8::is_ascii_digit);
        let mut kind = TokenKind::Int;
        if self.bytes.get(self.at) == Some(&b'.') && !self.continues_by_a_selector_or_exponent() {
            kind = TokenKind::Float;
            self.at += 1;
            self.digits(u8::is_ascii_digit);
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            kind = TokenKind::Float;
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits(u8::is_ascii_digit);
        }
        self.not_glued(start, kind)
    }

    /// `1.e+0` is a number, `1.name` is a selector on one.
    fn continues_by_a_selector_or_exponent(&self) -> bool {
        let after = self.bytes.get(self.at + 1).copied();
        let exponent = matches!(after, Some(b'e' | b'E'))
            && self
                .bytes
                .get(self.at + 2)
                .is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-'));
        self.continues_by_a_selector() && !exponent
    }

    fn digits(&mut self, digit: fn(&u8) -> bool) {
        while self.bytes.get(self.at).is_some_and(digit) {
            self.at += 1;
        }
    }

    fn not_glued(&self, start: usize, kind: TokenKind) -> Result<TokenKind, SyntaxMistake> {
        let glued = self.bytes.get(self.at);
        if glued.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
            return Err(self.mistake(start, self.at + 1, "a letter stands in a number"));
        }
        Ok(kind)
    }

    fn quoted(&mut self) -> Result<TokenKind, SyntaxMistake> {
        let start = self.at;
        let mut kind = TokenKind::PlainText;
        let mut at = start + 1;
        loop {
            match self.bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    kind = TokenKind::EscapedText;
                    at += 2;
                }
                Some(b'\n') | None => {
                    let sentence = "the text is not closed by a quotation mark on its line";
                    return Err(self.mistake(start, at, sentence));
                }
                Some(_) => at += 1,
            }
        }
        self.at = at + 1;
        Ok(kind)
    }

    fn raw(&mut self) -> Result<TokenKind, SyntaxMistake> {
        let start = self.at;
        let rest = self.bytes.get(start + 1..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == b'`').ok_or_else(|| {
            self.mistake(start, start + 1, "the text is not closed by a back-tick")
        })?;
        self.at = start + length + 2;
        Ok(TokenKind::RawText)
    }

    fn push(&mut self, kind: TokenKind, start: usize) {
        self.found.push(Token {
            kind,
            start: offset(start),
            end: offset(self.at),
        });
    }

    fn unexpected(&self, at: usize) -> SyntaxMistake {
        let letter = self.text.get(at..).and_then(|rest| rest.chars().next());
        let letter = letter.unwrap_or(char::REPLACEMENT_CHARACTER);
        let sentence = format!("`{}` has no meaning here", letter.escape_debug());
        self.mistake(at, at + letter.len_utf8(), sentence)
    }

    fn mistake(&self, start: usize, end: usize, message: impl Into<String>) -> SyntaxMistake {
        SyntaxMistake {
            message: message.into(),
            span: Span::new(offset(start), offset(end.min(self.bytes.len()))),
        }
    }
}

/// A place in a text; texts are far below 4 GiB.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let shown = |token: &Token| match token.kind {
            TokenKind::LineEnd => "/".to_owned(),
            TokenKind::End => "end".to_owned(),
            _ => text[token.start as usize..token.end as usize].to_owned(),
        };
        tokens(text).unwrap().iter().map(shown).collect()
    }

    #[test]
    fn the_end_of_a_line_ends_a_statement_only_where_one_may_end() {
        assert_eq!(
            shown("a = [\n1,\n2]\nb = a or # why\n  c\nreturn\n"),
            [
                "a", "=", "[", "1", ",", "2", "]", "/", "b", "=", "a", "or", "c", "/", "return",
                "/", "end"
            ]
        );
    }

    #[test]
    fn a_line_that_begins_with_a_selector_goes_on() {
        assert_eq!(shown("a()\n  .b\n"), ["a", "(", ")", ".", "b", "/", "end"]);
        assert_eq!(shown("x.in\ny"), ["x", ".", "in", "/", "y", "/", "end"]);
    }

    #[test]
    fn numbers_keep_their_points_and_exponents() {
        assert_eq!(
            shown("72.40 1.e+0 .25 0x1F 1E6"),
            ["72.40", "1.e+0", ".25", "0x1F", "1E6", "/", "end"]
        );
        assert!(tokens("12ab").is_err());
    }

    #[test]
    fn what_is_not_closed_is_told_where_it_begins() {
        let start = |text| tokens(text).unwrap_err().span.start;
        assert_eq!(start("a = \"x\nb"), 4);
        assert_eq!(start("a /* b"), 2);
        assert_eq!(start("a = `b"), 4);
        assert_eq!(start("a @"), 2);
    }
}
