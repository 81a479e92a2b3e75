//! The texts that fuzzing starts from, read and analysed as ordinary tests.

use std::path::Path;

use palisade_analysis::Analysis;
use palisade_sources::{Options, read_texts};

#[test]
fn every_seed_is_read_alike_and_analysed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    let options = Options {
        no_render: true,
        ..Options::default()
    };
    let mut workloads = 0;
    for target in ["document", "kubernetes", "policy"] {
        for entry in std::fs::read_dir(folder.join(target)).expect("the seeds are committed") {
            let path = entry.expect("a seed can be listed").path();
            let text = std::fs::read_to_string(&path).expect("a seed is a text");
            let texts = [("seed.yaml", text.as_str())];
            let first = read_texts(&texts, &options);
            let second = read_texts(&texts, &options);
            let (first_model, second_model) = (&first.model, &second.model);
            assert_eq!(
                format!("{first_model:?}"),
                format!("{second_model:?}"),
                "`{}` is read differently each time",
                path.display()
            );
            workloads += Analysis::of(first_model).model.workloads.len();
        }
    }
    assert!(workloads >= 3, "only {workloads} workloads were read");
}
