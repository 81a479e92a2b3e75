//! Texts: templates, counting, rendering and globs.

use super::super::term::Term;
use super::super::world::{Fault, World};
use super::{Builtin, argument, items_argument, text_argument};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("internal.template_string", 1, template_string),
    Builtin::new("strings.count", 2, count),
    Builtin::new("strings.render_template", 2, render),
    Builtin::new("internal.schema_result", 1, schema_result),
];

/// Joins texts and sets of at most one value; an empty set says that there was none.
fn template_string(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let mut made = String::new();
    for part in items_argument(arguments, 0)? {
        match part {
            Term::Set(values) => match values.as_slice() {
                [] => made.push_str("<undefined>"),
                [value] => made.push_str(&value.display()),
                _ => {
                    return Err(Fault::halt(
                        "a template expression gives more than one value; it must give one",
                    ));
                }
            },
            other => made.push_str(&other.display()),
        }
    }
    Ok(Term::Text(made))
}

fn count(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let (text, part) = (text_argument(arguments, 0)?, text_argument(arguments, 1)?);
    let count = if part.is_empty() {
        text.chars().count() + 1
    } else {
        text.matches(part).count()
    };
    Ok(Term::int(i64::try_from(count).unwrap_or(i64::MAX)))
}

/// `{{.a.b}}` only: what else the template language knows is refused, not guessed.
fn render(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let mut rest = text_argument(arguments, 0)?;
    let values = argument(arguments, 1)?;
    let mut made = String::new();
    while let Some((before, after)) = rest.split_once("{{") {
        made.push_str(before);
        let (action, after) = after
            .split_once("}}")
            .ok_or_else(|| Fault::undefined("an action of the template is not closed"))?;
        let path = action.trim().strip_prefix('.').filter(|path| {
            path.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
        });
        let Some(path) = path else {
            return Err(Fault::halt(format!(
                "the template action `{{{{{action}}}}}` is not supported; only `{{{{.name}}}}` is"
            )));
        };
        let value = path
            .split('.')
            .filter(|name| !name.is_empty())
            .try_fold(values, |value, name| value.get(name));
        made.push_str(&value.map_or_else(|| "<undefined>".to_owned(), Term::display));
        rest = after;
    }
    made.push_str(rest);
    Ok(Term::Text(made))
}

/// The engine says a mistake as a text; the language says mistakes as a list of objects.
fn schema_result(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let result = argument(arguments, 0)?;
    let [valid, said] = result.items().unwrap_or_default() else {
        return Ok(result.clone());
    };
    let mistakes = match said {
        Term::Text(text) => vec![Term::object([
            ("desc", Term::text(text.as_str())),
            ("error", Term::text(format!("(root): {text}"))),
            ("field", Term::text("(root)")),
            ("type", Term::text("schema")),
        ])],
        _ => Vec::new(),
    };
    Ok(Term::Array(vec![valid.clone(), Term::Array(mistakes)]))
}
