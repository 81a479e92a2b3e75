//! Templates of generated objects: YAML with `(( expression ))` in its values.

use std::sync::Arc;

use palisade_document::{Kind, Limits, SourceFile, Syntax, SyntaxSeverity, Value, parse};

use crate::context::Context;
use crate::datum::Datum;
use crate::languages::cel::admission::Compiler;
use crate::languages::cel::{Environment, Program, Scope, Val};

/// A compiled template: one node per document.
#[derive(Debug)]
pub(super) struct Template(Vec<Node>);

#[derive(Debug)]
enum Node {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// A value that is one placeholder: any value takes its place.
    Whole(Program),
    /// A text with placeholders in it, whose values are scalars.
    Mixed(Vec<Piece>),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

#[derive(Debug)]
enum Piece {
    Text(String),
    Value(Program),
}

impl Template {
    /// Reads the `template` of an entry of `generate`.
    pub(super) fn compile(
        compiler: &mut Compiler<'_>,
        template: Datum<'_>,
        scope: &Scope,
    ) -> Option<Self> {
        let Some(value) = template.get("value") else {
            compiler.mistake(template, "a template has a `value`".to_owned());
            return None;
        };
        let text = value.as_text().unwrap_or("");
        let interpolates = match template.get("interpolate").and_then(Datum::as_text) {
            Some("cel") => true,
            Some("none") | None => false,
            Some(other) => {
                let message =
                    format!("a template is interpolated by `cel` or `none`, not `{other}`");
                compiler.mistake(template, message);
                return None;
            }
        };
        let file = Arc::new(SourceFile::new("template", text.to_owned()));
        let (document, errors) = parse(file, Syntax::Yaml, &Limits::default());
        let fatal = |severity| severity == SyntaxSeverity::Fatal;
        if let Some(error) = errors.iter().find(|error| fatal(error.severity)) {
            let message = format!("the template is not YAML: {}", error.message);
            compiler.mistake(value, message);
            return None;
        }
        let mut nodes = Vec::new();
        for root in document.roots().filter(|root| !root.is_null()) {
            if !root.is_object() {
                let message = "each document of a template is a mapping".to_owned();
                compiler.mistake(value, message);
                return None;
            }
            match node(root, interpolates, scope) {
                Ok(node) => nodes.push(node),
                Err(message) => {
                    compiler.mistake(value, message);
                    return None;
                }
            }
        }
        if nodes.is_empty() {
            compiler.mistake(value, "the template is empty".to_owned());
            return None;
        }
        Some(Self(nodes))
    }

    /// The objects for a trigger.
    pub(super) fn render<'v>(
        &'v self,
        context: &'v Context<'v>,
        environment: &'v Environment<'v>,
    ) -> Result<Vec<Datum<'v>>, String> {
        self.0
            .iter()
            .map(|node| node.render(context, environment))
            .collect()
    }
}

fn node(value: Value<'_>, interpolates: bool, scope: &Scope) -> Result<Node, String> {
    Ok(match value.kind() {
        Kind::Null => Node::Null,
        Kind::Bool(value) => Node::Bool(value),
        Kind::Int(value) => Node::Int(value),
        Kind::Float(value) => Node::Float(value),
        Kind::String(text) if interpolates => interpolated(text, scope)?,
        Kind::String(text) => Node::Text(text.to_owned()),
        Kind::Array => {
            let items = value.items().map(|item| node(item, interpolates, scope));
            Node::List(items.collect::<Result<_, _>>()?)
        }
        Kind::Object => {
            let mut entries = Vec::new();
            for entry in value.entries() {
                if interpolates && entry.key.contains("((") {
                    return Err("a key of a template has no placeholder".to_owned());
                }
                let inner = node(entry.value, interpolates, scope)?;
                entries.push((entry.key.to_owned(), inner));
            }
            Node::Map(entries)
        }
    })
}

fn interpolated(text: &str, scope: &Scope) -> Result<Node, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("((") {
        let length = end(after).ok_or("a placeholder of the template does not end in `))`")?;
        let (expression, after) = after.split_at(length);
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        let program = Program::compile(expression, scope).map_err(|mistake| mistake.message)?;
        pieces.push(Piece::Value(program));
        rest = after.get(2..).unwrap_or("");
    }
    if pieces.is_empty() {
        return Ok(Node::Text(text.to_owned()));
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    match pieces.pop() {
        Some(Piece::Value(program)) if pieces.is_empty() => Ok(Node::Whole(program)),
        last => {
            pieces.extend(last);
            Ok(Node::Mixed(pieces))
        }
    }
}

/// Where the closing parentheses stand: not within the expression's own, nor in its texts.
fn end(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    let mut quote = None;
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(mark), _) if mark == letter => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, '(') => open += 1,
            (None, ')') if open > 0 => open -= 1,
            (None, ')') => return text.get(at..)?.starts_with("))").then_some(at),
            _ => {}
        }
    }
    None
}

impl Node {
    fn render<'v>(
        &'v self,
        context: &'v Context<'v>,
        environment: &'v Environment<'v>,
    ) -> Result<Datum<'v>, String> {
        let arena = context.arena;
        context.charge(1).map_err(|error| error.to_string())?;
        let run = |program: &'v Program| {
            let value = program.run(context, environment);
            value.map_err(|fault| fault.message().to_owned())
        };
        Ok(match self {
            Self::Null => Datum::Null,
            Self::Bool(value) => Datum::Bool(*value),
            Self::Int(value) => Datum::Int(*value),
            Self::Float(value) => Datum::Float(*value),
            Self::Text(text) => Datum::Text(text),
            Self::Whole(program) => run(program)?.to_datum(arena)?,
            Self::Mixed(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(plain) => text.push_str(plain),
                        Piece::Value(program) => text.push_str(&scalar(run(program)?)?),
                    }
                }
                Datum::Text(arena.alloc_str(&text))
            }
            Self::List(items) => {
                let items: Result<Vec<Datum<'v>>, String> = items
                    .iter()
                    .map(|item| item.render(context, environment))
                    .collect();
                Datum::List(arena.alloc_slice_copy(&items?))
            }
            Self::Map(entries) => {
                let mut map: Vec<(&'v str, Datum<'v>)> = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    map.push((key, value.render(context, environment)?));
                }
                Datum::Map(arena.alloc_slice_copy(&map))
            }
        })
    }
}

fn scalar(value: Val<'_>) -> Result<String, String> {
    match value {
        Val::Text(text) => Ok(text.to_owned()),
        Val::Int(value) => Ok(value.to_string()),
        Val::Uint(value) => Ok(value.to_string()),
        Val::Double(value) => Ok(value.to_string()),
        Val::Bool(value) => Ok(value.to_string()),
        other => Err(format!(
            "a value of type {} cannot stand inside a text",
            other.type_name()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_ends_outside_of_its_own_parentheses_and_texts() {
        assert_eq!(end(" f(g(x)) )) rest"), Some(9));
        assert_eq!(end(" 'a))' + \"))\" ))"), Some(14));
        assert_eq!(end(" f(x) "), None);
    }
}
