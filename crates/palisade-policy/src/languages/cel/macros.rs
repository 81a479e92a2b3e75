//! Calls that are not functions: loops, `has`, bindings, and names that libraries reserve.

use palisade_document::Span;

use super::fault::Mistake;
use super::node::{Comprehension, Constant, Fold, NodeKind};
use super::overload::Dialect;
use super::resolve::{Local, Resolver, dotted};
use super::syntax::{Expr, ExprKind, Item};

/// Look-ups of Kyverno, as values that their methods are called on.
const SERVICES: [(&str, &str); 4] = [
    ("resource", "kyverno.resource"),
    ("http", "kyverno.http"),
    ("globalContext", "kyverno.globalContext"),
    ("generator", "kyverno.generator"),
];

/// A look-up of Kyverno by its name.
pub(super) fn service(dialect: Dialect, name: &str) -> Option<Constant> {
    let found = SERVICES.iter().find(|(known, _)| *known == name)?;
    (dialect == Dialect::Kyverno).then_some(Constant::Service(found.1))
}

/// Whether messages of this type can be made.
pub(super) fn is_message(dialect: Dialect, name: &str) -> bool {
    let object = || name == "Object" || name.starts_with("Object.") || name == "JSONPatch";
    (dialect != Dialect::Standard && object()) || super::library::wellknown::is_known(name)
}

/// The node of a macro; `None` if the call is one of a function.
pub(super) fn expand(
    resolver: &mut Resolver<'_>,
    expr: &Expr,
) -> Result<Option<NodeKind>, Mistake> {
    let ExprKind::Call {
        receiver,
        name,
        arguments,
    } = &expr.kind
    else {
        return Ok(None);
    };
    let Some(receiver) = receiver else {
        return match (name.as_str(), arguments.as_slice()) {
            ("has", [argument]) => resolver.test(argument).map(Some),
            _ => Ok(None),
        };
    };
    if let Some((prefix, _)) = dotted(receiver) {
        match (prefix.as_str(), name.as_str()) {
            ("cel", _) => return bindings(resolver, name, arguments, expr.span),
            ("math", "greatest" | "least") => {
                return extreme(resolver, name, arguments, expr.span).map(Some);
            }
            _ => {}
        }
    }
    match (name.as_str(), arguments.as_slice()) {
        ("optMap" | "optFlatMap", [variable, body]) => {
            let operand = resolver.boxed(receiver)?;
            let slot = resolver.slot(variable.span)?;
            let known = [(variable_name(variable)?, Local::Plain(slot))];
            let body = resolver.with(&known, |resolver| resolver.boxed(body))?;
            resolver.release(slot);
            let flat = name == "optFlatMap";
            Ok(Some(NodeKind::OptionalMap {
                operand,
                slot,
                body,
                flat,
            }))
        }
        ("or" | "orValue", [otherwise]) => Ok(Some(NodeKind::OrElse {
            operand: resolver.boxed(receiver)?,
            otherwise: resolver.boxed(otherwise)?,
            value: name == "orValue",
        })),
        _ => comprehension(resolver, receiver, name, arguments),
    }
}

/// The name of a loop variable.
fn variable_name(expr: &Expr) -> Result<&str, Mistake> {
    match &expr.kind {
        ExprKind::Name {
            name,
            absolute: false,
        } => Ok(name),
        _ => Err(Mistake::at(expr.span, "expected the name of a variable")),
    }
}

/// Test suites write generated names as `cel.iterVar(n, m)`.
fn generated_name(expr: &Expr) -> Option<String> {
    let ExprKind::Call {
        receiver: Some(receiver),
        name,
        arguments,
    } = &expr.kind
    else {
        return None;
    };
    let (prefix, _) = dotted(receiver)?;
    if prefix != "cel" || !matches!(name.as_str(), "iterVar" | "accuVar") {
        return None;
    }
    let mut text = format!("@{name}");
    for argument in arguments {
        let ExprKind::Literal(literal) = &argument.kind else {
            return None;
        };
        text = format!("{text}:{literal:?}");
    }
    Some(text)
}

fn any_name(expr: &Expr) -> Result<String, Mistake> {
    match generated_name(expr) {
        Some(name) => Ok(name),
        None => variable_name(expr).map(str::to_owned),
    }
}

/// Whether the first argument can only be a loop variable.
fn names_variable(expr: &Expr) -> bool {
    any_name(expr).is_ok()
}

fn comprehension(
    resolver: &mut Resolver<'_>,
    receiver: &Expr,
    name: &str,
    arguments: &[Expr],
) -> Result<Option<NodeKind>, Mistake> {
    let (variables, keep, value) = match (name, arguments) {
        (
            "all" | "exists" | "exists_one" | "existsOne" | "filter" | "map" | "sortBy",
            [x, body],
        ) => (vec![x], None, body),
        ("map", [x, keep, value]) => (vec![x], Some(keep), value),
        ("all" | "exists" | "exists_one" | "existsOne", [x, y, body]) => (vec![x, y], None, body),
        ("transformList" | "transformMap" | "transformMapEntry", [x, y, value]) => {
            (vec![x, y], None, value)
        }
        ("transformList" | "transformMap" | "transformMapEntry", [x, y, keep, value]) => {
            (vec![x, y], Some(keep), value)
        }
        _ => return Ok(None),
    };
    if let Some(wrong) = variables.iter().find(|variable| !names_variable(variable)) {
        return Err(Mistake::at(
            wrong.span,
            format!("`{name}` takes the name of a variable here"),
        ));
    }
    let range = resolver.node(receiver)?;
    let mut known = Vec::new();
    for variable in &variables {
        let slot = resolver.slot(variable.span)?;
        known.push((any_name(variable)?, slot));
    }
    if let [(first, _), (second, _)] = known.as_slice()
        && first == second
    {
        let message = format!("both variables of `{name}` are called `{first}`");
        return Err(Mistake::at(receiver.span, message));
    }
    let names: Vec<(&str, Local)> = known
        .iter()
        .map(|(name, slot)| (name.as_str(), Local::Plain(*slot)))
        .collect();
    let (keep, value) = resolver.with(&names, |resolver| {
        let keep = keep.map(|keep| resolver.node(keep)).transpose()?;
        Ok((keep, resolver.node(value)?))
    })?;
    let fold = match name {
        "all" => Fold::All(value),
        "exists" => Fold::Exists(value),
        "exists_one" | "existsOne" => Fold::ExistsOne(value),
        "filter" => Fold::Filter(value),
        "sortBy" => Fold::SortBy(value),
        "transformMap" => Fold::TransformMap { keep, value },
        "transformMapEntry" => Fold::TransformMapEntry { keep, value },
        _ => Fold::Map { keep, value },
    };
    let mut slots = known.iter().map(|(_, slot)| *slot);
    let first = slots.next().unwrap_or(0);
    let second = slots.next();
    resolver.release(first);
    Ok(Some(NodeKind::Comprehension(Box::new(Comprehension {
        range,
        first,
        second,
        fold,
    }))))
}

/// `cel.bind`, `cel.block` and its test-only companions.
fn bindings(
    resolver: &mut Resolver<'_>,
    name: &str,
    arguments: &[Expr],
    span: Span,
) -> Result<Option<NodeKind>, Mistake> {
    match (name, arguments) {
        ("bind", [variable, value, body]) => {
            let variable_name = any_name(variable)?;
            let value = resolver.boxed(value)?;
            let slot = resolver.slot(variable.span)?;
            let known = [(variable_name.as_str(), Local::Plain(slot))];
            let body = resolver.with(&known, |resolver| resolver.boxed(body))?;
            resolver.release(slot);
            Ok(Some(NodeKind::Bind { slot, value, body }))
        }
        ("block", [values, body]) => {
            let ExprKind::List(items) = &values.kind else {
                return Err(Mistake::at(
                    values.span,
                    "`cel.block` takes a list of values",
                ));
            };
            block(resolver, items, body).map(Some)
        }
        ("index", [index]) => {
            let name = format!("@index:{:?}", index.kind);
            let name = Expr {
                kind: ExprKind::Name {
                    name,
                    absolute: false,
                },
                span,
            };
            resolver.node(&name).map(|node| Some(node.kind))
        }
        ("iterVar" | "accuVar", _) => {
            let call = Expr {
                kind: ExprKind::Call {
                    receiver: Some(Box::new(Expr {
                        kind: ExprKind::Name {
                            name: "cel".to_owned(),
                            absolute: false,
                        },
                        span,
                    })),
                    name: name.to_owned(),
                    arguments: arguments.to_vec(),
                },
                span,
            };
            let name = any_name(&call)?;
            let name = Expr {
                kind: ExprKind::Name {
                    name,
                    absolute: false,
                },
                span,
            };
            resolver.node(&name).map(|node| Some(node.kind))
        }
        _ => Ok(None),
    }
}

fn block(resolver: &mut Resolver<'_>, items: &[Item], body: &Expr) -> Result<NodeKind, Mistake> {
    let mut names = Vec::new();
    let mut first = None;
    for (index, item) in items.iter().enumerate() {
        let slot = resolver.slot(item.value.span)?;
        first.get_or_insert(slot);
        let index = i64::try_from(index).unwrap_or(i64::MAX);
        let literal = ExprKind::Literal(super::syntax::Literal::Int(index));
        names.push((format!("@index:{literal:?}"), Local::Block(slot)));
    }
    let names: Vec<(&str, Local)> = names
        .iter()
        .map(|(name, local)| (name.as_str(), *local))
        .collect();
    let mut values = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let earlier = names.get(..index).unwrap_or(&[]);
        values.push(resolver.with(earlier, |resolver| resolver.node(&item.value))?);
    }
    let body = resolver.with(&names, |resolver| resolver.boxed(body))?;
    let first = first.unwrap_or(0);
    if !items.is_empty() {
        resolver.release(first);
    }
    Ok(NodeKind::Block {
        first,
        values,
        body,
    })
}

/// `math.greatest(…)` and `math.least(…)` take numbers or one list of them.
fn extreme(
    resolver: &mut Resolver<'_>,
    name: &str,
    arguments: &[Expr],
    span: Span,
) -> Result<NodeKind, Mistake> {
    let full = format!("math.{name}");
    if arguments.is_empty() {
        return Err(Mistake::at(
            span,
            format!("`{full}` takes at least one number"),
        ));
    }
    if arguments.len() <= 2 {
        return resolver
            .apply(&full, None, arguments, span)
            .map(|node| node.kind);
    }
    let items = arguments.iter().map(|value| Item {
        value: value.clone(),
        optional: false,
    });
    let list = Expr {
        kind: ExprKind::List(items.collect()),
        span,
    };
    resolver
        .apply(&full, None, &[list], span)
        .map(|node| node.kind)
}
