//! The texts that fuzzing starts from, as ordinary tests.

use std::path::Path;
use std::sync::Arc;

use palisade_document::SourceFile;
use palisade_identity::entries::{NoFacts, compile};
use palisade_identity::explain::explain;
use palisade_identity::read_attributes;

use super::{caller, own};

#[test]
fn every_seed_ends_in_entries_or_in_a_mistake_with_a_place() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/entries");
    let (mut right, mut wrong) = (0, 0);
    for seed in std::fs::read_dir(folder).expect("the seeds are committed") {
        let path = seed.expect("a seed can be listed").path();
        let text = std::fs::read_to_string(&path).expect("a seed is a text");
        let file = Arc::new(SourceFile::new("identity/seed.yaml", text));
        let length = file.text().len();
        let read = read_attributes(Arc::clone(&file)).err();
        let compiled = compile([file], Some(&own()));
        for diagnostic in read.iter().flatten().chain(&compiled.diagnostics) {
            let origin = diagnostic.origin.as_ref().expect("a place");
            assert!(origin.span.end as usize <= length, "{}", path.display());
        }
        if compiled.has_errors() {
            wrong += 1;
            continue;
        }
        right += 1;
        let entries = compiled
            .entries(own())
            .expect("what has no mistake is taken");
        explain(&entries, &caller(&["unix.uid=1"]), &NoFacts);
    }
    assert!(right >= 4 && wrong >= 10, "{right} right, {wrong} wrong");
}
