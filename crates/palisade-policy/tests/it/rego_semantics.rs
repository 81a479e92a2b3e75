//! Where the engine would answer differently from the language, and what it has no words for.

use bumpalo::Bump;
use palisade_policy::languages::rego::query;
use palisade_policy::{Budget, Context, Effects, Meter, Settings};
use serde_json::json;

use crate::rego::{bundle, compile};

/// The values of `data.a.p` for a module.
fn value(text: &str) -> serde_json::Value {
    let arena = Bump::new();
    let context = Context::new(&arena, Meter::start(Budget::default()), Effects::default());
    let results = query(
        &bundle(&[("a.rego", text)]),
        &Settings::default(),
        &context,
        "x = data.a.p",
        None,
    );
    let results = results.expect(text);
    results[0]["bindings"]["x"].clone()
}

fn assert_value(text: &str, expected: &serde_json::Value) {
    assert_eq!(&value(text), expected, "{text}");
}

#[test]
fn an_undefined_argument_of_a_negated_call_leaves_no_answer() {
    let undefined = serde_json::Value::Null;
    assert_value(
        "package a\nf(x, y) if x == y\np if not f(1, input.none)\n",
        &undefined,
    );
    assert_value(
        "package a\nf(x) if x\np if { not f([input.none]) }\n",
        &undefined,
    );
    assert_value(
        "package a\nx := {\"a\": 1}\np if { not x[input.none] }\n",
        &undefined,
    );
    // A comparison for equality is a unification, in which the term stays inside.
    assert_value("package a\np if not input.none == 1\n", &true.into());
    assert_value(
        "package a\nf(x, y) if x == y\np if not f(1, 2)\n",
        &true.into(),
    );
    assert_value("package a\np if not 2 > 3\n", &true.into());
    assert_value(
        "package a\np := [x | some x in [1, 2]; not g(x, {y: 1 | some y in [input.none]}, input.none)]\ng(a, b, c) if a == b[c]\n",
        &serde_json::json!([]),
    );
}

#[test]
fn a_bracket_on_a_new_line_begins_a_statement() {
    assert_value("package a\np { x := 4\n(x - 1) >= 3 }\n", &true.into());
    assert_value(
        "package a\np { x := 4\n(x - 1) > 3 }\n",
        &serde_json::Value::Null,
    );
}

#[test]
fn a_function_without_value_and_body_is_true() {
    let text = "package a\nis_bad(v) if v >= \"2\"\nis_bad(\"1.9\")\n";
    let of = |call: &str| format!("{text}p := [is_bad(\"1.9\"), is_bad(\"3\")] if {call}\n");
    assert_value(&of("is_bad(\"2\")"), &serde_json::json!([true, true]));
    assert_value(&of("is_bad(\"1.8\")"), &serde_json::Value::Null);
    assert_value(
        "package a\nf(x) { x > 3 }\nf(0)\np { f(0) }\n",
        &true.into(),
    );
}

#[test]
fn bodies_may_be_chained_in_the_first_dialect() {
    assert_value(
        "package a\np[x] { x := 1 } { x := 2 }\n",
        &serde_json::json!([1, 2]),
    );
    assert_value(
        "package a\nf(x) = y { x == 1; y := \"one\" } { x == 2; y := \"two\" }\np := f(2)\n",
        &"two".into(),
    );
}

#[test]
fn walk_gives_one_value_after_another() {
    assert_value(
        "package a\np := {v | [_, v] := walk({\"a\": [1, {\"b\": 2}]}); is_number(v)}\n",
        &serde_json::json!([1, 2]),
    );
    let refused = compile(&[("a.rego", "package a\np := count(walk({}))\n")]).unwrap_err();
    assert!(refused[0].message.contains("walk"), "{refused:?}");
}

#[test]
fn templates_say_values_and_what_is_undefined() {
    assert_value(
        "package a\nx := [1, \"b\"]\np := $\"a {x} {1 + 2} {input.none} \\{c\\}\"\n",
        &"a [1, \"b\"] 3 <undefined> {c}".into(),
    );
}

#[test]
fn keywords_may_be_names() {
    assert_value("package a.if.not\nq := 1\n", &serde_json::Value::Null);
    assert_value(
        "package a\np if { with.foo == 1; foo.in == 2; input2.default == 3 }\nwith.foo := 1\nfoo.in := 2\ninput2 := {\"default\": 3}\n",
        &true.into(),
    );
}

#[test]
fn texts_are_counted_without_overlap_and_the_empty_text_ends() {
    assert_value(
        "package a\np := [strings.count(\"aaaa\", \"aa\"), strings.count(\"ab\", \"\")]\n",
        &serde_json::json!([2, 3]),
    );
}

#[test]
fn annotations_are_values() {
    assert_value(
        "# METADATA\n# title: All of it\npackage a\n\n# METADATA\n# title: One rule\n# custom:\n#   severity: high\np := rego.metadata.rule()\n",
        &serde_json::json!({"custom": {"severity": "high"}, "scope": "rule", "title": "One rule"}),
    );
}

#[test]
fn tokens_are_verified_before_they_count() {
    let sign = "io.jwt.encode_sign({\"typ\": \"JWT\", \"alg\": \"HS256\"}, {\"sub\": \"a\", \"exp\": 10}, {\"kty\": \"oct\", \"k\": \"c2VjcmV0\"})";
    let verify = |secret: &str, time: u64| {
        format!(
            "package a\np := io.jwt.decode_verify({sign}, {{\"secret\": \"{secret}\", \"time\": {time}}})[0]\n"
        )
    };
    assert_value(&verify("secret", 5), &true.into());
    assert_value(&verify("other", 5), &false.into());
    assert_value(&verify("secret", 20_000_000_000), &false.into());
}

#[test]
fn a_mocked_function_of_ours_is_mocked() {
    assert_value(
        "package a\np if q with f as count\nf(x) := 0\nq if f([1, 2]) == 2\n",
        &true.into(),
    );
    assert_value(
        "package a\np if q with io.jwt.decode as [{}, {\"sub\": \"b\"}, \"\"]\nq if io.jwt.decode(\"x\")[1].sub == \"b\"\n",
        &true.into(),
    );
}

#[test]
fn a_constant_in_a_head_beside_a_variable_hides_nothing() {
    let text = "package a

r[q].s contains x if {
  q := [\"a\", \"b\"][_]
  x := [\"a\", \"b\", \"c\"][_]
  q != x
}

r.b.s contains \"foo\"

r.a.t contains \"bar\" if true

p := [r.b.s, r.a.s, r.a.t, r.b.s.c]
";
    assert_value(text, &json!([["a", "c", "foo"], ["b", "c"], ["bar"], "c"]));
}

#[test]
fn paths_through_a_graph_end_where_they_meet_again() {
    let text = "package a

g := {
  \"one\": [\"two\", \"five\"], \"two\": [\"four\"], \"three\": [\"\"], \"four\": [\"three\"],
  \"five\": [\"seven\", \"six\"], \"six\": [\"nine\", \"seven\"], \"seven\": [\"eight\"],
  \"eight\": [\"three\"], \"nine\": [\"\"],
}

p := [concat(\"-\", path) | some path in graph.reachable_paths(g, {\"one\"})]
";
    assert_value(
        text,
        &json!([
            "one-five-seven-eight-three",
            "one-five-six",
            "one-five-six-nine",
            "one-two-four-three",
        ]),
    );
}

#[test]
fn a_function_without_a_body_is_true_for_its_arguments() {
    let text = "package a\nlisted(\"x\")\nlisted(\"y\")\np := [listed(\"x\"), listed(\"y\")] { not listed(\"z\") }\n";
    assert_value(text, &json!([true, true]));
}
