//! The committed schema is that of the reader.

use std::path::Path;

#[test]
fn the_schema_of_entry_files_is_fresh() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas/identity-entries.json");
    let fresh = palisade_identity::entries::entry_schema();
    if std::env::var_os("PALISADE_UPDATE").is_some() {
        std::fs::write(&path, &fresh).expect("the schema can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == fresh,
        "docs/schemas/identity-entries.json is stale: run `PALISADE_UPDATE=1 cargo test -p palisade-identity`"
    );
}
