//! Any text is read as an entry file without a panic; what is read can be used, and gives only
//! identities that its rules allow.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use palisade_document::SourceFile;
use palisade_identity::entries::{NoFacts, Pattern, compile};
use palisade_identity::explain::explain;
use palisade_identity::{Attributes, TrustDomain, read_attributes};

fuzz_target!(|text: &str| {
    let file = Arc::new(SourceFile::new("identity/fuzz.yaml", text));
    let _attributes = read_attributes(Arc::clone(&file));
    let own = TrustDomain::new("example.org").expect("a trust domain");
    let compiled = compile([file], Some(&own));
    if compiled.has_errors() {
        return;
    }
    let entries = compiled.entries(own).expect("what has no mistake is taken");
    for entry in entries.all().iter().take(16) {
        let mut caller = Attributes::default();
        for (attribute, patterns) in &entry.matches {
            let value = match patterns.first() {
                Some(Pattern::Exact(value)) => value.to_string(),
                Some(Pattern::Wildcard { before, after }) => format!("{before}x{after}"),
                Some(Pattern::Any) | None => "x".to_owned(),
            };
            let _bounded = caller.add(attribute.as_str(), value);
        }
        let fast: Vec<_> = entries.matching(&caller).collect();
        let slow: Vec<_> = entries.all().iter().filter(|entry| entry.matches(&caller)).collect();
        assert_eq!(fast, slow);
        for grant in entries.resolve(&caller, &NoFacts).grants {
            assert!(grant.id.is_in(entries.trust_domain()));
            assert!(entries.rules().permit_id(&grant.entry, &grant.id).is_ok());
        }
        let _explanation = explain(&entries, &caller, &NoFacts);
    }
});
