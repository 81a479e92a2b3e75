//! The policy commands on the starter policies and on policies that are wrong.

use crate::system::{Run, System};

const STARTERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/policies");

fn palisade(arguments: &[&str]) -> Run {
    System::of(&[]).run(arguments)
}

#[test]
fn the_starter_policies_of_every_language_load_and_pass_their_tests() {
    let run = palisade(&["policy", "check", STARTERS]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    for language in ["rego", "kyverno", "cel", "sentinel"] {
        let is_named = |line: &str| line.starts_with(language);
        assert!(run.out.lines().any(is_named), "{language}: {}", run.out);
    }
    let run = palisade(&["policy", "test", STARTERS, "--format", "json"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let results: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    let suites = results["suites"].as_array().expect("suites");
    for runner in ["opa test", "gator verify", "kyverno test", "sentinel test"] {
        let own = suites.iter().filter(|suite| suite["runner"] == runner);
        let cases: usize = own
            .map(|suite| suite["cases"].as_array().map_or(0, Vec::len))
            .sum();
        assert!(cases > 0, "no case ran as `{runner}` does");
    }
    assert_eq!(results["strict"]["failed"], 0, "{}", run.out);
}

const RULE: &str = "\
package main

deny contains \"no pods\" if input.kind == \"Pod\"
";

#[test]
fn a_failing_test_fails_the_run_and_reads_as_its_ecosystem_has_it() {
    let tests = "\
package main_test

import data.main

test_pods_are_refused if count(main.deny) == 1 with input as {\"kind\": \"Pod\"}

test_wrong if count(main.deny) == 1 with input as {\"kind\": \"Job\"}
";
    let system = System::of(&[("p/rule.rego", RULE), ("p/rule_test.rego", tests)]);
    let run = system.run(&["policy", "test", "p"]);
    assert_eq!(run.code, 1);
    assert!(
        run.out.contains("data.main_test.test_wrong: FAIL"),
        "{}",
        run.out
    );
    assert!(run.out.contains("PASS: 1/2"), "{}", run.out);
    let run = system.run(&["policy", "test", "p", "--format", "junit"]);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("failures=\"1\""), "{}", run.out);
    let run = System::of(&[("a.txt", "")]).run(&["policy", "test", "."]);
    assert_eq!(run.code, 4, "{}", run.out);
}

#[test]
fn a_document_is_judged_and_a_query_is_answered() {
    let system = System::of(&[
        ("p/rule.rego", RULE),
        (
            "pod.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n",
        ),
        (
            "job.json",
            "{\"apiVersion\": \"batch/v1\", \"kind\": \"Job\", \"metadata\": {\"name\": \"a\"}}",
        ),
    ]);
    let run = system.run(&["policy", "eval", "p", "--input", "pod.yaml"]);
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    assert!(run.out.contains("no pods"), "{}", run.out);
    let run = system.run(&["policy", "eval", "p", "--input", "job.json"]);
    assert_ne!(run.code, 1, "{}{}", run.out, run.err);
    let asked = ["policy", "eval", "p", "--input", "pod.yaml", "--query"];
    let run = system.run(&[&asked[..], &["x := data.main.deny"]].concat());
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let results: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(results[0]["bindings"]["x"][0], "no pods", "{}", run.out);
}

#[test]
fn a_policy_that_does_not_load_is_shown_at_its_line() {
    let system = System::of(&[
        ("p/a.rego", "package a\n\ndeny contains x if {\n"),
        ("p/b/b.sentinel", "main = rule { 1 + }\n"),
    ]);
    let run = system.run(&["policy", "check", "p"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.out.contains("--> p/a.rego:"), "{}", run.out);
    let run = system.run(&["policy", "check", "nowhere"]);
    assert_eq!(run.code, 2, "{}", run.err);
}

#[test]
fn a_sentinel_set_reads_modules_beside_its_folder_within_the_run_or_its_repository() {
    const SET: &str = "import \"module\" \"common\" {\n  source = \"../common/common.sentinel\"\n}\n\npolicy \"named\" {\n  source = \"./named.sentinel\"\n}\n";
    let files = [
        ("rules/aws/sentinel.hcl", SET),
        (
            "rules/aws/named.sentinel",
            "import \"common\"\n\nmain = rule { common.holds(1) }\n",
        ),
        (
            "rules/common/common.sentinel",
            "holds = func(x) { return x is 1 }\n",
        ),
    ];
    let run = System::of(&files).run(&["policy", "check", "rules/aws"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);

    let elsewhere = System::of(&files);
    let path = elsewhere.path().join("rules/aws");
    let path = path.to_str().expect("a name");
    let run = palisade(&["policy", "check", path]);
    assert_eq!(run.code, 1, "{}", run.out);
    let told = "lies outside of the run's folder and of the policies' repository; run in a folder that holds both";
    assert!(run.out.contains(told), "{}", run.out);

    std::fs::create_dir(elsewhere.path().join(".git")).expect("a folder");
    let run = palisade(&["policy", "check", path]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
}

#[test]
fn what_a_list_holds_is_judged_one_by_one() {
    let list = "\
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Job}
- apiVersion: v1
  kind: PodList
  items:
  - {apiVersion: v1, kind: Pod}
";
    let system = System::of(&[("p/rule.rego", RULE), ("list.yaml", list)]);
    let run = system.run(&["policy", "eval", "p", "--input", "list.yaml"]);
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    assert!(run.out.contains("1 passed · 1 failed"), "{}", run.out);
}

#[test]
fn a_document_with_a_number_that_nothing_holds_is_not_judged() {
    for (name, text) in [
        ("a.json", "{\"kind\": \"Job\", \"n\": 1e400}"),
        ("a.yaml", "kind: Job\nsize: .inf\n"),
    ] {
        let system = System::of(&[("p/rule.rego", RULE), (name, text)]);
        let run = system.run(&["policy", "eval", "p", "--input", name]);
        assert_eq!(run.code, 3, "{}{}", run.out, run.err);
        assert!(
            run.err.contains("a number that nothing holds at a."),
            "{}",
            run.err
        );
    }
}

#[test]
fn one_file_is_a_set_of_policies() {
    let system = System::of(&[
        ("p/rule.rego", RULE),
        ("p/other.rego", "package other\n\ndeny contains 1 if true\n"),
        ("pod.yaml", "apiVersion: v1\nkind: Pod\n"),
    ]);
    let run = system.run(&["policy", "check", "p/rule.rego"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(
        run.out.contains("1 policy set · 1 rule · 0 errors"),
        "{}",
        run.out
    );
    let run = system.run(&["policy", "eval", "p/rule.rego", "--input", "pod.yaml"]);
    assert!(run.out.contains("0 passed · 1 failed"), "{}", run.out);
}
