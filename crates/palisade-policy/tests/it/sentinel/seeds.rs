//! The texts that fuzzing starts from, as ordinary tests.

use std::path::Path;

use palisade_policy::{Budget, Effects};

use super::{compile, judge_within};

#[test]
fn every_seed_ends_in_an_answer_or_a_located_mistake() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/sentinel");
    let (mut judged, mut refused) = (0, 0);
    for entry in std::fs::read_dir(folder).expect("the seeds are committed") {
        let path = entry.expect("a seed can be listed").path();
        let text = std::fs::read_to_string(&path).expect("a seed is a text");
        match compile(&[("seed.sentinel", text.as_str())]) {
            Ok(set) => {
                let budget = Budget::default();
                let effects = Effects::default();
                judged += judge_within(set.as_ref(), "{}", effects, budget).len();
            }
            Err(errors) => {
                refused += 1;
                assert!(errors[0].origin.is_some(), "{}", path.display());
            }
        }
    }
    assert!(
        judged >= 3 && refused >= 2,
        "{judged} judged, {refused} refused"
    );
}
