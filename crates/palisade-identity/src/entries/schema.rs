//! The JSON Schema of entry files, for editors.
//!
//! Editors complete and mark by it; what is right is decided by the reader, which knows more.

#![expect(
    dead_code,
    reason = "these types only describe the form; the reader reads it with places"
)]

use std::collections::BTreeMap;

use schemars::JsonSchema;

/// A text, or several.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Texts {
    One(Text),
    Many(Vec<Text>),
}

/// A text; whole numbers are taken as they are written.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Text {
    Text(String),
    Number(i64),
}

/// Entries of workload identities, and who may mint what.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct EntryFile {
    /// Who answers for the entries of this file that name nobody.
    owner: Option<String>,
    /// Who gets which identity.
    entries: Option<Vec<Entry>>,
    /// Who may mint which paths; only one file of a folder has rules.
    mint: Option<Vec<MintRule>>,
}

/// Gives an identity to every caller that it matches.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    /// What records and people call it; unique.
    name: String,
    /// Attested attributes, each with a value, a list of alternatives, or `*`; all must hold.
    r#match: BTreeMap<String, Texts>,
    /// The identity: `spiffe://<trust domain>/<path>`, with attested values in braces.
    id: String,
    /// Who answers for this entry.
    owner: Option<String>,
    /// How long X.509 documents live: 1m to 24h.
    x509_lifetime: Option<String>,
    /// How long tokens live: 30s to 1h.
    jwt_lifetime: Option<String>,
    /// The only audiences that tokens are issued for.
    audiences: Option<Texts>,
    /// Other trust domains whose bundles the caller receives.
    federates_with: Option<Texts>,
    /// DNS names in the certificate, with attested values in braces.
    dns_names: Option<Texts>,
    /// Tells several identities of one workload apart.
    hint: Option<Text>,
    /// What must hold besides: `no drift`, `image signed by … issued by …`.
    requires: Option<Texts>,
}

/// Lets owners, or files, mint paths.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct MintRule {
    /// Which paths: `*` ends a segment, `**` at the end stands for all below.
    path: String,
    /// Only entries of these owners.
    owners: Option<Texts>,
    /// Only entries in these files, as seen from the folder of this file.
    files: Option<Texts>,
}

/// JSON Schema of entry files.
pub fn entry_schema() -> String {
    let schema = schemars::schema_for!(EntryFile);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::super::read::{ENTRY_KEYS, FILE_KEYS, RULE_KEYS};

    #[test]
    fn the_schema_has_the_keys_that_the_reader_takes() {
        let schema: serde_json::Value =
            serde_json::from_str(&super::entry_schema()).expect("a schema");
        for (place, keys) in [
            ("/properties", FILE_KEYS),
            ("/$defs/Entry/properties", ENTRY_KEYS),
            ("/$defs/MintRule/properties", RULE_KEYS),
        ] {
            let properties = schema.pointer(place).and_then(|found| found.as_object());
            let mut found: Vec<&String> = properties.expect(place).keys().collect();
            let mut keys = keys.to_vec();
            found.sort();
            keys.sort_unstable();
            assert_eq!(found, keys, "{place}");
        }
    }
}
