//! Builds the tree of a JMESPath expression by binding power.

use super::MAX_DEPTH;
use super::functions::{self, Function};
use super::lexer::Token;

/// One node of an expression.
#[derive(Debug)]
pub(crate) enum Node {
    /// The value at hand (`@`, or nothing).
    Current,
    /// A key of an object.
    Field(Box<str>),
    /// An item of a list, from the end if negative.
    Index(i64),
    /// Items of a list: start, stop, step.
    Slice([Option<i64>; 3]),
    /// The right side on the value of the left.
    Then(Box<Node>, Box<Node>),
    /// The right side on each item of the left.
    Project(Box<Node>, Box<Node>),
    /// The right side on each value of the left.
    ProjectValues(Box<Node>, Box<Node>),
    /// The right side on each item of the left that the condition takes.
    Filter(Box<Node>, Box<Node>, Box<Node>),
    /// The left with inner lists opened.
    Flatten(Box<Node>),
    /// A comparison.
    Compare(Comparison, Box<Node>, Box<Node>),
    /// `||`.
    Or(Box<Node>, Box<Node>),
    /// `&&`.
    And(Box<Node>, Box<Node>),
    /// `!`.
    Not(Box<Node>),
    /// `|`.
    Pipe(Box<Node>, Box<Node>),
    /// A constant.
    Literal(serde_json::Value),
    /// `[a, b]`.
    List(Vec<Node>),
    /// `{k: a}`.
    Hash(Vec<(Box<str>, Node)>),
    /// A function's call.
    Call(&'static Function, Vec<Node>),
    /// `&expression`.
    Reference(Box<Node>),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
}

impl Node {
    /// Collects the names of all fields below.
    pub(crate) fn fields(&self, found: &mut Vec<Box<str>>) {
        match self {
            Self::Field(name) => found.push(name.clone()),
            Self::Current | Self::Index(_) | Self::Slice(_) | Self::Literal(_) => {}
            Self::Flatten(one) | Self::Not(one) | Self::Reference(one) => one.fields(found),
            Self::Then(one, other)
            | Self::Project(one, other)
            | Self::ProjectValues(one, other)
            | Self::Compare(_, one, other)
            | Self::Or(one, other)
            | Self::And(one, other)
            | Self::Pipe(one, other) => {
                one.fields(found);
                other.fields(found);
            }
            Self::Filter(one, other, third) => {
                one.fields(found);
                other.fields(found);
                third.fields(found);
            }
            Self::List(nodes) | Self::Call(_, nodes) => {
                for node in nodes {
                    node.fields(found);
                }
            }
            Self::Hash(entries) => {
                for (_, node) in entries {
                    node.fields(found);
                }
            }
        }
    }
}

/// Builds the tree.
pub(crate) fn parse(tokens: Vec<(Token, usize)>) -> Result<Node, String> {
    let mut parser = Parser {
        tokens,
        at: 0,
        depth: 0,
        operators: 0,
    };
    let node = parser.expression(0)?;
    match parser.peek() {
        Token::End => Ok(node),
        other => Err(parser.unexpected(other)),
    }
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    at: usize,
    depth: usize,
    operators: usize,
}

/// Most operators of one expression; each may be one level of the tree.
const MAX_OPERATORS: usize = 400;

fn power(token: &Token) -> u8 {
    let Token::Sign(sign) = token else {
        return 0;
    };
    match *sign {
        "|" => 1,
        "||" => 2,
        "&&" => 3,
        "==" | "!=" | "<" | "<=" | ">" | ">=" => 5,
        "[]" => 9,
        "*" => 20,
        "[?" => 21,
        "." => 40,
        "!" => 45,
        "{" => 50,
        "[" => 55,
        "(" => 60,
        _ => 0,
    }
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens
            .get(self.at)
            .map_or(&Token::End, |(token, _)| token)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.peek(), Token::Sign(found) if *found == sign)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.eat(sign) {
            Ok(())
        } else {
            Err(format!(
                "expected `{sign}`, {}",
                self.unexpected(self.peek())
            ))
        }
    }

    fn unexpected(&self, token: &Token) -> String {
        let at = self.tokens.get(self.at).map_or(0, |(_, at)| *at);
        let found = match token {
            Token::Sign(sign) => format!("`{sign}`"),
            Token::Name(name, _) => format!("`{name}`"),
            Token::Number(value) => format!("`{value}`"),
            Token::Raw(_) | Token::Json(_) => "a constant".to_owned(),
            Token::End => "the end".to_owned(),
        };
        format!("found {found} at byte {at}")
    }

    fn expression(&mut self, least: u8) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("it is nested deeper than {MAX_DEPTH}"));
        }
        let token = self.next();
        let mut left = self.prefix(token)?;
        while power(self.peek()) > least {
            let Token::Sign(sign) = self.next() else {
                break;
            };
            self.operators += 1;
            if self.operators > MAX_OPERATORS {
                return Err(format!("it has more than {MAX_OPERATORS} operators"));
            }
            left = self.infix(left, sign)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn prefix(&mut self, token: Token) -> Result<Node, String> {
        Ok(match token {
            Token::Name(name, quoted) => {
                if !quoted && self.is("(") {
                    self.at += 1;
                    return self.call(&name);
                }
                Node::Field(name.into())
            }
            Token::Raw(text) => Node::Literal(text.into()),
            Token::Json(text) => Node::Literal(literal(&text)),
            Token::Sign("@") => Node::Current,
            Token::Sign("&") => Node::Reference(Box::new(self.expression(0)?)),
            Token::Sign("!") => Node::Not(Box::new(self.expression(45)?)),
            Token::Sign("*") => {
                let right = if self.is("]") {
                    Node::Current
                } else {
                    self.projected(20)?
                };
                Node::ProjectValues(Box::new(Node::Current), Box::new(right))
            }
            Token::Sign("[?") => self.filter(Node::Current)?,
            Token::Sign("[]") => {
                let left = Node::Flatten(Box::new(Node::Current));
                Node::Project(Box::new(left), Box::new(self.projected(9)?))
            }
            Token::Sign("{") => self.hash()?,
            Token::Sign("(") => {
                let inner = self.expression(0)?;
                self.expect(")")?;
                inner
            }
            Token::Sign("[") => self.bracket_prefix()?,
            other => {
                self.at -= 1;
                return Err(self.unexpected(&other));
            }
        })
    }

    fn bracket_prefix(&mut self) -> Result<Node, String> {
        if matches!(self.peek(), Token::Number(_)) || self.is(":") {
            let right = self.index()?;
            return self.indexed(Node::Current, right);
        }
        let star =
            self.is("*") && matches!(self.tokens.get(self.at + 1), Some((Token::Sign("]"), _)));
        if star {
            self.at += 2;
            let right = self.projected(20)?;
            return Ok(Node::Project(Box::new(Node::Current), Box::new(right)));
        }
        self.list()
    }

    fn infix(&mut self, left: Node, sign: &str) -> Result<Node, String> {
        let left = Box::new(left);
        Ok(match sign {
            "." => {
                if self.eat("*") {
                    Node::ProjectValues(left, Box::new(self.projected(20)?))
                } else {
                    Node::Then(left, Box::new(self.after_dot(40)?))
                }
            }
            "|" => Node::Pipe(left, Box::new(self.expression(1)?)),
            "||" => Node::Or(left, Box::new(self.expression(2)?)),
            "&&" => Node::And(left, Box::new(self.expression(3)?)),
            "==" | "!=" | "<" | "<=" | ">" | ">=" => {
                let comparison = match sign {
                    "==" => Comparison::Equal,
                    "!=" => Comparison::NotEqual,
                    "<" => Comparison::Less,
                    "<=" => Comparison::LessOrEqual,
                    ">" => Comparison::Greater,
                    _ => Comparison::GreaterOrEqual,
                };
                Node::Compare(comparison, left, Box::new(self.expression(5)?))
            }
            "[]" => {
                let flat = Box::new(Node::Flatten(left));
                Node::Project(flat, Box::new(self.projected(9)?))
            }
            "[?" => self.filter(*left)?,
            "[" => {
                if self.is("*") {
                    self.at += 1;
                    self.expect("]")?;
                    Node::Project(left, Box::new(self.projected(20)?))
                } else {
                    let right = self.index()?;
                    self.indexed(*left, right)?
                }
            }
            other => {
                self.at -= 1;
                return Err(format!("`{other}` cannot stand here"));
            }
        })
    }

    /// An index or a slice, after `[`; `]` is taken.
    fn index(&mut self) -> Result<Node, String> {
        let mut parts = [None; 3];
        let mut colons = 0;
        loop {
            match self.next() {
                Token::Number(value) => {
                    let part = parts.get_mut(colons).ok_or("a slice has three parts")?;
                    if part.replace(value).is_some() {
                        return Err("two numbers in one part of a slice".to_owned());
                    }
                }
                Token::Sign(":") if colons < 2 => colons += 1,
                Token::Sign("]") => break,
                other => {
                    self.at -= 1;
                    return Err(self.unexpected(&other));
                }
            }
        }
        match (colons, parts) {
            (0, [Some(index), _, _]) => Ok(Node::Index(index)),
            (0, _) => Err("an index is missing".to_owned()),
            (_, [_, _, Some(0)]) => Err("the step of a slice cannot be 0".to_owned()),
            _ => Ok(Node::Slice(parts)),
        }
    }

    fn indexed(&mut self, left: Node, right: Node) -> Result<Node, String> {
        let slice = matches!(right, Node::Slice(_));
        let node = Node::Then(Box::new(left), Box::new(right));
        if slice {
            return Ok(Node::Project(Box::new(node), Box::new(self.projected(20)?)));
        }
        Ok(node)
    }

    fn filter(&mut self, left: Node) -> Result<Node, String> {
        let condition = self.expression(0)?;
        self.expect("]")?;
        let right = if self.is("[]") {
            Node::Current
        } else {
            self.projected(21)?
        };
        Ok(Node::Filter(
            Box::new(left),
            Box::new(right),
            Box::new(condition),
        ))
    }

    /// The right side of a projection.
    fn projected(&mut self, least: u8) -> Result<Node, String> {
        if power(self.peek()) < 10 {
            return Ok(Node::Current);
        }
        if self.is("[") || self.is("[?") {
            return self.expression_on_current(least);
        }
        if self.eat(".") {
            return self.after_dot(least);
        }
        Err(self.unexpected(self.peek()))
    }

    fn expression_on_current(&mut self, least: u8) -> Result<Node, String> {
        self.expression(least)
    }

    fn after_dot(&mut self, least: u8) -> Result<Node, String> {
        match self.peek() {
            Token::Name(..) | Token::Sign("*") => self.expression(least),
            Token::Sign("[") => {
                self.at += 1;
                self.list()
            }
            Token::Sign("{") => {
                self.at += 1;
                self.hash()
            }
            other => Err(self.unexpected(other)),
        }
    }

    /// `a, b]`, after `[`.
    fn list(&mut self) -> Result<Node, String> {
        let mut nodes = Vec::new();
        loop {
            nodes.push(self.expression(0)?);
            if self.eat("]") {
                return Ok(Node::List(nodes));
            }
            self.expect(",")?;
        }
    }

    /// `k: a}`, after `{`.
    fn hash(&mut self) -> Result<Node, String> {
        let mut entries = Vec::new();
        loop {
            let Token::Name(key, _) = self.next() else {
                self.at -= 1;
                return Err(format!("expected a key, {}", self.unexpected(self.peek())));
            };
            self.expect(":")?;
            entries.push((key.into(), self.expression(0)?));
            if self.eat("}") {
                return Ok(Node::Hash(entries));
            }
            // Policies in use leave commas out, which the upstream parser allows.
            self.eat(",");
        }
    }

    fn call(&mut self, name: &str) -> Result<Node, String> {
        let function = functions::find(name).ok_or_else(|| format!("unknown function `{name}`"))?;
        let mut arguments = Vec::new();
        if !self.eat(")") {
            loop {
                arguments.push(self.expression(0)?);
                if self.eat(")") {
                    break;
                }
                self.expect(",")?;
            }
        }
        function.check_count(arguments.len())?;
        Ok(Node::Call(function, arguments))
    }
}

/// A literal: JSON, or an unquoted text (an old form that is still in use).
fn literal(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|_| serde_json::Value::from(text.trim_start()))
}
