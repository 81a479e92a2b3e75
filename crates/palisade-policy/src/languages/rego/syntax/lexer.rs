//! Text to tokens, with what lies between them kept apart.

use palisade_document::Span;

use super::Mistake;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::languages::rego) enum Kind {
    Name,
    Number,
    /// A text in quotes.
    Text,
    /// A text in back-ticks.
    Raw,
    /// `$"…"` or `` $`…` ``.
    Template,
    Symbol,
    End,
}

/// One token.
#[derive(Debug, Clone, Copy)]
pub(in crate::languages::rego) struct Token {
    pub(in crate::languages::rego) kind: Kind,
    pub(in crate::languages::rego) span: Span,
    /// Whether a line ends between the token before and this one.
    pub(in crate::languages::rego) on_new_line: bool,
    /// Whether anything stands between the token before and this one.
    pub(in crate::languages::rego) apart: bool,
}

/// A comment, from `#` to the end of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::languages::rego) struct Comment {
    pub(in crate::languages::rego) span: Span,
}

/// The tokens of a text; the last one is [`Kind::End`].
#[derive(Debug, Default)]
pub(in crate::languages::rego) struct Lexed {
    pub(in crate::languages::rego) tokens: Vec<Token>,
    pub(in crate::languages::rego) comments: Vec<Comment>,
}

/// Reads the part of a text that a span covers.
pub(in crate::languages::rego) fn lex(text: &str, within: Span) -> Result<Lexed, Mistake> {
    let mut lexer = Lexer {
        bytes: text.as_bytes(),
        at: within.start as usize,
        end: (within.end as usize).min(text.len()),
    };
    let mut lexed = Lexed::default();
    let mut on_new_line = true;
    let mut last_end = lexer.at;
    loop {
        match lexer.peek(0) {
            Some(b'\n') => {
                on_new_line = true;
                lexer.at += 1;
            }
            Some(b' ' | b'\t' | b'\r') => lexer.at += 1,
            Some(b'#') => {
                let start = lexer.at;
                while lexer.peek(0).is_some_and(|byte| byte != b'\n') {
                    lexer.at += 1;
                }
                lexed.comments.push(Comment {
                    span: span(start, lexer.at),
                });
            }
            None => {
                lexed.tokens.push(Token {
                    kind: Kind::End,
                    span: span(lexer.end, lexer.end),
                    on_new_line,
                    apart: true,
                });
                return Ok(lexed);
            }
            Some(_) => {
                let start = lexer.at;
                let kind = lexer.token()?;
                lexed.tokens.push(Token {
                    kind,
                    span: span(start, lexer.at),
                    on_new_line,
                    apart: start != last_end,
                });
                on_new_line = false;
                last_end = lexer.at;
            }
        }
    }
}

fn span(start: usize, end: usize) -> Span {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(offset(start), offset(end))
}

struct Lexer<'t> {
    bytes: &'t [u8],
    at: usize,
    end: usize,
}

/// Deepest nesting of templates.
const MAX_TEMPLATES: usize = 16;

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        let at = self.at + ahead;
        (at < self.end)
            .then(|| self.bytes.get(at).copied())
            .flatten()
    }

    fn token(&mut self) -> Result<Kind, Mistake> {
        let start = self.at;
        let Some(first) = self.peek(0) else {
            return Ok(Kind::End);
        };
        match first {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                while self.peek(0).is_some_and(is_name) {
                    self.at += 1;
                }
                Ok(Kind::Name)
            }
            b'0'..=b'9' => {
                self.number();
                Ok(Kind::Number)
            }
            b'"' => self.quoted().map(|()| Kind::Text),
            b'`' => self.raw().map(|()| Kind::Raw),
            b'$' if matches!(self.peek(1), Some(b'"' | b'`')) => {
                self.template(0).map(|()| Kind::Template)
            }
            b':' | b'=' | b'!' | b'<' | b'>' if self.peek(1) == Some(b'=') => {
                self.at += 2;
                Ok(Kind::Symbol)
            }
            b'.' | b',' | b';' | b':' | b'=' | b'<' | b'>' | b'+' | b'-' | b'*' | b'/' | b'%'
            | b'&' | b'|' | b'(' | b')' | b'[' | b']' | b'{' | b'}' => {
                self.at += 1;
                Ok(Kind::Symbol)
            }
            _ => {
                let mut end = start + 1;
                while self.bytes.get(end).is_some_and(|byte| byte & 0xC0 == 0x80) {
                    end += 1;
                }
                Err(Mistake::new(
                    span(start, end),
                    "a character that Rego does not know",
                ))
            }
        }
    }

    fn number(&mut self) {
        self.digits();
        if self.peek(0) == Some(b'.') && self.peek(1).is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
            self.digits();
        }
        if matches!(self.peek(0), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.peek(1), Some(b'+' | b'-')));
            if self
                .peek(1 + sign)
                .is_some_and(|byte| byte.is_ascii_digit())
            {
                self.at += 1 + sign;
                self.digits();
            }
        }
    }

    fn digits(&mut self) {
        while self.peek(0).is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn quoted(&mut self) -> Result<(), Mistake> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek(0) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') if self.peek(1).is_some() => self.at += 2,
                None | Some(b'\n' | b'\\') => {
                    return Err(Mistake::new(
                        span(start, self.at),
                        "a text that is not closed; close it with `\"`",
                    ));
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn raw(&mut self) -> Result<(), Mistake> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek(0) {
                Some(b'`') => {
                    self.at += 1;
                    return Ok(());
                }
                None => {
                    return Err(Mistake::new(
                        span(start, self.at),
                        "a raw text that is not closed; close it with a back-tick",
                    ));
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn template(&mut self, depth: usize) -> Result<(), Mistake> {
        let start = self.at;
        if depth > MAX_TEMPLATES {
            return Err(Mistake::new(
                span(start, start + 1),
                format!("templates are nested deeper than {MAX_TEMPLATES} levels"),
            ));
        }
        let raw = self.peek(1) == Some(b'`');
        self.at += 2;
        loop {
            match self.peek(0) {
                Some(b'"') if !raw => break,
                Some(b'`') if raw => break,
                Some(b'\\') if self.peek(1).is_some_and(|next| !raw || next == b'{') => {
                    self.at += 2;
                }
                Some(b'{') => self.hole(depth)?,
                Some(b'\n') if !raw => return Err(unclosed(start, self.at)),
                None => return Err(unclosed(start, self.at)),
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        Ok(())
    }

    /// Passes over `{…}` of a template.
    fn hole(&mut self, depth: usize) -> Result<(), Mistake> {
        let start = self.at;
        let mut open = 0usize;
        loop {
            match self.peek(0) {
                Some(b'{') => open += 1,
                Some(b'}') => {
                    open -= 1;
                    if open == 0 {
                        self.at += 1;
                        return Ok(());
                    }
                }
                Some(b'"') => {
                    self.quoted()?;
                    continue;
                }
                Some(b'`') => {
                    self.raw()?;
                    continue;
                }
                Some(b'$') if matches!(self.peek(1), Some(b'"' | b'`')) => {
                    self.template(depth + 1)?;
                    continue;
                }
                Some(b'#') => {
                    while self.peek(0).is_some_and(|byte| byte != b'\n') {
                        self.at += 1;
                    }
                    continue;
                }
                None => return Err(unclosed(start, self.at)),
                Some(_) => {}
            }
            self.at += 1;
        }
    }
}

fn unclosed(start: usize, end: usize) -> Mistake {
    Mistake::new(span(start, end), "a template that is not closed")
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where the texts and holes of a template token stand: texts (without quotes) and the insides of
/// the braces, alternating, a text first and last.
pub(super) fn template_parts(text: &str, token: Span) -> Result<(Vec<Span>, Vec<Span>), Mistake> {
    let mut lexer = Lexer {
        bytes: text.as_bytes(),
        at: token.start as usize + 2,
        end: token.end as usize,
    };
    let raw = text.as_bytes().get(token.start as usize + 1) == Some(&b'`');
    let (mut texts, mut holes) = (Vec::new(), Vec::new());
    let mut from = lexer.at;
    while lexer.at + 1 < lexer.end {
        match lexer.peek(0) {
            Some(b'\\') if lexer.peek(1).is_some_and(|next| !raw || next == b'{') => {
                lexer.at += 2;
            }
            Some(b'{') => {
                texts.push(span(from, lexer.at));
                let start = lexer.at;
                lexer.hole(0)?;
                holes.push(span(start + 1, lexer.at.saturating_sub(1)));
                from = lexer.at;
            }
            _ => lexer.at += 1,
        }
    }
    texts.push(span(from, lexer.end.saturating_sub(1).max(from)));
    Ok((texts, holes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        let all = Span::new(0, u32::try_from(text.len()).unwrap());
        let lexed = lex(text, all).unwrap();
        lexed
            .tokens
            .iter()
            .map(|token| &text[token.span.start as usize..token.span.end as usize])
            .collect()
    }

    #[test]
    fn tokens_keep_texts_whole() {
        assert_eq!(
            words("a.b := \"x\\\"#\" # c\n1.5e-3 >= `\\`"),
            [
                "a",
                ".",
                "b",
                ":=",
                "\"x\\\"#\"",
                "1.5e-3",
                ">=",
                "`\\`",
                ""
            ]
        );
        assert_eq!(
            words("$\"a {f(\"}\")} {$`{x}`}\" y"),
            ["$\"a {f(\"}\")} {$`{x}`}\"", "y", ""]
        );
    }

    #[test]
    fn what_is_not_closed_is_said() {
        for text in ["\"a", "`a", "$\"a", "$\"a {b\"", "?"] {
            let all = Span::new(0, u32::try_from(text.len()).unwrap());
            assert!(lex(text, all).is_err(), "{text}");
        }
    }
}
