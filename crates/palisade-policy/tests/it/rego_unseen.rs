//! What public code bases of Rego do that the engine, or the loading of folders, had wrong.

use bumpalo::Bump;
use palisade_policy::languages::rego::query;
use palisade_policy::{Budget, Context, Effects, Folder, Meter, Settings, Verdict};
use serde_json::{Value, json};

use crate::rego::{bundle, rego};

/// The value of `data.a` for a module.
fn package(text: &str) -> Value {
    let arena = Bump::new();
    let context = Context::new(&arena, Meter::start(Budget::default()), Effects::default());
    let bundle = bundle(&[("a.rego", text)]);
    let results = query(&bundle, &Settings::default(), &context, "x = data.a", None);
    results.expect(text)[0]["bindings"]["x"].clone()
}

fn assert_package(text: &str, expected: &Value) {
    assert_eq!(&package(text), expected, "{text}");
}

/// The tests below a folder of files: how many pass, and what the others say.
fn tests(files: &[(&str, &str)]) -> (usize, Vec<String>) {
    let place = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = place.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let folder = Folder::new(place.path(), "policy");
    let reports = (rego().test)(&folder, &Settings::default()).unwrap();
    let cases = reports.into_iter().flat_map(|report| report.cases);
    let (mut passed, mut others) = (0, Vec::new());
    for case in cases {
        match case.verdict {
            Verdict::Passed => passed += 1,
            other => others.push(format!("{}: {other:?}", case.name)),
        }
    }
    (passed, others)
}

#[test]
fn keywords_are_imported_one_by_one() {
    assert_package(
        "package a\nimport future.keywords.contains\nimport future.keywords.if\nimport future.keywords.in\np contains x if { some x in [1] }\n",
        &json!({"p": [1]}),
    );
}

#[test]
fn what_is_no_collection_has_no_items() {
    assert_package(
        "package a\nimport rego.v1\nn := null\nt := \"id\"\np := [x | some x in n]\nq contains y if some _, y in t\nr contains t[_]\ns contains n.x[_] if n == null\n",
        &json!({"n": null, "t": "id", "p": [], "q": [], "r": [], "s": []}),
    );
}

#[test]
fn a_variable_may_hide_a_rule() {
    assert_package(
        "package a\nimport rego.v1\np contains {\"n\": item.n, \"m\": m} if {\n  some item in [{\"n\": 1}]\n  m := item.n + 1\n}\nitem := [x.n | some x in p]\n",
        &json!({"p": [{"n": 1, "m": 2}], "item": [1]}),
    );
}

#[test]
fn a_variable_may_be_looked_up_by_itself() {
    assert_package(
        "package a\nall_of[c] { c = {\"n\": 1} }\np[x] { x = all_of[x]; x.n == 1 }\nl := [x | x = [0, 2, 2][x]]\n",
        &json!({"all_of": [{"n": 1}], "p": [{"n": 1}], "l": [0, 2]}),
    );
}

#[test]
fn a_variable_may_be_declared_late() {
    assert_package(
        "package a\nrows := [[\"a\", \"b\"], [\"c\"]]\np[x] {\n  some i\n  row := rows[i]\n  some j\n  x := row[j]\n}\n",
        &json!({"rows": [["a", "b"], ["c"]], "p": ["a", "b", "c"]}),
    );
}

#[test]
fn a_negation_waits_for_its_variables() {
    assert_package(
        "package a\ngone[x] { x := \"b\" }\nkinds := {\"k\": {\"rt\": 1}}\nbase := {\"id\": \"a\"}\np = ret {\n  ret = [rule | rt = kinds[k].rt\n    rule = {\"m\": base, \"k\": k}\n    not gone[rule.m.id]\n  ]\n}\nq := [rule | rt := kinds[k].rt\n    rule := {\"m\": base, \"k\": k}\n    id := rule.m.id\n    not gone[id]\n  ]\n",
        &json!({
            "gone": ["b"], "kinds": {"k": {"rt": 1}}, "base": {"id": "a"},
            "p": [{"m": {"id": "a"}, "k": "k"}], "q": [{"m": {"id": "a"}, "k": "k"}],
        }),
    );
}

#[test]
fn a_head_without_a_value_leaves_the_others() {
    assert_package(
        "package a\nimport rego.v1\nxs := [{\"n\": 1}, {}]\np contains {\"n\": xs[i].n} if some i in [0, 1]\nq[xs[i].n] := i if some i in [0, 1]\nr[i] := xs[i] if some i in [1, 2]\ns := xs[i].n if some i in [1, 0]\n",
        &json!({"xs": [{"n": 1}, {}], "p": [{"n": 1}], "q": {"1": 0}, "r": {"1": {}}, "s": 1}),
    );
}

#[test]
fn what_is_undefined_is_in_no_collection() {
    assert_package(
        "package a\nimport rego.v1\np := [1 | 5, input.none in [1]]\nq := {k | some k in [0, 1]; k, 7 in [7, 8]}\nr := [x | some x in [3]; (x in [3])]\nf(x) := {x.n: 1 | some x in [{\"n\": \"m\"}]; x.n != \"\"}\ns := f(1)\n",
        &json!({"p": [], "q": [0], "r": [3], "s": {"m": 1}}),
    );
}

#[test]
fn builtins_answer_as_opa_does() {
    for (call, expected) in [
        (
            "json.remove({\"a\": 1, \"b\": {\"c\": 2, \"d/e\": 3}}, [\"/a\", \"/b/d~1e\"])",
            json!({"b": {"c": 2}}),
        ),
        (
            "json.filter({\"a\": {\"b\": 1, \"c\": 2}}, [\"/a/b\"])",
            json!({"a": {"b": 1}}),
        ),
        ("object.subset([1], [])", json!(true)),
        ("to_number(\"08\")", json!(8)),
        ("[1 | to_number(\" 1\")]", json!([])),
        (
            "strings.replace_n({\"a\": \"b\", \"b\": \"c\"}, \"ab\")",
            json!("bc"),
        ),
        (
            "time.date(time.add_date(time.parse_rfc3339_ns(\"2024-01-31T00:00:00Z\"), 0, 1, 0))",
            json!([2024, 3, 2]),
        ),
        (
            "time.date(time.add_date(time.parse_rfc3339_ns(\"2024-02-29T00:00:00Z\"), 1, 0, 0))",
            json!([2025, 3, 1]),
        ),
        ("[1 | indexof(\"abc\", \"\")]", json!([])),
        ("regex.match(`^\\w+$`, \"é\")", json!(false)),
        ("regex.match(`^\\${.*}$`, \"${x}\")", json!(true)),
        (
            "regex.template_match(\"urn:{.*}\", \"ab\", \"{\", \"}\")",
            json!(false),
        ),
        ("cast_array({2, 1})", json!([1, 2])),
        ("count(\"😀\")", json!(1)),
        ("upper(\"ß\")", json!("ß")),
        ("lower(\"ΑΣ\")", json!("ας".replace('ς', "σ"))),
        ("sprintf(\"%v\", [set()])", json!("set()")),
        (
            "sprintf(\"%s\", [1208925819614629174706175])",
            json!("1208925819614629174706175"),
        ),
    ] {
        assert_package(
            &format!("package a\nimport rego.v1\np := {call}\n"),
            &json!({ "p": expected }),
        );
    }
}

#[test]
fn folders_that_need_each_other_are_one_bundle() {
    let files = [
        (
            "lib/kube.rego",
            "package lib.kube\nimport rego.v1\nis_pod if input.kind == \"Pod\"\n",
        ),
        (
            "rules/pods.rego",
            "package pods\nimport rego.v1\nimport data.lib.kube\ndeny contains \"pod\" if kube.is_pod\nlimit := data.limits.most\nnames := data.fixtures.names\n",
        ),
        (
            "tests/pods_test.rego",
            "package pods\nimport rego.v1\ntest_deny if count(deny) == 1 with input as {\"kind\": \"Pod\"}\ntest_limit if limit == 3\ntest_names if names == [\"a\"]\n",
        ),
        // Documents above the folders with modules, and beside them.
        ("data.json", "{\"limits\": {\"most\": 3}}"),
        ("rules/fixtures/names/data.json", "[\"a\"]"),
    ];
    assert_eq!(tests(&files), (3, Vec::new()));
}

#[test]
fn folders_that_do_not_need_each_other_stay_apart() {
    let files = [
        (
            "one/a.rego",
            "package main\nimport rego.v1\nlimit := 1\ntest_limit if limit == 1\n",
        ),
        (
            "two/a.rego",
            "package main\nimport rego.v1\nlimit := 2\ntest_limit if limit == 2\n",
        ),
    ];
    assert_eq!(tests(&files), (2, Vec::new()));
}
