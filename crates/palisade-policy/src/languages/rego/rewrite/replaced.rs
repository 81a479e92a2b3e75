//! Builtins in `with`: those that are replaced, and those that replace others.
//!
//! The engine replaces only what it has of itself, and takes the bare name of a builtin for a
//! variable. So each builtin that stands in a `with` gets a function that calls it, its stand-in,
//! and every call and `with` of the bundle names that.

use std::collections::BTreeSet;

use super::super::builtins;
use super::super::functions::{self, Known};
use super::super::recursion::local_names;
use super::super::syntax::{Expr, ExprKind, Mistake, Module, Node, Rule, walk_rule};
use super::{Edit, apply};

/// The package of the stand-ins.
const PACKAGE: &str = "palisade_stand_ins";

/// The builtins of a bundle that have a stand-in.
#[derive(Debug, Clone, Default)]
pub(in crate::languages::rego) struct Replaced(BTreeSet<String>);

impl Replaced {
    /// Adds those that stand in a `with` of a module; `package` are the first names of the rules of its package.
    pub(in crate::languages::rego) fn add(&mut self, module: &Module, package: &BTreeSet<String>) {
        for rule in &module.rules {
            let names = Names::of(module, rule, package);
            let found = names.in_with(rule).into_iter();
            let found = found.map(|found| found.name);
            self.0.extend(found.filter(|name| has_stand_in(name)));
        }
    }

    /// A module's text with the stand-ins in place of builtins.
    pub(in crate::languages::rego) fn put_in(
        &self,
        text: &str,
        module: &Module,
        package: &BTreeSet<String>,
    ) -> Result<String, Mistake> {
        let mut edits = Vec::new();
        for rule in &module.rules {
            refuse(module, rule, package)?;
            edits.extend(self.edits(module, rule, package));
        }
        Ok(apply(text, edits))
    }

    fn edits(&self, module: &Module, rule: &Rule, package: &BTreeSet<String>) -> Vec<Edit> {
        let names = Names::of(module, rule, package);
        let mut edits = Vec::new();
        for found in names.in_with(rule) {
            let (start, end) = (found.expr.span.start, found.expr.span.end);
            if self.0.contains(&found.name) {
                edits.push(Edit::new(start, end, stand_in(&found.name)));
            } else if found.role == Role::Value && arity(&found.name) == Some(0) {
                edits.push(Edit::insert(end, "()"));
            }
        }
        walk_rule(rule, &mut |node| {
            if let Node::Expr(expr) = node
                && let Some((function, name)) = names.called(expr)
                && self.0.contains(&name)
            {
                let (start, end) = (function.span.start, function.span.end);
                edits.push(Edit::new(start, end, stand_in(&name)));
            }
        });
        edits
    }

    /// The path and text of the module with the stand-ins, if there are any.
    pub(in crate::languages::rego) fn module(&self) -> Option<(String, String)> {
        if self.0.is_empty() {
            return None;
        }
        let mut text = format!("package {PACKAGE}\n");
        for name in &self.0 {
            let count = arity(name).unwrap_or(0);
            let arguments: Vec<_> = (0..count).map(|at| format!("a{at}")).collect();
            let arguments = arguments.join(", ");
            let call = match name.as_str() {
                "sprintf" => format!("internal.sprintf({arguments})"),
                "json.match_schema" => {
                    format!("internal.schema_result(json.match_schema({arguments}))")
                }
                name @ ("json.marshal" | "yaml.marshal") => {
                    format!("{name}(internal.bounded({arguments}))")
                }
                name => format!("{name}({arguments})"),
            };
            text.extend([&*function(name), "(", &*arguments, ") := ", &*call, "\n"]);
        }
        Some((PACKAGE.to_owned(), text))
    }

    /// A builtin in a `with` of a query that cannot be replaced there, because the policies have no
    /// stand-in for it.
    pub(in crate::languages::rego) fn unready(&self, query: &Module) -> Option<Mistake> {
        let none = BTreeSet::new();
        let found = query.rules.iter().flat_map(|rule| {
            let names = Names::of(query, rule, &none);
            names.in_with(rule)
        });
        let mut unready =
            found.filter(|found| has_stand_in(&found.name) && !self.0.contains(&found.name));
        let found = unready.next()?;
        let message = format!(
            "the builtin `{}` is replaced in the query, but in none of the policies; say `with` in a rule of theirs",
            found.name
        );
        Some(Mistake::new(found.expr.span, message))
    }
}

/// Refuses a builtin in a `with` that cannot be replaced, or replace another.
fn refuse(module: &Module, rule: &Rule, package: &BTreeSet<String>) -> Result<(), Mistake> {
    let mut found = Names::of(module, rule, package).in_with(rule).into_iter();
    let Some(found) = found.find(|found| !is_replaceable(&found.name)) else {
        return Ok(());
    };
    let message = match found.role {
        Role::Target => format!("`{}` cannot be replaced by `with`", found.name),
        Role::Value => format!("`{}` cannot replace a function in `with`", found.name),
    };
    Err(Mistake::new(found.expr.span, message))
}

/// What a builtin is in a `with`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Target,
    Value,
}

/// A builtin in a `with`.
struct Found<'m> {
    expr: &'m Expr,
    name: String,
    role: Role,
}

/// What names mean in a rule.
struct Names<'m> {
    module: &'m Module,
    package: &'m BTreeSet<String>,
    local: BTreeSet<String>,
}

impl<'m> Names<'m> {
    fn of(module: &'m Module, rule: &Rule, package: &'m BTreeSet<String>) -> Self {
        Self {
            module,
            package,
            local: local_names(rule),
        }
    }

    /// The builtin that an expression names, if no rule or import has its name.
    fn builtin(&self, expr: &Expr) -> Option<String> {
        let path = expr.path()?;
        let first = path.first()?;
        let mut imports = self.module.imports.iter();
        let is_imported = imports.any(|import| {
            let root = import.path.first().map(String::as_str);
            let is_dialect = matches!(root, Some("rego" | "future"));
            !is_dialect && import.name() == Some(first)
        });
        if is_imported || self.package.contains(first) || matches!(&**first, "data" | "input") {
            return None;
        }
        let name = path.join(".");
        (functions::find(&name) != Known::Unknown).then_some(name)
    }

    /// The builtin that an expression calls. No variable can be called.
    fn called<'e>(&self, expr: &'e Expr) -> Option<(&'e Expr, String)> {
        let ExprKind::Call(function, _) = &expr.kind else {
            return None;
        };
        Some((function, self.builtin(function)?))
    }

    /// The builtins in the `with`s of a rule.
    fn in_with<'r>(&self, rule: &'r Rule) -> Vec<Found<'r>> {
        let mut found = Vec::new();
        walk_rule(rule, &mut |node| {
            let Node::Statement(statement) = node else {
                return;
            };
            for with in &statement.with {
                let target = with.target.path().unwrap_or_default();
                let is_input = target.first().is_some_and(|root| root == "input");
                if let Some(name) = self.builtin(&with.target) {
                    let (expr, role) = (&with.target, Role::Target);
                    found.push(Found { expr, name, role });
                }
                let value = with.value.path().unwrap_or_default();
                let is_local = value.first().is_some_and(|name| self.local.contains(name));
                if let Some(name) = self.builtin(&with.value).filter(|_| !is_local && !is_input) {
                    let (expr, role) = (&with.value, Role::Value);
                    found.push(Found { expr, name, role });
                }
            }
        });
        found
    }
}

/// How many arguments a builtin takes.
fn arity(name: &str) -> Option<u8> {
    builtins::arity(name).or_else(|| match functions::find(name) {
        Known::Takes(arity) => Some(arity),
        Known::Unknown | Known::Anything => None,
    })
}

/// Whether a builtin is a function of its arguments that is called by its name: `walk` is a
/// relation, and the calls of others are written otherwise before the engine sees them.
fn is_replaceable(name: &str) -> bool {
    name != "walk" && !name.starts_with("internal.") && arity(name).is_some()
}

/// Whether a builtin gets a stand-in: one without arguments is replaced by the engine itself.
fn has_stand_in(name: &str) -> bool {
    is_replaceable(name) && arity(name) != Some(0)
}

fn stand_in(name: &str) -> String {
    format!("data.{PACKAGE}.{}", function(name))
}

/// The prefix keeps a stand-in from calling itself.
fn function(name: &str) -> String {
    format!("for_{}", name.replace('.', "__"))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::sync::Arc;
    use std::time::Duration;

    use palisade_document::SourceFile;

    use super::super::super::engine::Question;
    use super::super::super::modules::{Dialect, Policies, PolicyText, load};
    use super::super::super::query::rewrite_query;
    use super::super::super::term::Term;
    use super::super::super::world::World;
    use super::*;

    fn loaded(text: &str) -> Result<Policies, String> {
        let file = Arc::new(SourceFile::new("t.rego", text));
        let text = PolicyText::file("t.rego", &file, Dialect::V1);
        load(vec![text], &[]).map_err(|errors| errors[0].message.clone())
    }

    /// The value of a query; `None` where it is undefined.
    fn value(policies: &Policies, query: &str) -> Result<Option<Term>, String> {
        let query = rewrite_query(&format!("x = {query}"), &policies.replaced);
        let query = query.map_err(|mistake| mistake.message)?;
        let question = Question {
            input: None,
            data: None,
            time: Duration::from_secs(10),
            memory: 256 << 20,
            world: World {
                now_ns: Some(1),
                seed: Some(7),
                ..World::default()
            },
            send: None,
        };
        let outcome = policies.program.query(&query, question);
        let results = outcome.map_err(|error| error.message)?.value;
        Ok(results
            .first()
            .and_then(|one| one.bindings.get("x").cloned()))
    }

    #[test]
    fn every_builtin_is_replaced_and_replaces_others() {
        let names = functions::names();
        assert!(names.len() > 150, "{}", names.len());
        for name in names.into_iter().filter(|name| is_replaceable(name)) {
            let count = arity(name).unwrap_or(0);
            let arguments = vec!["1"; usize::from(count)].join(", ");
            let declared: Vec<_> = (0..count).map(|at| format!("_a{at}")).collect();
            let own = match count {
                0 => "own := \"own\"\n".to_owned(),
                _ => format!("own({}) := \"own\"\n", declared.join(", ")),
            };
            let mut text = format!(
                "package t\n{own}direct := x if x := {name}({arguments}) with {name} as \"mock\"\n\
                by_own := x if x := {name}({arguments}) with {name} as own\n\
                indirect := x if x := asked with {name} as \"mock\"\nasked := {name}({arguments})\n"
            );
            if count > 0 {
                let _infallible = writeln!(
                    text,
                    "replacing := x if x := own({arguments}) with own as {name}"
                );
            }
            let policies = loaded(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            let said = |rule: &str| value(&policies, &format!("data.t.{rule}"));
            for (rule, wanted) in [("direct", "mock"), ("by_own", "own"), ("indirect", "mock")] {
                assert_eq!(said(rule), Ok(Some(Term::text(wanted))), "{name}: {rule}");
            }
            if count > 0 {
                let plain = format!("package t\nasked := {name}({arguments})\n");
                let plain = loaded(&plain).expect("it loads");
                assert_eq!(said("replacing"), value(&plain, "data.t.asked"), "{name}");
            }
        }
    }

    #[test]
    fn names_of_rules_imports_and_variables_are_left_alone() {
        let text = "package t\nimport data.t.lib as time\nmax(x) := x\nf(x) := x\nlib := {\"now\": 5}\n\
            sum := 3\na := x if x := f([1, 2]) with f as count\nb := x if { count := 7; x := count }\n\
            c := x if x := f(2) with f as max\nd := time.now\ne := x if x := sum with input as 1\n\
            g := x if { min := 9; x := f(1) with f as min }\n";
        let policies = loaded(text).expect("it loads");
        for (rule, wanted) in [("a", 2), ("b", 7), ("c", 2), ("d", 5), ("e", 3), ("g", 9)] {
            let found = value(&policies, &format!("data.t.{rule}"));
            assert_eq!(found, Ok(Some(Term::int(wanted))), "{rule}");
        }
    }

    #[test]
    fn what_cannot_be_replaced_is_refused() {
        for (with, wanted) in [
            ("walk as f", "`walk` cannot be replaced by `with`"),
            ("print as f", "`print` cannot be replaced by `with`"),
            (
                "rego.metadata.rule as f",
                "`rego.metadata.rule` cannot be replaced by `with`",
            ),
            ("f as walk", "`walk` cannot replace a function in `with`"),
        ] {
            let text = format!("package t\nf(x) := x\np if f(1) with {with}\n");
            assert_eq!(loaded(&text).err().as_deref(), Some(wanted));
        }
        let policies = loaded("package t\np := count([1])\nf(x) := 5\n").expect("it loads");
        let found = value(&policies, "data.t.p with count as data.t.f");
        let message = found.expect_err("calls in the policies have no stand-in");
        assert!(
            message.starts_with("the builtin `count` is replaced in the query"),
            "{message}"
        );
    }
}
