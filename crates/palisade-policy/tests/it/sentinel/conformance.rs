//! The engine's score on published policies, where they are on this machine.

use palisade_policy::Folder;

use super::language;

/// Runs the tests below the folders that `PALISADE_SENTINEL_SUITES` names, `:` between them.
#[test]
#[ignore = "needs checkouts of published policies: PALISADE_SENTINEL_SUITES"]
fn published_policies_pass_their_own_tests() {
    #[expect(
        clippy::disallowed_methods,
        reason = "a suite is found by the environment, as in every conformance test"
    )]
    let folders = std::env::var("PALISADE_SENTINEL_SUITES").expect("the suites are named");
    for folder in folders.split(':') {
        let (_, score) = language().conformance[0];
        let score = score(&Folder::new(folder, folder)).unwrap();
        let failed = score.failed;
        assert!(failed.is_empty(), "{folder}: {failed:#?}");
        assert!(score.passed > 0, "{folder} holds no tests");
    }
}
