//! Visits every query, statement and expression of a module, outermost first.

use super::tree::{Expr, ExprKind, Module, Query, Rule, Statement, StatementKind};

/// What is visited.
#[derive(Debug, Clone, Copy)]
pub(in crate::languages::rego) enum Node<'m> {
    Query(&'m Query),
    Statement(&'m Statement),
    Expr(&'m Expr),
}

/// Visits a module.
pub(in crate::languages::rego) fn walk_module<'m>(
    module: &'m Module,
    visit: &mut dyn FnMut(Node<'m>),
) {
    for rule in &module.rules {
        walk_rule(rule, visit);
    }
}

/// Visits a rule.
pub(in crate::languages::rego) fn walk_rule<'m>(rule: &'m Rule, visit: &mut dyn FnMut(Node<'m>)) {
    let head = &rule.head;
    walk_expr(&head.name, visit);
    for expr in head
        .args
        .iter()
        .flatten()
        .chain(&head.key)
        .chain(&head.value)
    {
        walk_expr(expr, visit);
    }
    for body in &rule.bodies {
        if let Some(value) = &body.value {
            walk_expr(value, visit);
        }
        walk_query(&body.query, visit);
    }
}

/// Visits a query.
pub(in crate::languages::rego) fn walk_query<'m>(
    query: &'m Query,
    visit: &mut dyn FnMut(Node<'m>),
) {
    visit(Node::Query(query));
    for statement in &query.statements {
        walk_statement(statement, visit);
    }
}

fn walk_statement<'m>(statement: &'m Statement, visit: &mut dyn FnMut(Node<'m>)) {
    visit(Node::Statement(statement));
    match &statement.kind {
        StatementKind::Expr(expr) => walk_expr(expr, visit),
        StatementKind::Some(names, collection) => {
            for expr in names.iter().chain(collection) {
                walk_expr(expr, visit);
            }
        }
        StatementKind::Every(names, domain, body) => {
            for expr in names.iter().chain([domain]) {
                walk_expr(expr, visit);
            }
            walk_query(body, visit);
        }
    }
    for with in &statement.with {
        walk_expr(&with.target, visit);
        walk_expr(&with.value, visit);
    }
}

fn walk_expr<'m>(expr: &'m Expr, visit: &mut dyn FnMut(Node<'m>)) {
    visit(Node::Expr(expr));
    for inner in expr.inner() {
        walk_expr(inner, visit);
    }
    if let ExprKind::Template(_, holes) = &expr.kind {
        for hole in holes {
            walk_statement(hole, visit);
        }
    }
    if let Some(query) = expr.query() {
        walk_query(query, visit);
    }
}
