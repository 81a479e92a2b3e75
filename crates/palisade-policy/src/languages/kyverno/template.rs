//! Values of a policy with variables in them, read once and filled in for each request.
//!
//! A text may hold `{{ expression }}`, one in another, `\{{` for the braces themselves and
//! `{{- expression }}` for a result that is not read again. A text that is one variable takes the
//! variable's value, whatever its type.

use crate::datum::Datum;

use super::jmespath::{Expression, SearchError};
use super::scalars::build;
use super::scope::Scope;

/// A value with variables.
#[derive(Debug)]
pub(crate) enum Template {
    /// `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text without variables.
    Text(Box<str>),
    /// A text with variables.
    Dynamic(Dynamic),
    /// A list.
    List(Vec<Template>),
    /// A mapping; keys may hold variables.
    Map(Vec<(Template, Template)>),
}

/// A text with variables, and the expressions of those that are known before a request.
#[derive(Debug)]
pub(crate) struct Dynamic {
    text: Box<str>,
    known: Vec<(Box<str>, Result<Expression, String>)>,
}

/// How often a text is read again for variables that came out of variables.
const MAX_ROUNDS: usize = 64;
/// Longest text that variables may make.
const MAX_TEXT: usize = 1 << 20;

impl Template {
    /// Reads a value of a policy.
    pub(crate) fn of(value: Datum<'_>) -> Self {
        match value.scalar() {
            Datum::Null => Self::Null,
            Datum::Bool(value) => Self::Bool(value),
            Datum::Int(value) => Self::Int(value),
            Datum::Float(value) => Self::Float(value),
            Datum::Text(text) => Self::of_text(text),
            value if value.is_list() => Self::List(value.items().map(Self::of).collect()),
            value => Self::Map(
                value
                    .entries()
                    .map(|(key, value)| (Self::of_text(key), Self::of(value)))
                    .collect(),
            ),
        }
    }

    /// Reads a text of a policy.
    pub(crate) fn of_text(text: &str) -> Self {
        if find_variable(text, 0).is_none() {
            return Self::Text(text.replace("\\{{", "{{").into());
        }
        let mut known = Vec::new();
        let mut from = 0;
        while let Some(variable) = find_variable(text, from) {
            from = variable.end;
            let expression = variable.expression;
            if expression != "@"
                && !known
                    .iter()
                    .any(|(text, _): &(Box<str>, _)| **text == *expression)
            {
                known.push((expression.into(), Expression::compile(expression)));
            }
        }
        Self::Dynamic(Dynamic {
            text: text.into(),
            known,
        })
    }

    /// The mistakes in its expressions.
    pub(crate) fn mistakes(&self, found: &mut Vec<String>) {
        match self {
            Self::Dynamic(dynamic) => {
                let mistakes = dynamic.known.iter();
                found.extend(mistakes.filter_map(|(_, compiled)| compiled.as_ref().err().cloned()));
            }
            Self::List(items) => items.iter().for_each(|item| item.mistakes(found)),
            Self::Map(entries) => {
                for (key, value) in entries {
                    key.mistakes(found);
                    value.mistakes(found);
                }
            }
            _ => {}
        }
    }

    /// The value with its variables filled in.
    pub(crate) fn fill<'a>(&self, scope: &Scope<'_, 'a>) -> Result<Datum<'a>, SearchError> {
        self.fill_at(scope, &mut Vec::new())
    }

    /// The text with its variables filled in; what is no text is written as JSON.
    pub(crate) fn fill_text<'a>(&self, scope: &Scope<'_, 'a>) -> Result<&'a str, SearchError> {
        let value = self.fill(scope)?;
        Ok(value
            .as_text()
            .unwrap_or_else(|| scope.context.arena.alloc_str(&build::json(value))))
    }

    fn fill_at<'a>(
        &self,
        scope: &Scope<'_, 'a>,
        path: &mut Vec<String>,
    ) -> Result<Datum<'a>, SearchError> {
        let arena = scope.context.arena;
        scope.context.charge(1)?;
        match self {
            Self::Null => Ok(Datum::Null),
            Self::Bool(value) => Ok(Datum::Bool(*value)),
            Self::Int(value) => Ok(Datum::Int(*value)),
            Self::Float(value) => Ok(Datum::Float(*value)),
            Self::Text(text) => Ok(build::text(arena, text)),
            Self::Dynamic(dynamic) => dynamic.fill(scope, path),
            Self::List(items) => {
                let mut filled = Vec::with_capacity(items.len());
                for (at, item) in items.iter().enumerate() {
                    path.push(format!("[{at}]"));
                    filled.push(item.fill_at(scope, path)?);
                    path.pop();
                }
                Ok(build::list(arena, filled))
            }
            Self::Map(entries) => {
                let mut filled: Vec<(&'a str, Datum<'a>)> = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    let key = key.fill_at(scope, path)?;
                    let key = match key.as_text() {
                        Some(key) => key,
                        None => arena.alloc_str(&build::json(key)),
                    };
                    path.push(super::pattern::anchor::bare(key).to_owned());
                    let value = value.fill_at(scope, path)?;
                    path.pop();
                    match filled.iter_mut().find(|(name, _)| *name == key) {
                        Some(entry) => entry.1 = value,
                        None => filled.push((key, value)),
                    }
                }
                Ok(build::map(arena, filled))
            }
        }
    }
}

impl Dynamic {
    fn fill<'a>(&self, scope: &Scope<'_, 'a>, path: &[String]) -> Result<Datum<'a>, SearchError> {
        let mut text = self.text.to_string();
        let mut from = 0;
        let mut rounds = 0;
        loop {
            let Some(variable) = find_variable(&text, from) else {
                if from == 0 {
                    break;
                }
                from = 0;
                rounds += 1;
                if rounds > MAX_ROUNDS {
                    let message = format!("`{}` never ends to hold variables", self.text);
                    return Err(SearchError::Failed(message));
                }
                continue;
            };
            let value = self.value(scope, variable.expression, path)?;
            if variable.start == 0 && variable.end == text.len() {
                return Ok(value);
            }
            let written = match value.as_text() {
                Some(text) => text.to_owned(),
                None => build::json(value),
            };
            let written = if variable.shallow {
                written.replace("{{", "\\{{")
            } else {
                written
            };
            let (start, end) = (variable.start, variable.end);
            from = start + written.len();
            text.replace_range(start..end, &written);
            if text.len() > MAX_TEXT {
                let message = format!("`{}` grows over {MAX_TEXT} bytes", self.text);
                return Err(SearchError::Failed(message));
            }
        }
        let text = text.replace("\\{{", "{{");
        Ok(build::text(scope.context.arena, &text))
    }

    fn value<'a>(
        &self,
        scope: &Scope<'_, 'a>,
        expression: &str,
        path: &[String],
    ) -> Result<Datum<'a>, SearchError> {
        let known = self.known.iter().find(|(text, _)| **text == *expression);
        let found = match known {
            Some((_, Ok(compiled))) => scope.query(compiled),
            Some((_, Err(mistake))) => Err(SearchError::Failed(mistake.clone())),
            None => {
                let text = if expression == "@" {
                    pointed(scope, path)
                } else {
                    expression.to_owned()
                };
                scope.query(&Expression::compile(&text).map_err(SearchError::Failed)?)
            }
        };
        found.map_err(|error| match error {
            SearchError::Exhausted(_) => error,
            error => SearchError::Failed(format!("failed to resolve `{expression}`: {error}")),
        })
    }
}

/// `{{@}}`: the value of the resource at the place where the variable stands.
fn pointed(scope: &Scope<'_, '_>, path: &[String]) -> String {
    let mut text = if scope.has("target") {
        "target".to_owned()
    } else {
        "request.object".to_owned()
    };
    for part in path {
        if part.starts_with('[') {
            text.push_str(part);
        } else {
            text.push('.');
            text.push('"');
            text.push_str(&part.replace('"', "\\\""));
            text.push('"');
        }
    }
    text
}

/// A variable in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Variable<'t> {
    start: usize,
    end: usize,
    expression: &'t str,
    shallow: bool,
}

/// The first innermost variable from a byte on: `{{…}}` whose inside has only single braces, one
/// level deep, and that no `\` stands before.
fn find_variable(text: &str, from: usize) -> Option<Variable<'_>> {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find("{{")) {
        let start = at + found;
        let escaped = start > 0 && bytes.get(start - 1) == Some(&b'\\');
        if !escaped && let Some(end) = variable_end(bytes, start) {
            let inner = text.get(start..end)?;
            let inner = inner.strip_prefix("{{")?.strip_suffix("}}")?.trim();
            let (inner, shallow) = match inner.strip_prefix('-') {
                Some(rest) => (rest.trim(), true),
                None => (inner, false),
            };
            return Some(Variable {
                start,
                end,
                expression: inner,
                shallow,
            });
        }
        at = start + 1;
    }
    None
}

fn variable_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 2;
    loop {
        match bytes.get(at)? {
            b'{' => {
                at += 1;
                while !matches!(bytes.get(at)?, b'{' | b'}') {
                    at += 1;
                }
                if bytes.get(at) == Some(&b'{') {
                    return None;
                }
                at += 1;
            }
            b'}' if bytes.get(at + 1) == Some(&b'}') => return Some(at + 2),
            b'}' => return None,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_variable_is_found_first() {
        let found = find_variable("a {{ x.{{ y }} }}", 0).unwrap();
        assert_eq!((found.start, found.expression), (7, "y"));
        let found = find_variable("{{ {a: b} }}", 0).unwrap();
        assert_eq!(found.expression, "{a: b}");
        let found = find_variable("{{- x }}", 0).unwrap();
        assert!(found.shallow && found.expression == "x");
        for text in ["\\{{ x }}", "{{ x }", "{ x }", ""] {
            assert_eq!(find_variable(text, 0), None, "{text}");
        }
    }

    #[test]
    fn a_mistake_in_an_expression_is_known_before_a_request() {
        let mut found = Vec::new();
        Template::of_text("{{ a[ }}").mistakes(&mut found);
        assert_eq!(found.len(), 1);
    }
}
