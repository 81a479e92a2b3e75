//! Entry files and what they give to callers.

mod files;
mod mint;
mod resolving;
mod schema;
mod seeds;

use std::sync::Arc;

use palisade_document::SourceFile;
use palisade_identity::entries::{Compiled, Entries, compile};
use palisade_identity::{Attributes, TrustDomain};

/// The attributes of a caller: `name=value` each.
pub(crate) fn caller(pairs: &[&str]) -> Attributes {
    let mut caller = Attributes::default();
    for pair in pairs {
        let (name, value) = pair.split_once('=').expect("a pair");
        caller.add(name, value).expect("an attribute");
    }
    caller
}

fn own() -> TrustDomain {
    TrustDomain::new("example.org").expect("a trust domain")
}

/// Files by path and text, taken together.
fn compiled(files: &[(&str, &str)]) -> Compiled {
    let files = files
        .iter()
        .map(|(path, text)| Arc::new(SourceFile::new(*path, *text)));
    compile(files, Some(&own()))
}

/// The entries of one file that has no mistake.
pub(crate) fn entries(text: &str) -> Entries {
    let compiled = compiled(&[("identity/shop.yaml", text)]);
    assert!(!compiled.has_errors(), "{:#?}", compiled.diagnostics);
    compiled.entries(own()).expect("entries")
}

/// What is wrong, as `place: sentence`, with the way out after ` / `.
fn mistakes(files: &[(&str, &str)]) -> Vec<String> {
    let told = |diagnostic: &palisade_model::Diagnostic| {
        let place = diagnostic.origin.as_ref().expect("a place");
        let help = diagnostic.help.as_deref().map(|help| format!(" / {help}"));
        format!(
            "{place}: {}{}",
            diagnostic.message,
            help.unwrap_or_default()
        )
    };
    compiled(files).diagnostics.iter().map(told).collect()
}
