//! Expressions, by the precedence of their operators.

use palisade_document::Span;

use super::SyntaxMistake;
use super::literals::{unescape, whole_number};
use super::parser::{Parser, count, inner, mistake, span};
use super::program::{
    BinaryOperator, Binding, ExpressionId, ExpressionKind, Function, NOWHERE, Quantifier,
    QuantifierKind, Rule,
};
use super::token::{Mark, Token, TokenKind, Word};

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Result<ExpressionId, SyntaxMistake> {
        self.deeper(|parser| parser.binary(1))
    }

    /// Operators that bind at least as tightly as `least`; 1 is `or`, 6 is `*`.
    fn binary(&mut self, least: u8) -> Result<ExpressionId, SyntaxMistake> {
        let mut left = self.unary()?;
        while let Some((operator, precedence, words)) = self.operator() {
            if precedence < least {
                break;
            }
            for _ in 0..words {
                self.skip();
            }
            left = self.right_side(left, operator, precedence)?;
        }
        Ok(left)
    }

    fn right_side(
        &mut self,
        left: ExpressionId,
        operator: BinaryOperator,
        precedence: u8,
    ) -> Result<ExpressionId, SyntaxMistake> {
        let start = self.span_of(left).start;
        let equality = matches!(operator, BinaryOperator::Equal | BinaryOperator::NotEqual);
        if equality
            && self.after_is()
            && let Some(kind) = self.property(left)
        {
            let id = self.push(Span::new(start, self.last_end()), kind);
            return Ok(match operator {
                BinaryOperator::NotEqual => {
                    self.push(Span::new(start, self.last_end()), ExpressionKind::Not(id))
                }
                _ => id,
            });
        }
        let right = self.deeper(|parser| parser.binary(precedence + 1))?;
        let id = self.push(
            Span::new(start, self.last_end()),
            ExpressionKind::Binary(operator, left, right),
        );
        let pattern = matches!(
            operator,
            BinaryOperator::Matches | BinaryOperator::NotMatches
        );
        let constant = matches!(
            self.kind_of(right),
            Some(ExpressionKind::Text(_) | ExpressionKind::Unescaped(_))
        );
        if pattern && constant {
            self.parts.patterns.push((id, std::sync::OnceLock::new()));
        }
        Ok(id)
    }

    /// Whether the operator that was just read is `is` or `is not`.
    fn after_is(&self) -> bool {
        let end = self.last_end();
        let text = self.file.text().get(..end as usize).unwrap_or_default();
        text.ends_with("is") || text.ends_with("not")
    }

    /// `empty` or `defined` behind `is`.
    fn property(&mut self, of: ExpressionId) -> Option<ExpressionKind> {
        let token = self.peek();
        if token.kind != TokenKind::Name {
            return None;
        }
        let kind = match self.slice(span(token)) {
            "empty" => ExpressionKind::IsEmpty(of),
            "defined" => ExpressionKind::IsDefined(of),
            _ => return None,
        };
        self.skip();
        Some(kind)
    }

    /// The operator that comes next, its precedence and how many tokens it has.
    fn operator(&self) -> Option<(BinaryOperator, u8, u8)> {
        let next_is = |word| self.ahead(1).kind == TokenKind::Word(word);
        Some(match self.peek().kind {
            TokenKind::Word(word) => match word {
                Word::Or => (BinaryOperator::Or, 1, 1),
                Word::Xor => (BinaryOperator::Xor, 1, 1),
                Word::And => (BinaryOperator::And, 2, 1),
                Word::Is if next_is(Word::Not) => (BinaryOperator::NotEqual, 3, 2),
                Word::Is => (BinaryOperator::Equal, 3, 1),
                Word::Contains => (BinaryOperator::Contains, 3, 1),
                Word::In => (BinaryOperator::In, 3, 1),
                Word::Matches => (BinaryOperator::Matches, 3, 1),
                Word::Not if next_is(Word::Contains) => (BinaryOperator::NotContains, 3, 2),
                Word::Not if next_is(Word::In) => (BinaryOperator::NotIn, 3, 2),
                Word::Not if next_is(Word::Matches) => (BinaryOperator::NotMatches, 3, 2),
                Word::Else => (BinaryOperator::Else, 4, 1),
                _ => return None,
            },
            TokenKind::Mark(mark) => match mark {
                Mark::Equal => (BinaryOperator::Equal, 3, 1),
                Mark::NotEqual => (BinaryOperator::NotEqual, 3, 1),
                Mark::Less => (BinaryOperator::Less, 3, 1),
                Mark::LessOrEqual => (BinaryOperator::LessOrEqual, 3, 1),
                Mark::Greater => (BinaryOperator::Greater, 3, 1),
                Mark::GreaterOrEqual => (BinaryOperator::GreaterOrEqual, 3, 1),
                Mark::Plus => (BinaryOperator::Add, 5, 1),
                Mark::Minus => (BinaryOperator::Subtract, 5, 1),
                Mark::Star => (BinaryOperator::Multiply, 6, 1),
                Mark::Slash => (BinaryOperator::Divide, 6, 1),
                Mark::Percent => (BinaryOperator::Remainder, 6, 1),
                _ => return None,
            },
            _ => return None,
        })
    }

    fn unary(&mut self) -> Result<ExpressionId, SyntaxMistake> {
        let token = self.peek();
        let make: fn(ExpressionId) -> ExpressionKind = match token.kind {
            TokenKind::Mark(Mark::Not) | TokenKind::Word(Word::Not) => ExpressionKind::Not,
            TokenKind::Mark(Mark::Plus) => ExpressionKind::Plus,
            TokenKind::Mark(Mark::Minus) => {
                if let Some(number) = self.lowest_number(token) {
                    return Ok(number);
                }
                ExpressionKind::Negate
            }
            _ => return self.postfix(),
        };
        self.skip();
        let operand = self.deeper(Self::unary)?;
        let end = self.span_of(operand).end;
        Ok(self.push(Span::new(token.start, end), make(operand)))
    }

    /// `-9223372036854775808`, whose digits alone do not fit.
    fn lowest_number(&mut self, minus: Token) -> Option<ExpressionId> {
        let digits = self.ahead(1);
        let lowest = digits.kind == TokenKind::Int
            && self.slice(span(digits)) == i64::MIN.unsigned_abs().to_string();
        if !lowest {
            return None;
        }
        self.skip();
        self.skip();
        let place = Span::new(minus.start, digits.end);
        Some(self.push(place, ExpressionKind::Int(i64::MIN)))
    }

    fn postfix(&mut self) -> Result<ExpressionId, SyntaxMistake> {
        let mut value = self.operand()?;
        // Selectors nest when they are evaluated, so that they count as nesting.
        for _ in 0..256 {
            let start = self.span_of(value).start;
            let kind = match self.peek().kind {
                TokenKind::Mark(Mark::Dot) => {
                    self.skip();
                    let token = self.next();
                    match token.kind {
                        TokenKind::Name | TokenKind::Word(_) => {
                            ExpressionKind::Select(value, span(token))
                        }
                        _ => return Err(self.expected(token, "the name of a selector")),
                    }
                }
                TokenKind::Mark(Mark::OpenBracket) => self.index_or_slice(value)?,
                TokenKind::Mark(Mark::OpenParenthesis) => {
                    self.skip();
                    let arguments = self.items(Mark::CloseParenthesis, "`)`")?;
                    ExpressionKind::Call(value, self.operands(&arguments))
                }
                _ => return Ok(value),
            };
            value = self.push(Span::new(start, self.last_end()), kind);
        }
        let sentence = "this has more than 256 selectors in a row";
        Err(mistake(span(self.peek()), sentence))
    }

    fn index_or_slice(&mut self, value: ExpressionId) -> Result<ExpressionKind, SyntaxMistake> {
        self.skip();
        let low = match self.peek().kind {
            TokenKind::Mark(Mark::Colon) => NOWHERE,
            _ => self.expression()?,
        };
        if !self.eat(Mark::Colon) {
            self.skip_line_ends();
            self.expect(Mark::CloseBracket, "`]`")?;
            return Ok(ExpressionKind::Index(value, low));
        }
        let high = match self.peek().kind {
            TokenKind::Mark(Mark::CloseBracket) => NOWHERE,
            _ => self.expression()?,
        };
        self.skip_line_ends();
        self.expect(Mark::CloseBracket, "`]`")?;
        Ok(ExpressionKind::Slice(value, self.operands(&[low, high])))
    }

    /// Expressions between commas up to a closing mark; a last comma is fine.
    fn items(&mut self, close: Mark, shown: &str) -> Result<Vec<ExpressionId>, SyntaxMistake> {
        let mut items = Vec::new();
        loop {
            self.skip_line_ends();
            if self.eat(close) {
                return Ok(items);
            }
            items.push(self.expression()?);
            self.skip_line_ends();
            if !self.eat(Mark::Comma) {
                self.expect(close, &format!("`,` or {shown}"))?;
                return Ok(items);
            }
        }
    }

    fn operand(&mut self) -> Result<ExpressionId, SyntaxMistake> {
        let token = self.next();
        let kind = match token.kind {
            TokenKind::Name => ExpressionKind::Name(self.reference(token)),
            TokenKind::Int => {
                let number = whole_number(self.slice(span(token)));
                ExpressionKind::Int(number.ok_or_else(|| {
                    mistake(span(token), "this whole number does not fit 64 bits")
                })?)
            }
            TokenKind::Float => {
                let number = self.slice(span(token)).parse::<f64>();
                ExpressionKind::Float(
                    number.map_err(|_| mistake(span(token), "this is no number"))?,
                )
            }
            TokenKind::PlainText | TokenKind::RawText => ExpressionKind::Text(inner(token)),
            TokenKind::EscapedText => self.escaped(token)?,
            TokenKind::Word(word) => return self.word(token, word),
            TokenKind::Mark(Mark::OpenBracket) => {
                let items = self.items(Mark::CloseBracket, "`]`")?;
                ExpressionKind::List(self.operands(&items))
            }
            TokenKind::Mark(Mark::OpenBrace) => self.map()?,
            TokenKind::Mark(Mark::OpenParenthesis) => {
                let value = self.expression()?;
                self.skip_line_ends();
                self.expect(Mark::CloseParenthesis, "`)`")?;
                return Ok(value);
            }
            _ => return Err(self.expected(token, "an expression")),
        };
        Ok(self.push(Span::new(token.start, self.last_end()), kind))
    }

    fn reference(&mut self, token: Token) -> u32 {
        let name = self.file.slice(span(token));
        self.names.refer(name)
    }

    fn escaped(&mut self, token: Token) -> Result<ExpressionKind, SyntaxMistake> {
        let start = count(self.parts.unescaped.len());
        let text = self.file.slice(inner(token));
        unescape(text, &mut self.parts.unescaped)
            .map_err(|sentence| mistake(span(token), sentence))?;
        let end = count(self.parts.unescaped.len());
        Ok(ExpressionKind::Unescaped(Span::new(start, end)))
    }

    fn map(&mut self) -> Result<ExpressionKind, SyntaxMistake> {
        let mut operands = Vec::new();
        loop {
            self.skip_line_ends();
            if self.eat(Mark::CloseBrace) {
                break;
            }
            operands.push(self.expression()?);
            self.expect(Mark::Colon, "`:` behind a key")?;
            operands.push(self.expression()?);
            self.skip_line_ends();
            if !self.eat(Mark::Comma) {
                self.expect(Mark::CloseBrace, "`,` or `}`")?;
                break;
            }
        }
        Ok(ExpressionKind::Map(self.operands(&operands)))
    }

    fn word(&mut self, token: Token, word: Word) -> Result<ExpressionId, SyntaxMistake> {
        let kind = match word {
            Word::Undefined => ExpressionKind::Undefined,
            Word::Null => ExpressionKind::Null,
            Word::True => ExpressionKind::Bool(true),
            Word::False => ExpressionKind::Bool(false),
            Word::All => return self.quantifier(token, QuantifierKind::All),
            Word::Any => return self.quantifier(token, QuantifierKind::Any),
            Word::Filter | Word::Map if self.is_used_as_a_name() => {
                ExpressionKind::Name(self.reference(token))
            }
            Word::Filter => return self.quantifier(token, QuantifierKind::Filter),
            Word::Map => return self.quantifier(token, QuantifierKind::Map),
            Word::Param => ExpressionKind::Name(self.reference(token)),
            Word::Func => ExpressionKind::Function(self.function(String::new())?),
            Word::Rule => ExpressionKind::Rule(self.rule(token)?),
            _ => return Err(self.expected(token, "an expression")),
        };
        Ok(self.push(Span::new(token.start, self.last_end()), kind))
    }

    /// `map` and `filter` became words late; older texts use them as names.
    fn is_used_as_a_name(&self) -> bool {
        match self.peek().kind {
            TokenKind::Semicolon | TokenKind::LineEnd | TokenKind::End => true,
            TokenKind::Mark(mark) => !matches!(
                mark,
                Mark::OpenBrace | Mark::OpenBracket | Mark::OpenParenthesis
            ),
            TokenKind::Word(_) => self.operator().is_some(),
            _ => false,
        }
    }

    fn quantifier(
        &mut self,
        token: Token,
        kind: QuantifierKind,
    ) -> Result<ExpressionId, SyntaxMistake> {
        let collection = self.expression()?;
        let scope = self.names.open();
        let binding = self.binding(scope)?;
        self.expect(Mark::OpenBrace, "`{`")?;
        let body = self.expression()?;
        self.skip_ends();
        self.expect(Mark::CloseBrace, "`}`")?;
        self.names.close();
        let index = count(self.parts.quantifiers.len());
        self.parts.quantifiers.push(Quantifier {
            kind,
            collection,
            binding,
            body,
        });
        let place = Span::new(token.start, self.last_end());
        Ok(self.push(place, ExpressionKind::Quantifier(index)))
    }

    pub(super) fn skip_ends(&mut self) {
        while matches!(self.peek().kind, TokenKind::LineEnd | TokenKind::Semicolon) {
            self.skip();
        }
    }

    /// `as name` or `as name, name`, declared in the scope that was just opened.
    pub(super) fn binding(&mut self, scope: u32) -> Result<Binding, SyntaxMistake> {
        let token = self.next();
        if token.kind != TokenKind::Word(Word::As) {
            return Err(self.expected(token, "`as`"));
        }
        let (name, _) = self.name()?;
        let first = self.names.declare(&name);
        let second = if self.eat(Mark::Comma) {
            let (name, place) = self.name()?;
            let second = self.names.declare(&name);
            if second == first && name != "_" {
                return Err(mistake(place, format!("`{name}` is given twice")));
            }
            Some(second)
        } else {
            None
        };
        Ok(Binding {
            scope,
            first,
            second,
        })
    }

    /// A function behind `func` and its name.
    pub(super) fn function(&mut self, name: String) -> Result<u32, SyntaxMistake> {
        self.names.keep();
        self.expect(Mark::OpenParenthesis, "`(`")?;
        let scope = self.names.open();
        let mut parameters = 0;
        loop {
            self.skip_line_ends();
            if self.eat(Mark::CloseParenthesis) {
                break;
            }
            let (parameter, place) = self.name()?;
            if self.names.declare(&parameter) != parameters {
                return Err(mistake(place, format!("`{parameter}` is given twice")));
            }
            parameters += 1;
            self.skip_line_ends();
            if !self.eat(Mark::Comma) {
                self.expect(Mark::CloseParenthesis, "`,` or `)`")?;
                break;
            }
        }
        let loops = std::mem::take(&mut self.loops);
        self.functions_open += 1;
        let body = self.block()?;
        self.functions_open -= 1;
        self.loops = loops;
        self.names.close();
        let index = count(self.parts.functions.len());
        self.parts.functions.push(Function {
            name,
            scope,
            parameters,
            body,
        });
        Ok(index)
    }

    /// A rule behind `rule`.
    fn rule(&mut self, token: Token) -> Result<u32, SyntaxMistake> {
        self.names.keep();
        let when = if self.eat_word(Word::When) {
            Some(self.expression()?)
        } else {
            None
        };
        self.expect(Mark::OpenBrace, "`{`")?;
        self.skip_ends();
        let body = self.expression()?;
        self.skip_ends();
        self.expect(Mark::CloseBrace, "`}`")?;
        let index = count(self.parts.rules.len());
        self.parts.rules.push(Rule {
            name: String::new(),
            description: String::new(),
            span: span(token),
            when,
            body,
        });
        Ok(index)
    }
}
