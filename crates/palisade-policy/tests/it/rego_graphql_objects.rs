//! `graphql.*`: what policies see of documents.

use serde_json::{Value, json};

use crate::rego_graphql::assert_value;

#[test]
fn a_query_is_seen_with_the_names_of_opa() {
    let rules = r#"p := graphql.parse_query(`
        query One($id: ID! = "a", $list: [Int!]) @audited(reason: "why") {
          big: ship(id: $id) { ...Parts ... on Ship @skip(if: true) { name } }
        }
        fragment Parts on Ship { length(units: IMPERIAL) }
        mutation { dock(ship: 7, berth: -1.5e3, more: [null, {a: false}]) { id } }
    `)"#;
    let value =
        |kind: u8, raw: &str| json!({"Kind": kind, "Raw": raw, "ExpectedTypeHasDefault": false});
    let named = |name: &str, value: Value| json!({"Name": name, "Value": value});
    let field = |name: &str| json!({"Alias": name, "Name": name});
    let list = json!({"Kind": 8, "Raw": "", "ExpectedTypeHasDefault": false, "Children": [
        named("", value(6, "null")),
        named("", json!({"Kind": 9, "Raw": "", "ExpectedTypeHasDefault": false, "Children": [named("a", value(5, "false"))]})),
    ]});
    let one = json!({
        "Operation": "query",
        "Name": "One",
        "VariableDefinitions": [
            {"Variable": "id", "Used": false, "Type": {"NamedType": "ID", "NonNull": true}, "DefaultValue": value(3, "a")},
            {"Variable": "list", "Used": false, "Type": {"NamedType": "", "NonNull": false, "Elem": {"NamedType": "Int", "NonNull": true}}},
        ],
        "Directives": [{"Name": "audited", "Location": "", "Arguments": [named("reason", value(3, "why"))]}],
        "SelectionSet": [{
            "Alias": "big",
            "Name": "ship",
            "Arguments": [named("id", value(0, "id"))],
            "SelectionSet": [
                {"Name": "Parts"},
                {
                    "TypeCondition": "Ship",
                    "Directives": [{"Name": "skip", "Location": "", "Arguments": [named("if", value(5, "true"))]}],
                    "SelectionSet": [field("name")],
                },
            ],
        }],
    });
    let dock = json!({
        "Alias": "dock",
        "Name": "dock",
        "Arguments": [named("ship", value(1, "7")), named("berth", value(2, "-1.5e3")), named("more", list)],
        "SelectionSet": [field("id")],
    });
    let expected = json!({
        "Operations": [one, {"Operation": "mutation", "Name": "", "SelectionSet": [dock]}],
        "Fragments": [{
            "Name": "Parts",
            "TypeCondition": "Ship",
            "SelectionSet": [{"Alias": "length", "Name": "length", "Arguments": [named("units", value(7, "IMPERIAL"))]}],
        }],
    });
    assert_value(rules, &expected);
}

#[test]
fn a_schema_is_seen_with_the_names_of_opa() {
    let rules = r#"p := graphql.parse_schema(`
        """
          Where ships
            lie.
        """
        type Berth implements & Place & Thing @old { "how deep" depth(at: Int = 3): [Float!] }
        extend schema { query: Berth }
        enum Tide { HIGH }
        input Box { size: Int = 1 }
        union All = | Berth
        scalar Time
        directive @old(since: Int) repeatable on OBJECT | SCHEMA
        extend union All = Crane
    `)"#;
    let kind = |name: &str, non_null: bool| json!({"NamedType": name, "NonNull": non_null});
    let value = |raw: &str| json!({"Kind": 1, "Raw": raw, "ExpectedTypeHasDefault": false});
    let plain = |kind: &str, name: &str| json!({"Kind": kind, "Name": name, "Description": "", "BuiltIn": false});
    let with = |mut base: Value, name: &str, added: Value| {
        base[name] = added;
        base
    };
    let mut berth = plain("OBJECT", "Berth");
    berth["Description"] = json!("Where ships\n  lie.");
    berth["Interfaces"] = json!(["Place", "Thing"]);
    berth["Directives"] = json!([{"Name": "old", "Location": ""}]);
    berth["Fields"] = json!([{
        "Name": "depth",
        "Description": "how deep",
        "Type": {"NamedType": "", "NonNull": false, "Elem": kind("Float", true)},
        "Arguments": [{"Name": "at", "Description": "", "Type": kind("Int", false), "DefaultValue": value("3")}],
    }]);
    let size = json!([{"Name": "size", "Description": "", "Type": kind("Int", false), "DefaultValue": value("1")}]);
    let expected = json!({
        "SchemaExtension": [{"Description": "", "OperationTypes": [{"Operation": "query", "Type": "Berth"}]}],
        "Directives": [{
            "Name": "old",
            "Description": "",
            "IsRepeatable": true,
            "Locations": ["OBJECT", "SCHEMA"],
            "Arguments": [{"Name": "since", "Description": "", "Type": kind("Int", false)}],
        }],
        "Definitions": [
            berth,
            with(plain("ENUM", "Tide"), "EnumValues", json!([{"Name": "HIGH", "Description": ""}])),
            with(plain("INPUT_OBJECT", "Box"), "Fields", size),
            with(plain("UNION", "All"), "Types", json!(["Berth"])),
            plain("SCALAR", "Time"),
        ],
        "Extensions": [with(plain("UNION", "All"), "Types", json!(["Crane"]))],
    });
    assert_value(rules, &expected);
}

#[test]
fn strings_are_read_as_they_are_meant() {
    let raw = |text: &str, expected: &str| {
        let document = serde_json::to_string(&format!("{{ f(a: {text}) }}")).unwrap();
        let rules = format!(
            "p := graphql.parse_query({document}).Operations[0].SelectionSet[0].Arguments[0].Value.Raw"
        );
        assert_value(&rules, &expected.into());
    };
    raw(r#""a\n\"\u00e9\/\\\t""#, "a\n\"é/\\\t");
    raw(r#""\ud83d""#, "\u{fffd}");
    raw("\"ਊ, # no comment\"", "ਊ, # no comment");
    raw("\"\"\"\n    one\r\n      two\n\n    \"\"\"", "one\n  two");
    raw("\"\"\"say \\\"\"\" twice\"\"\"", "say \"\"\" twice");
    raw("\"\"\"\"quoted\"\"\"\"", "\"quoted\"");
    raw("\"\"\" \n \"\"\"", "");
}
