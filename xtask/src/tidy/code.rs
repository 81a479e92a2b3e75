//! Budgets of style: file and function length, arguments, headers, tests that assert.

use anyhow::{Context as _, Result};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use super::Breach;

const MAX_FILE_LINES: usize = 500;
const MAX_FUNCTION_LINES: usize = 70;
const MAX_ARGUMENTS: usize = 5;
const MAX_BOOLS: usize = 1;

/// Breaches in one file.
pub(crate) fn breaches(path: &str, text: &str) -> Result<Vec<Breach>> {
    let mut found = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_FILE_LINES {
        found.push(format!(
            "{path}: {lines} lines, at most {MAX_FILE_LINES}: split it by idea"
        ));
    }
    if !text.starts_with("//!") {
        found.push(format!(
            "{path}: no `//!` header that says what the file is for"
        ));
    }
    let file = syn::parse_file(text).with_context(|| format!("cannot parse `{path}`"))?;
    let mut visitor = Functions {
        path,
        found: &mut found,
        in_trait_impl: false,
    };
    visitor.visit_file(&file);
    Ok(found)
}

struct Functions<'a> {
    path: &'a str,
    found: &'a mut Vec<Breach>,
    /// How many arguments there are is up to the trait there.
    in_trait_impl: bool,
}

impl Functions<'_> {
    fn judge(
        &mut self,
        attributes: &[syn::Attribute],
        signature: &syn::Signature,
        body: &syn::Block,
    ) {
        let name = &signature.ident;
        let place = format!("{}:{}", self.path, signature.span().start().line);
        let lines = body.span().end().line - signature.span().start().line + 1;
        if lines > MAX_FUNCTION_LINES {
            self.found.push(format!(
                "{place}: `{name}` has {lines} lines, at most {MAX_FUNCTION_LINES}"
            ));
        }
        let arguments = signature.inputs.len();
        if arguments > MAX_ARGUMENTS && !self.in_trait_impl {
            self.found.push(format!(
                "{place}: `{name}` takes {arguments} arguments, at most {MAX_ARGUMENTS}"
            ));
        }
        let bools = signature
            .inputs
            .iter()
            .filter(|argument| is_bool(argument))
            .count();
        if bools > MAX_BOOLS {
            self.found.push(format!(
                "{place}: `{name}` takes {bools} booleans; name the cases with an enum"
            ));
        }
        if attributes
            .iter()
            .any(|attribute| attribute.path().is_ident("test"))
            && !asserts(body)
        {
            self.found
                .push(format!("{place}: test `{name}` asserts nothing"));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.judge(&item.attrs, &item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let around = std::mem::replace(&mut self.in_trait_impl, item.trait_.is_some());
        visit::visit_item_impl(self, item);
        self.in_trait_impl = around;
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.judge(&item.attrs, &item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }
}

fn is_bool(argument: &syn::FnArg) -> bool {
    match argument {
        syn::FnArg::Typed(typed) => {
            matches!(&*typed.ty, syn::Type::Path(path) if path.path.is_ident("bool"))
        }
        syn::FnArg::Receiver(_) => false,
    }
}

/// Whether a test can fail: it asserts, unwraps, expects, uses `?`, or calls a function of the
/// same file whose name begins with `check`, `assert` or `expect`.
fn asserts(body: &syn::Block) -> bool {
    struct Search(bool);
    impl<'ast> Visit<'ast> for Search {
        fn visit_macro(&mut self, item: &'ast syn::Macro) {
            let name = item
                .path
                .segments
                .last()
                .map(|segment| segment.ident.to_string())
                .unwrap_or_default();
            self.0 |= name.contains("assert") || name == "panic";
        }
        fn visit_expr_try(&mut self, _: &'ast syn::ExprTry) {
            self.0 = true;
        }
        fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
            let name = call.method.to_string();
            self.0 |= name.starts_with("unwrap")
                || name.starts_with("expect")
                || name.starts_with("assert");
            visit::visit_expr_method_call(self, call);
        }
        fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
            if let syn::Expr::Path(path) = &*call.func {
                let name = path
                    .path
                    .segments
                    .last()
                    .map(|segment| segment.ident.to_string())
                    .unwrap_or_default();
                self.0 |= ["check", "assert", "expect"]
                    .iter()
                    .any(|start| name.starts_with(start));
            }
            visit::visit_expr_call(self, call);
        }
    }
    let mut search = Search(false);
    search.visit_block(body);
    search.0
}

#[cfg(test)]
mod tests {
    use super::breaches;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found = breaches("a.rs", text).expect("the sample parses");
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                found.contains(expected),
                "{found} should mention {expected}"
            );
        }
    }

    #[test]
    fn a_file_without_header_is_a_breach() {
        check("fn main() {}\n", &["no `//!` header"]);
    }

    #[test]
    fn a_test_that_asserts_nothing_is_a_breach() {
        check(
            "//! A.\n#[test]\nfn empty() { let _x = 1; }\n",
            &["asserts nothing"],
        );
        check("//! A.\n#[test]\nfn full() { assert!(true); }\n", &[]);
        check("//! A.\n#[test]\nfn through_check() { check(1); }\n", &[]);
    }

    #[test]
    fn two_booleans_are_a_breach() {
        check(
            "//! A.\nfn f(a: bool, b: bool) { drop((a, b)) }\n",
            &["2 booleans"],
        );
    }

    #[test]
    fn arguments_that_a_trait_asks_for_are_no_breach() {
        let function = "fn f(a: u8, b: u8, c: u8, d: u8, e: u8, g: u8) {}";
        check(&format!("//! A.\n{function}\n"), &["takes 6 arguments"]);
        check(
            &format!("//! A.\nimpl A {{ {function} }}\n"),
            &["takes 6 arguments"],
        );
        check(&format!("//! A.\nimpl T for A {{ {function} }}\n"), &[]);
    }

    #[test]
    fn a_long_function_is_a_breach() {
        let body = "    let _x = 1;\n".repeat(80);
        check(&format!("//! A.\nfn f() {{\n{body}}}\n"), &["at most 70"]);
    }
}
