//! Mistakes that the engine would only find at an input, or answer wrongly without a word: they
//! keep a policy from loading.

use std::collections::{BTreeMap, BTreeSet};

use palisade_document::Span;

use super::functions::{self, Known};
use super::modules::{Loaded, is_v0};
use super::rewrite::{Overlaps, is_mendable};
use super::sound::{Definitions, Found, reached};
use super::syntax::{
    Expr, ExprKind, Module, Node, Part, Rule, Statement, StatementKind, data_key, walk_module,
    walk_rule,
};
use crate::error::PolicyError;

/// What the modules of a bundle define.
struct Defined<'m> {
    /// Packages that are left out: what they define is not known here.
    gone: &'m BTreeMap<Vec<String>, Definitions>,
    /// First names of rules, by package.
    rules: BTreeMap<&'m [String], BTreeSet<&'m str>>,
    /// How many arguments the functions take, by full path (without `data`).
    functions: BTreeMap<Vec<String>, BTreeSet<usize>>,
}

/// The mistakes of modules that parse, beside packages that are left out because one of theirs
/// does not.
pub(super) fn find(
    modules: &[Loaded],
    overlaps: &Overlaps,
    gone: &BTreeMap<Vec<String>, Definitions>,
) -> Vec<Found> {
    let defined = Defined::of(modules, gone);
    // Through a package that is computed, the engine finds constant heads only.
    let is_computed = modules
        .iter()
        .any(|loaded| computes_packages(&loaded.module));
    let mut found = Vec::new();
    for (at, loaded) in modules.iter().enumerate() {
        // INVARIANT: a name in it may be one of the text that does not parse.
        if gone.contains_key(&loaded.module.package) {
            continue;
        }
        for rule in &loaded.module.rules {
            let mut mistake = |span: Span, message: String| {
                let error = PolicyError::at(loaded.text.origin(span), message);
                found.push((at, error));
            };
            calls(&defined, &loaded.module, rule, &mut mistake);
            variables(&defined, &loaded.module, rule, &mut mistake);
            let confused = !overlaps.constants(&loaded.module, rule).is_empty();
            if confused && (is_computed || !is_mendable(rule, is_v0(loaded))) {
                let message = "a head beside this one runs over the key that is named here, which the engine answers wrongly; say the key as a condition of a variable in the head";
                mistake(rule.head.span, message.to_owned());
            }
        }
    }
    found
}

/// The names that a module means and that neither it nor the other modules of its package define:
/// those of rules and functions that may stand in another folder.
pub(super) fn undefined_names<'m>(
    modules: &'m [Loaded],
    gone: &'m BTreeMap<Vec<String>, Definitions>,
) -> Vec<(&'m Module, String)> {
    let defined = Defined::of(modules, gone);
    let mut found = Vec::new();
    for module in modules.iter().map(|loaded| &loaded.module) {
        for rule in &module.rules {
            for (name, _) in unbound(&defined, module, rule) {
                found.push((module, name.to_owned()));
            }
            walk_rule(rule, &mut |node| {
                if let Node::Expr(Expr {
                    kind: ExprKind::Call(function, _),
                    ..
                }) = node
                    && let ExprKind::Var(name) = &function.kind
                    && matches!(
                        defined.function(module, std::slice::from_ref(name)),
                        Known::Unknown
                    )
                {
                    found.push((module, name.clone()));
                }
            });
        }
    }
    found
}

/// Whether a module refers to `data[x]`.
fn computes_packages(module: &Module) -> bool {
    let mut found = false;
    walk_module(module, &mut |node| {
        if let Node::Expr(expr) = node {
            found |= data_key(expr).as_deref() == Some("*");
        }
    });
    found
}

impl<'m> Defined<'m> {
    fn of(modules: &'m [Loaded], gone: &'m BTreeMap<Vec<String>, Definitions>) -> Self {
        let mut defined = Self {
            gone,
            rules: BTreeMap::new(),
            functions: BTreeMap::new(),
        };
        for module in modules.iter().map(|loaded| &loaded.module) {
            let rules = defined.rules.entry(&module.package).or_default();
            for rule in &module.rules {
                rules.extend(first_name(&rule.head.name));
                if let (Some(args), Some(path)) = (&rule.head.args, rule.head.name.path()) {
                    let path = module.package.iter().cloned().chain(path).collect();
                    let arities = defined.functions.entry(path).or_default();
                    arities.insert(args.len());
                }
            }
        }
        defined
    }

    fn is_rule(&self, module: &Module, name: &str) -> bool {
        let own = self.rules.get(module.package.as_slice());
        own.is_some_and(|own| own.contains(name))
    }

    /// What is known of the function that a path names in a module.
    fn function(&self, module: &Module, path: &[String]) -> Known {
        let full = self.full(module, path);
        if let Some(full) = &full
            && reached(self.gone, full).is_some()
        {
            return Known::Anything;
        }
        if let Some(arities) = full.and_then(|full| self.functions.get(&full)) {
            let mut arities = arities.iter();
            return match (arities.next(), arities.next()) {
                (Some(arity), None) => Known::Takes(u8::try_from(*arity).unwrap_or(u8::MAX)),
                _ => Known::Anything,
            };
        }
        functions::find(&path.join("."))
    }

    /// The path below `data` that a name means in a module.
    fn full(&self, module: &Module, path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        if first == "data" {
            return Some(rest.to_vec());
        }
        let mut imports = module.imports.iter();
        if let Some(import) = imports.find(|import| import.name() == Some(first)) {
            let (root, prefix) = import.path.split_first()?;
            return (root == "data").then(|| prefix.iter().chain(rest).cloned().collect());
        }
        self.is_rule(module, first)
            .then(|| module.package.iter().chain(path).cloned().collect())
    }
}

fn first_name(name: &Expr) -> Option<&str> {
    match &name.kind {
        ExprKind::Var(name) => Some(name),
        ExprKind::Ref(head, _) => first_name(head),
        _ => None,
    }
}

/// Calls of what is no function, and calls with a number of arguments that it does not take.
fn calls(
    defined: &Defined<'_>,
    module: &Module,
    rule: &Rule,
    mistake: &mut dyn FnMut(Span, String),
) {
    walk_rule(rule, &mut |node| {
        let Node::Expr(Expr {
            span,
            kind: ExprKind::Call(function, args),
        }) = node
        else {
            return;
        };
        let Some(path) = function.path() else { return };
        let name = path.join(".");
        match defined.function(module, &path) {
            Known::Unknown => mistake(
                function.span,
                format!("there is no function `{name}`; mend its name or import its package"),
            ),
            Known::Takes(arity) => {
                let (given, arity) = (args.len(), usize::from(arity));
                if given != arity && given != arity + 1 {
                    let word = if arity == 1 { "argument" } else { "arguments" };
                    let message = format!("`{name}` takes {arity} {word} and is given {given}");
                    mistake(*span, message);
                }
            }
            Known::Anything => {}
        }
    });
}

/// Variables that nothing in their rule gives a value. What might give one counts, so that a sound
/// rule is never refused.
fn variables(
    defined: &Defined<'_>,
    module: &Module,
    rule: &Rule,
    mistake: &mut dyn FnMut(Span, String),
) {
    for (name, span) in unbound(defined, module, rule) {
        let message = format!("the variable `{name}` is unsafe: nothing gives it a value");
        mistake(span, message);
    }
}

/// The variables that nothing gives a value, each where it is used first.
fn unbound<'m>(defined: &Defined<'_>, module: &'m Module, rule: &'m Rule) -> Vec<(&'m str, Span)> {
    let mut seen = Variables::default();
    for argument in rule.head.args.iter().flatten() {
        names(argument, &mut seen.bound);
    }
    let head = &rule.head.name;
    walk_rule(rule, &mut |node| match node {
        Node::Expr(expr) => seen.expression(expr, head, |path| defined.function(module, path)),
        Node::Statement(statement) => seen.statement(statement),
        Node::Query(_) => {}
    });
    let is_name = |name: &str| {
        let mut imports = module.imports.iter();
        name.starts_with('_')
            || matches!(name, "input" | "data")
            || defined.is_rule(module, name)
            || imports.any(|import| import.name() == Some(name))
    };
    seen.settle(is_name);
    let used = std::mem::take(&mut seen.used).into_iter();
    used.filter(|(name, _)| !is_name(name) && !seen.bound.contains(name))
        .collect()
}

/// The variables of a rule.
#[derive(Default)]
struct Variables<'m> {
    /// Those that something may give a value.
    bound: BTreeSet<&'m str>,
    /// Pairs that are equal: one has a value if the other has.
    equal: Vec<(&'m str, &'m str)>,
    /// Where each is used first.
    used: BTreeMap<&'m str, Span>,
    /// Names of functions, declarations and the head, which are no uses.
    apart: BTreeSet<(u32, u32)>,
}

impl<'m> Variables<'m> {
    fn statement(&mut self, statement: &'m Statement) {
        match &statement.kind {
            StatementKind::Some(declared, collection) => {
                for name in declared {
                    if collection.is_some() {
                        names(name, &mut self.bound);
                    } else {
                        self.set_apart(name);
                    }
                }
            }
            StatementKind::Every(declared, ..) => {
                for name in declared {
                    names(name, &mut self.bound);
                }
            }
            StatementKind::Expr(_) => {}
        }
        // What is replaced may be a builtin's name, and so may what replaces it.
        for with in &statement.with {
            self.set_apart(&with.target);
            self.set_apart(&with.value);
        }
    }

    fn expression(
        &mut self,
        expr: &'m Expr,
        head: &'m Expr,
        function: impl Fn(&[String]) -> Known,
    ) {
        let is_head = expr.span == head.span;
        match &expr.kind {
            ExprKind::Var(name) => {
                let at = (expr.span.start, expr.span.end);
                if !is_head && !self.apart.contains(&at) {
                    self.used.entry(name).or_insert(expr.span);
                }
            }
            ExprKind::Ref(name, parts) => {
                if is_head {
                    self.set_apart(name);
                    return;
                }
                for part in parts {
                    if let Part::Index(index) = part {
                        names(index, &mut self.bound);
                    }
                }
            }
            ExprKind::Call(callee, args) => {
                self.set_apart(callee);
                let path = callee.path().unwrap_or_default();
                let has_result = match function(&path) {
                    Known::Takes(arity) => args.len() > usize::from(arity),
                    Known::Unknown | Known::Anything => true,
                };
                if let Some(last) = args.last().filter(|_| has_result) {
                    names(last, &mut self.bound);
                }
            }
            ExprKind::Binary(":=", sides) => {
                if let Some(left) = sides.first() {
                    names(left, &mut self.bound);
                }
            }
            ExprKind::Binary("=", sides) => match sides.as_slice() {
                [
                    Expr {
                        kind: ExprKind::Var(left),
                        ..
                    },
                    Expr {
                        kind: ExprKind::Var(right),
                        ..
                    },
                ] => self.equal.push((left, right)),
                sides => sides.iter().for_each(|side| names(side, &mut self.bound)),
            },
            _ => {}
        }
    }

    fn set_apart(&mut self, expr: &'m Expr) {
        self.apart.insert((expr.span.start, expr.span.end));
        if let ExprKind::Ref(head, _) = &expr.kind {
            self.apart.insert((head.span.start, head.span.end));
        }
    }

    /// An equation with one side that has a value gives the other one.
    fn settle(&mut self, is_name: impl Fn(&str) -> bool) {
        loop {
            let before = self.bound.len();
            for (left, right) in &self.equal {
                let known = |name: &str| is_name(name) || self.bound.contains(name);
                if known(left) {
                    self.bound.insert(right);
                } else if known(right) {
                    self.bound.insert(left);
                }
            }
            if self.bound.len() == before {
                return;
            }
        }
    }
}

/// Every variable in an expression.
fn names<'m>(expr: &'m Expr, found: &mut BTreeSet<&'m str>) {
    if let ExprKind::Var(name) = &expr.kind {
        found.insert(name);
    }
    for inner in expr.inner() {
        names(inner, found);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use palisade_document::SourceFile;

    use super::super::modules::{Dialect, PolicyText, load};

    fn mistakes(text: &str) -> Vec<String> {
        let file = Arc::new(SourceFile::new("a.rego", text));
        let text = PolicyText::file("a.rego", &file, Dialect::V1);
        let loaded = load(vec![text], &[]);
        let errors = loaded.err().unwrap_or_default();
        errors.into_iter().map(|error| error.message).collect()
    }

    #[test]
    fn what_no_statement_gives_a_value_is_refused() {
        for (body, unsafe_one) in [
            ("m := y", Some("y")),
            ("some y; m := y", Some("y")),
            ("m := 1; y == 1", Some("y")),
            ("m := 1; x = y", Some("x")),
            ("m := 1; not y", Some("y")),
            ("x = y; y = input.a; m := x", None),
            ("m = input", None),
            ("x = other; m := x", None),
            ("some y in input.a; m := y", None),
            ("input.a[y]; m := y", None),
            ("[m, y] = input.a; y > 1", None),
            ("walk(input, [m, y]); y == 1", None),
            ("m := [y | some y in input.a]", None),
            ("every y in input.a { y > 1 }; m := 1", None),
            ("m := sprintf(\"%v\", [input])", None),
            ("m := count([1]) with input as {}", None),
        ] {
            let text = format!("package a\nother := 1\ndeny contains m if {{ {body} }}\n");
            let found = mistakes(&text);
            let named = |name: &str| {
                let start = format!("the variable `{name}` is unsafe");
                found.iter().any(|message| message.starts_with(&start))
            };
            match unsafe_one {
                Some(name) => assert!(named(name), "{body}: {found:?}"),
                None => assert_eq!(found, [""; 0], "{body}"),
            }
        }
    }

    #[test]
    fn functions_that_are_not_there_and_wrong_counts_are_refused() {
        let found = mistakes("package a\nf(x) := x\np := countt([1])\nq := f(1, 2, 3)\n");
        assert_eq!(
            found,
            [
                "there is no function `countt`; mend its name or import its package",
                "`f` takes 1 argument and is given 3",
            ]
        );
        assert_eq!(mistakes("package a\np := data.b.f(1)\n").len(), 1);
        let sound = "package a\nimport data.a as own\nf(x) := x\np := own.f(1)\nq := data.a.f(2)\n";
        assert_eq!(mistakes(sound), [""; 0]);
    }

    #[test]
    fn heads_that_the_engine_confuses_are_said_otherwise_or_refused() {
        let clash = "package a\np[q].r contains 1 if some q in input.x\np.b.r contains 2\n";
        assert_eq!(mistakes(clash), [""; 0]);
        let both =
            format!("{clash}p.c.r contains 3 if input.y\np[\"d\"].r contains 4 if {{ input.y }}\n");
        assert_eq!(mistakes(&both), [""; 0]);
        let otherwise =
            "package a\np[q].r := 1 if some q in input.x\np.b.r := 2 if input.y else := 3\n";
        assert_eq!(mistakes(otherwise).len(), 1);
        let apart = "package a\np[q] := 1 if some q in input.x\np.b := 2\nr.a contains 1\n";
        assert_eq!(mistakes(apart), [""; 0]);
    }
}
