//! Expressions, by precedence.

use palisade_document::Span;

use super::lexer::{Kind, Token, lex, template_parts};
use super::tree::{Expr, ExprKind, Part, Query};
use super::{Comment, Mistake};

/// A reader over the tokens of one text.
pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    tokens: Vec<Token>,
    pub(super) comments: Vec<Comment>,
    at: usize,
    pub(super) depth: usize,
    /// The height of what was read last, within what is being read now.
    pub(super) height: usize,
}

/// Infix operators by level, loosest first.
const LEVELS: &[&[&str]] = &[
    &[":=", "="],
    &["in"],
    &["==", "!=", "<", "<=", ">", ">="],
    &["|"],
    &["&"],
    &["+", "-"],
    &["*", "/", "%"],
];
/// The level that stands for membership.
const MEMBER: usize = 1;
/// The level at which a head of a comprehension is read, so that `|` ends it.
const HEAD: usize = 4;

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str, within: Span, depth: usize) -> Result<Self, Mistake> {
        let lexed = lex(text, within)?;
        Ok(Self {
            text,
            tokens: lexed.tokens,
            comments: lexed.comments,
            at: 0,
            depth,
            height: 0,
        })
    }

    pub(super) fn token(&self) -> Token {
        self.ahead(0)
    }

    pub(super) fn ahead(&self, count: usize) -> Token {
        let last = self.tokens.len().saturating_sub(1);
        let at = (self.at + count).min(last);
        self.tokens.get(at).copied().unwrap_or(Token {
            kind: Kind::End,
            span: Span::default(),
            on_new_line: true,
            apart: true,
        })
    }

    pub(super) fn word(&self) -> &'t str {
        self.slice(self.token().span)
    }

    pub(super) fn slice(&self, span: Span) -> &'t str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }

    /// Whether the next token is this symbol or word.
    pub(super) fn is(&self, word: &str) -> bool {
        match self.token().kind {
            Kind::Symbol => self.word() == word,
            Kind::Name => self.word() == word && !self.begins_ref(),
            _ => false,
        }
    }

    /// Whether `.` follows at once, so that even a keyword is a name here.
    fn begins_ref(&self) -> bool {
        let next = self.ahead(1);
        !next.apart && next.kind == Kind::Symbol && self.slice(next.span) == "."
    }

    pub(super) fn next(&mut self) -> Token {
        let token = self.token();
        self.at += 1;
        token
    }

    pub(super) fn take(&mut self, word: &str) -> bool {
        let found = self.is(word);
        if found {
            self.at += 1;
        }
        found
    }

    pub(super) fn expect(&mut self, word: &str) -> Result<Token, Mistake> {
        if self.is(word) {
            return Ok(self.next());
        }
        Err(self.unexpected(&format!("`{word}`")))
    }

    pub(super) fn unexpected(&self, wanted: &str) -> Mistake {
        let token = self.token();
        let found = match token.kind {
            Kind::End => "the text ends".to_owned(),
            _ => format!("`{}` stands", self.word()),
        };
        Mistake::new(token.span, format!("{found} where {wanted} is expected"))
    }

    pub(super) fn last_end(&self) -> u32 {
        self.at
            .checked_sub(1)
            .and_then(|at| self.tokens.get(at))
            .map_or(0, |token| token.span.end)
    }

    /// Any expression, assignment included.
    pub(super) fn expr(&mut self) -> Result<Expr, Mistake> {
        self.deeper(|parser| parser.level(0))
    }

    /// A value of a rule or key: no assignment, but membership.
    pub(super) fn member_value(&mut self) -> Result<Expr, Mistake> {
        self.level(MEMBER)
    }

    /// An expression without assignment and membership.
    pub(super) fn value(&mut self) -> Result<Expr, Mistake> {
        self.deeper(|parser| parser.level(2))
    }

    /// An item of a list or an argument: `x`, `x in xs`, `k, v in xs` is left to the caller.
    fn item(&mut self) -> Result<Expr, Mistake> {
        self.deeper(|parser| parser.level(MEMBER))
    }

    fn level(&mut self, level: usize) -> Result<Expr, Mistake> {
        let Some(operators) = LEVELS.get(level) else {
            return self.term();
        };
        let outer = std::mem::take(&mut self.height);
        let mut left = self.level(level + 1)?;
        while let Some(operator) = operators.iter().find(|operator| self.is(operator)) {
            self.next();
            let right = self.level(level + 1)?;
            self.higher()?;
            left = Expr {
                span: left.span.to(right.span),
                kind: ExprKind::Binary(operator, vec![left, right]),
            };
        }
        self.height = self.height.max(outer);
        Ok(left)
    }

    pub(super) fn term(&mut self) -> Result<Expr, Mistake> {
        let outer = std::mem::take(&mut self.height);
        let mut expr = self.primary()?;
        let mut parts = Vec::new();
        let start = expr.span.start;
        loop {
            let token = self.token();
            if token.apart || token.kind != Kind::Symbol {
                break;
            }
            if matches!(self.word(), "." | "[" | "(") {
                self.higher()?;
            }
            match self.word() {
                "." => {
                    self.next();
                    let name = self.token();
                    if name.kind != Kind::Name || name.apart {
                        return Err(self.unexpected("a name"));
                    }
                    self.next();
                    parts.push(Part::Field(name.span, self.slice(name.span).to_owned()));
                }
                "[" => {
                    self.next();
                    parts.push(Part::Index(self.expr()?));
                    self.expect("]")?;
                }
                "(" => {
                    let function =
                        with_parts(expr, std::mem::take(&mut parts), start, token.span.start);
                    let args = self.args()?;
                    expr = Expr {
                        span: Span::new(start, self.last_end()),
                        kind: ExprKind::Call(Box::new(function), args),
                    };
                }
                _ => break,
            }
        }
        self.height = self.height.max(outer);
        let end = self.last_end();
        Ok(with_parts(expr, parts, start, end))
    }

    /// `(a, b)`.
    pub(super) fn args(&mut self) -> Result<Vec<Expr>, Mistake> {
        self.expect("(")?;
        self.items(")")
    }

    fn items(&mut self, close: &str) -> Result<Vec<Expr>, Mistake> {
        let mut items = Vec::new();
        while !self.take(close) {
            items.push(self.item()?);
            if !self.take(",") && !self.is(close) {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
        }
        Ok(items)
    }

    fn primary(&mut self) -> Result<Expr, Mistake> {
        let token = self.token();
        let span = token.span;
        match token.kind {
            Kind::Number => {
                self.next();
                Ok(Expr {
                    span,
                    kind: ExprKind::Scalar,
                })
            }
            Kind::Text | Kind::Raw => {
                self.next();
                let value = self.text_value(token)?;
                Ok(Expr {
                    span,
                    kind: ExprKind::Text(value),
                })
            }
            Kind::Template => self.template(),
            Kind::Name => self.name(),
            Kind::Symbol => self.bracketed(),
            Kind::End => Err(self.unexpected("an expression")),
        }
    }

    fn name(&mut self) -> Result<Expr, Mistake> {
        let span = self.token().span;
        let word = self.word();
        match word {
            _ if self.begins_ref() => {}
            "null" | "true" | "false" => {
                self.next();
                return Ok(Expr {
                    span,
                    kind: ExprKind::Scalar,
                });
            }
            "as" | "default" | "else" | "import" | "package" | "not" | "with" | "some" => {
                return Err(self.unexpected("an expression"));
            }
            _ => {}
        }
        self.next();
        if word == "set"
            && self.is("(")
            && !self.token().apart
            && self.slice(self.ahead(1).span) == ")"
        {
            self.next();
            self.next();
            return Ok(Expr {
                span: Span::new(span.start, self.last_end()),
                kind: ExprKind::List(Vec::new()),
            });
        }
        Ok(Expr {
            span,
            kind: ExprKind::Var(word.to_owned()),
        })
    }

    fn bracketed(&mut self) -> Result<Expr, Mistake> {
        let start = self.token().span.start;
        let kind = match self.word() {
            "-" => {
                self.next();
                let inner = self.deeper(Self::term)?;
                ExprKind::Group(Box::new(inner))
            }
            "(" => {
                self.next();
                let mut inner = self.expr()?;
                if self.take(",") {
                    let member = self.expr()?;
                    inner = Expr {
                        span: inner.span.to(member.span),
                        kind: ExprKind::Binary("in", vec![inner, member]),
                    };
                }
                self.expect(")")?;
                ExprKind::Group(Box::new(inner))
            }
            "[" => {
                self.next();
                self.deeper(Self::array)?
            }
            "{" => {
                self.next();
                self.deeper(Self::set_or_object)?
            }
            _ => return Err(self.unexpected("an expression")),
        };
        Ok(Expr {
            span: Span::new(start, self.last_end()),
            kind,
        })
    }

    fn array(&mut self) -> Result<ExprKind, Mistake> {
        if self.take("]") {
            return Ok(ExprKind::List(Vec::new()));
        }
        let first = self.head()?;
        if self.is("|") {
            return self.comprehension(vec![first], "]");
        }
        self.rest_of_list(first, "]")
    }

    fn set_or_object(&mut self) -> Result<ExprKind, Mistake> {
        if self.take("}") {
            return Ok(ExprKind::Object(Vec::new()));
        }
        let first = self.head()?;
        if self.take(":") {
            let value = self.head()?;
            if self.is("|") {
                return self.comprehension(vec![first, value], "}");
            }
            let value = self.continued(value)?;
            return self.rest_of_object(first, value);
        }
        if self.is("|") {
            return self.comprehension(vec![first], "}");
        }
        self.rest_of_list(first, "}")
    }

    /// An expression that `|` ends.
    fn head(&mut self) -> Result<Expr, Mistake> {
        self.deeper(|parser| parser.level(HEAD))
    }

    /// Goes on with operators that bind looser than those of a head.
    fn continued(&mut self, first: Expr) -> Result<Expr, Mistake> {
        let mut left = first;
        for operators in LEVELS.get(MEMBER..HEAD).unwrap_or(&[]).iter().rev() {
            while let Some(operator) = operators.iter().find(|operator| self.is(operator)) {
                self.next();
                let level = LEVELS
                    .iter()
                    .position(|level| level == operators)
                    .unwrap_or(0);
                let right = self.level(level + 1)?;
                left = Expr {
                    span: left.span.to(right.span),
                    kind: ExprKind::Binary(operator, vec![left, right]),
                };
            }
        }
        Ok(left)
    }

    fn rest_of_list(&mut self, first: Expr, close: &str) -> Result<ExprKind, Mistake> {
        let mut items = vec![self.continued(first)?];
        if self.take(",") {
            items.extend(self.items(close)?);
        } else {
            self.expect(close)?;
        }
        Ok(ExprKind::List(items))
    }

    fn rest_of_object(&mut self, key: Expr, value: Expr) -> Result<ExprKind, Mistake> {
        let mut entries = vec![(key, value)];
        while self.take(",") {
            if self.is("}") {
                break;
            }
            let key = self.item()?;
            self.expect(":")?;
            entries.push((key, self.item()?));
        }
        self.expect("}")?;
        Ok(ExprKind::Object(entries))
    }

    fn comprehension(&mut self, heads: Vec<Expr>, close: &str) -> Result<ExprKind, Mistake> {
        self.expect("|")?;
        let query = self.query(close)?;
        Ok(ExprKind::Comprehension(heads, query))
    }

    fn template(&mut self) -> Result<Expr, Mistake> {
        let token = self.next();
        let (texts, holes) = template_parts(self.text, token.span)?;
        let mut parts = Vec::new();
        for hole in holes {
            let mut inner = Parser::new(self.text, hole, self.depth + 1)?;
            parts.push(inner.deeper(Parser::statement)?);
            self.height = self.height.max(inner.height);
            if inner.token().kind != Kind::End {
                return Err(inner.unexpected("`}`"));
            }
        }
        Ok(Expr {
            span: token.span,
            kind: ExprKind::Template(texts, parts),
        })
    }

    fn text_value(&self, token: Token) -> Result<String, Mistake> {
        let text = self.slice(token.span);
        if token.kind == Kind::Raw {
            return Ok(text.trim_matches('`').to_owned());
        }
        serde_json::from_str(text).map_err(|_| {
            Mistake::new(token.span, "a text with an escape that JSON does not know; write it as in JSON or use back-ticks")
        })
    }

    /// Statements up to a closing bracket, which is taken.
    pub(super) fn query(&mut self, close: &str) -> Result<Query, Mistake> {
        let start = self.token().span.start;
        let mut statements = Vec::new();
        let mut separated = true;
        loop {
            while self.take(";") {
                separated = true;
            }
            if self.is(close) {
                break;
            }
            if self.token().kind == Kind::End {
                return Err(self.unexpected(&format!("`{close}`")));
            }
            if !separated && !self.token().on_new_line {
                return Err(self.unexpected(&format!("a new line, `;` or `{close}`")));
            }
            statements.push(self.deeper(Self::statement)?);
            separated = false;
        }
        let span = Span::new(start, self.token().span.start);
        self.next();
        Ok(Query {
            span,
            enclosed: true,
            statements,
        })
    }
}

fn with_parts(head: Expr, parts: Vec<Part>, start: u32, end: u32) -> Expr {
    if parts.is_empty() {
        return head;
    }
    Expr {
        span: Span::new(start, end),
        kind: ExprKind::Ref(Box::new(head), parts),
    }
}
