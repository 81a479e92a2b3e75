//! The words of GraphQL (October 2021, 2.1), with their places.

use std::str::Chars;

use super::limits::{MAX_BYTES, MAX_TOKENS, Problem};

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    End,
    /// One of `! $ & ( ) : = @ [ ] { } |`.
    Mark(char),
    /// `...`
    Dots,
    Name(String),
    Int(String),
    Float(String),
    Text(String),
    Block(String),
}

impl Token {
    /// As a message says it.
    pub(super) fn said(&self) -> String {
        match self {
            Self::End => "the end of the text".to_owned(),
            Self::Mark(mark) => format!("`{mark}`"),
            Self::Dots => "`...`".to_owned(),
            Self::Name(text) | Self::Int(text) | Self::Float(text) => format!("`{text}`"),
            Self::Text(_) | Self::Block(_) => "a string".to_owned(),
        }
    }
}

/// Where a token begins: line and column in characters, from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    line: usize,
    column: usize,
}

impl Place {
    /// The problem at this place.
    pub(super) fn invalid(self, message: &str) -> Problem {
        Problem::Invalid(format!(
            "{message} in GraphQL at line {}, column {}",
            self.line, self.column
        ))
    }
}

pub(super) struct Lexer<'t> {
    rest: Chars<'t>,
    at: Place,
    tokens: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Result<Self, Problem> {
        if text.len() > MAX_BYTES {
            return Err(Problem::too_long());
        }
        Ok(Self {
            rest: text.chars(),
            at: Place { line: 1, column: 1 },
            tokens: 0,
        })
    }

    /// The next token; after the last one always the end.
    pub(super) fn token(&mut self) -> Result<(Token, Place), Problem> {
        self.skip_ignored();
        let place = self.at;
        self.tokens += 1;
        if self.tokens > MAX_TOKENS {
            return Err(Problem::too_long());
        }
        let Some(first) = self.peek() else {
            return Ok((Token::End, place));
        };
        let token = match first {
            '!' | '$' | '&' | '(' | ')' | ':' | '=' | '@' | '[' | ']' | '{' | '}' | '|' => {
                self.bump();
                Token::Mark(first)
            }
            '.' if self.take("...") => Token::Dots,
            'a'..='z' | 'A'..='Z' | '_' => {
                Token::Name(self.run(|c| c.is_ascii_alphanumeric() || c == '_'))
            }
            '-' | '0'..='9' => self.number()?,
            '"' if self.take("\"\"\"") => self.block(place)?,
            '"' => self.text(place)?,
            other => {
                let shown = other.escape_debug();
                return Err(place.invalid(&format!("the character `{shown}` has no meaning")));
            }
        };
        Ok((token, place))
    }

    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn bump(&mut self) -> Option<char> {
        let next = self.rest.next()?;
        let ends_line = next == '\n' || next == '\r' && self.peek() != Some('\n');
        if ends_line {
            self.at.line += 1;
            self.at.column = 1;
        } else {
            self.at.column += 1;
        }
        Some(next)
    }

    /// Takes exactly this text, which has no line ends, if it comes next.
    fn take(&mut self, text: &str) -> bool {
        let comes = self.rest.as_str().starts_with(text);
        if comes {
            for _ in text.chars() {
                self.bump();
            }
        }
        comes
    }

    fn run(&mut self, holds: impl Fn(char) -> bool) -> String {
        let mut text = String::new();
        while let Some(next) = self.peek().filter(|next| holds(*next)) {
            text.push(next);
            self.bump();
        }
        text
    }

    /// Blanks, commas, line ends, byte order marks and comments.
    fn skip_ignored(&mut self) {
        let mut comment = false;
        while let Some(next) = self.peek() {
            match next {
                '\n' | '\r' => comment = false,
                '#' if !comment => comment = true,
                '\t' | ' ' | ',' | '\u{feff}' => {}
                other if comment && other >= ' ' => {}
                _ => return,
            }
            self.bump();
        }
    }

    fn number(&mut self) -> Result<Token, Problem> {
        let digits = |lexer: &mut Self| {
            let run = lexer.run(|c| c.is_ascii_digit());
            if run.is_empty() {
                return Err(lexer.at.invalid("a number lacks its digits"));
            }
            Ok(run)
        };
        let mut number = String::new();
        if self.take("-") {
            number.push('-');
        }
        let whole = digits(self)?;
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(self.at.invalid("a number begins with `0`"));
        }
        number += &whole;
        let mut is_float = false;
        if self.take(".") {
            is_float = true;
            number.push('.');
            number += &digits(self)?;
        }
        if let Some(letter) = self.peek().filter(|c| matches!(c, 'e' | 'E')) {
            self.bump();
            is_float = true;
            number.push(letter);
            if let Some(sign) = self.peek().filter(|c| matches!(c, '+' | '-')) {
                self.bump();
                number.push(sign);
            }
            number += &digits(self)?;
        }
        Ok(if is_float {
            Token::Float(number)
        } else {
            Token::Int(number)
        })
    }

    /// A string in single quotes of two strokes.
    fn text(&mut self, place: Place) -> Result<Token, Problem> {
        self.bump();
        let mut text = String::new();
        loop {
            match self.peek() {
                Some('"') => {
                    self.bump();
                    return Ok(Token::Text(text));
                }
                Some('\\') => {
                    self.bump();
                    text.push(self.escape()?);
                }
                Some(next @ ('\t' | ' '..)) => {
                    self.bump();
                    text.push(next);
                }
                _ => return Err(place.invalid("a string does not end on its line")),
            }
        }
    }

    /// What follows a backslash. Half a surrogate pair has no character of its own.
    fn escape(&mut self) -> Result<char, Problem> {
        let place = self.at;
        let read = match self.bump() {
            Some(same @ ('"' | '\\' | '/')) => Some(same),
            Some('b') => Some('\u{8}'),
            Some('f') => Some('\u{c}'),
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('u') => {
                let mut code = Some(0);
                for _ in 0..4 {
                    let digit = self.bump().and_then(|c| c.to_digit(16));
                    code = code.zip(digit).map(|(code, digit)| code * 16 + digit);
                }
                code.map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            _ => None,
        };
        read.ok_or_else(|| place.invalid("a string has an escape that GraphQL does not know"))
    }

    /// A block string, whose opening quotes are taken.
    fn block(&mut self, place: Place) -> Result<Token, Problem> {
        let mut raw = String::new();
        loop {
            if self.take("\\\"\"\"") {
                raw.push_str("\"\"\"");
                continue;
            }
            // Quotes just before the closing ones belong to the text.
            if self.rest.as_str().starts_with("\"\"\"\"") {
                self.bump();
                raw.push('"');
                continue;
            }
            if self.take("\"\"\"") {
                return Ok(Token::Block(block_value(&raw)));
            }
            match self.bump() {
                Some('\r') => {
                    if self.peek() == Some('\n') {
                        self.bump();
                    }
                    raw.push('\n');
                }
                Some(next @ ('\n' | '\t' | ' '..)) => raw.push(next),
                _ => return Err(place.invalid("a block string does not end")),
            }
        }
    }
}

/// A block string without its common indentation and its blank first and last lines (2.9.4). As in OPA, the first
/// line counts for the indentation.
fn block_value(raw: &str) -> String {
    let indent = |line: &str| line.find(|c| c != ' ' && c != '\t');
    let lines: Vec<&str> = raw.split('\n').collect();
    let common = lines.iter().filter_map(|line| indent(line)).min();
    let cut = lines.iter().enumerate().map(|(at, line)| match common {
        Some(common) if at > 0 => line.get(common..).unwrap_or(""),
        _ => line,
    });
    let cut: Vec<&str> = cut.collect();
    let first = cut.iter().position(|line| indent(line).is_some());
    let last = cut.iter().rposition(|line| indent(line).is_some());
    let kept = first
        .zip(last)
        .and_then(|(first, last)| cut.get(first..=last));
    kept.map(|lines| lines.join("\n")).unwrap_or_default()
}
