//! Statements and blocks.

use palisade_document::Span;

use super::SyntaxMistake;
use super::parser::{Parser, mistake, span};
use super::program::{
    BinaryOperator, Clause, ExpressionId, ExpressionKind, Statement, StatementKind,
};
use super::token::{Mark, Token, TokenKind, Word};

impl Parser<'_> {
    pub(super) fn statement(&mut self) -> Result<Statement, SyntaxMistake> {
        let token = self.peek();
        let kind = match token.kind {
            TokenKind::Word(Word::If) => self.deeper(Self::conditional)?,
            TokenKind::Word(Word::Case) => self.deeper(Self::case)?,
            TokenKind::Word(Word::For) => self.deeper(Self::repeated)?,
            TokenKind::Word(Word::Return) => self.returned(token)?,
            TokenKind::Word(Word::Break) => self.leaves(token, StatementKind::Break)?,
            TokenKind::Word(Word::Continue) => self.leaves(token, StatementKind::Continue)?,
            TokenKind::Word(Word::Func) if self.ahead(1).kind == TokenKind::Name => {
                self.named_function()?
            }
            TokenKind::Word(Word::Import) => {
                let sentence = "imports stand before every other statement";
                return Err(mistake(span(token), sentence));
            }
            _ => self.expression_or_assignment()?,
        };
        Ok(Statement {
            span: Span::new(token.start, self.last_end()),
            kind,
        })
    }

    /// `{ … }`; an `if` or a `case` has no scope of its own.
    pub(super) fn block(&mut self) -> Result<Box<[Statement]>, SyntaxMistake> {
        self.expect(Mark::OpenBrace, "`{`")?;
        let statements = self.deeper(|parser| {
            parser.statements(|token| token == TokenKind::Mark(Mark::CloseBrace))
        })?;
        self.skip();
        Ok(statements)
    }

    fn expression_or_assignment(&mut self) -> Result<StatementKind, SyntaxMistake> {
        let target = self.expression()?;
        let token = self.peek();
        let operator = match token.kind {
            TokenKind::Mark(Mark::Assign) => None,
            TokenKind::Mark(Mark::PlusAssign) => Some(BinaryOperator::Add),
            TokenKind::Mark(Mark::MinusAssign) => Some(BinaryOperator::Subtract),
            TokenKind::Mark(Mark::StarAssign) => Some(BinaryOperator::Multiply),
            TokenKind::Mark(Mark::SlashAssign) => Some(BinaryOperator::Divide),
            TokenKind::Mark(Mark::PercentAssign) => Some(BinaryOperator::Remainder),
            _ => {
                self.end_of_statement()?;
                return Ok(StatementKind::Expression(target));
            }
        };
        self.skip();
        let place = self.span_of(target);
        let kind = match self.kind_of(target) {
            Some(ExpressionKind::Name(reference)) => {
                let file = std::sync::Arc::clone(self.file);
                let name = file.slice(place);
                self.names.declare(name);
                let value = self.expression()?;
                self.give_name(value, name, place);
                StatementKind::Assign(reference, operator, value)
            }
            Some(ExpressionKind::Index(collection, index)) => {
                let value = self.expression()?;
                StatementKind::AssignIndex(collection, index, operator, value)
            }
            _ => {
                let sentence = "only a name or an index can be assigned to";
                return Err(mistake(place, sentence));
            }
        };
        self.end_of_statement()?;
        Ok(kind)
    }

    /// A rule or a function is known by the name that it is assigned to.
    fn give_name(&mut self, value: ExpressionId, name: &str, place: Span) {
        match self.kind_of(value) {
            Some(ExpressionKind::Rule(index)) => {
                let description = description(self.file.text(), place.start as usize);
                if let Some(rule) = self.parts.rules.get_mut(index as usize) {
                    name.clone_into(&mut rule.name);
                    rule.description = description;
                    rule.span = place;
                }
            }
            Some(ExpressionKind::Function(index)) => {
                if let Some(function) = self.parts.functions.get_mut(index as usize) {
                    name.clone_into(&mut function.name);
                }
            }
            _ => {}
        }
    }

    fn named_function(&mut self) -> Result<StatementKind, SyntaxMistake> {
        self.skip();
        let (name, place) = self.name()?;
        let reference = self.names.refer(&name);
        self.names.declare(&name);
        let function = self.function(name)?;
        let end = self.last_end();
        let value = self.push(
            Span::new(place.start, end),
            ExpressionKind::Function(function),
        );
        self.end_of_statement()?;
        Ok(StatementKind::Assign(reference, None, value))
    }

    fn conditional(&mut self) -> Result<StatementKind, SyntaxMistake> {
        self.skip();
        let condition = self.expression()?;
        let then = self.block()?;
        let otherwise = if self.eat_word(Word::Else) {
            if self.peek().kind == TokenKind::Word(Word::If) {
                Box::new([self.statement()?])
            } else {
                self.block()?
            }
        } else {
            Box::default()
        };
        Ok(StatementKind::If(condition, then, otherwise))
    }

    fn case(&mut self) -> Result<StatementKind, SyntaxMistake> {
        self.skip();
        let subject = match self.peek().kind {
            TokenKind::Mark(Mark::OpenBrace) => None,
            _ => Some(self.expression()?),
        };
        self.expect(Mark::OpenBrace, "`{`")?;
        let (mut clauses, mut otherwise) = (Vec::new(), None);
        loop {
            self.skip_ends();
            let token = self.next();
            match token.kind {
                TokenKind::Mark(Mark::CloseBrace) => break,
                TokenKind::Word(Word::When) => clauses.push(self.clause()?),
                TokenKind::Word(Word::Else) if otherwise.is_none() => {
                    self.expect(Mark::Colon, "`:`")?;
                    otherwise = Some(self.clause_body()?);
                }
                _ => return Err(self.expected(token, "`when`, one `else` or `}`")),
            }
        }
        Ok(StatementKind::Case(
            subject,
            clauses.into_boxed_slice(),
            otherwise.unwrap_or_default(),
        ))
    }

    fn clause(&mut self) -> Result<Clause, SyntaxMistake> {
        let mut values = vec![self.expression()?];
        while self.eat(Mark::Comma) {
            values.push(self.expression()?);
        }
        self.expect(Mark::Colon, "`,` or `:`")?;
        Ok(Clause {
            values: values.into_boxed_slice(),
            body: self.clause_body()?,
        })
    }

    fn clause_body(&mut self) -> Result<Box<[Statement]>, SyntaxMistake> {
        self.deeper(|parser| {
            parser.statements(|token| {
                matches!(
                    token,
                    TokenKind::Mark(Mark::CloseBrace) | TokenKind::Word(Word::When | Word::Else)
                )
            })
        })
    }

    fn repeated(&mut self) -> Result<StatementKind, SyntaxMistake> {
        self.skip();
        let collection = self.expression()?;
        let scope = self.names.open();
        let binding = self.binding(scope)?;
        self.loops += 1;
        let body = self.block()?;
        self.loops -= 1;
        self.names.close();
        Ok(StatementKind::For(collection, binding, body))
    }

    fn returned(&mut self, token: Token) -> Result<StatementKind, SyntaxMistake> {
        if self.functions_open == 0 {
            return Err(mistake(
                span(token),
                "`return` stands outside of a function",
            ));
        }
        self.skip();
        let value = match self.peek().kind {
            TokenKind::LineEnd | TokenKind::Semicolon | TokenKind::Mark(Mark::CloseBrace) => None,
            _ => Some(self.expression()?),
        };
        self.end_of_statement()?;
        Ok(StatementKind::Return(value))
    }

    fn leaves(
        &mut self,
        token: Token,
        kind: StatementKind,
    ) -> Result<StatementKind, SyntaxMistake> {
        if self.loops == 0 {
            return Err(mistake(span(token), "this stands outside of a `for`"));
        }
        self.skip();
        self.end_of_statement()?;
        Ok(kind)
    }
}

/// The comment lines right above a place, without their marks.
fn description(text: &str, at: usize) -> String {
    let above = text.get(..at).unwrap_or_default();
    let line_start = above.rfind('\n').map_or(0, |end| end + 1);
    let above = above.get(..line_start).unwrap_or_default();
    let comment = |line: &str| {
        let line = line.trim();
        let rest = line.strip_prefix("//").or_else(|| line.strip_prefix('#'));
        rest.map(|rest| rest.trim_matches(['#', '/', ' ']).to_owned())
    };
    let mut lines: Vec<String> = above.lines().rev().map_while(comment).take(8).collect();
    lines.reverse();
    lines.retain(|line| !line.is_empty());
    lines.join(" ")
}
