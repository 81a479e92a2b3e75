//! What builtins answer, as the language's first implementation answers it.

use std::time::Duration;

use bumpalo::Bump;
use palisade_policy::languages::rego::query;
use palisade_policy::{Budget, Context, Effects, Meter, Settings};

use crate::rego::bundle;

/// The value of an expression as JSON, `undefined`, or `error: ` and why the evaluation ended.
fn said(expression: &str) -> String {
    let text = format!("package a\nimport rego.v1\np := {expression}\n");
    let arena = Bump::new();
    let budget = Budget {
        time: Duration::from_mins(2),
        ..Budget::default()
    };
    let context = Context::new(&arena, Meter::start(budget), Effects::default());
    let results = query(
        &bundle(&[("a.rego", &text)]),
        &Settings::default(),
        &context,
        "x = data.a.p",
        None,
    );
    match results {
        Ok(results) => match results.get(0).and_then(|one| one["bindings"].get("x")) {
            Some(value) => value.to_string(),
            None => "undefined".to_owned(),
        },
        Err(error) => format!("error: {error}"),
    }
}

/// Holds all expressions against what they give, and tells all that differ.
fn assert_said(cases: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (expression, wanted) in cases {
        let said = said(expression);
        let holds = match wanted.strip_prefix("error: ") {
            Some(part) => said.starts_with("error: ") && said.contains(part),
            None => said == *wanted,
        };
        if !holds {
            wrong.push(format!(
                "{expression:.200}\n  gives {said:.200}\n  not   {wanted}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn quantities_are_bounded() {
    assert_said(&[
        (r#"units.parse("1e1000000000")"#, "undefined"),
        (r#"units.parse_bytes("1e1000000000")"#, "undefined"),
        (
            r#"units.parse("1e999999")"#,
            "error: more than 10000 digits",
        ),
        (r#"units.parse("1e-999999")"#, "0"),
        (r#"units.parse("1e0000005")"#, "undefined"),
        (r#"units.parse("1e3")"#, "1000"),
        (r#"units.parse("-5Ki")"#, "-5120"),
        (r#"units.parse("5e3E") == 5000000000000000000000"#, "true"),
        (r#"units.parse("5E")"#, "5000000000000000000"),
        (r#"units.parse("100m")"#, "0.1"),
        (r#"units.parse("5mI")"#, "5242880"),
        (
            r#"units.parse("0.33333333333333333333333Ki")"#,
            "341.3333333333",
        ),
        (r#"units.parse("0.00000000015")"#, "2e-10"),
        (r#"units.parse("5\"K")"#, "5000"),
        (r#"units.parse("5 K")"#, "undefined"),
        (r#"units.parse("1_000")"#, "undefined"),
        (r#"units.parse("K")"#, "undefined"),
        (r#"units.parse("1/2K")"#, "undefined"),
        (r#"units.parse_bytes("1.7KiB")"#, "1740"),
        (r#"units.parse_bytes("-5.5KB")"#, "-5500"),
        (r#"units.parse_bytes("5m")"#, "5000000"),
        (r#"units.parse_bytes("5B")"#, "undefined"),
        (r#"units.parse_bytes("1e-5")"#, "0"),
    ]);
}

#[test]
fn numbers_are_read_as_go_reads_them() {
    assert_said(&[
        (r#"to_number(" 1 ")"#, "undefined"),
        (r#"to_number("+1") + 1"#, "2"),
        (r#"to_number(".5") + 1"#, "1.5"),
        (r#"to_number("1.") + 1"#, "2"),
        (r#"to_number("1_000") + 1"#, "1001"),
        (r#"to_number("1__0")"#, "undefined"),
        (r#"to_number("1e400")"#, "undefined"),
        (r#"to_number("1e1000000000")"#, "undefined"),
        (r#"to_number("inf")"#, "undefined"),
        (
            r#"to_number("123456789012345678901234567890") == 123456789012345678901234567890"#,
            "true",
        ),
        (
            "bits.xor(-18446744073709551616, 5) == -18446744073709551611",
            "true",
        ),
        (
            "bits.negate(18446744073709551616) == -18446744073709551617",
            "true",
        ),
        (
            "bits.lsh(18446744073709551616, 3) == 147573952589676412928",
            "true",
        ),
        ("bits.rsh(-18446744073709551616, 3)", "-2305843009213693952"),
        ("bits.rsh(5, -1)", "undefined"),
        ("bits.and(1.5, 1)", "undefined"),
        ("bits.lsh(1, 4097)", "error: more than 4096 places"),
    ]);
}

#[test]
fn patterns_are_those_of_re2() {
    assert_said(&[
        (
            r#"regex.match(`^good\.io/\w+:v\d$`, "good.io/аpp:v١")"#,
            "false",
        ),
        (
            r#"regex.match(`^good\.io/\w+:v\d$`, "good.io/app:v1")"#,
            "true",
        ),
        ("regex.match(`^[a&&b]+$`, `a&b`)", "true"),
        ("regex.is_valid(`[a--b]`)", "false"),
        ("regex.match(`^a{,2}$`, `a{,2}`)", "true"),
        ("regex.match(`^a{1$`, `a{1`)", "true"),
        (r"regex.match(`^\Qa.b\E$`, `a.b`)", "true"),
        ("regex.match(`^[[]$`, `[`)", "true"),
        ("regex.is_valid(`x*+`)", "false"),
        ("regex.is_valid(`(?x)`)", "false"),
        (r"regex.is_valid(`\u0041`)", "false"),
        (r#"regex.match(`^\w{0,253}$`, "a")"#, "true"),
        ("regex.is_valid(1 + count(input))", "undefined"),
        (
            r"regex.match(`(\pL{100}){10}`, `a`)",
            "error: too big when compiled",
        ),
        (r#"regex.split("", "abc")"#, r#"["a","b","c"]"#),
        (r#"regex.split("b*", "abc")"#, r#"["a","c"]"#),
        (r#"regex.split("x", "")"#, r#"[""]"#),
        (r#"regex.replace("abc", "(b)", "$1x")"#, "\"ac\""),
        (
            r#"regex.replace("abc", "(?P<n>b)", "[${n}$n$$${1}$]")"#,
            "\"a[bb$b$]c\"",
        ),
        (r#"regex.replace("abc", "", "-")"#, "\"-a-b-c-\""),
        (r#"regex.find_n("a", "aaa", 0)"#, "[]"),
        (
            r#"regex.find_all_string_submatch_n("(a)|(b)", "ab", -1)"#,
            r#"[["a","a",""],["b","","b"]]"#,
        ),
        (
            r#"regex.template_match("urn:{a{1,2}}x", "urn:aax", "{", "}")"#,
            "true",
        ),
        (
            r#"regex.template_match("urn:{a.*", "urn:abc", "{", "}")"#,
            "undefined",
        ),
        (
            r#"regex.template_match("urn:{{a}}", "urn:abc", "{{", "}}")"#,
            "undefined",
        ),
    ]);
}

#[test]
fn formats_are_those_of_go() {
    assert_said(&[
        (
            r#"sprintf("%s|%s", [1, 1.5])"#,
            r#""%!s(int64=1)|%!s(float64=1.5)""#,
        ),
        (r#"sprintf("%[2]d %[1]d", [1, 2])"#, r#""2 1""#),
        (r#"sprintf("%[3]d", [1, 2])"#, r#""%!d(BADINDEX)""#),
        (r#"sprintf("%*d|%-*d|", [5, 1, 3, 2])"#, r#""    1|2  |""#),
        (r#"sprintf("%*d", ["x", 3])"#, r#""%!(BADWIDTH)3""#),
        (r#"sprintf("%.*f", [2, 1.2345])"#, r#""1.23""#),
        (
            r#"sprintf("%v %v", [set(), {1, "a"}])"#,
            r#""set() {1, \"a\"}""#,
        ),
        (
            r#"sprintf("%x %x %X", ["ab", true, -255])"#,
            r#""6162 74727565 -FF""#,
        ),
        (
            r#"sprintf("%q %U %T", [65, 128512, 1.5])"#,
            r#""'A' U+1F600 float64""#,
        ),
        (
            r#"sprintf("%v %g %e", [1234567.5, 0.00001, 1.5])"#,
            r#""1.2345675e+06 1e-05 1.500000e+00""#,
        ),
        (
            r#"sprintf("%.3d|%05d|%08.3f", [5, -42, -1.5])"#,
            r#""005|-0042|-001.500""#,
        ),
        (r#"sprintf("%d-%d", [1])"#, r#""1-%!d(MISSING)""#),
        (r#"sprintf("%v", [1, "x"])"#, r#""1%!(EXTRA string=x)""#),
        (
            r#"sprintf("%x", [123456789012345678901234567890])"#,
            r#""18ee90ff6c373e0ee4e3f0ad2""#,
        ),
        (r#"sprintf("%z %", [1])"#, r#""%!z(int64=1) %!(NOVERB)""#),
        (r#"sprintf("%9999999s", ["x"])"#, "error: wider than 1024"),
    ]);
}

#[test]
fn json_is_that_of_go() {
    let deep = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!("{open}{close}")
    };
    let (fits, beyond, never) = (deep(400), deep(9_999), deep(10_001));
    assert_said(&[
        (&format!("count(json.unmarshal(`{fits}`))"), "1"),
        (
            &format!("json.unmarshal(`{beyond}`)"),
            "error: nest deeper than 500",
        ),
        (
            &format!("json.unmarshal(`{never}`)"),
            "error: nest deeper than 500",
        ),
        (&format!("json.is_valid(`{beyond}`)"), "true"),
        (&format!("json.is_valid(`{never}`)"), "false"),
        (
            "json.unmarshal(`123456789012345678901234567890`) == 123456789012345678901234567890",
            "true",
        ),
        (
            "json.unmarshal(`[1e1000000000]`)",
            "error: more than 10000 digits",
        ),
        ("json.is_valid(`1e1000000000`)", "true"),
        (r#"json.unmarshal(`"\ud800a"`)"#, "\"\u{fffd}a\""),
        (r#"json.unmarshal(`"\ud83d\ude00"`)"#, "\"😀\""),
        (r#"json.unmarshal(`{"a":1,"a":2}`)"#, r#"{"a":2}"#),
        ("json.unmarshal(`01`)", "undefined"),
        ("json.unmarshal(`[1,]`)", "undefined"),
        ("json.unmarshal(`1 2`)", "undefined"),
        (
            r#"json.marshal({"<": "a>&", "b": {"x"}})"#,
            r#""{\"\\u003c\":\"a\\u003e\\u0026\",\"b\":[\"x\"]}""#,
        ),
        (
            "json.marshal({1: 2, [1]: 3, null: 4})",
            r#""{\"1\":2,\"[1]\":3,\"null\":4}""#,
        ),
        (
            r#"json.marshal_with_options({"a": [1, {}]}, {"prefix": ">"})"#,
            r#"">{\n>\t\"a\": [\n>\t\t1,\n>\t\t{}\n>\t]\n>}""#,
        ),
        (
            r#"json.marshal_with_options({"a": 1}, {"pretty": false, "indent": " "})"#,
            r#""{\"a\":1}""#,
        ),
    ]);
}

#[test]
fn yaml_is_that_of_kubernetes() {
    assert_said(&[
        (
            "yaml.unmarshal(`privileged: yes`)",
            r#"{"privileged":true}"#,
        ),
        (
            "yaml.unmarshal(`a: [y, N, On, 1_000, 0x1F, 017, 1., .5, 1:30, 08]`)",
            r#"{"a":[true,false,true,1000,31,15,1,0.5,"1:30",8]}"#,
        ),
        (
            "yaml.unmarshal(`a: ['yes', \"1_0\", !!str 5, !foo 5, !!int '5']`)",
            r#"{"a":["yes","1_0","5","5",5]}"#,
        ),
        (
            "yaml.unmarshal(`{y: 1, 1.50: 2, 0x10: 3}`)",
            r#"{"1.5":2,"16":3,"true":1}"#,
        ),
        ("yaml.unmarshal(`~: 1`)", "undefined"),
        ("yaml.unmarshal(`a: .inf`)", "undefined"),
        ("yaml.unmarshal(`a: !!int x`)", "undefined"),
        ("yaml.unmarshal(`a: 1e400`)", r#"{"a":"1e400"}"#),
        (
            "yaml.unmarshal(`a: 18446744073709551616`).a == 18446744073709552000",
            "true",
        ),
        ("yaml.unmarshal(\"a: 1\\n---\\nb: 2\")", r#"{"a":1}"#),
        ("yaml.unmarshal(`<<: {a: 1}`)", r#"{"a":1}"#),
        ("yaml.unmarshal(`%YAML 1.2`)", "undefined"),
        ("yaml.is_valid(`a: b: c`)", "false"),
    ]);
}

#[test]
fn encodings_are_those_of_go() {
    assert_said(&[
        (r#"base64.decode("YW\nJj")"#, "\"abc\""),
        (r#"base64.decode("YR==")"#, "\"a\""),
        (r#"base64.decode("YQ")"#, "undefined"),
        (r#"base64.is_valid("YW\nJj")"#, "true"),
        ("base64.is_valid(input.x)", "undefined"),
        (
            r#"[base64url.decode(x) | some x in ["YQ", "YQ==", "_-8"]]"#,
            "[\"a\",\"a\",\"\u{fffd}\u{fffd}\"]",
        ),
        (r#"base64url.decode("YQ=")"#, "undefined"),
        (r#"urlquery.decode("%zz")"#, "undefined"),
        (r#"urlquery.decode("a+b%20c\nd")"#, r#""a b c\nd""#),
        (r#"urlquery.encode("a b~*'")"#, r#""a+b~%2A%27""#),
        (
            r#"urlquery.decode_object("a=1&b=2&a=3")"#,
            r#"{"a":["1","3"],"b":["2"]}"#,
        ),
        (r#"urlquery.decode_object("a;b=1")"#, "undefined"),
    ]);
}

#[test]
fn texts_and_collections_are_those_of_the_language() {
    assert_said(&[
        (r#"lower("İΑΣ")"#, r#""iασ""#),
        (r#"upper("straße ﬁ")"#, r#""STRAßE ﬁ""#),
        (r#"substring("abc", 1.5, 1)"#, "undefined"),
        (r#"substring("日本語", 1, -1)"#, r#""本語""#),
        (
            r#"strings.replace_n({"a": "b", "b": "c"}, "ab")"#,
            r#""bc""#,
        ),
        (
            r#"strings.replace_n({"": "x", "a": "b"}, "ab")"#,
            r#""xbxbx""#,
        ),
        (r#"indexof("abc", "")"#, "undefined"),
        (r#"indexof_n("aaa", "aa")"#, "[0,1]"),
        (r#"sort([{1}, {"a": 1}])"#, r#"[{"a":1},[1]]"#),
        (r#"max([{1}, {"a": 1}])"#, "[1]"),
        ("max([])", "undefined"),
        ("object.subset([1], [])", "true"),
        (r#"object.subset({"a": 1}, ["a"])"#, "undefined"),
        (r#"object.subset({"a": [1, 2, 3]}, {"a": [2, 3]})"#, "true"),
        ("object.subset([1, 2, 3], {2, 3})", "true"),
        (
            r#"json.filter({"a": {"b": 1, "c": 2}}, ["/a/b"])"#,
            r#"{"a":{"b":1}}"#,
        ),
        (r#"json.filter({"a": 1}, ["a/b"])"#, r#"{"a":1}"#),
        (r#"json.filter({"a": 1}, [[]])"#, "{}"),
        (r#"json.remove({"a": 1}, ["a/b"])"#, r#"{"a":1}"#),
        (
            r#"json.remove({"a": [1, 2, 3]}, ["/a/0", "a/1"])"#,
            r#"{"a":[3]}"#,
        ),
        (
            r#"object.union({"a": {"b": 1}}, {"a": {"c": 2}})"#,
            r#"{"a":{"b":1,"c":2}}"#,
        ),
    ]);
}

/// A value that is doubled forty times.
fn doubled(start: &str, step: &str) -> String {
    let mut text = format!("x if {{ x0 := {start}\n");
    for at in 1..=40 {
        let step = step.replace('X', &format!("x{}", at - 1));
        text.extend(["  x", &at.to_string(), " := ", &step, "\n"]);
    }
    format!("1 if {{ x }}\n{text}  x40 != 1\n}}\n")
}

#[test]
fn what_builtins_make_is_bounded() {
    for (start, step, builtin) in [
        ("\"ab\"", "concat(X, [X, X])", "concat"),
        ("\"ab\"", "sprintf(\"%s%s\", [X, X])", "sprintf"),
        (
            "\"ab\"",
            "replace(X, \"a\", \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\")",
            "replace",
        ),
        (
            "\"ab\"",
            "regex.replace(X, \"a\", \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\")",
            "regex.replace",
        ),
        (
            "\"ab\"",
            "strings.replace_n({\"a\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}, X)",
            "strings.replace_n",
        ),
        ("[1]", "array.concat(X, X)", "array.concat"),
        ("\"\\\"\"", "json.marshal(X)", "json.marshal"),
    ] {
        let said = said(&doubled(start, step));
        assert!(
            said.contains(&format!(
                "what `{builtin}` makes is larger than 16777216 bytes"
            )),
            "{builtin}: {said}"
        );
    }
}

#[test]
fn globs_are_read_in_linear_time() {
    let long = format!(
        "glob.match(\"{}\", [], \"{}\")",
        "*a".repeat(3_000),
        "a".repeat(6_000)
    );
    assert_said(&[
        (&long, "error: no regular expression that can be used"),
        (r#"glob.match("{a", [], "a")"#, "true"),
        (r#"glob.match("a}", [], "a}")"#, "true"),
        (r#"glob.match("{,a}", [], "")"#, "true"),
        (r#"glob.match("a{b,{c,d*}}", [], "adx")"#, "true"),
        (r#"glob.match("[^a]", [], "b")"#, "false"),
        (r#"glob.match("[!a]", ["."], ".")"#, "true"),
        (r#"glob.match("[a-cx]", [], "x")"#, "undefined"),
        (r#"glob.match("[]", [], "")"#, "undefined"),
        (r#"glob.match("?", [], "é")"#, "true"),
        (r#"glob.match("*.com", [], "a.b.com")"#, "false"),
        (r#"glob.match("*.com", null, "a.b.com")"#, "true"),
        (r#"glob.match("***", ["."], "a.b")"#, "true"),
        (r#"glob.match("*", ["ab"], "x")"#, "undefined"),
        (r#"glob.quote_meta("a*?[{\\-")"#, r#""a\\*\\?\\[\\{\\\\-""#),
    ]);
}

#[test]
fn ranges_and_moments_are_read_strictly() {
    assert_said(&[
        (
            r#"net.cidr_contains("010.0.0.0/8", "10.0.0.1")"#,
            "undefined",
        ),
        (
            r#"net.cidr_contains("10.0.0.0/8", "::ffff:10.0.0.1")"#,
            "true",
        ),
        (
            r#"net.cidr_contains("::ffff:10.0.0.0/104", "10.0.0.1")"#,
            "true",
        ),
        (
            r#"time.parse_rfc3339_ns("2024-02-29T12:30:45.5+01:00")"#,
            "1709206245500000000",
        ),
        (
            r#"time.parse_rfc3339_ns("2024-02-29t12:30:45z")"#,
            "undefined",
        ),
        (
            r#"time.parse_rfc3339_ns("2024-02-29 12:30:45Z")"#,
            "undefined",
        ),
        (
            r#"time.parse_rfc3339_ns("2024-02-29T12:30:60Z")"#,
            "undefined",
        ),
        (
            r#"time.parse_rfc3339_ns("2024-02-30T12:30:45Z")"#,
            "undefined",
        ),
        (
            r#"time.parse_rfc3339_ns("9999-01-01T00:00:00Z")"#,
            "undefined",
        ),
    ]);
}
