//! The guide for people who come from another tool is what the checks say.

use std::path::PathBuf;

use palisade_patterns::coming_from;

#[test]
fn the_committed_guide_is_the_one_that_the_checks_say() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/coming-from.md");
    let wanted = coming_from();
    if std::env::var_os("PALISADE_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &wanted).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == wanted,
        "docs/guides/coming-from.md is not up to date: run this test with PALISADE_UPDATE=1"
    );
}

#[test]
fn a_known_id_leads_to_its_check() {
    let page = coming_from();
    let row = "| CKV_K8S_16 | [PAL0801 privileged-container](../patterns/p08-hardened-runtime.md#pal0801-privileged-container) | container runs privileged |";
    assert!(page.lines().any(|line| line == row), "{page}");
}
