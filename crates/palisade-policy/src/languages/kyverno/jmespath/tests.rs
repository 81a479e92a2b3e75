//! Tests of the language over small values of our own.

use bumpalo::Bump;
use palisade_document::Syntax;

use super::*;
use crate::budget::{Budget, Meter};
use crate::context::Effects;
use crate::languages::kyverno::scalars::build::json;

fn search(value: &str, expression: &str) -> Result<String, String> {
    let arena = Bump::new();
    let random = || 7;
    let effects = Effects {
        now_ns: Some(1_700_000_000_000_000_000),
        random: Some(&random),
        ..Effects::default()
    };
    let context = Context::new(&arena, Meter::start(Budget::default()), effects);
    let value = read_text(&context, value, Syntax::Json).unwrap();
    let compiled = Expression::compile(expression)?;
    compiled
        .search(&context, value)
        .map(json)
        .map_err(|error| error.to_string())
}

const SHELF: &str = r#"{"books": [
    {"title": "Maps", "price": 12, "tags": ["geo", "old"]},
    {"title": "Cells", "price": 30, "tags": []},
    {"title": "Tides", "price": 7}
], "open": true, "name": "shelf", "sizes": {"b": 2, "a": 1}}"#;

#[test]
fn paths_projections_and_filters_read_values() {
    for (expression, result) in [
        ("books[0].title", r#""Maps""#),
        ("books[-1].price", "7"),
        ("books[*].title", r#"["Maps","Cells","Tides"]"#),
        ("books[].tags[]", r#"["geo","old"]"#),
        ("books[?price > `10`].title", r#"["Maps","Cells"]"#),
        ("books[?!tags].title", r#"["Cells","Tides"]"#),
        ("books[::-1].price", "[7,30,12]"),
        ("books[:2].price | [1]", "30"),
        ("sizes.*", "[2,1]"),
        ("{n: name, o: open && 'yes'}", r#"{"n":"shelf","o":"yes"}"#),
        ("[name, absent || 'none']", r#"["shelf","none"]"#),
        ("books[?contains(tags || `[]`, 'old')] | length(@)", "1"),
        (
            "sort_by(books, &price)[*].title",
            r#"["Tides","Maps","Cells"]"#,
        ),
        ("max_by(books, &price).title", r#""Cells""#),
        ("absent == null", "true"),
        ("books[?title == 'Maps' || price < `10`].price", "[12,7]"),
        (
            "map(&to_upper(title), books)",
            r#"["MAPS","CELLS","TIDES"]"#,
        ),
    ] {
        assert_eq!(
            search(SHELF, expression).as_deref(),
            Ok(result),
            "{expression}"
        );
    }
}

#[test]
fn a_missing_key_is_an_error_until_something_reads_it_as_absent() {
    assert_eq!(
        search(SHELF, "absent.deeper"),
        Err("unknown key `absent` in path".to_owned())
    );
    assert_eq!(search(SHELF, "name.deeper").as_deref(), Ok("null"));
    assert_eq!(search(SHELF, "absent || name").as_deref(), Ok(r#""shelf""#));
}

#[test]
fn functions_of_the_dialect_calculate() {
    for (expression, result) in [
        ("add('1Gi', '512Mi')", r#""1536Mi""#),
        ("subtract('1h', '30m0s')", r#""30m0s""#),
        ("divide('10', '4')", "2.5"),
        ("multiply(`3`, '100m')", r#""300m""#),
        ("sum([`1`, `2`, `3`])", "6"),
        ("modulo(`7`, `4`)", "3"),
        ("round(`2.345`, `1`)", "2.3"),
        ("semver_compare('1.4.2', '>=1.2.0 <2.0.0')", "true"),
        ("semver_compare('3.0.0', '1.x || 2.x')", "false"),
        ("split('a-b', '-')", r#"["a","b"]"#),
        (
            "regex_replace_all('([a-z])1', 'a1b1', '${1}2')",
            r#""a2b2""#,
        ),
        ("regex_match('^a+$', 'aaa')", "true"),
        ("pattern_match('a*', 'abc')", "true"),
        ("path_canonicalize('/a/../b//c/.')", r#""/b/c""#),
        (
            "time_add('2023-01-01T00:00:00Z', '1h')",
            r#""2023-01-01T01:00:00Z""#,
        ),
        (
            "time_diff('2023-01-01T00:00:00Z', '2023-01-02T00:00:00Z')",
            r#""24h0m0s""#,
        ),
        ("time_now_utc()", r#""2023-11-14T22:13:20Z""#),
        ("time_to_cron('2023-06-02T15:42:00Z')", r#""42 15 2 6 5""#),
        ("items({a: `1`}, 'k', 'v')", r#"[{"k":"a","v":1}]"#),
        (
            "object_from_lists(['a', 'b'], [`1`])",
            r#"{"a":1,"b":null}"#,
        ),
        ("parse_yaml('a: [1, x]')", r#"{"a":[1,"x"]}"#),
        ("base64_decode(base64_encode('hi'))", r#""hi""#),
        ("md5('')", r#""d41d8cd98f00b204e9800998ecf8427e""#),
        ("random('[a-c]{3}x')", r#""bbbx""#),
        ("image_normalize('nginx')", r#""docker.io/nginx:latest""#),
        ("is_external_url('https://10.0.0.1/x')", "false"),
        ("lookup({a: `1`}, 'b')", "null"),
        ("truncate('héllo', `2`)", r#""hé""#),
        ("trim_prefix('v1', 'v')", r#""1""#),
    ] {
        assert_eq!(
            search("{}", expression).as_deref(),
            Ok(result),
            "{expression}"
        );
    }
}

#[test]
fn mistakes_are_said_with_their_place() {
    for (expression, part) in [
        ("a..b", "found `.`"),
        ("a[", "found the end"),
        ("nope(a)", "unknown function `nope`"),
        ("length(a, b)", "takes 1 arguments and got 2"),
        ("'open", "`'` is not closed"),
        ("a[::0]", "step"),
        ("", "found the end"),
    ] {
        let error = search("{}", expression).unwrap_err();
        assert!(error.contains(part), "{expression}: {error}");
    }
    let error = search("{}", "length(`1`)").unwrap_err();
    assert_eq!(
        error,
        "function `length` does not take number as argument 1"
    );
}

#[test]
fn hostile_expressions_end_in_an_error() {
    let nested = format!("{}a{}", "(".repeat(200), ")".repeat(200));
    assert!(Expression::compile(&nested).unwrap_err().contains("nested"));
    let long = vec!["a"; 1000].join(".");
    assert!(
        Expression::compile(&long)
            .unwrap_err()
            .contains("operators")
    );
    let chain = vec!["a"; 400].join(".");
    assert!(Expression::compile(&chain).is_ok());
    let deepest = format!("{}{}", "!".repeat(60), vec!["@"; 400].join(" || "));
    assert_eq!(search("{}", &deepest).as_deref(), Ok("{}"));
    let arena = Bump::new();
    let budget = Budget {
        steps: 100,
        ..Budget::default()
    };
    let context = Context::new(&arena, Meter::start(budget), Effects::default());
    let value = build_list(&arena);
    let compiled = Expression::compile("[*][*].[@]").unwrap();
    let error = compiled.search(&context, value).unwrap_err();
    assert!(matches!(error, SearchError::Exhausted(_)));
}

fn build_list(arena: &Bump) -> Datum<'_> {
    let row = Datum::List(arena.alloc_slice_fill_copy(50, Datum::Int(1)));
    Datum::List(arena.alloc_slice_fill_copy(50, row))
}

/// A certificate of our own, made for this test.
const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIICazCCAdSgAwIBAgICEmcwDQYJKoZIhvcNAQELBQAwQTELMAkGA1UEBhMCREUx\n\
FTATBgNVBAoMDEV4YW1wbGUgU2hvcDEbMBkGA1UEAwwSb3JkZXJzLmV4YW1wbGUu\n\
Y29tMB4XDTI2MTEyNDEwMzU0MloXDTM2MTEyMTEwMzU0MlowQTELMAkGA1UEBhMC\n\
REUxFTATBgNVBAoMDEV4YW1wbGUgU2hvcDEbMBkGA1UEAwwSb3JkZXJzLmV4YW1w\n\
bGUuY29tMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDA3b+0rjwJeJrYOmuF\n\
h+JL7O3Gq4h7OdEzYKUbgxLBb84csp8yR8vtoNPkqst+JOlFCCG2tyIAJJJ5AuZD\n\
anWh/VhqtmBm04BPCHQRi1nt6kCv0dPkRFx4phmnU0oCcQg4FemvYjh+Al/y7sRO\n\
pu1tZ62UaiSl5VJxZLMoxzEVbwIDAQABo3IwcDAdBgNVHQ4EFgQUHm09cP/HaOR+\n\
JEna9yDeHN5oTvMwHwYDVR0jBBgwFoAUHm09cP/HaOR+JEna9yDeHN5oTvMwDwYD\n\
VR0TAQH/BAUwAwEB/zAdBgNVHREEFjAUghJvcmRlcnMuZXhhbXBsZS5jb20wDQYJ\n\
KoZIhvcNAQELBQADgYEArkpR0hK8GXKePIqtGtLMtaBwxVHwqKoF3wUE96nOwOEy\n\
AJpZpBmJxddAvI3RzCIghhxXviSrinrodkXMovbE128d428JYURskcIEvfqoPnEY\n\
ZbgF18j+Vs8K7KljjTnXCTkb99AcZ5AjbDRtHy3keQ72b+CZFedIz4RZAdv59dU=\n\
-----END CERTIFICATE-----\n";

#[test]
fn certificates_are_shown_with_their_names_and_key() {
    let value = serde_json::json!({ "cert": CERTIFICATE }).to_string();
    for (path, result) in [
        ("Subject.CommonName", r#""orders.example.com""#),
        ("Issuer.Country", r#"["DE"]"#),
        ("DNSNames", r#"["orders.example.com"]"#),
        ("SerialNumber", r#""4711""#),
        ("PublicKey.E", "65537"),
        ("starts_with(PublicKey.N, '135435255968')", "true"),
    ] {
        let expression = format!("x509_decode(cert) | {path}");
        assert_eq!(search(&value, &expression).as_deref(), Ok(result), "{path}");
    }
    let error = search("{}", "x509_decode('x')").unwrap_err();
    assert!(error.contains("no PEM block"), "{error}");
}

/// A value in which numbers without a fraction are written in one way.
fn whole(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Json::Number(number) => Json::from(number.as_f64()),
        Json::Array(items) => items.into_iter().map(whole).collect(),
        Json::Object(entries) => entries
            .into_iter()
            .map(|(key, value)| (key, whole(value)))
            .collect(),
        other => other,
    }
}

/// Runs the files of the official suite in the folder that `PALISADE_JMESPATH_CASES` names.
#[test]
#[ignore = "needs the upstream suite: PALISADE_JMESPATH_CASES"]
fn the_official_cases_hold() {
    #[expect(
        clippy::disallowed_methods,
        reason = "a suite is not part of the repository"
    )]
    let folder = std::env::var("PALISADE_JMESPATH_CASES").expect("the suite's folder is given");
    let mut differs = Vec::new();
    let mut passed = 0;
    for file in std::fs::read_dir(folder).expect("a folder") {
        let path = file.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("a text");
        let groups: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        for group in groups.as_array().expect("groups") {
            let given = group["given"].to_string();
            for case in group["cases"].as_array().expect("cases") {
                let expression = case["expression"].as_str().expect("an expression");
                let found = search(&given, expression);
                let value = found
                    .as_deref()
                    .ok()
                    .map(|text| serde_json::from_str::<serde_json::Value>(text).expect("a value"));
                // In Kyverno's dialect a missing key is an error.
                let is_missing = |error: &str| error.starts_with("unknown key");
                let holds = match (case.get("result"), &found) {
                    (Some(serde_json::Value::Null), Err(error)) => is_missing(error),
                    // `sum` is Kyverno's own: it wants an element.
                    (Some(_), Err(_)) => expression == "sum(`[]`)",
                    (Some(result), Ok(_)) => value.map(whole) == Some(whole(result.clone())),
                    (None, Err(_)) => true,
                    _ => case.get("bench").is_some(),
                };
                if holds {
                    passed += 1;
                } else {
                    let file = path.file_name().unwrap_or_default().to_string_lossy();
                    differs.push(format!("{file}: {expression}: {found:?}, not {case}"));
                }
            }
        }
    }
    println!("{passed} passed");
    assert!(differs.is_empty(), "{}", differs.join("\n"));
}
