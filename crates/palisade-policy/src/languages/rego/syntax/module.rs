//! A module: package, imports and rules.

use palisade_document::Span;

use super::Mistake;
use super::expression::Parser;
use super::lexer::Kind;
use super::tree::{Body, Expr, ExprKind, Head, Import, Module, Query, Rule};

/// Reads a module.
pub(in crate::languages::rego) fn parse(text: &str) -> Result<Module, Mistake> {
    let all = Span::new(0, u32::try_from(text.len()).unwrap_or(u32::MAX));
    let mut parser = Parser::new(text, all, 0)?;
    let mut module = Module {
        comments: std::mem::take(&mut parser.comments),
        ..Module::default()
    };
    let start = parser.expect("package")?.span.start;
    let path = parser.term()?;
    module.package = constant_path(&path)?;
    module.package_span = Span::new(start, parser.last_end());
    loop {
        while parser.take(";") {}
        if parser.token().kind == Kind::End {
            return Ok(module);
        }
        if parser.is("import") {
            module.imports.push(parser.import()?);
        } else {
            module.rules.push(parser.rule()?);
        }
    }
}

fn constant_path(expr: &Expr) -> Result<Vec<String>, Mistake> {
    expr.path()
        .ok_or_else(|| Mistake::new(expr.span, "a path of names is expected here"))
}

impl Parser<'_> {
    fn import(&mut self) -> Result<Import, Mistake> {
        let start = self.expect("import")?.span.start;
        let path = constant_path(&self.term()?)?;
        let mut alias = None;
        if self.take("as") {
            let name = self.next();
            alias = Some(self.slice(name.span).to_owned());
        }
        Ok(Import {
            span: Span::new(start, self.last_end()),
            path,
            alias,
        })
    }

    fn rule(&mut self) -> Result<Rule, Mistake> {
        let start = self.token().span.start;
        let default = self.is("default") && self.ahead(1).kind == Kind::Name;
        if default {
            self.next();
        }
        let head = self.rule_head(start)?;
        let mut bodies = Vec::new();
        if !default {
            self.rule_bodies(&mut bodies)?;
        }
        Ok(Rule {
            span: Span::new(start, self.last_end()),
            default,
            head,
            bodies,
        })
    }

    fn rule_head(&mut self, start: u32) -> Result<Head, Mistake> {
        if self.token().kind != Kind::Name {
            return Err(self.unexpected("a rule"));
        }
        let term = self.term()?;
        let (name, args) = match term.kind {
            ExprKind::Call(name, args) => (*name, Some(args)),
            kind => (
                Expr {
                    span: term.span,
                    kind,
                },
                None,
            ),
        };
        let mut key = None;
        let mut value = None;
        if args.is_none() && self.is("contains") {
            self.next();
            key = Some(self.item_value()?);
        } else if self.take(":=") || self.take("=") {
            value = Some(self.item_value()?);
        }
        Ok(Head {
            span: Span::new(start, self.last_end()),
            name,
            args,
            key,
            value,
        })
    }

    fn item_value(&mut self) -> Result<Expr, Mistake> {
        self.deeper(Parser::member_value)
    }

    fn rule_bodies(&mut self, bodies: &mut Vec<Body>) -> Result<(), Mistake> {
        if self.take("if") {
            bodies.push(self.body_after_if(false, None)?);
        } else if self.is("{") {
            bodies.push(self.braced_body(false, None)?);
        } else if !self.is("else") {
            return Ok(());
        }
        loop {
            if self.take("else") {
                let mut value = None;
                if self.take(":=") || self.take("=") {
                    value = Some(self.item_value()?);
                }
                if self.take("if") {
                    bodies.push(self.body_after_if(true, value)?);
                } else if self.is("{") {
                    bodies.push(self.braced_body(true, value)?);
                } else {
                    bodies.push(Body {
                        is_else: true,
                        after_if: true,
                        value,
                        query: Query::default(),
                    });
                }
            } else if self.is("{") {
                bodies.push(self.braced_body(false, None)?);
            } else {
                return Ok(());
            }
        }
    }

    fn body_after_if(&mut self, is_else: bool, value: Option<Expr>) -> Result<Body, Mistake> {
        if self.is("{") {
            let body = self.braced_body(is_else, value)?;
            return Ok(Body {
                after_if: true,
                ..body
            });
        }
        let statement = self.deeper(Self::statement)?;
        Ok(Body {
            is_else,
            after_if: true,
            value,
            query: Query {
                span: statement.span,
                enclosed: false,
                statements: vec![statement],
            },
        })
    }

    fn braced_body(&mut self, is_else: bool, value: Option<Expr>) -> Result<Body, Mistake> {
        self.expect("{")?;
        let query = self.query("}")?;
        Ok(Body {
            is_else,
            after_if: false,
            value,
            query,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::StatementKind;
    use super::*;

    #[test]
    fn rules_of_both_dialects_are_read() {
        let text = "package a.b\nimport data.x as y\ndefault allow = false\nallow { not f(x.y, [z | z = 1]) } { true }\n\
            p[x] = v { v := {\"k\": x | 1} }\nq contains x if some x in [1, 2]\nr := 1 if { every k, v in y { v > k } } else := 2\n\
            s.t[u] := u if u := input.u[_] with input as {}\n";
        let module = parse(text).unwrap();
        assert_eq!(module.package, ["a", "b"]);
        assert_eq!(module.imports.len(), 1);
        assert_eq!(module.rules.len(), 6);
        assert_eq!(module.rules[1].bodies.len(), 2);
        assert!(module.rules[1].bodies[0].query.statements[0].negated);
        assert!(matches!(
            module.rules[3].bodies[0].query.statements[0].kind,
            StatementKind::Some(_, Some(_))
        ));
        assert!(module.rules[4].bodies[1].is_else);
        assert_eq!(module.rules[5].bodies[0].query.statements[0].with.len(), 1);
    }

    #[test]
    fn a_parenthesis_on_a_new_line_is_no_call() {
        let module = parse("package a\np { x := input.x\n(x - 1) >= 2 }\n").unwrap();
        assert_eq!(module.rules[0].bodies[0].query.statements.len(), 2);
    }
}
