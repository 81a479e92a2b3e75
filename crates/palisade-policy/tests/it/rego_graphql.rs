//! `graphql.*`: which documents are valid, and what becomes of those that are too large.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use bumpalo::Bump;
use palisade_policy::languages::rego::query;
use palisade_policy::{Budget, Context, Effects, Meter, Settings};
use serde_json::{Value, json};

use crate::rego::bundle;

const HARBOUR: &str = r#"
schema { query: Harbour mutation: Orders subscription: Signals }
"What is asked of the harbour."
type Harbour {
  ship(id: ID!, units: Units = METRIC): Ship
  vessels(first: Int = 10, where: Filter): [Vessel!]!
  anything(meta: Json): Json
  search(text: String!): [Found]
  pick(by: By!): Vessel
}
type Orders { dock(ship: ID!, berth: Int!): Ship! }
type Signals { arrival: Ship departure: Ship }
interface Vessel { id: ID! name: String! }
type Ship implements Vessel { id: ID! name: String! length(units: Units): Float captain: Person twin: Ship }
type Tug implements Vessel { id: ID! name: String! length: Int pull: Float! }
type Person { name: String! age: Int }
union Found = Ship | Person
enum Units { METRIC IMPERIAL }
scalar Json
input Filter { name: String longerThan: Float not: Filter tags: [String!] }
input By @oneOf { id: ID name: String }
directive @audited(reason: String!) repeatable on FIELD | QUERY
"#;

/// The values of `data.a.p`, or why there is none.
fn outcome(rules: &str) -> Result<Value, String> {
    let arena = Bump::new();
    let budget = Budget {
        time: Duration::from_secs(20),
        ..Budget::default()
    };
    let context = Context::new(&arena, Meter::start(budget), Effects::default());
    let text = format!("package a\nimport rego.v1\n{rules}\n");
    let files = bundle(&[("a.rego", &text)]);
    let results = query(&files, &Settings::default(), &context, "x = data.a.p", None);
    let results = results.map_err(|error| error.to_string())?;
    Ok(results[0]["bindings"]["x"].clone())
}

pub(crate) fn assert_value(rules: &str, expected: &Value) {
    assert_eq!(&outcome(rules).expect(rules), expected, "{rules}");
}

/// Whether a query is valid, said by its text and by its object.
fn assert_valid(document: &str, expected: bool) {
    let rules = format!(
        "q := `{document}`\ns := `{HARBOUR}`\np := [graphql.is_valid(q, s), graphql.is_valid(graphql.parse_query(q), graphql.parse_schema(s))]"
    );
    assert_value(&rules, &json!([expected, expected]));
}

fn assert_schema(document: &str, expected: bool) {
    let rules = format!("p := graphql.schema_is_valid(`{document}`)");
    assert_value(&rules, &expected.into());
}

#[test]
fn texts_that_are_no_documents_are_undefined() {
    for document in [
        "{",
        "}",
        "{}",
        "{ a: }",
        "{ a(b: 1 }",
        "query Q",
        "{ ...on }",
        "fragment on on T { a }",
        "{ f(a: $) }",
        "query($a: Int = $b) { f }",
        "query() { f }",
        "{ f() }",
        "{ f(a: 01) }",
        "{ f(a: 1.) }",
        "{ f(a: -) }",
        "{ f(a: 1e) }",
        "{ f(a: \"\\x\") }",
        "{ f(a: \"\\u12\") }",
        "{ f(a: \"open) }",
        "{ f(a: \"\"\"open\") }",
        "{ a ' }",
        "{ a .. b }",
        "{ a } \u{1}",
        "type A { b: C }",
    ] {
        let document = serde_json::to_string(document).unwrap();
        assert_value(
            &format!("p := graphql.parse_query({document})"),
            &Value::Null,
        );
    }
    for document in [
        "{ a }",
        "type A {}",
        "type A { a }",
        "enum E {}",
        "union U = ",
        "union U = A || B",
        "input I { a(b: Int): Int }",
        "extend type A",
        "extend interface A implements B { c: D }",
        "\"said\" extend type A { b: C }",
        "directive @a on NOWHERE",
        "directive a on FIELD",
        "schema { ask: A }",
        "interface A { b: [C }",
    ] {
        let document = serde_json::to_string(document).unwrap();
        assert_value(
            &format!("p := graphql.parse_schema({document})"),
            &Value::Null,
        );
    }
}

#[test]
fn valid_queries_are_valid() {
    for document in [
        "",
        "{ ship(id: 1) { __typename id length(units: METRIC) captain { name } } }",
        "query A { search(text: \"x\") { ... on Ship { id } ... on Person { name } } } query B { vessels { id } }",
        "query($id: ID!, $f: Filter, $yes: Boolean!) { ship(id: $id) { id @include(if: $yes) } vessels(where: $f) { name } }",
        "query($n: Int) { vessels(first: $n) { name } }",
        "query($u: Units = METRIC) { ship(id: \"a\", units: $u) { id } }",
        "{ vessels(where: {name: \"a\", longerThan: 3, not: {tags: \"one\"}}) { ... on Tug { pull } } }",
        "{ vessels { ...A } } fragment A on Vessel { id ...B } fragment B on Ship { captain { age } }",
        "{ anything(meta: {any: [1, \"two\", {three: FOUR}]}) }",
        "mutation { dock(ship: 1, berth: 2) { id } }",
        "subscription { arrival { id } }",
        "query @audited(reason: \"a\") @audited(reason: \"b\") { vessels { id } }",
        "{ pick(by: {id: 1}) { id } }",
        "query($n: String!) { pick(by: {name: $n}) { id } }",
        "{ __schema { types { name fields { name } } } __type(name: \"Ship\") { kind } }",
        "{ ship(id: 1) { a: length(units: METRIC) b: length(units: IMPERIAL) twin { id } twin { name } } }",
        "{ vessels { ... on Ship { size: length(units: METRIC) } ... on Tug { weight: length } } }",
        "{ ship(id: 4000000000) { id } vessels(first: 4000000000) { id } }",
    ] {
        assert_valid(document, true);
    }
}

#[test]
fn each_rule_of_operations_is_held() {
    for document in [
        "{ boats { id } }",
        "{ vessels { pull } }",
        "{ vessels }",
        "{ ship(id: 1) { id { deeper } } }",
        "{ ship { id } }",
        "{ ship(id: 1, id: 2) { id } }",
        "{ ship(id: 1, colour: 2) { id } }",
        "{ ship(id: true) { id } }",
        "{ ship(id: null) { id } }",
        "{ ship(id: 1, units: MILES) { id } }",
        "{ ship(id: 1, units: \"METRIC\") { id } }",
        "{ vessels(first: 1.5) { id } }",
        "{ vessels(first: 99999999999999999999) { id } }",
        "{ vessels(where: {size: 1}) { id } }",
        "{ vessels(where: {name: \"a\", name: \"b\"}) { id } }",
        "{ vessels(where: {tags: [null]}) { id } }",
        "{ vessels(where: [{name: \"a\"}]) { id } }",
        "{ pick(by: {}) { id } }",
        "{ pick(by: {id: 1, name: \"a\"}) { id } }",
        "{ pick(by: {id: null}) { id } }",
        "query($n: String) { pick(by: {name: $n}) { id } }",
        "query($id: ID) { ship(id: $id) { id } }",
        "query($id: [ID!]!) { ship(id: $id) { id } }",
        "query($unused: Int) { vessels { id } }",
        "query($a: Int, $a: Int) { vessels(first: $a) { id } }",
        "query($s: Ship) { anything(meta: $s) }",
        "query($s: Nothing) { anything(meta: $s) }",
        "query($n: Int = \"one\") { vessels(first: $n) { id } }",
        "query A { vessels(first: $n) { id } }",
        "query A($n: Int) { ...F } query B { ...F } fragment F on Harbour { vessels(first: $n) { id } }",
        "query A { vessels { id } } query A { vessels { id } }",
        "query A { vessels { id } } { vessels { id } }",
        "{ vessels { ...Missing } }",
        "{ vessels { id } } fragment Unused on Ship { id }",
        "{ vessels { ...A } } fragment A on Ship { id } fragment A on Ship { name }",
        "{ vessels { ...A } } fragment A on Vessel { ...B } fragment B on Vessel { ...A }",
        "{ vessels { ...A } } fragment A on Units { METRIC }",
        "{ vessels { ... on Nothing { id } } }",
        "{ vessels { ... on Person { name } } }",
        "{ ship(id: 1) { ... on Tug { id } } }",
        "{ vessels @audited { id } }",
        "{ vessels @unknown { id } }",
        "{ vessels @skip(if: true) @skip(if: false) { id } }",
        "{ vessels @skip(if: true, unless: false) { id } }",
        "{ vessels { ... on Ship @audited(reason: \"a\") { id } } }",
        "subscription { arrival { id } departure { id } }",
        "subscription { __typename }",
        "{ ship(id: 1) { a: id a: name } }",
        "{ ship(id: 1) { length(units: METRIC) length(units: IMPERIAL) } }",
        "{ ship(id: 1) { twin { x: id } twin { x: name } } }",
        "{ vessels { ...A ...B } } fragment A on Vessel { x: id } fragment B on Vessel { x: name }",
        "{ vessels { ... on Ship { length } ... on Tug { length } } }",
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
    ] {
        assert_valid(document, false);
    }
}

#[test]
fn an_operation_needs_its_root_type() {
    let rules = "p := [graphql.is_valid(q, `type Query { a: Int }`) | some q in [`{ a }`, `mutation { a }`, `subscription { a }`]]";
    assert_value(rules, &json!([true, false, false]));
    // Where the schema names one root, the others have no usual names.
    let rules = "p := graphql.is_valid(`mutation { a }`, `schema { query: Mutation } type Mutation { a: Int }`)";
    assert_value(rules, &false.into());
}

#[test]
fn each_rule_of_schemas_is_held() {
    assert_schema(HARBOUR, true);
    for document in [
        "",
        "extend type New { a: Int }",
        "extend schema @mark directive @mark on SCHEMA",
        "input A { b: [A!]! c: A }",
        "interface N { id: ID } interface M implements N { id: ID! } type T implements N & M { id: ID! }",
        "type A { b: B! } type B { a: A! }",
        "directive @skip(if: Boolean!) on FIELD",
        "type A @a { b: Int } extend type A @a directive @a on OBJECT",
    ] {
        assert_schema(document, true);
    }
    for document in [
        "type A { b: Missing }",
        "type A { b: Int } type A { c: Int }",
        "type A { b: Int } extend input A { c: Int }",
        "type A { b: Int } extend type A { b: Int }",
        "enum E { A A }",
        "enum E { true }",
        "enum E",
        "type A",
        "type __A { b: Int }",
        "type A { __b: Int }",
        "scalar Int",
        "union U = A enum A { B }",
        "union U = A | A type A { b: Int }",
        "union U = Missing",
        "input I { a: A! } type A { b: Int }",
        "type A { b: I } input I { c: Int }",
        "type A { b(c: A): Int }",
        "input A { b: B! } input B { c: C! } input C { a: A! }",
        "schema { query: Missing }",
        "schema { query: A } schema { query: A } type A { b: Int }",
        "type A implements Missing { b: Int }",
        "type A implements B { b: Int } type B { b: Int }",
        "type A implements B { c: Int } interface B { b: Int }",
        "type A implements B { b: Int } interface B { b: Int! }",
        "type A implements B { b: String } interface B { b: Int }",
        "type A implements B { b: Int } interface B { b(c: Int): Int }",
        "type A implements B { b(c: Int!): Int } interface B { b: Int }",
        "type A implements N { id: ID } interface M { id: ID } interface N implements M { id: ID }",
        "interface A implements B { id: ID } interface B implements A { id: ID }",
        "type A @missing { b: Int }",
        "type A @a { b: Int } directive @a on ENUM",
        "type A { b: Int @a @a } directive @a on FIELD_DEFINITION",
        "type A { b: Int @a } directive @a(c: Int!) on FIELD_DEFINITION",
        "type A { b: Int @a(d: 1) } directive @a(c: Int) on FIELD_DEFINITION",
        "directive @a(b: Int @a) on ARGUMENT_DEFINITION",
        "directive @a on FIELD directive @a on FIELD",
        "directive @__a on FIELD",
    ] {
        assert_schema(document, false);
    }
}

#[test]
fn parse_has_no_value_where_verify_says_false() {
    let rules =
        |call: &str| format!("s := `{HARBOUR}`\ngood := `{{ vessels {{ id }} }}`\np := {call}");
    let documents = outcome(&rules(
        "[graphql.parse_query(good), graphql.parse_schema(s)]",
    ))
    .unwrap();
    assert_value(&rules("graphql.parse(good, s)"), &documents);
    let verified = json!([true, documents[0], documents[1]]);
    assert_value(&rules("graphql.parse_and_verify(good, s)"), &verified);
    let refused = json!([false, {}, {}]);
    for bad in ["`{ boats }`", "`{ boats`", "7", "{\"Operations\": 7}"] {
        assert_value(&rules(&format!("graphql.parse({bad}, s)")), &Value::Null);
        assert_value(
            &rules(&format!("graphql.parse_and_verify({bad}, s)")),
            &refused,
        );
        assert_value(
            &rules(&format!("graphql.is_valid({bad}, s)")),
            &false.into(),
        );
        assert_value(
            &rules(&format!("graphql.parse_and_verify(good, {bad})")),
            &refused,
        );
    }
}

#[test]
fn objects_without_what_documents_need_are_not_valid() {
    for object in [
        "{\"Operations\": [{\"SelectionSet\": [{\"Name\": \"vessels\", \"Alias\": \"\", \"Arguments\": [{\"Name\": \"first\"}]}]}]}",
        "{\"Operations\": [{\"Operation\": \"remove\", \"SelectionSet\": []}]}",
        "{\"Operations\": [{\"VariableDefinitions\": [{\"Variable\": \"x\"}]}]}",
        "{\"Operations\": [{\"SelectionSet\": [{\"Alias\": \"a\", \"Name\": \"anything\", \"Arguments\": [{\"Name\": \"meta\", \"Value\": {\"Kind\": 10}}]}]}]}",
    ] {
        let rules = format!("p := graphql.is_valid({object}, `{HARBOUR}`)");
        assert_value(&rules, &false.into());
    }
    // Nulls and names that documents do not have are passed over, and an alias may be missing.
    for selection in [
        "\"Alias\": \"\", \"Name\": \"anything\"",
        "\"Name\": \"anything\"",
    ] {
        let object = format!(
            "{{\"Operations\": [{{\"Position\": {{\"Line\": 1}}, \"Name\": null, \"SelectionSet\": [{{{selection}}}]}}]}}"
        );
        let rules = format!("p := graphql.is_valid({object}, `{HARBOUR}`)");
        assert_value(&rules, &true.into());
    }
}

/// What is beyond the limits is an error of the rule, which `not` cannot turn into an answer.
fn assert_beyond(rules: &str) {
    let error = outcome(rules).expect_err("there is no answer");
    assert!(error.contains("GraphQL document"), "{error}");
}

#[test]
fn documents_that_nest_too_deep_have_no_answer() {
    let nested = |depth: usize| format!("{}a{}", "{ a ".repeat(depth - 1), "}".repeat(depth - 1));
    let value = |depth: usize| format!("{{ a(b: {}1{}) }}", "[".repeat(depth), "]".repeat(depth));
    let kind = |depth: usize| {
        format!(
            "type A {{ b: {}C{} }}",
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    let schema = "type Query { a(b: Any): Query } scalar Any";
    let fields = format!("{{ {}__typename{} }}", "a { ".repeat(60), "}".repeat(60));
    let lists = value(60).replace("])", "]) { __typename }");
    for document in [fields, lists] {
        let rules = format!("p := graphql.is_valid(graphql.parse_query(`{document}`), `{schema}`)");
        assert_value(&rules, &true.into());
    }
    for depth in [70, 100_000] {
        assert_beyond(&format!("p := graphql.parse_query(`{}`)", nested(depth)));
        assert_beyond(&format!(
            "p if not graphql.is_valid(`{}`, ``)",
            value(depth)
        ));
        assert_beyond(&format!(
            "p if not graphql.schema_is_valid(`{}`)",
            kind(depth)
        ));
    }
}

#[test]
fn long_chains_of_fragments_have_no_answer_and_do_not_end_the_process() {
    let mut document = "{ vessels { ...F0 } }".to_owned();
    for at in 0..5_000 {
        let _infallible = write!(
            document,
            " fragment F{at} on Vessel {{ id ...F{} }}",
            at + 1
        );
    }
    document.push_str(" fragment F5000 on Vessel { id }");
    assert_beyond(&format!(
        "p if not graphql.is_valid(`{document}`, `{HARBOUR}`)"
    ));
}

/// Each fragment stands twice in the one before, in fields that are one in the answer.
#[test]
fn fragments_that_double_end_in_time() {
    let began = Instant::now();
    let mut document = "{ ship(id: 1) { ...F0 } }".to_owned();
    for at in 0..28 {
        let next = at + 1;
        let _infallible = write!(
            document,
            " fragment F{at} on Ship {{ twin {{ ...F{next} ...F{next} }} again: twin {{ ...F{next} }} }}"
        );
    }
    document.push_str(" fragment F28 on Ship { id }");
    let found = outcome(&format!("p := graphql.is_valid(`{document}`, `{HARBOUR}`)"));
    // 2^28 ways lead to the last one.
    assert!(found.is_err_and(|error| error.contains("too long to validate")));
    let questions = document
        .replace("ship(id: 1)", "__schema")
        .replace(" on Ship", " on __Type");
    let found = outcome(&format!(
        "p := graphql.is_valid(`{questions}`, `{HARBOUR}`)"
    ));
    assert_eq!(found, Ok(false.into()));
    assert!(
        began.elapsed() < Duration::from_mins(1),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn many_fields_of_one_name_are_compared_in_time() {
    let began = Instant::now();
    let document = format!(
        "{{ ship(id: 1) {{ {} }} }}",
        "name id twin { id } ".repeat(20_000)
    );
    let rules = format!("p := graphql.is_valid(`{document}`, `{HARBOUR}`)");
    assert_value(&rules, &true.into());
    assert!(
        began.elapsed() < Duration::from_mins(1),
        "{:?}",
        began.elapsed()
    );
}

/// What is left of a text when it ends early, and when one character is missing.
fn damaged(text: &str) -> Vec<String> {
    let cuts = text.char_indices().map(|(at, _)| text[..at].to_owned());
    let holes = text.char_indices().map(|(at, letter)| {
        let after = at + letter.len_utf8();
        format!("{}{}", &text[..at], &text[after..])
    });
    cuts.chain(holes).collect()
}

#[test]
fn damaged_documents_have_an_answer() {
    let document = "query Q($a: [Int!]! = [1, -2.5e3], $é: By) @audited(reason: \"\\u00e9\") { x: vessels(where: {tags: [\"\"\"a\n \\\"\"\" \"\"\"], not: null}) { ...F ... on Ship @skip(if: $a) { id } } } # end\nfragment F on Vessel { name }";
    for (texts, call) in [
        (damaged(document), "graphql.is_valid(d, s)"),
        (damaged(HARBOUR), "graphql.schema_is_valid(d)"),
    ] {
        let written = serde_json::to_string(&texts).unwrap();
        let rules = format!("s := `{HARBOUR}`\np := [{call} | some d in {written}]");
        let answers = outcome(&rules).expect("each has an answer");
        assert_eq!(answers.as_array().map(Vec::len), Some(texts.len()));
    }
}
