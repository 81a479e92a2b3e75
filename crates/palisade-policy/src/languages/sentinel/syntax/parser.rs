//! The parser's state and the head of a text: imports and parameters.

use std::sync::Arc;

use palisade_document::{SourceFile, Span};

use super::SyntaxMistake;
use super::lexer::tokens;
use super::names::Names;
use super::program::{
    Expression, ExpressionId, ExpressionKind, Function, Import, Parameter, Program, Quantifier,
    Range, Rule, Statement,
};
use super::token::{Mark, Token, TokenKind, Word};

/// Deepest nesting of expressions and blocks.
const MAX_DEPTH: u32 = 128;

/// Parses a text.
pub(in super::super) fn parse(file: &Arc<SourceFile>) -> Result<Program, SyntaxMistake> {
    let tokens = tokens(file.text())?;
    let mut parser = Parser {
        file,
        tokens,
        at: 0,
        depth: 0,
        loops: 0,
        functions_open: 0,
        names: Names::new(),
        parts: Parts::default(),
    };
    let (imports, parameters) = parser.head()?;
    let statements = parser.statements(|token| token == TokenKind::End)?;
    let resolved = parser.names.resolve();
    let parts = parser.parts;
    Ok(Program {
        file: Arc::clone(file),
        imports,
        parameters,
        statements,
        expressions: parts.expressions,
        operands: parts.operands,
        unescaped: parts.unescaped,
        quantifiers: parts.quantifiers,
        functions: parts.functions,
        rules: parts.rules,
        scopes: resolved.scopes,
        references: resolved.references,
        candidates: resolved.candidates,
        symbols: resolved.symbols,
        globals: resolved.globals,
        patterns: parts.patterns,
    })
}

pub(super) struct Parser<'t> {
    pub(super) file: &'t Arc<SourceFile>,
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
    /// Loops around the current statement, within its function.
    pub(super) loops: u32,
    /// Functions around the current statement.
    pub(super) functions_open: u32,
    pub(super) names: Names,
    pub(super) parts: Parts,
}

/// Tables that fill while the parser runs.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) expressions: Vec<Expression>,
    pub(super) operands: Vec<ExpressionId>,
    pub(super) unescaped: String,
    pub(super) quantifiers: Vec<Quantifier>,
    pub(super) functions: Vec<Function>,
    pub(super) rules: Vec<Rule>,
    pub(super) patterns: Vec<(
        ExpressionId,
        std::sync::OnceLock<Result<regex::Regex, String>>,
    )>,
}

impl Parser<'_> {
    fn head(&mut self) -> Result<(Vec<Import>, Vec<Parameter>), SyntaxMistake> {
        let (mut imports, mut parameters) = (Vec::<Import>::new(), Vec::<Parameter>::new());
        loop {
            match self.peek().kind {
                TokenKind::Semicolon | TokenKind::LineEnd => self.skip(),
                TokenKind::Word(Word::Import) => {
                    let import = self.import()?;
                    let same = |other: &Import| other.name == import.name;
                    let taken = |other: &Import| other.slot == import.slot;
                    // Saying the same twice is harmless, and is found in published policies.
                    match imports.iter().find(|other| same(other) || taken(other)) {
                        Some(other) if same(other) && taken(other) => {}
                        Some(_) => {
                            let sentence = format!("`{}` is imported twice", import.name);
                            return Err(mistake(import.span, sentence));
                        }
                        None => imports.push(import),
                    }
                }
                TokenKind::Word(Word::Param) => {
                    let parameter = self.parameter()?;
                    let taken = imports.iter().any(|import| import.slot == parameter.slot)
                        || parameters.iter().any(|other| other.slot == parameter.slot);
                    if taken {
                        let sentence = format!("`{}` is declared already", parameter.name);
                        return Err(mistake(parameter.span, sentence));
                    }
                    parameters.push(parameter);
                }
                _ => return Ok((imports, parameters)),
            }
        }
    }

    fn import(&mut self) -> Result<Import, SyntaxMistake> {
        let start = self.next().start;
        let name = self.next();
        let name = match name.kind {
            TokenKind::PlainText => self.slice(inner(name)).to_owned(),
            _ => return Err(self.expected(name, "the name of an import in quotation marks")),
        };
        let alias = if self.eat_word(Word::As) {
            self.name()?.0
        } else {
            name.rsplit('/').next().unwrap_or_default().to_owned()
        };
        let slot = self.names.declare(&alias);
        let span = Span::new(start, self.last_end());
        self.end_of_statement()?;
        Ok(Import { name, slot, span })
    }

    fn parameter(&mut self) -> Result<Parameter, SyntaxMistake> {
        let start = self.next().start;
        let (name, _) = self.name()?;
        let slot = self.names.declare(&name);
        let default = if self.eat_word(Word::Default) {
            Some(self.expression()?)
        } else {
            None
        };
        let span = Span::new(start, self.last_end());
        self.end_of_statement()?;
        Ok(Parameter {
            name,
            slot,
            default,
            span,
        })
    }

    pub(super) fn statements(
        &mut self,
        ends: fn(TokenKind) -> bool,
    ) -> Result<Box<[Statement]>, SyntaxMistake> {
        let mut found = Vec::new();
        loop {
            let token = self.peek();
            if ends(token.kind) {
                return Ok(found.into_boxed_slice());
            }
            match token.kind {
                TokenKind::Semicolon | TokenKind::LineEnd => self.skip(),
                TokenKind::End => return Err(self.expected(token, "`}`")),
                _ => found.push(self.statement()?),
            }
        }
    }

    // Tokens.

    pub(super) fn peek(&self) -> Token {
        self.ahead(0)
    }

    pub(super) fn ahead(&self, by: usize) -> Token {
        let last = self.tokens.last().copied();
        let token = self.tokens.get(self.at + by).copied().or(last);
        token.unwrap_or(Token {
            kind: TokenKind::End,
            start: 0,
            end: 0,
        })
    }

    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    pub(super) fn next(&mut self) -> Token {
        let token = self.peek();
        self.at += 1;
        token
    }

    pub(super) fn last_end(&self) -> u32 {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.map_or(0, |token| token.end)
    }

    pub(super) fn eat(&mut self, mark: Mark) -> bool {
        self.eat_kind(TokenKind::Mark(mark))
    }

    pub(super) fn eat_word(&mut self, word: Word) -> bool {
        self.eat_kind(TokenKind::Word(word))
    }

    fn eat_kind(&mut self, kind: TokenKind) -> bool {
        let found = self.peek().kind == kind;
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, mark: Mark, shown: &str) -> Result<Token, SyntaxMistake> {
        let token = self.next();
        if token.kind == TokenKind::Mark(mark) {
            return Ok(token);
        }
        Err(self.expected(token, shown))
    }

    /// Skips the ends of lines, where what is open cannot end.
    pub(super) fn skip_line_ends(&mut self) {
        while self.peek().kind == TokenKind::LineEnd {
            self.at += 1;
        }
    }

    pub(super) fn end_of_statement(&mut self) -> Result<(), SyntaxMistake> {
        let token = self.peek();
        match token.kind {
            TokenKind::Semicolon | TokenKind::LineEnd => {
                self.at += 1;
                Ok(())
            }
            TokenKind::End | TokenKind::Mark(Mark::CloseBrace) => Ok(()),
            _ => Err(self.expected(token, "the end of the statement")),
        }
    }

    /// A name, or a word that is reserved only in its place.
    pub(super) fn name(&mut self) -> Result<(String, Span), SyntaxMistake> {
        let token = self.next();
        let usable = matches!(
            token.kind,
            TokenKind::Name | TokenKind::Word(Word::Map | Word::Filter | Word::Param)
        );
        if !usable {
            return Err(self.expected(token, "a name"));
        }
        let span = span(token);
        Ok((self.slice(span).to_owned(), span))
    }

    pub(super) fn slice(&self, span: Span) -> &str {
        self.file.slice(span)
    }

    // Mistakes and bounds.

    pub(super) fn expected(&self, found: Token, wanted: &str) -> SyntaxMistake {
        let shown = match found.kind {
            TokenKind::End => "the end of the text".to_owned(),
            TokenKind::LineEnd => "the end of the line".to_owned(),
            _ => format!("`{}`", self.slice(span(found))),
        };
        mistake(span(found), format!("found {shown}, expected {wanted}"))
    }

    pub(super) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, SyntaxMistake>,
    ) -> Result<T, SyntaxMistake> {
        if self.depth >= MAX_DEPTH {
            let at = span(self.peek());
            let sentence = format!("this is nested deeper than {MAX_DEPTH} levels");
            return Err(mistake(at, sentence));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    // Tables.

    pub(super) fn push(&mut self, span: Span, kind: ExpressionKind) -> ExpressionId {
        let id = count(self.parts.expressions.len());
        self.parts.expressions.push(Expression { span, kind });
        id
    }

    pub(super) fn span_of(&self, id: ExpressionId) -> Span {
        let found = self.parts.expressions.get(id as usize);
        found.map_or_else(Span::default, |expression| expression.span)
    }

    pub(super) fn kind_of(&self, id: ExpressionId) -> Option<ExpressionKind> {
        let found = self.parts.expressions.get(id as usize);
        found.map(|expression| expression.kind)
    }

    pub(super) fn operands(&mut self, operands: &[ExpressionId]) -> Range {
        let start = count(self.parts.operands.len());
        self.parts.operands.extend_from_slice(operands);
        Range {
            start,
            count: count(operands.len()),
        }
    }
}

pub(super) fn mistake(span: Span, message: impl Into<String>) -> SyntaxMistake {
    SyntaxMistake {
        message: message.into(),
        span,
    }
}

pub(super) const fn span(token: Token) -> Span {
    Span {
        start: token.start,
        end: token.end,
    }
}

/// The span between the quotation marks of a text.
pub(super) fn inner(token: Token) -> Span {
    Span::new(token.start + 1, token.end.saturating_sub(1))
}

/// A count of things in a text, which is far below four thousand million.
pub(super) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
