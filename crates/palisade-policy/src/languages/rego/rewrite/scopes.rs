//! Variables that the engine orders or takes wrongly: those that hide a rule, those that are
//! declared late, those that are looked up by themselves, and collections that are none.

use std::collections::BTreeSet;

use palisade_document::Span;

use super::super::syntax::{
    Expr, ExprKind, Module, Node, Part, Query, Rule, Statement, StatementKind, walk_module,
    walk_rule,
};
use super::negation::one_line;
use super::{Edit, apply};

/// What gives a collection or nothing.
const COLLECTIONS: &[&str] = &[
    "array.concat",
    "array.slice",
    "intersection",
    "numbers.range",
    "object.keys",
    "split",
    "union",
];

/// The module with names of its own for variables that hide a rule or an import.
pub(super) fn rename(text: &str, module: &Module, rules: &BTreeSet<String>) -> String {
    let mut names: BTreeSet<&str> = rules.iter().map(String::as_str).collect();
    names.extend(module.imports.iter().filter_map(|import| import.name()));
    let mut edits = Vec::new();
    for rule in &module.rules {
        let mut around = names.clone();
        for argument in rule.head.args.iter().flatten() {
            variables(argument, &mut around);
        }
        for body in &rule.bodies {
            // The head belongs to each of several bodies: it is left to the engine.
            let alone = rule.bodies.iter().filter(|body| !body.is_else).count() == 1;
            let mut heads: Vec<&Expr> = body.value.iter().collect();
            if alone && !body.is_else {
                heads.extend(rule.head.key.iter().chain(&rule.head.value));
                heads.extend(name_parts(rule));
            }
            let hidden = hidden(&body.query, &names);
            rename_in(&hidden, &heads, &body.query, &mut edits);
        }
        walk_rule(rule, &mut |node| match node {
            Node::Expr(Expr {
                kind: ExprKind::Comprehension(heads, query),
                ..
            }) => {
                let heads: Vec<&Expr> = heads.iter().collect();
                rename_in(&hidden(query, &around), &heads, query, &mut edits);
            }
            Node::Statement(Statement {
                kind: StatementKind::Every(declared, _, query),
                ..
            }) => {
                let mut hidden = hidden(query, &around);
                let declared: Vec<&Expr> = declared.iter().collect();
                hidden.extend(declared.iter().filter_map(|name| match &name.kind {
                    ExprKind::Var(name) if around.contains(name.as_str()) => Some(name.as_str()),
                    _ => None,
                }));
                rename_in(&hidden, &declared, query, &mut edits);
            }
            _ => {}
        });
    }
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    edits.dedup_by_key(|edit| edit.span);
    apply(text, edits)
}

/// The keys in a rule's name.
fn name_parts(rule: &Rule) -> impl Iterator<Item = &Expr> {
    let parts = match &rule.head.name.kind {
        ExprKind::Ref(_, parts) => parts.as_slice(),
        _ => &[],
    };
    parts.iter().filter_map(|part| match part {
        Part::Index(index) => Some(index),
        Part::Field(..) => None,
    })
}

/// The names that `some … in` of a query declares and that hide others.
fn hidden<'m>(query: &'m Query, names: &BTreeSet<&str>) -> BTreeSet<&'m str> {
    let mut found = BTreeSet::new();
    for statement in &query.statements {
        if let StatementKind::Some(declared, Some(_)) = &statement.kind {
            for name in declared {
                variables(name, &mut found);
            }
        }
    }
    found.retain(|name| names.contains(name));
    found
}

fn variables<'m>(expr: &'m Expr, found: &mut BTreeSet<&'m str>) {
    if let ExprKind::Var(name) = &expr.kind {
        found.insert(name);
    }
    for inner in expr.inner() {
        variables(inner, found);
    }
}

fn rename_in(hidden: &BTreeSet<&str>, heads: &[&Expr], query: &Query, edits: &mut Vec<Edit>) {
    if hidden.is_empty() {
        return;
    }
    for head in heads {
        rename_expr(hidden, head, edits);
    }
    for statement in &query.statements {
        match &statement.kind {
            StatementKind::Expr(expr) => rename_expr(hidden, expr, edits),
            StatementKind::Some(names, collection) => {
                for expr in names.iter().chain(collection) {
                    rename_expr(hidden, expr, edits);
                }
            }
            StatementKind::Every(names, collection, inner) => {
                rename_expr(hidden, collection, edits);
                let names: Vec<&Expr> = names.iter().collect();
                rename_in(hidden, &names, inner, edits);
            }
        }
        for with in &statement.with {
            rename_expr(hidden, &with.value, edits);
        }
    }
}

fn rename_expr(hidden: &BTreeSet<&str>, expr: &Expr, edits: &mut Vec<Edit>) {
    match &expr.kind {
        ExprKind::Var(name) if hidden.contains(name.as_str()) => {
            let name = format!("__own_{name}");
            edits.push(Edit::new(expr.span.start, expr.span.end, name));
        }
        ExprKind::Call(_, arguments) => {
            for argument in arguments {
                rename_expr(hidden, argument, edits);
            }
        }
        ExprKind::Comprehension(heads, query) => {
            let heads: Vec<&Expr> = heads.iter().collect();
            rename_in(hidden, &heads, query, edits);
        }
        ExprKind::Template(_, holes) => {
            for hole in holes {
                if let StatementKind::Expr(expr) = &hole.kind {
                    rename_expr(hidden, expr, edits);
                }
            }
        }
        _ => {
            for inner in expr.inner() {
                rename_expr(hidden, inner, edits);
            }
        }
    }
}

/// The module with its statements in an order and form that the engine takes.
pub(super) fn settle(text: &str, module: &Module, rules: Option<&BTreeSet<String>>) -> String {
    let mut names: BTreeSet<&str> = rules.into_iter().flatten().map(String::as_str).collect();
    names.extend(module.imports.iter().filter_map(|import| import.name()));
    names.extend(["input", "data"]);
    let mut settler = Settler {
        text,
        names,
        edits: Vec::new(),
        count: 0,
    };
    for rule in &module.rules {
        settler.head(rule);
    }
    walk_module(module, &mut |node| match node {
        Node::Query(query) => {
            settler.late(query);
            for statement in &query.statements {
                settler.statement(query, statement);
            }
        }
        Node::Expr(expr) => settler.member(expr),
        Node::Statement(_) => {}
    });
    apply(text, settler.edits)
}

struct Settler<'t> {
    text: &'t str,
    /// What is no variable.
    names: BTreeSet<&'t str>,
    edits: Vec<Edit>,
    count: usize,
}

impl Settler<'_> {
    fn fresh(&mut self, what: &str) -> String {
        self.count += 1;
        format!("__{what}_{}", self.count)
    }

    /// What a head says is said in the body: where it has no value, the engine would leave the
    /// other values of the rule out as well.
    fn head(&mut self, rule: &Rule) {
        let head = &rule.head;
        let is_function = head.args.is_some();
        let has_else = rule.bodies.iter().any(|body| body.is_else);
        if rule.default || is_function || has_else {
            return;
        }
        let many = head.key.is_some() || name_parts(rule).next().is_some();
        if rule.bodies.is_empty() && (!many || !head.key.as_ref().is_some_and(runs)) {
            return;
        }
        let exprs = name_parts(rule).chain(&head.key).chain(&head.value);
        let exprs: Vec<&Expr> = exprs.filter(|expr| !self.is_plain(expr)).collect();
        let mut said = Vec::new();
        for expr in exprs {
            let name = self.fresh("head");
            said.push(format!("{name} = {}", one_line(self.text, expr.span)));
            self.edits
                .push(Edit::new(expr.span.start, expr.span.end, name));
        }
        if said.is_empty() {
            return;
        }
        let said = said.join("; ");
        if rule.bodies.is_empty() {
            let end = head.span.end;
            self.edits
                .push(Edit::insert(end, format!(" if {{ {said} }}")));
        }
        for body in &rule.bodies {
            let Some(last) = body.query.statements.last() else {
                continue;
            };
            let (start, end) = (body.query.span.start, last.span.end);
            if body.query.enclosed {
                self.edits.push(Edit::insert(end, format!("; {said}")));
            } else {
                self.edits.push(Edit::insert(start, "{ "));
                self.edits.push(Edit::insert(end, format!("; {said} }}")));
            }
        }
    }

    /// `k, v in c`: the engine finds what is undefined in every collection.
    fn member(&mut self, expr: &Expr) {
        if let ExprKind::Binary("in", sides) = &expr.kind
            && let [key, member] = sides.as_slice()
            && let ExprKind::Binary("in", inner) = &member.kind
            && let [value, collection] = inner.as_slice()
        {
            self.edits.extend([
                Edit::insert(key.span.start, "internal.member_3("),
                Edit::new(value.span.end, collection.span.start, ", "),
                Edit::insert(collection.span.end, ")"),
            ]);
        }
    }

    /// Whether an expression always has a value where its variables have one.
    fn is_plain(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Scalar
            | ExprKind::Text(_)
            | ExprKind::Template(..)
            | ExprKind::Comprehension(..) => true,
            ExprKind::Var(name) => !self.names.contains(name.as_str()),
            ExprKind::List(_) | ExprKind::Object(_) | ExprKind::Group(_) => {
                expr.inner().into_iter().all(|inner| self.is_plain(inner))
            }
            ExprKind::Ref(..) | ExprKind::Call(..) | ExprKind::Binary(..) => false,
        }
    }

    /// `some x` after other statements: the engine declares it anew for each of their values.
    fn late(&mut self, query: &Query) {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut first = true;
        let mut moved = Vec::new();
        for statement in &query.statements {
            match &statement.kind {
                StatementKind::Some(names, None) if !first => {
                    let mut declared = BTreeSet::new();
                    for name in names {
                        variables(name, &mut declared);
                    }
                    if declared.is_disjoint(&seen) && query.enclosed {
                        moved.extend(names.iter().map(|name| one_line(self.text, name.span)));
                        let span = statement.span;
                        self.edits.push(Edit::new(span.start, span.end, "true"));
                    }
                    seen.extend(declared);
                }
                StatementKind::Some(_, None) => {}
                StatementKind::Expr(expr) | StatementKind::Every(_, expr, _) => {
                    first = false;
                    variables(expr, &mut seen);
                }
                StatementKind::Some(names, Some(collection)) => {
                    first = false;
                    for name in names {
                        variables(name, &mut seen);
                    }
                    variables(collection, &mut seen);
                }
            }
        }
        if let Some(start) = query.statements.first().filter(|_| !moved.is_empty()) {
            let said = format!("some {}; ", moved.join(", "));
            self.edits.push(Edit::insert(start.span.start, said));
        }
    }

    fn statement(&mut self, query: &Query, statement: &Statement) {
        match &statement.kind {
            StatementKind::Some(names, Some(collection)) if statement.with.is_empty() => {
                self.collection(query, statement, names, collection);
            }
            StatementKind::Expr(Expr {
                kind: ExprKind::Binary("=", sides),
                ..
            }) if statement.with.is_empty() && !statement.negated => {
                self.by_itself(query, statement, sides);
            }
            _ => {}
        }
    }

    /// `some x in y` where `y` is no collection has no answer; the engine calls it a mistake.
    fn collection(
        &mut self,
        query: &Query,
        statement: &Statement,
        names: &[Expr],
        collection: &Expr,
    ) {
        match &collection.kind {
            ExprKind::List(_) | ExprKind::Object(_) | ExprKind::Comprehension(..) => return,
            ExprKind::Call(function, _) => {
                let path = function.path().map(|path| path.join("."));
                if path.is_some_and(|path| COLLECTIONS.contains(&path.as_str())) {
                    return;
                }
            }
            _ => {}
        }
        let name = self.fresh("in");
        let (open, close) = braces(query);
        let said: Vec<String> = names
            .iter()
            .map(|name| one_line(self.text, name.span))
            .collect();
        let start = Span::new(statement.span.start, collection.span.start);
        self.edits.push(Edit {
            span: start,
            text: format!("{open}{name} := "),
        });
        let rest = format!(
            "; {{\"array\", \"object\", \"set\"}}[type_name({name})]; some {} in {name}{close}",
            said.join(", ")
        );
        self.edits.push(Edit::insert(collection.span.end, rest));
    }

    /// `x = y[x]`: the engine finds no order for it.
    fn by_itself(&mut self, query: &Query, statement: &Statement, sides: &[Expr]) {
        let (name, parts) = match sides {
            [
                Expr {
                    kind: ExprKind::Var(name),
                    ..
                },
                Expr {
                    kind: ExprKind::Ref(_, parts),
                    ..
                },
            ]
            | [
                Expr {
                    kind: ExprKind::Ref(_, parts),
                    ..
                },
                Expr {
                    kind: ExprKind::Var(name),
                    ..
                },
            ] if name != "_" => (name, parts),
            _ => return,
        };
        let same = parts.iter().filter_map(|part| match part {
            Part::Index(index) if matches!(&index.kind, ExprKind::Var(key) if key == name) => {
                Some(index.span)
            }
            _ => None,
        });
        let same: Vec<Span> = same.collect();
        let (open, close) = braces(query);
        let mut rest = String::new();
        for span in &same {
            let key = self.fresh("same");
            rest.extend(["; ", &key, " == ", name]);
            self.edits.push(Edit::new(span.start, span.end, key));
        }
        if !same.is_empty() {
            self.edits.push(Edit::insert(statement.span.start, open));
            rest.push_str(close);
            self.edits.push(Edit::insert(statement.span.end, rest));
        }
    }
}

/// The module with variables in brackets of negations that the engine does not run over.
///
/// It takes them for ones that the negation gives a value, and may order it before the statement
/// that does.
pub(super) fn bracket(text: &str, module: &Module) -> String {
    let mut edits = Vec::new();
    walk_module(module, &mut |node| {
        if let Node::Statement(Statement {
            negated: true,
            kind: StatementKind::Expr(expr),
            ..
        }) = node
        {
            brackets(expr, &mut edits);
        }
    });
    apply(text, edits)
}

fn brackets(expr: &Expr, edits: &mut Vec<Edit>) {
    if let ExprKind::Ref(_, parts) = &expr.kind {
        for part in parts {
            if let Part::Index(index) = part
                && let ExprKind::Var(name) = &index.kind
                && name != "_"
            {
                edits.push(Edit::insert(index.span.start, "["));
                edits.push(Edit::insert(index.span.end, "][0]"));
            }
        }
    }
    for inner in expr.inner() {
        brackets(inner, edits);
    }
}

/// What a statement needs around it to become several.
fn braces(query: &Query) -> (&'static str, &'static str) {
    if query.enclosed {
        ("", "")
    } else {
        ("{ ", " }")
    }
}

/// Whether an expression runs over a collection (`x[_]`).
fn runs(expr: &Expr) -> bool {
    let here = match &expr.kind {
        ExprKind::Ref(_, parts) => parts.iter().any(|part| {
            matches!(part, Part::Index(Expr { kind: ExprKind::Var(name), .. }) if name == "_")
        }),
        _ => false,
    };
    here || expr.inner().into_iter().any(runs)
}
