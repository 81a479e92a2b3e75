//! What the grammars of queries and schemas share: tokens one ahead, values, types and directives.

use super::ast::{Argument, Child, Directive, OperationKind, Type, Value, ValueKind};
use super::lexer::{Lexer, Place, Token};
use super::limits::{MAX_DEPTH, Problem};

/// Whether variables may stand in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variables {
    Allowed,
    Refused,
}

pub(super) struct Parser<'t> {
    lexer: Lexer<'t>,
    token: Token,
    place: Place,
    depth: usize,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str) -> Result<Self, Problem> {
        let mut lexer = Lexer::new(text)?;
        let (token, place) = lexer.token()?;
        Ok(Self {
            lexer,
            token,
            place,
            depth: 0,
        })
    }

    /// The token that comes next.
    pub(super) fn peek(&self) -> &Token {
        &self.token
    }

    /// Whether this word comes next.
    pub(super) fn comes(&self, word: &str) -> bool {
        matches!(&self.token, Token::Name(name) if name == word)
    }

    pub(super) fn next(&mut self) -> Result<Token, Problem> {
        let (token, place) = self.lexer.token()?;
        self.place = place;
        Ok(std::mem::replace(&mut self.token, token))
    }

    /// Takes a mark if it comes next.
    pub(super) fn skip(&mut self, mark: char) -> Result<bool, Problem> {
        let comes = self.token == Token::Mark(mark);
        if comes {
            self.next()?;
        }
        Ok(comes)
    }

    /// Takes a word if it comes next.
    pub(super) fn skip_word(&mut self, word: &str) -> Result<bool, Problem> {
        let comes = self.comes(word);
        if comes {
            self.next()?;
        }
        Ok(comes)
    }

    pub(super) fn expect(&mut self, mark: char) -> Result<(), Problem> {
        if self.skip(mark)? {
            return Ok(());
        }
        Err(self.wanted(&format!("`{mark}`")))
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Result<(), Problem> {
        if self.skip_word(word)? {
            return Ok(());
        }
        Err(self.wanted(&format!("`{word}`")))
    }

    pub(super) fn name(&mut self) -> Result<String, Problem> {
        if let Token::Name(name) = &mut self.token {
            let name = std::mem::take(name);
            self.next()?;
            return Ok(name);
        }
        Err(self.wanted("a name"))
    }

    /// Another thing was wanted than what comes next.
    pub(super) fn wanted(&self, what: &str) -> Problem {
        let found = self.token.said();
        self.place
            .invalid(&format!("{what} is wanted but {found} is found"))
    }

    /// One level deeper.
    pub(super) fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Problem::too_deep());
        }
        let found = read(self);
        self.depth -= 1;
        found
    }

    /// Items between two marks, if the first comes next; none between them is a mistake.
    pub(super) fn some<T>(
        &mut self,
        (open, close): (char, char),
        item: fn(&mut Self) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Problem> {
        let mut items = Vec::new();
        if self.skip(open)? {
            items.push(item(self)?);
            while !self.skip(close)? {
                items.push(item(self)?);
            }
        }
        Ok(items)
    }

    /// What stands before a mark of closing.
    fn until<T>(
        &mut self,
        close: char,
        mut item: impl FnMut(&mut Self) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Problem> {
        let mut items = Vec::new();
        while !self.skip(close)? {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// Names with a mark between them, of which one may also stand first.
    pub(super) fn names(&mut self, mark: char) -> Result<Vec<String>, Problem> {
        self.skip(mark)?;
        let mut names = vec![self.name()?];
        while self.skip(mark)? {
            names.push(self.name()?);
        }
        Ok(names)
    }

    pub(super) fn operation_kind(&mut self) -> Result<OperationKind, Problem> {
        for (word, kind) in [
            ("query", OperationKind::Query),
            ("mutation", OperationKind::Mutation),
            ("subscription", OperationKind::Subscription),
        ] {
            if self.skip_word(word)? {
                return Ok(kind);
            }
        }
        Err(self.wanted("`query`, `mutation` or `subscription`"))
    }

    pub(super) fn kind(&mut self) -> Result<Type, Problem> {
        self.nested(|parser| {
            let mut kind = Type::default();
            if parser.skip('[')? {
                kind.elem = Some(Box::new(parser.kind()?));
                parser.expect(']')?;
            } else {
                kind.named = parser.name()?;
            }
            kind.non_null = parser.skip('!')?;
            Ok(kind)
        })
    }

    pub(super) fn directives(&mut self, variables: Variables) -> Result<Vec<Directive>, Problem> {
        let mut directives = Vec::new();
        while self.skip('@')? {
            let name = self.name()?;
            directives.push(Directive::new(name, self.arguments(variables)?));
        }
        Ok(directives)
    }

    pub(super) fn arguments(&mut self, variables: Variables) -> Result<Vec<Argument>, Problem> {
        match variables {
            Variables::Allowed => {
                self.some(('(', ')'), |parser| parser.argument(Variables::Allowed))
            }
            Variables::Refused => {
                self.some(('(', ')'), |parser| parser.argument(Variables::Refused))
            }
        }
    }

    fn argument(&mut self, variables: Variables) -> Result<Argument, Problem> {
        let name = self.name()?;
        self.expect(':')?;
        let value = self.value(variables)?;
        Ok(Argument { name, value })
    }

    pub(super) fn value(&mut self, variables: Variables) -> Result<Value, Problem> {
        self.nested(|parser| parser.value_here(variables))
    }

    fn value_here(&mut self, variables: Variables) -> Result<Value, Problem> {
        if self.skip('[')? {
            let children = self.until(']', |parser| {
                let value = parser.value(variables)?;
                Ok(Child {
                    name: String::new(),
                    value,
                })
            })?;
            return Ok(Value::composite(ValueKind::List, children));
        }
        if self.skip('{')? {
            let children = self.until('}', |parser| {
                let name = parser.name()?;
                parser.expect(':')?;
                let value = parser.value(variables)?;
                Ok(Child { name, value })
            })?;
            return Ok(Value::composite(ValueKind::Object, children));
        }
        if variables == Variables::Allowed && self.skip('$')? {
            return Ok(Value::scalar(ValueKind::Variable, self.name()?));
        }
        if matches!(self.token, Token::End | Token::Mark(_) | Token::Dots) {
            return Err(self.wanted("a value"));
        }
        let (kind, raw) = match self.next()? {
            Token::Int(text) => (ValueKind::Int, text),
            Token::Float(text) => (ValueKind::Float, text),
            Token::Text(text) => (ValueKind::Text, text),
            Token::Block(text) => (ValueKind::Block, text),
            Token::Name(name) if name == "true" || name == "false" => (ValueKind::Boolean, name),
            Token::Name(name) if name == "null" => (ValueKind::Null, name),
            Token::Name(name) => (ValueKind::Enum, name),
            Token::End | Token::Mark(_) | Token::Dots => return Err(self.wanted("a value")),
        };
        Ok(Value::scalar(kind, raw))
    }
}
