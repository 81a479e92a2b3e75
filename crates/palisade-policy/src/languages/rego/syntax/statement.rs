//! Statements of a query.

use palisade_document::Span;

use super::Mistake;
use super::expression::Parser;
use super::lexer::Kind;
use super::tree::{Expr, ExprKind, Statement, StatementKind, With};

impl Parser<'_> {
    pub(super) fn statement(&mut self) -> Result<Statement, Mistake> {
        let start = self.token().span.start;
        let mut negated = false;
        let kind = if self.is("some") && self.ahead(1).kind != Kind::Symbol
            || self.is("some") && matches!(self.slice(self.ahead(1).span), "[" | "{")
        {
            self.next();
            self.some()?
        } else if self.is("every") && self.ahead(1).kind == Kind::Name {
            self.next();
            self.every()?
        } else {
            if self.is("not") {
                self.next();
                negated = true;
            }
            let mut expr = self.expr()?;
            if self.take(",") {
                let member = self.expr()?;
                expr = Expr {
                    span: expr.span.to(member.span),
                    kind: ExprKind::Binary("in", vec![expr, member]),
                };
            }
            StatementKind::Expr(expr)
        };
        let mut with = Vec::new();
        while self.is("with") {
            let begin = self.next().span.start;
            let target = self.term()?;
            self.expect("as")?;
            let value = self.with_value()?;
            with.push(With {
                span: Span::new(begin, self.last_end()),
                target,
                value,
            });
        }
        Ok(Statement {
            span: Span::new(start, self.last_end()),
            negated,
            kind,
            with,
        })
    }

    fn with_value(&mut self) -> Result<Expr, Mistake> {
        self.value()
    }

    fn some(&mut self) -> Result<StatementKind, Mistake> {
        let mut names = vec![self.value()?];
        while self.take(",") {
            names.push(self.value()?);
        }
        let collection = if self.take("in") {
            Some(self.value()?)
        } else {
            None
        };
        Ok(StatementKind::Some(names, collection))
    }

    fn every(&mut self) -> Result<StatementKind, Mistake> {
        let mut names = vec![self.term()?];
        if self.take(",") {
            names.push(self.term()?);
        }
        self.expect("in")?;
        let domain = self.value()?;
        self.expect("{")?;
        let body = self.query("}")?;
        Ok(StatementKind::Every(names, domain, body))
    }
}
