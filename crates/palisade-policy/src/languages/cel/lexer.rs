//! Turns the text of an expression into tokens.

use palisade_document::Span;

use super::fault::Mistake;
use super::quoted;

/// A token with its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    Name(String),
    /// A field name in back-ticks.
    Quoted(String),
    /// A whole number's magnitude.
    Int(u64),
    Uint(u64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    /// Punctuation or an operator.
    Sign(&'static str),
    End,
}

/// Longest first, so that `<=` is not read as `<`.
const SIGNS: [&str; 26] = [
    "&&", "||", "==", "!=", "<=", ">=", "(", ")", "[", "]", "{", "}", ".", ",", ":", "?", "+", "-",
    "*", "/", "%", "!", "<", ">", "=", ";",
];

/// All tokens of a text; the last is [`TokenKind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Mistake> {
    let mut lexer = Lexer { text, at: 0 };
    let mut found = Vec::new();
    loop {
        lexer.skip_blanks();
        let start = lexer.at;
        let kind = lexer.next()?;
        let done = kind == TokenKind::End;
        found.push(Token {
            kind,
            span: span(start, lexer.at),
        });
        if done {
            return Ok(found);
        }
    }
}

pub(super) fn span(start: usize, end: usize) -> Span {
    let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Span::new(narrow(start), narrow(end))
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']);
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or("")
    }

    fn mistake(&self, start: usize, message: impl Into<String>) -> Mistake {
        Mistake::at(span(start, self.at.max(start + 1)), message)
    }

    fn next(&mut self) -> Result<TokenKind, Mistake> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok(TokenKind::End);
        };
        if let Some((literal, length)) = quoted::read(rest)
            .map_err(|message| Mistake::at(span(self.at, self.at + 1), message))?
        {
            self.at += length;
            return Ok(match literal {
                quoted::Quoted::Text(text) => TokenKind::Text(text),
                quoted::Quoted::Bytes(bytes) => TokenKind::Bytes(bytes),
            });
        }
        let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        if digit(rest) || (first == '.' && digit(rest.get(1..).unwrap_or(""))) {
            return self.number();
        }
        if first.is_ascii_alphabetic() || first == '_' {
            let name = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
            return Ok(TokenKind::Name(name.to_owned()));
        }
        if first == '`' {
            return self.back_ticks();
        }
        let start = self.at;
        match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            Some(sign) => {
                self.at += sign.len();
                Ok(TokenKind::Sign(sign))
            }
            None => Err(self.mistake(start, format!("unexpected character `{first}`"))),
        }
    }

    fn back_ticks(&mut self) -> Result<TokenKind, Mistake> {
        let start = self.at;
        self.at += 1;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-/ ".contains(c);
        let name = self.take_while(allowed);
        if name.is_empty() || !self.rest().starts_with('`') {
            return Err(self.mistake(
                start,
                "a name in back-ticks holds letters, digits and `_ . - /`, and ends in a back-tick",
            ));
        }
        self.at += 1;
        Ok(TokenKind::Quoted(name.to_owned()))
    }

    fn number(&mut self) -> Result<TokenKind, Mistake> {
        let start = self.at;
        let rest = self.rest();
        let hexadecimal = rest.starts_with("0x") || rest.starts_with("0X");
        if hexadecimal {
            self.at += 2;
            let digits = self.take_while(|c| c.is_ascii_hexdigit());
            let value = u64::from_str_radix(digits, 16);
            return self.whole(start, value.ok());
        }
        self.take_while(|c| c.is_ascii_digit());
        let mut fraction = false;
        let rest = self.rest();
        if rest.starts_with('.') && rest.get(1..).is_some_and(starts_with_digit) {
            fraction = true;
            self.at += 1;
            self.take_while(|c| c.is_ascii_digit());
        }
        let rest = self.rest();
        if rest.starts_with(['e', 'E']) {
            let sign = usize::from(rest.get(1..).is_some_and(|r| r.starts_with(['+', '-'])));
            if rest.get(1 + sign..).is_some_and(starts_with_digit) {
                fraction = true;
                self.at += 1 + sign;
                self.take_while(|c| c.is_ascii_digit());
            }
        }
        let digits = self.text.get(start..self.at).unwrap_or("");
        if fraction {
            let value = digits.parse().ok().filter(|value: &f64| value.is_finite());
            return value
                .map(TokenKind::Double)
                .ok_or_else(|| self.mistake(start, format!("`{digits}` is not a double")));
        }
        self.whole(start, digits.parse().ok())
    }

    fn whole(&mut self, start: usize, value: Option<u64>) -> Result<TokenKind, Mistake> {
        let unsigned = self.rest().starts_with(['u', 'U']);
        self.at += usize::from(unsigned);
        let text = self.text.get(start..self.at).unwrap_or("");
        match value {
            Some(value) if unsigned => Ok(TokenKind::Uint(value)),
            Some(value) => Ok(TokenKind::Int(value)),
            None => Err(self.mistake(start, format!("`{text}` does not fit 64 bits"))),
        }
    }
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}
