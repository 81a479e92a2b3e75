//! A configuration in HCL.

use std::collections::BTreeMap;

use hcl_edit::expr::{Expression, ObjectKey, UnaryOperator};
use hcl_edit::structure::{Block, Body};
use hcl_edit::template::{Element, Template};
use palisade_document::{SourceFile, Span};
use serde_json::Value as Json;

use super::{
    Configuration, ConfigurationMistake, ImportEntry, ImportFrom, PolicyEntry, mistake, redefined,
};

/// Largest configuration.
const MAX_BYTES: usize = 8 << 20;

pub(super) fn read(file: &SourceFile) -> Result<Configuration, ConfigurationMistake> {
    let text = file.text();
    if text.len() > MAX_BYTES {
        let sentence = format!("the configuration is larger than {MAX_BYTES} bytes");
        return Err(mistake(Span::default(), sentence));
    }
    let body = redefined::parse(text).map_err(|error| {
        let at = u32::try_from(error.location().offset()).unwrap_or(u32::MAX);
        let sentence = format!("this is no HCL: {}", error.message().replace('\n', ", "));
        mistake(Span::new(at, at), sentence)
    })?;
    let mut configuration = Configuration::default();
    for block in body.blocks() {
        self::block(block, &mut configuration)?;
    }
    Ok(configuration)
}

fn block(block: &Block, to: &mut Configuration) -> Result<(), ConfigurationMistake> {
    let place = span(block);
    let labels: Vec<&str> = block
        .labels
        .iter()
        .map(hcl_edit::structure::BlockLabel::as_str)
        .collect();
    let body = &block.body;
    let ident = block.ident.as_str();
    let name = match (ident, labels.as_slice()) {
        ("test" | "sentinel", _) => "",
        ("import", [_, name]) | (_, [name]) => name,
        _ => {
            return Err(mistake(
                place,
                format!("`{ident}` needs a name in quotation marks"),
            ));
        }
    };
    match ident {
        "policy" => to.policies.push(policy(name, body, place)?),
        "module" => {
            let from = ImportFrom::Module(required(body, "source", place)?);
            to.imports.push(import(name, from, false, place));
        }
        "import" => {
            let from = match labels.as_slice() {
                ["module", _] => ImportFrom::Module(required(body, "source", place)?),
                ["static", _] => ImportFrom::Static(required(body, "source", place)?),
                _ => ImportFrom::Plugin,
            };
            to.imports.push(import(name, from, false, place));
        }
        "mock" => {
            let from = mock(body, place)?;
            to.imports.push(import(name, from, true, place));
        }
        "param" => {
            to.parameters.insert(name.to_owned(), value(body, place)?);
        }
        "global" => {
            to.globals.insert(name.to_owned(), value(body, place)?);
        }
        "test" => {
            let rules = match body.get_attribute("rules") {
                Some(attribute) => object(&attribute.value)?,
                None => rules_of_block(body)?,
            };
            to.expected = Some(rules);
        }
        "sentinel" => {}
        other => {
            return Err(mistake(
                place,
                format!("`{other}` is no block of a configuration"),
            ));
        }
    }
    Ok(())
}

/// `rules { main = true }` in place of `rules = { main = true }`.
fn rules_of_block(body: &Body) -> Result<BTreeMap<String, Json>, ConfigurationMistake> {
    let mut rules = BTreeMap::new();
    for block in body.get_blocks("rules") {
        for attribute in block.body.attributes() {
            let value = constant(&attribute.value)?;
            rules.insert(attribute.key.as_str().to_owned(), value);
        }
    }
    Ok(rules)
}

fn import(name: &str, from: ImportFrom, is_mock: bool, span: Span) -> ImportEntry {
    ImportEntry {
        name: name.to_owned(),
        from,
        is_mock,
        span,
    }
}

fn policy(name: &str, body: &Body, place: Span) -> Result<PolicyEntry, ConfigurationMistake> {
    let level = match body.get_attribute("enforcement_level") {
        Some(attribute) => Some(text(&attribute.value)?),
        None => None,
    };
    let parameters = match body.get_attribute("params") {
        Some(attribute) => Some(object(&attribute.value)?),
        None => None,
    };
    let source = match body.get_attribute("source") {
        Some(attribute) => Some(text(&attribute.value)?),
        None => None,
    };
    Ok(PolicyEntry {
        name: name.to_owned(),
        source,
        level,
        parameters,
        span: place,
    })
}

fn mock(body: &Body, place: Span) -> Result<ImportFrom, ConfigurationMistake> {
    if let Some(module) = body.get_blocks("module").next() {
        return Ok(ImportFrom::Module(required(&module.body, "source", place)?));
    }
    if let Some(module) = body.get_attribute("module") {
        let module = object(&module.value)?;
        if let Some(source) = module.get("source").and_then(Json::as_str) {
            return Ok(ImportFrom::Module(source.to_owned()));
        }
    }
    match body.get_attribute("data") {
        Some(data) => Ok(ImportFrom::Data(constant(&data.value)?)),
        None => Err(mistake(place, "a mock needs `module` or `data`")),
    }
}

fn value(body: &Body, place: Span) -> Result<Json, ConfigurationMistake> {
    match body.get_attribute("value") {
        Some(attribute) => constant(&attribute.value),
        None => Err(mistake(place, "this needs a `value`")),
    }
}

fn required(body: &Body, key: &str, place: Span) -> Result<String, ConfigurationMistake> {
    match body.get_attribute(key) {
        Some(attribute) => text(&attribute.value),
        None => Err(mistake(place, format!("this needs a `{key}`"))),
    }
}

fn text(expression: &Expression) -> Result<String, ConfigurationMistake> {
    match constant(expression)? {
        Json::String(text) => Ok(text),
        _ => Err(mistake(span(expression), "this is a text")),
    }
}

fn object(expression: &Expression) -> Result<BTreeMap<String, Json>, ConfigurationMistake> {
    match constant(expression)? {
        Json::Object(entries) => Ok(entries.into_iter().collect()),
        _ => Err(mistake(span(expression), "this is a map in braces")),
    }
}

/// The value of an expression that says everything itself.
fn constant(expression: &Expression) -> Result<Json, ConfigurationMistake> {
    let place = span(expression);
    let unusable = || mistake(place, "a configuration holds only constant values");
    Ok(match expression {
        Expression::Null(_) => Json::Null,
        Expression::Bool(value) => Json::Bool(*value.value()),
        Expression::Number(number) => number_of(number.value()).ok_or_else(unusable)?,
        Expression::String(text) => Json::String(text.value().clone()),
        Expression::Array(items) => {
            let items: Result<Vec<Json>, _> = items.iter().map(constant).collect();
            Json::Array(items?)
        }
        Expression::Object(entries) => {
            let mut map = serde_json::Map::new();
            for (key, value) in entries {
                let key = match key {
                    ObjectKey::Ident(ident) => ident.as_str().to_owned(),
                    ObjectKey::Expression(key) => match constant(key)? {
                        Json::String(key) => key,
                        Json::Bool(key) => key.to_string(),
                        Json::Number(key) => key.to_string(),
                        _ => return Err(unusable()),
                    },
                };
                map.insert(key, constant(value.expr())?);
            }
            Json::Object(map)
        }
        Expression::Parenthesis(inner) => constant(inner.inner())?,
        Expression::UnaryOp(operation) => {
            match (operation.operator.value(), constant(&operation.expr)?) {
                (UnaryOperator::Neg, Json::Number(number)) => match number.as_i64() {
                    Some(number) => Json::from(number.wrapping_neg()),
                    None => Json::from(-number.as_f64().unwrap_or_default()),
                },
                (UnaryOperator::Not, Json::Bool(value)) => Json::Bool(!value),
                _ => return Err(unusable()),
            }
        }
        Expression::StringTemplate(template) => {
            let mut text = String::new();
            for element in template {
                match element {
                    Element::Literal(literal) => text.push_str(literal.value()),
                    _ => return Err(unusable()),
                }
            }
            Json::String(text)
        }
        Expression::HeredocTemplate(heredoc) => {
            Json::String(plain(&heredoc.template).ok_or_else(unusable)?)
        }
        _ => return Err(unusable()),
    })
}

fn plain(template: &Template) -> Option<String> {
    let mut text = String::new();
    for element in template {
        match element {
            Element::Literal(literal) => text.push_str(literal.value()),
            _ => return None,
        }
    }
    Some(text)
}

fn number_of(number: &hcl_edit::Number) -> Option<Json> {
    if let Some(number) = number.as_i64() {
        return Some(Json::from(number));
    }
    let number = serde_json::Number::from_f64(number.as_f64()?)?;
    Some(Json::Number(number))
}

fn span(of: &impl hcl_edit::Span) -> Span {
    let at = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    of.span().map_or_else(Span::default, |range| {
        Span::new(at(range.start), at(range.end))
    })
}
