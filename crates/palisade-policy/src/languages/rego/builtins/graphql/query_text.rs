//! The grammar of operations and fragments (GraphQL, October 2021, 2.2 to 2.12).

use super::ast::{Field, Fragment, Inline, Operation, OperationKind, QueryDocument};
use super::ast::{Selection, Spread, Variable};
use super::lexer::Token;
use super::limits::Problem;
use super::parser::{Parser, Variables};

/// Reads a document of operations and fragments.
pub(super) fn read(text: &str) -> Result<QueryDocument, Problem> {
    let mut parser = Parser::new(text)?;
    let mut document = QueryDocument::default();
    while *parser.peek() != Token::End {
        if parser.skip_word("fragment")? {
            document.fragments.push(fragment(&mut parser)?);
        } else {
            document.operations.push(operation(&mut parser)?);
        }
    }
    Ok(document)
}

fn operation(parser: &mut Parser<'_>) -> Result<Operation, Problem> {
    if *parser.peek() == Token::Mark('{') {
        return Ok(Operation {
            kind: OperationKind::Query,
            selection_set: selections(parser)?,
            ..Operation::default()
        });
    }
    let kind = parser.operation_kind()?;
    let name = match parser.peek() {
        Token::Name(_) => parser.name()?,
        _ => String::new(),
    };
    Ok(Operation {
        kind,
        name,
        variable_definitions: parser.some(('(', ')'), variable)?,
        directives: parser.directives(Variables::Allowed)?,
        selection_set: selections(parser)?,
    })
}

fn variable(parser: &mut Parser<'_>) -> Result<Variable, Problem> {
    parser.expect('$')?;
    let name = parser.name()?;
    parser.expect(':')?;
    let kind = parser.kind()?;
    let default_value = if parser.skip('=')? {
        Some(parser.value(Variables::Refused)?)
    } else {
        None
    };
    let directives = parser.directives(Variables::Allowed)?;
    Ok(Variable::new(name, kind, default_value, directives))
}

fn fragment(parser: &mut Parser<'_>) -> Result<Fragment, Problem> {
    if parser.comes("on") {
        return Err(parser.wanted("the name of a fragment"));
    }
    let name = parser.name()?;
    let variable_definition = parser.some(('(', ')'), variable)?;
    parser.expect_word("on")?;
    Ok(Fragment {
        name,
        variable_definition,
        type_condition: parser.name()?,
        directives: parser.directives(Variables::Allowed)?,
        selection_set: selections(parser)?,
    })
}

fn selections(parser: &mut Parser<'_>) -> Result<Vec<Selection>, Problem> {
    if *parser.peek() != Token::Mark('{') {
        return Err(parser.wanted("`{`"));
    }
    parser.nested(|parser| parser.some(('{', '}'), selection))
}

fn selection(parser: &mut Parser<'_>) -> Result<Selection, Problem> {
    if *parser.peek() != Token::Dots {
        return field(parser).map(Selection::Field);
    }
    parser.next()?;
    if matches!(parser.peek(), Token::Name(_)) && !parser.comes("on") {
        return Ok(Selection::Spread(Spread {
            name: parser.name()?,
            directives: parser.directives(Variables::Allowed)?,
        }));
    }
    let type_condition = if parser.skip_word("on")? {
        parser.name()?
    } else {
        String::new()
    };
    Ok(Selection::Inline(Inline {
        type_condition,
        directives: parser.directives(Variables::Allowed)?,
        selection_set: selections(parser)?,
    }))
}

fn field(parser: &mut Parser<'_>) -> Result<Field, Problem> {
    let alias = parser.name()?;
    let name = if parser.skip(':')? {
        parser.name()?
    } else {
        alias.clone()
    };
    let arguments = parser.arguments(Variables::Allowed)?;
    let directives = parser.directives(Variables::Allowed)?;
    let selection_set = match parser.peek() {
        Token::Mark('{') => selections(parser)?,
        _ => Vec::new(),
    };
    Ok(Field {
        alias,
        name,
        arguments,
        directives,
        selection_set,
    })
}
