//! Shapes of syntax that the engine does not read: templates, words as names, repeated bodies, a
//! bracket on a new line, results as last arguments, annotations as values.

use palisade_document::Span;

use super::super::builtins;
use super::super::metadata::Annotations;
use super::super::syntax::{
    Expr, ExprKind, Module, Node, Query, Rule, Statement, StatementKind, walk_rule,
};
use super::{Edit, Surroundings, apply, overlap};

/// Words that the engine takes for keywords where a name is meant.
pub(super) const WORDS: &[&str] = &[
    "as", "contains", "data", "default", "else", "every", "false", "if", "import", "in", "input",
    "not", "null", "package", "some", "true", "with",
];

/// The module with its shapes changed.
pub(super) fn reshape(
    text: &str,
    module: &Module,
    annotations: &Annotations,
    around: &Surroundings,
) -> String {
    let mut edits = Vec::new();
    let package = format!("package {}", quoted_path(&module.package));
    edits.push(Edit::new(
        module.package_span.start,
        module.package_span.end,
        package,
    ));
    for import in &module.imports {
        // It says nothing, and the engine writes a complaint of its own about it.
        if import.path == ["input"] && import.alias.is_none() {
            edits.push(Edit::new(import.span.start, import.span.end, ""));
            continue;
        }
        let mut line = format!("import {}", quoted_path(&import.path));
        if let Some(alias) = &import.alias {
            line.push_str(" as ");
            line.push_str(alias);
        } else if let Some(last) = import.path.last().filter(|last| !is_plain(last))
            && import.path.first().is_some_and(|root| root != "future")
        {
            // A bracket at the end names nothing by itself.
            line.push_str(" as ");
            line.push_str(last);
        }
        edits.push(Edit::new(import.span.start, import.span.end, line));
    }
    for rule in &module.rules {
        let mut shaper = Shaper {
            text,
            annotations,
            rule,
            edits: &mut edits,
        };
        let constants = around.overlaps.constants(module, rule);
        if constants.is_empty() {
            shaper.head();
        } else {
            shaper.edits.extend(overlap::edits(rule, &constants));
        }
        shaper.bare_function();
        shaper.repeated_bodies();
        walk_rule(rule, &mut |node| match node {
            Node::Query(query) => shaper.brackets(query),
            Node::Statement(statement) => shaper.statement(statement),
            Node::Expr(expr) => shaper.expr(expr),
        });
    }
    apply(text, edits)
}

/// A path as the engine reads it: the first key bare, later ones quoted where they must be.
pub(in crate::languages::rego) fn quoted_path(path: &[String]) -> String {
    let mut line = String::new();
    for (at, key) in path.iter().enumerate() {
        if at == 0 {
            line.push_str(key);
        } else if is_plain(key) {
            line.push('.');
            line.push_str(key);
        } else {
            line.extend(["[", &serde_json::Value::from(key.as_str()).to_string(), "]"]);
        }
    }
    line
}

fn is_plain(key: &str) -> bool {
    let mut bytes = key.bytes();
    bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !WORDS.contains(&key)
}

struct Shaper<'s> {
    text: &'s str,
    annotations: &'s Annotations,
    rule: &'s Rule,
    edits: &'s mut Vec<Edit>,
}

impl Shaper<'_> {
    fn slice(&self, start: u32, end: u32) -> &str {
        self.text.get(start as usize..end as usize).unwrap_or("")
    }

    /// Words as names in the head of a rule.
    fn head(&mut self) {
        let ExprKind::Ref(_, parts) = &self.rule.head.name.kind else {
            return;
        };
        for part in parts {
            if let super::super::syntax::Part::Field(span, name) = part
                && !is_plain(name)
            {
                let quoted = format!("[{}]", serde_json::Value::from(name.as_str()));
                self.edits
                    .push(Edit::new(span.start.saturating_sub(1), span.end, quoted));
            }
        }
    }

    /// `f("x")` alone says that it is true.
    fn bare_function(&mut self) {
        let (rule, head) = (self.rule, &self.rule.head);
        let is_bare = rule.bodies.is_empty() && head.key.is_none() && head.value.is_none();
        if head.args.is_some() && is_bare {
            self.edits.push(Edit::insert(head.span.end, " = true"));
        }
    }

    /// `head {…} {…}` says the head once for several bodies.
    fn repeated_bodies(&mut self) {
        let head = &self.rule.head;
        let first = self.rule.bodies.first();
        let word = first.is_some_and(|body| body.after_if);
        let mut said = self
            .slice(head.span.start, head.span.end)
            .replace('\n', " ");
        if word {
            said.push_str(" if");
        }
        for body in self.rule.bodies.iter().skip(1).filter(|body| !body.is_else) {
            let before = self.slice(0, body.query.span.start);
            let Some(brace) = before.rfind('{') else {
                continue;
            };
            let at = u32::try_from(brace).unwrap_or(u32::MAX);
            self.edits.push(Edit::insert(at, format!(" {said} ")));
        }
    }

    /// A statement that begins with a bracket on a new line is not an argument list.
    fn brackets(&mut self, query: &Query) {
        for pair in query.statements.windows(2) {
            let [before, statement] = pair else { continue };
            let start = statement.span.start;
            let is_apart = self.slice(before.span.end, start).contains(';');
            if self.slice(start, start + 1) == "(" && !is_apart {
                self.edits.push(Edit::insert(start, "; "));
            }
        }
    }

    /// `f(x, y)` with one argument too many says where the result goes.
    fn statement(&mut self, statement: &Statement) {
        let StatementKind::Expr(Expr {
            span,
            kind: ExprKind::Call(function, args),
        }) = &statement.kind
        else {
            return;
        };
        let arity = function
            .path()
            .and_then(|path| match path.join(".").as_str() {
                "sprintf" | "json.match_schema" => Some(2),
                name => builtins::arity(name),
            });
        let (Some(arity), Some((result, given))) = (arity, args.split_last()) else {
            return;
        };
        if args.len() != usize::from(arity) + 1 || statement.negated {
            return;
        }
        let said = self.slice(result.span.start, result.span.end);
        self.edits
            .push(Edit::insert(span.start, format!("{said} = ")));
        let from = given
            .last()
            .map_or(function.span.end + 1, |last| last.span.end);
        self.edits.push(Edit::new(from, result.span.end, ""));
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Template(texts, holes) => self.template(expr.span, texts, holes),
            ExprKind::Call(function, args) if is_sprintf(function) && !formats_plainly(args) => {
                let (start, end) = (function.span.start, function.span.end);
                self.edits.push(Edit::new(start, end, "internal.sprintf"));
            }
            ExprKind::Call(function, _) if is_match_schema(function) => {
                let wrapper = Edit::insert(expr.span.start, "internal.schema_result(");
                self.edits
                    .extend([wrapper, Edit::insert(expr.span.end, ")")]);
            }
            // What one value says may be far larger than the value, whose parts are shared.
            ExprKind::Call(function, args) if says_a_value(function) => {
                if let Some(value) = args.first() {
                    let wrapper = Edit::insert(value.span.start, "internal.bounded(");
                    self.edits
                        .extend([wrapper, Edit::insert(value.span.end, ")")]);
                }
            }
            ExprKind::Call(function, args) if args.is_empty() => {
                let path = function.path().map(|path| path.join("."));
                let said = match path.as_deref() {
                    Some("rego.metadata.chain") => self.annotations.chain(self.rule),
                    Some("rego.metadata.rule") => self.annotations.rule(self.rule),
                    _ => return,
                };
                self.edits
                    .push(Edit::new(expr.span.start, expr.span.end, said.to_string()));
            }
            _ => {}
        }
    }

    fn template(&mut self, span: Span, texts: &[Span], holes: &[Statement]) {
        let raw = self.slice(span.start, span.start + 2).ends_with('`');
        let words: Vec<String> = texts
            .iter()
            .map(|part| literal(self.slice(part.start, part.end), raw))
            .collect();
        let begin = "internal.template_string([";
        let Some(first) = words.first() else { return };
        if holes.is_empty() {
            self.edits
                .push(Edit::new(span.start, span.end, first.clone()));
            return;
        }
        let mut from = span.start;
        let mut before = format!("{begin}{first}, ");
        for (at, hole) in holes.iter().enumerate() {
            before.push_str("{__hole | __hole := ");
            let open = texts.get(at).map_or(hole.span.start, |text| text.end + 1);
            self.edits.push(Edit::new(from, open, before));
            let close = texts
                .get(at + 1)
                .map_or(span.end, |text| text.start.saturating_sub(1));
            from = close;
            let next = words.get(at + 1).map_or("\"\"", String::as_str);
            before = format!("}}, {next}, ");
        }
        let end = format!("{}])", before.trim_end_matches(", "));
        self.edits.push(Edit::new(from, span.end, end));
    }
}

/// The text between two holes as a text of its own.
fn literal(text: &str, raw: bool) -> String {
    let plain = text.replace("\\{", "{").replace("\\}", "}");
    if raw {
        return serde_json::Value::from(plain).to_string();
    }
    format!("\"{plain}\"")
}

fn is_match_schema(function: &Expr) -> bool {
    function
        .path()
        .is_some_and(|path| path == ["json", "match_schema"])
}

fn is_sprintf(function: &Expr) -> bool {
    matches!(&function.kind, ExprKind::Var(name) if name == "sprintf")
}

/// Whether the engine formats a call as the language does: a constant format with as many plain
/// verbs as there are values. Of others it makes an error, or a text that differs.
/// Whether a function makes a text of a value.
fn says_a_value(function: &Expr) -> bool {
    let path = function.path().map(|path| path.join("."));
    let names = ["json.marshal", "json.marshal_with_options", "yaml.marshal"];
    path.is_some_and(|path| names.contains(&path.as_str()))
}

fn formats_plainly(args: &[Expr]) -> bool {
    let Some(Expr {
        kind: ExprKind::Text(format),
        ..
    }) = args.first()
    else {
        return false;
    };
    let Some(Expr {
        kind: ExprKind::List(values),
        ..
    }) = args.get(1)
    else {
        return false;
    };
    let mut verbs = 0;
    let mut bytes = format.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            match bytes.next() {
                Some(b'v' | b's') => verbs += 1,
                Some(b'%') => {}
                _ => return false,
            }
        }
    }
    verbs == values.len()
}
