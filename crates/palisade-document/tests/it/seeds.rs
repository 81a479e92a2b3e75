//! The texts that fuzzing starts from, as ordinary tests.

use std::path::Path;

use crate::any_text::check;

#[test]
fn every_seed_is_read_safely() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    let mut count = 0;
    for target in ["document", "kubernetes", "policy"] {
        for entry in std::fs::read_dir(folder.join(target)).expect("the seeds are committed") {
            let path = entry.expect("a seed can be listed").path();
            check(&std::fs::read_to_string(&path).expect("a seed is a text"));
            count += 1;
        }
    }
    assert!(count >= 30, "only {count} seeds");
}
