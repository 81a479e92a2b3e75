//! Mistakes in entry files, each with its place and the way out.

use std::fs;
use std::sync::Arc;

use palisade_document::SourceFile;
use palisade_identity::entries::{compile, entry_files};

use super::mistakes;

fn one(text: &str) -> Vec<String> {
    mistakes(&[("e.yaml", text)])
}

/// An entry with one more line.
fn with(line: &str) -> String {
    format!(
        "owner: a\nentries:\n  - name: one\n    match: {{ unix.uid: 1 }}\n    id: spiffe://example.org/a\n    {line}\n"
    )
}

#[test]
fn every_mistake_is_said_at_its_place_with_the_way_out() {
    for (text, expected) in [
        (
            "a: 1",
            "e.yaml:1:1: an entry file has no key `a` / the keys here are `owner`, `entries`, `mint`",
        ),
        (
            "entires: []",
            "e.yaml:1:1: an entry file has no key `entires` / did you mean `entries`?",
        ),
        (
            "[]",
            "e.yaml:1:1: an entry file is a mapping / its keys are `owner`, `entries`, `mint`",
        ),
        (
            "entries: {}",
            "e.yaml:1:10: `entries` is a list / begin each one with a dash below `entries:`",
        ),
    ] {
        assert_eq!(one(text), [expected]);
    }
    for (line, expected) in [
        (
            "hints: x",
            "e.yaml:6:5: an entry has no key `hints` / did you mean `hint`?",
        ),
        (
            "hint: [x]",
            "e.yaml:6:11: `hint` is a text / write `hint: …` with one value",
        ),
        (
            "hint: yes",
            "e.yaml:6:11: `hint` is a text / write it in quotes: `hint: \"yes\"`",
        ),
        (
            "x509-lifetime: soon",
            "e.yaml:6:20: `x509-lifetime` is a length of time such as `30m` or `1h`",
        ),
        (
            "x509-lifetime: 10s",
            "e.yaml:3:5: `x509-lifetime` is between 1m and 24h",
        ),
        (
            "x509-lifetime: -1h",
            "e.yaml:6:20: `x509-lifetime` is a length of time such as `30m` or `1h`",
        ),
        (
            "jwt-lifetime: 2h",
            "e.yaml:3:5: `jwt-lifetime` is between 30s and 1h",
        ),
        (
            "federates-with: [Partner.example]",
            "e.yaml:6:22: a trust domain holds only a-z, 0-9, `.`, `-` and `_`, not 'P'",
        ),
        (
            "dns-names: [a..b]",
            "e.yaml:6:17: `a..b` is not a DNS name: labels hold a-z, 0-9 and `-`, and have at most 63 bytes",
        ),
        (
            "requires: [image signed by https://github.com/*]",
            "e.yaml:6:16: `https://github.com/*` lets too many sign: write the signer in full, or end it with \
             `/*` after a host and an owner, such as `https://github.com/acme/*`",
        ),
    ] {
        assert_eq!(one(&with(line)), [expected], "{line}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let found = one("entries: [{}]");
    let sentences = [
        "`name` is missing",
        "`id` is missing",
        "`match` is missing",
        "nobody owns this entry",
    ];
    assert_eq!(found.len(), sentences.len(), "{found:?}");
    for (found, sentence) in found.iter().zip(sentences) {
        assert!(found.starts_with("e.yaml:1:11: "), "{found}");
        assert!(found.contains(sentence), "{found}");
    }
}

#[test]
fn a_match_that_says_less_than_it_seems_is_refused() {
    for (matched, sentence) in [
        ("{}", "the entry matches nothing"),
        ("{ uid: 1 }", "`uid` is not the name of an attribute"),
        ("{ unix.uid: [] }", "`unix.uid` has no value to match"),
        ("{ unix.uid: '1*' }", "`unix.uid` is compared whole"),
        ("{ unix.sha256: 'ab*' }", "`unix.sha256` is compared whole"),
        ("{ unix.path: '*/sh' }", "begins with `*`"),
        ("{ unix.path: '/a*b*' }", "more than one `*`"),
        ("{ unix.path: '' }", "an empty value matches nothing"),
        (
            "{ unix.uid: '*' }",
            "every caller of whom `unix.uid` is attested",
        ),
        (
            "{ unix.uid: 0x10 }",
            "write it in quotes: `unix.uid: \"0x10\"`",
        ),
        ("{ unix.uid: 1, unix.uid: 2 }", "unix.uid"),
    ] {
        let text = format!(
            "owner: a\nentries: [{{ name: one, match: {matched}, id: spiffe://example.org/a }}]"
        );
        let found = one(&text);
        assert_eq!(found.len(), 1, "{matched}: {found:?}");
        assert!(found[0].contains(sentence), "{found:?}");
    }
}

#[test]
fn an_id_that_can_never_be_one_is_refused() {
    for (id, sentence) in [
        ("/ns/a", "begins with `spiffe://`"),
        ("spiffe://example.org", "has a path"),
        ("spiffe://example.org/", "no empty segment"),
        ("spiffe://example.org/a//b", "no empty segment"),
        ("spiffe://example.org/a/../b", "no segment `.` or `..`"),
        ("spiffe://example.org/a b", "' '"),
        (
            "spiffe://{k8s.namespace}/a",
            "the trust domain is a plain name",
        ),
        ("spiffe://example.org/{k8s.namespace", "has no partner"),
        ("spiffe://example.org/a}", "has no partner"),
        (
            "spiffe://example.org/{namespace}",
            "is not the name of an attribute",
        ),
        ("spiffe://other.org/a", "for the trust domain `other.org`"),
    ] {
        let text =
            format!("owner: a\nentries: [{{ name: one, match: {{ unix.uid: 1 }}, id: \"{id}\" }}]");
        let found = one(&text);
        assert_eq!(found.len(), 1, "{id}: {found:?}");
        assert!(found[0].contains(sentence), "{id}: {found:?}");
    }
}

#[test]
fn two_entries_of_one_name_are_told_with_both_places() {
    let text =
        "owner: a\nentries:\n  - { name: x, match: { unix.uid: 1 }, id: 'spiffe://example.org/a' }";
    let found = mistakes(&[("a.yaml", text), ("b.yaml", text)]);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("b.yaml:3:5: an entry is called `x` here and at a.yaml:3:5"),
        "{found:?}"
    );
}

#[test]
fn hostile_texts_end_in_a_sentence() {
    let deep = format!("entries: {}{}", "[".repeat(5000), "]".repeat(5000));
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e]\n";
    for text in [
        deep.as_str(),
        bomb,
        "entries: [",
        "\u{0}",
        "entries: [{name: [[[",
        "{",
    ] {
        let compiled = compile([Arc::new(SourceFile::new("e.yaml", text))], None);
        assert!(compiled.has_errors(), "{text:.40}");
        assert!(compiled.entries.is_empty());
    }
    let values = vec!["1"; 257].join(",");
    let many = format!(
        "owner: a\nentries: [{{ name: x, match: {{ unix.uid: [{values}] }}, id: spiffe://example.org/a }}]"
    );
    assert!(one(&many)[0].contains("holds 257 items, and at most 256 are taken"));
}

#[test]
fn a_folder_is_read_in_order_without_hidden_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, "entries: []").expect("a file");
    };
    for name in [
        "b.yaml",
        "a/z.yml",
        "c.json",
        "notes.txt",
        "..data/b.yaml",
        ".hidden.yaml",
    ] {
        write(name);
    }
    let files = entry_files(folder.path()).expect("files");
    let names: Vec<&str> = files
        .iter()
        .filter_map(|file| file.path().rsplit('/').next())
        .collect();
    assert_eq!(names, ["z.yml", "b.yaml", "c.json"]);
    fs::write(folder.path().join("d.yaml"), b"\xff").expect("a file");
    let error = entry_files(folder.path())
        .expect_err("not a text")
        .to_string();
    assert!(
        error.ends_with("d.yaml` is not UTF-8: save it as UTF-8"),
        "{error}"
    );
    let error = entry_files(&folder.path().join("none")).expect_err("nothing there");
    assert!(error.to_string().starts_with("cannot read `"), "{error}");
}
