//! Reads an expression: precedence climbing over tokens, with bounds on size and depth.

use palisade_document::Span;

use super::fault::Mistake;
use super::lexer::{self, Token, TokenKind};
use super::syntax::{Binary, Entry, Expr, ExprKind, Field, Item, Literal};

/// Longest expression, in bytes.
const MAX_BYTES: usize = 256 << 10;
/// Deepest nesting of an expression.
const MAX_DEPTH: u32 = 200;

/// Words that are not names of variables.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Reads one expression.
pub(super) fn parse(text: &str) -> Result<Expr, Mistake> {
    if text.len() > MAX_BYTES {
        let message = format!("the expression is longer than {MAX_BYTES} bytes");
        return Err(Mistake::at(Span::default(), message));
    }
    let tokens = lexer::tokens(text)?;
    let mut parser = Parser {
        tokens,
        at: 0,
        depth: 0,
    };
    let expr = parser.expression()?;
    match parser.peek() {
        TokenKind::End => Ok(expr),
        _ => Err(parser.unexpected("an operator or the end of the expression")),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
}

const END: &TokenKind = &TokenKind::End;

impl Parser {
    fn peek(&self) -> &TokenKind {
        self.tokens.get(self.at).map_or(END, |token| &token.kind)
    }

    fn span(&self) -> Span {
        let last = self.tokens.last();
        let token = self.tokens.get(self.at).or(last);
        token.map_or_else(Span::default, |token| token.span)
    }

    fn previous(&self) -> Span {
        let before = self.at.checked_sub(1);
        let token = before.and_then(|at| self.tokens.get(at));
        token.map_or_else(Span::default, |token| token.span)
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.peek(), TokenKind::Sign(found) if *found == sign)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), Mistake> {
        if self.take(sign) {
            return Ok(());
        }
        Err(self.unexpected(&format!("`{sign}`")))
    }

    fn unexpected(&self, wanted: &str) -> Mistake {
        let found = match self.peek() {
            TokenKind::End => "the end of the expression".to_owned(),
            TokenKind::Name(name) => format!("`{name}`"),
            TokenKind::Sign(sign) => format!("`{sign}`"),
            _ => "a literal".to_owned(),
        };
        Mistake::at(self.span(), format!("expected {wanted}, found {found}"))
    }

    fn deeper(&mut self) -> Result<(), Mistake> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("the expression is nested deeper than {MAX_DEPTH} levels");
            return Err(Mistake::at(self.span(), message));
        }
        Ok(())
    }

    fn expression(&mut self) -> Result<Expr, Mistake> {
        self.deeper()?;
        let condition = self.either()?;
        let expr = if self.take("?") {
            let then = self.either()?;
            self.expect(":")?;
            let otherwise = self.expression()?;
            let span = condition.span.to(otherwise.span);
            let parts = Box::new([condition, then, otherwise]);
            Expr {
                kind: ExprKind::Conditional(parts),
                span,
            }
        } else {
            condition
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn either(&mut self) -> Result<Expr, Mistake> {
        let mut parts = vec![self.both()?];
        while self.take("||") {
            parts.push(self.both()?);
        }
        Ok(chain(parts, ExprKind::Or))
    }

    fn both(&mut self) -> Result<Expr, Mistake> {
        let mut parts = vec![self.binary(0)?];
        while self.take("&&") {
            parts.push(self.binary(0)?);
        }
        Ok(chain(parts, ExprKind::And))
    }

    fn operator(&self) -> Option<(Binary, u8)> {
        let sign = match self.peek() {
            TokenKind::Sign(sign) => *sign,
            TokenKind::Name(name) if name == "in" => "in",
            _ => return None,
        };
        Some(match sign {
            "==" => (Binary::Equal, 0),
            "!=" => (Binary::NotEqual, 0),
            "<" => (Binary::Less, 0),
            "<=" => (Binary::LessOrEqual, 0),
            ">" => (Binary::Greater, 0),
            ">=" => (Binary::GreaterOrEqual, 0),
            "in" => (Binary::In, 0),
            "+" => (Binary::Add, 1),
            "-" => (Binary::Subtract, 1),
            "*" => (Binary::Multiply, 2),
            "/" => (Binary::Divide, 2),
            "%" => (Binary::Remainder, 2),
            _ => return None,
        })
    }

    fn binary(&mut self, least: u8) -> Result<Expr, Mistake> {
        let depth = self.depth;
        let mut left = self.unary()?;
        while let Some((operator, level)) = self.operator() {
            if level < least {
                break;
            }
            self.at += 1;
            self.deeper()?;
            let right = self.binary(level + 1)?;
            let span = left.span.to(right.span);
            left = Expr {
                kind: ExprKind::Binary(operator, Box::new([left, right])),
                span,
            };
        }
        self.depth = depth;
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, Mistake> {
        let start = self.span();
        let mut signs: Vec<&str> = Vec::new();
        while let TokenKind::Sign(sign @ ("!" | "-")) = *self.peek() {
            signs.push(sign);
            self.at += 1;
        }
        if signs.len() > MAX_DEPTH as usize {
            return Err(Mistake::at(start, "too many operators in a row"));
        }
        // A minus before a number belongs to it: the smallest integer has no positive twin.
        let negative = signs.last() == Some(&"-")
            && matches!(self.peek(), TokenKind::Int(_) | TokenKind::Double(_));
        if negative {
            signs.pop();
        }
        let mut expr = self.member(negative)?;
        let even = |signs: &[&str]| signs.len().is_multiple_of(2);
        if !signs.is_empty() && signs.iter().all(|sign| *sign == "!") && even(&signs) {
            signs.truncate(2);
        }
        for sign in signs.into_iter().rev() {
            let span = start.to(expr.span);
            let operand = Box::new(expr);
            let kind = match sign {
                "!" => ExprKind::Not(operand),
                _ => ExprKind::Negate(operand),
            };
            expr = Expr { kind, span };
        }
        Ok(expr)
    }

    fn member(&mut self, negative: bool) -> Result<Expr, Mistake> {
        let depth = self.depth;
        let mut expr = self.primary(negative)?;
        loop {
            if self.take(".") {
                let optional = self.take("?");
                expr = self.selection(expr, optional)?;
            } else if self.take("[") {
                let optional = self.take("?");
                let index = Box::new(self.expression()?);
                self.expect("]")?;
                let span = expr.span.to(self.previous());
                let operand = Box::new(expr);
                let kind = ExprKind::Index {
                    operand,
                    index,
                    optional,
                };
                expr = Expr { kind, span };
            } else {
                self.depth = depth;
                return Ok(expr);
            }
            self.deeper()?;
        }
    }

    fn selection(&mut self, operand: Expr, optional: bool) -> Result<Expr, Mistake> {
        let (field, quoted) = self.field_name()?;
        let start = operand.span;
        if !quoted && !optional && self.take("(") {
            let arguments = self.arguments()?;
            let kind = ExprKind::Call {
                receiver: Some(Box::new(operand)),
                name: field,
                arguments,
            };
            let span = start.to(self.previous());
            return Ok(Expr { kind, span });
        }
        let kind = ExprKind::Select {
            operand: Box::new(operand),
            field,
            optional,
        };
        let span = start.to(self.previous());
        Ok(Expr { kind, span })
    }

    /// A name after a dot, and whether it was in back-ticks.
    fn field_name(&mut self) -> Result<(String, bool), Mistake> {
        let found = match self.peek() {
            TokenKind::Name(name) if !matches!(name.as_str(), "in" | "true" | "false" | "null") => {
                (name.clone(), false)
            }
            TokenKind::Quoted(name) => (name.clone(), true),
            _ => return Err(self.unexpected("a field name")),
        };
        self.at += 1;
        Ok(found)
    }

    fn arguments(&mut self) -> Result<Vec<Expr>, Mistake> {
        let mut arguments = Vec::new();
        if self.take(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression()?);
            if self.take(",") {
                continue;
            }
            self.expect(")")?;
            return Ok(arguments);
        }
    }

    fn primary(&mut self, negative: bool) -> Result<Expr, Mistake> {
        let span = self.span();
        let literal = match self.peek().clone() {
            TokenKind::Int(value) => Literal::Int(
                signed(value, negative)
                    .ok_or_else(|| Mistake::at(span, format!("`{value}` does not fit an int")))?,
            ),
            TokenKind::Double(value) => Literal::Double(if negative { -value } else { value }),
            TokenKind::Uint(value) => Literal::Uint(value),
            TokenKind::Text(text) => Literal::Text(text),
            TokenKind::Bytes(bytes) => Literal::Bytes(bytes),
            TokenKind::Name(name) if name == "null" => Literal::Null,
            TokenKind::Name(name) if name == "true" => Literal::Bool(true),
            TokenKind::Name(name) if name == "false" => Literal::Bool(false),
            TokenKind::Name(_) => return self.named(false),
            TokenKind::Sign(sign) => return self.bracketed(sign),
            TokenKind::Quoted(_) | TokenKind::End => {
                return Err(self.unexpected("an expression"));
            }
        };
        self.at += 1;
        let kind = ExprKind::Literal(literal);
        Ok(Expr { kind, span })
    }

    fn bracketed(&mut self, sign: &str) -> Result<Expr, Mistake> {
        let start = self.span();
        let kind = match sign {
            "(" => {
                self.at += 1;
                let inner = self.expression()?;
                self.expect(")")?;
                return Ok(inner);
            }
            "[" => ExprKind::List(self.list()?),
            "{" => ExprKind::Map(self.map()?),
            "." => {
                self.at += 1;
                return self.named(true);
            }
            _ => return Err(self.unexpected("an expression")),
        };
        let span = start.to(self.previous());
        Ok(Expr { kind, span })
    }

    fn list(&mut self) -> Result<Vec<Item>, Mistake> {
        self.expect("[")?;
        let mut items = Vec::new();
        while !self.take("]") {
            let optional = self.take("?");
            let value = self.expression()?;
            items.push(Item { value, optional });
            if !self.take(",") {
                self.expect("]")?;
                break;
            }
        }
        Ok(items)
    }

    fn map(&mut self) -> Result<Vec<Entry>, Mistake> {
        self.expect("{")?;
        let mut entries = Vec::new();
        while !self.take("}") {
            let optional = self.take("?");
            let key = self.expression()?;
            self.expect(":")?;
            let value = self.expression()?;
            entries.push(Entry {
                key,
                value,
                optional,
            });
            if !self.take(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(entries)
    }

    /// A name, a call of a function, or a message (`Name.of.Type{…}`).
    fn named(&mut self, absolute: bool) -> Result<Expr, Mistake> {
        let start = self.span();
        let TokenKind::Name(name) = self.peek().clone() else {
            return Err(self.unexpected("a name"));
        };
        if RESERVED.contains(&name.as_str()) || name == "in" {
            return Err(Mistake::at(start, format!("`{name}` is a reserved word")));
        }
        if let Some(type_name) = self.message_name() {
            let fields = self.fields()?;
            let span = start.to(self.previous());
            let type_name = if absolute {
                format!(".{type_name}")
            } else {
                type_name
            };
            let kind = ExprKind::Message { type_name, fields };
            return Ok(Expr { kind, span });
        }
        self.at += 1;
        if self.take("(") {
            let arguments = self.arguments()?;
            let kind = ExprKind::Call {
                receiver: None,
                name,
                arguments,
            };
            let span = start.to(self.previous());
            return Ok(Expr { kind, span });
        }
        let kind = ExprKind::Name { name, absolute };
        Ok(Expr { kind, span: start })
    }

    /// Looks ahead for `a.b.C {`; steps over the name if it is there.
    fn message_name(&mut self) -> Option<String> {
        let mut name = String::new();
        let mut at = self.at;
        let kind = |at: usize| self.tokens.get(at).map_or(END, |token| &token.kind);
        loop {
            let TokenKind::Name(part) = kind(at) else {
                return None;
            };
            name.push_str(part);
            match kind(at + 1) {
                TokenKind::Sign(".") => name.push('.'),
                TokenKind::Sign("{") => {
                    self.at = at + 1;
                    return Some(name);
                }
                _ => return None,
            }
            at += 2;
        }
    }

    fn fields(&mut self) -> Result<Vec<Field>, Mistake> {
        self.expect("{")?;
        let mut fields = Vec::new();
        while !self.take("}") {
            let optional = self.take("?");
            let (name, _) = self.field_name()?;
            self.expect(":")?;
            let value = self.expression()?;
            fields.push(Field {
                name,
                value,
                optional,
            });
            if !self.take(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(fields)
    }
}

fn chain(mut parts: Vec<Expr>, kind: fn(Vec<Expr>) -> ExprKind) -> Expr {
    let last = parts.pop();
    let Some(last) = last else {
        // Both callers put the first operand in.
        return Expr {
            kind: ExprKind::Literal(Literal::Null),
            span: Span::default(),
        };
    };
    let Some(first) = parts.first() else {
        return last;
    };
    let span = first.span.to(last.span);
    parts.push(last);
    Expr {
        kind: kind(parts),
        span,
    }
}

fn signed(magnitude: u64, negative: bool) -> Option<i64> {
    if negative {
        0i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    }
}
