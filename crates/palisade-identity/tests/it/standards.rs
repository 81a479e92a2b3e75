//! The table of requirements of the SPIFFE standards: whole, and every test that it names is there.

use std::collections::BTreeMap;
use std::path::Path;

/// How many requirements each specification has.
const SPECIFICATIONS: [(&str, usize); 7] = [
    ("ID", 17),
    ("X509", 26),
    ("JWT", 17),
    ("TDB", 16),
    ("WE", 17),
    ("WA", 31),
    ("FED", 35),
];

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("`{}`: {error}", path.display()))
}

/// Whether `module::test` is a test in a file of that name.
fn is_there(name: &str) -> bool {
    let Some((module, test)) = name.rsplit_once("::") else {
        return false;
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let file = folder.join(module.replace("::", "/")).with_extension("rs");
    let Ok(text) = std::fs::read_to_string(file) else {
        return false;
    };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let starts = [format!("fn {test}("), format!("async fn {test}(")];
    let is_it = |line: &&str| starts.iter().any(|start| line.starts_with(start));
    lines.iter().position(is_it).is_some_and(|place| {
        // An attribute of a test right above.
        place > 0
            && (lines[place - 1] == "#[test]" || lines[place - 1].starts_with("#[tokio::test"))
    })
}

#[test]
fn every_requirement_is_shown_or_argued() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/spiffe.md");
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for line in read(&page).lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [row, _, rule, shown] = cells.as_slice() else {
            continue;
        };
        let Some((name, number)) = row.split_once('-').filter(|_| *row != "row") else {
            continue;
        };
        let Ok(number) = number.parse::<usize>() else {
            continue;
        };
        let count = counts.entry(name.to_owned()).or_default();
        *count += 1;
        assert_eq!(*count, number, "{row} is out of order");
        assert!(!rule.is_empty(), "{row} says nothing");
        let tests: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        if shown.starts_with("not applicable: ") {
            assert!(shown.len() > 30, "{row} gives a reason");
        } else {
            assert!(shown.starts_with('`'), "{row} names a test first");
        }
        for test in tests {
            assert!(is_there(test), "{row} names `{test}`, which is not a test");
        }
    }
    let expected: BTreeMap<String, usize> = SPECIFICATIONS
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect();
    assert_eq!(counts, expected);
    assert_eq!(counts.values().sum::<usize>(), 159);
}
