//! Each format holds what its readers rely on.

use serde_json::Value;

use crate::system::{OPEN, System};

fn rendered(format: &str) -> String {
    let system = System::of(&[("shop.yaml", OPEN)]);
    system
        .run(&["check", "--only", "PAL0501,PAL0502", "--format", format])
        .out
}

#[test]
fn human() {
    let system = System::of(&[("shop.yaml", OPEN)]);
    let run = system.run(&["check", "--only", "PAL0501"]);
    let findings = run.out.split_once("error[").expect("a finding").1;
    insta::assert_snapshot!(format!("error[{findings}"));
}

#[test]
fn the_same_words_without_colour() {
    let system = System::of(&[("shop.yaml", OPEN)]);
    let plain = system.run(&["check", "--color", "never"]).out;
    let styled = system.run(&["check", "--color", "always"]).out;
    assert!(!plain.contains('\u{1b}') && styled.contains('\u{1b}'));
    assert_eq!(anstream::adapter::strip_str(&styled).to_string(), plain);
}

#[test]
fn quiet_shows_only_what_fails() {
    let system = System::of(&[("shop.yaml", OPEN)]);
    let run = system.run(&["check", "-q", "--only", "PAL0501"]);
    assert!(run.out.starts_with("error[PAL0501]"), "{}", run.out);
}

#[test]
fn json_has_the_keys_of_its_schema_and_no_other() {
    let assessment: Value = serde_json::from_str(&rendered("json")).expect("JSON");
    let schema = include_str!("../../../../docs/schemas/assessment.json");
    let schema: Value = serde_json::from_str(schema).expect("a schema");
    let properties = schema["properties"].as_object().expect("properties");
    for key in assessment.as_object().expect("an object").keys() {
        assert!(properties.contains_key(key), "{key}");
    }
    for key in schema["required"].as_array().expect("required keys") {
        assert!(!assessment[key.as_str().expect("a key")].is_null(), "{key}");
    }
    let check = &assessment["checks"]["PAL0501"];
    assert!(
        !check["equivalents"]
            .as_array()
            .expect("equivalents")
            .is_empty()
    );
    assert_eq!(assessment["patterns"].as_array().map(Vec::len), Some(12));
}

#[test]
fn sarif_names_its_rules_and_places() {
    let sarif: Value = serde_json::from_str(&rendered("sarif")).expect("JSON");
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 2);
    for result in results {
        let index =
            usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "shop.yaml");
        assert_eq!(place["region"]["startLine"], 4);
        assert!(result["partialFingerprints"]["palisade/v1"].is_string());
    }
}

#[test]
fn sarif_counts_columns_in_utf16_code_units_and_names_alerts_by_finding() {
    // One astral character is one code point and two code units.
    let text = OPEN.replace(
        "  name: shop\n---",
        "  labels: {\"\u{1f6d2}\": x}\n  name: shop\n---",
    );
    let text = text.replace(
        "          image: registry.example.com/cart:1.0",
        "          env: [{name: \"\u{1f6d2}\", value: x}, {name: K, value: AKIAIOSFODNN7REALKEY}]\n          image: registry.example.com/cart:1.0",
    );
    let system = System::of(&[("a b.yaml", &text)]);
    let run = system.run(&["check", "--only", "PAL0304", "--format", "sarif"]);
    let sarif: Value = serde_json::from_str(&run.out).expect("JSON");
    let run = &sarif["runs"][0];
    assert_eq!(run["columnKind"], "utf16CodeUnits");
    let result = &run["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b.yaml");
    assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
    let column = place["region"]["startColumn"].as_u64().expect("a column");
    let line = text
        .lines()
        .find(|line| line.contains("AKIA"))
        .expect("the line");
    let units: Vec<u16> = line.encode_utf16().collect();
    let at = usize::try_from(column).expect("small") - 1;
    let marked = String::from_utf16_lossy(&units[at..]);
    assert!(
        marked.starts_with("AKIA") || marked.starts_with("{name: K"),
        "column {column} marks `{marked}`"
    );
    let hash = result["partialFingerprints"]["primaryLocationLineHash"]
        .as_str()
        .expect("a fingerprint");
    assert!(hash.ends_with(":1") && hash.len() == 10, "{hash}");
}

#[test]
fn sarif_carries_exceptions_as_suppressions() {
    let system = System::of(&[("shop.yaml", OPEN)]);
    let only = ["--only", "PAL0501"];
    let owner = [
        "baseline",
        "--owner",
        "a",
        "--expires",
        "2027-06-01",
        "--reason",
        "b",
    ];
    assert_eq!(system.run(&[&owner[..], &only].concat()).code, 0);
    let run = system.run(&[&["check", "--format", "sarif"][..], &only].concat());
    let sarif: Value = serde_json::from_str(&run.out).expect("JSON");
    let suppression = &sarif["runs"][0]["results"][0]["suppressions"][0];
    assert_eq!(suppression["kind"], "external");
    assert_eq!(
        suppression["justification"],
        "b (owner a, until 2027-06-01)"
    );
}

#[test]
fn junit_counts_failures() {
    let text = rendered("junit");
    assert!(text.contains("<testsuites name=\"palisade\""), "{text}");
    assert!(text.contains("failures=\"1\""), "{text}");
    assert!(text.contains("classname=\"PAL0501\""), "{text}");
}

#[test]
fn github_annotates_the_line() {
    let text = rendered("github");
    let line = text
        .lines()
        .find(|line| line.contains("PAL0501"))
        .expect("an annotation");
    assert!(
        line.starts_with("::error file=shop.yaml,line=4,col=9,"),
        "{line}"
    );
    assert!(
        line.contains("title=PAL0501 namespace-without-default-deny-ingress::"),
        "{line}"
    );
}

#[test]
fn markdown_has_the_patterns_and_folds_the_findings() {
    let text = rendered("markdown");
    assert!(
        text.contains("| 5 | network segmentation | 0/1 workload | missing | PAL0501 PAL0502 |"),
        "{text}"
    );
    assert!(text.contains("<details><summary>"), "{text}");
}

#[test]
fn a_result_in_a_file_is_plain_and_complete() {
    let system = System::of(&[("shop.yaml", OPEN)]);
    let run = system.run(&["check", "--color", "always", "--output", "result.txt"]);
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    let text = system.read("result.txt");
    assert!(
        !text.contains('\u{1b}') && text.contains("fails:"),
        "{text}"
    );
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for format in ["human", "json", "sarif", "junit", "github", "markdown"] {
        assert_eq!(rendered(format), rendered(format), "{format}");
    }
}
