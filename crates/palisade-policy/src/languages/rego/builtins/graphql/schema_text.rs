//! The grammar of schemas (GraphQL, October 2021, 3).

use super::ast::{Type, Value};
use super::definitions::{ArgumentDefinition, Definition, DirectiveDefinition, EnumValue};
use super::definitions::{FieldDefinition, Kind, LOCATIONS, Root, Roots, SchemaDocument};
use super::lexer::Token;
use super::limits::Problem;
use super::parser::{Parser, Variables};

/// The words that begin a type.
const KINDS: [(&str, Kind); 6] = [
    ("scalar", Kind::Scalar),
    ("type", Kind::Object),
    ("interface", Kind::Interface),
    ("union", Kind::Union),
    ("enum", Kind::Enum),
    ("input", Kind::InputObject),
];

/// Reads a document of definitions and extensions.
pub(super) fn read(text: &str) -> Result<SchemaDocument, Problem> {
    let mut parser = Parser::new(text)?;
    let mut document = SchemaDocument::default();
    while *parser.peek() != Token::End {
        let description = description(&mut parser)?;
        if let Some(kind) = kind(&mut parser)? {
            let definition = definition(&mut parser, kind)?;
            document.definitions.push(Definition {
                description,
                ..definition
            });
        } else if parser.skip_word("schema")? {
            let roots = roots(&mut parser)?;
            document.schema.push(Roots {
                description,
                ..roots
            });
        } else if parser.skip_word("directive")? {
            let directive = directive(&mut parser)?;
            document.directives.push(DirectiveDefinition {
                description,
                ..directive
            });
        } else if description.is_empty() && parser.skip_word("extend")? {
            extension(&mut parser, &mut document)?;
        } else {
            return Err(parser.wanted("a definition"));
        }
    }
    Ok(document)
}

fn description(parser: &mut Parser<'_>) -> Result<String, Problem> {
    if !matches!(parser.peek(), Token::Text(_) | Token::Block(_)) {
        return Ok(String::new());
    }
    match parser.next()? {
        Token::Text(text) | Token::Block(text) => Ok(text),
        _ => Ok(String::new()),
    }
}

fn kind(parser: &mut Parser<'_>) -> Result<Option<Kind>, Problem> {
    for (word, kind) in KINDS {
        if parser.skip_word(word)? {
            return Ok(Some(kind));
        }
    }
    Ok(None)
}

/// A type, from its name on.
fn definition(parser: &mut Parser<'_>, kind: Kind) -> Result<Definition, Problem> {
    let mut definition = Definition::new(kind, parser.name()?);
    let implements = matches!(kind, Kind::Object | Kind::Interface);
    if implements && parser.skip_word("implements")? {
        definition.interfaces = parser.names('&')?;
    }
    definition.directives = parser.directives(Variables::Refused)?;
    match kind {
        Kind::Scalar => {}
        Kind::Object | Kind::Interface => definition.fields = parser.some(('{', '}'), field)?,
        Kind::InputObject => definition.fields = parser.some(('{', '}'), input_field)?,
        Kind::Enum => definition.enum_values = parser.some(('{', '}'), enum_value)?,
        Kind::Union => {
            if parser.skip('=')? {
                definition.types = parser.names('|')?;
            }
        }
    }
    Ok(definition)
}

/// An extension, which must add something.
fn extension(parser: &mut Parser<'_>, document: &mut SchemaDocument) -> Result<(), Problem> {
    if parser.skip_word("schema")? {
        let mut roots = Roots {
            directives: parser.directives(Variables::Refused)?,
            ..Roots::default()
        };
        roots.operation_types = parser.some(('{', '}'), root)?;
        if roots.directives.is_empty() && roots.operation_types.is_empty() {
            return Err(parser.wanted("what the schema is extended by"));
        }
        document.schema_extension.push(roots);
        return Ok(());
    }
    let kind = kind(parser)?.ok_or_else(|| parser.wanted("`schema` or a kind of type"))?;
    let added = definition(parser, kind)?;
    if kind == Kind::Interface && !added.interfaces.is_empty() {
        let name = added.name;
        return Err(Problem::Invalid(format!(
            "the extension of `{name}` adds interfaces to an interface, which OPA does not read"
        )));
    }
    let is_empty = added.directives.is_empty()
        && added.interfaces.is_empty()
        && added.fields.is_empty()
        && added.types.is_empty()
        && added.enum_values.is_empty();
    if is_empty {
        return Err(parser.wanted("what the type is extended by"));
    }
    document.extensions.push(added);
    Ok(())
}

fn roots(parser: &mut Parser<'_>) -> Result<Roots, Problem> {
    Ok(Roots {
        description: String::new(),
        directives: parser.directives(Variables::Refused)?,
        operation_types: parser.some(('{', '}'), root)?,
    })
}

fn root(parser: &mut Parser<'_>) -> Result<Root, Problem> {
    let operation = parser.operation_kind()?;
    parser.expect(':')?;
    let answers = parser.name()?;
    Ok(Root { operation, answers })
}

fn field(parser: &mut Parser<'_>) -> Result<FieldDefinition, Problem> {
    let description = description(parser)?;
    let name = parser.name()?;
    let arguments = parser.some(('(', ')'), argument)?;
    parser.expect(':')?;
    Ok(FieldDefinition {
        description,
        name,
        arguments,
        default_value: None,
        kind: parser.kind()?,
        directives: parser.directives(Variables::Refused)?,
    })
}

fn input_field(parser: &mut Parser<'_>) -> Result<FieldDefinition, Problem> {
    let argument = argument(parser)?;
    Ok(FieldDefinition {
        description: argument.description,
        name: argument.name,
        arguments: Vec::new(),
        default_value: argument.default_value,
        kind: argument.kind,
        directives: argument.directives,
    })
}

fn argument(parser: &mut Parser<'_>) -> Result<ArgumentDefinition, Problem> {
    let description = description(parser)?;
    let name = parser.name()?;
    let (kind, default_value) = typed(parser)?;
    Ok(ArgumentDefinition {
        description,
        name,
        default_value,
        kind,
        directives: parser.directives(Variables::Refused)?,
    })
}

/// A type after a colon, and the default after it.
fn typed(parser: &mut Parser<'_>) -> Result<(Type, Option<Value>), Problem> {
    parser.expect(':')?;
    let kind = parser.kind()?;
    let default = if parser.skip('=')? {
        Some(parser.value(Variables::Refused)?)
    } else {
        None
    };
    Ok((kind, default))
}

fn enum_value(parser: &mut Parser<'_>) -> Result<EnumValue, Problem> {
    Ok(EnumValue {
        description: description(parser)?,
        name: parser.name()?,
        directives: parser.directives(Variables::Refused)?,
    })
}

fn directive(parser: &mut Parser<'_>) -> Result<DirectiveDefinition, Problem> {
    parser.expect('@')?;
    let name = parser.name()?;
    let arguments = parser.some(('(', ')'), argument)?;
    let is_repeatable = parser.skip_word("repeatable")?;
    parser.expect_word("on")?;
    let locations = parser.names('|')?;
    if let Some(unknown) = locations
        .iter()
        .find(|location| !LOCATIONS.contains(&location.as_str()))
    {
        return Err(Problem::Invalid(format!(
            "the directive `@{name}` is for `{unknown}`, which is no place of GraphQL"
        )));
    }
    Ok(DirectiveDefinition {
        description: String::new(),
        name,
        arguments,
        locations,
        is_repeatable,
    })
}
