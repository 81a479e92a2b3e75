//! Imports that are part of the engine.

use palisade_policy::{Effects, HttpRequest, HttpResponse, Status};

use super::{assert_all_hold, assert_all_undefined, compile, judge, stops};

#[test]
fn strings_are_cut_joined_and_changed() {
    assert_all_hold(
        "import \"strings\"",
        &[
            "strings.has_prefix(\"team-a\", \"team-\") and not strings.has_suffix(\"a\", \"b\")",
            "strings.trim_prefix(\"team-a\", \"team-\") is \"a\"",
            "strings.trim_suffix(\"a.json\", \".json\") is \"a\"",
            "strings.trim(\"--a--\", \"-\") is \"a\" and strings.trim_space(\" a \") is \"a\"",
            "strings.trim_left(\"--a-\", \"-\") is \"a-\" and strings.trim_right(\"a--\", \"-\") is \"a\"",
            "strings.to_lower(\"AbC\") is \"abc\" and strings.to_upper(\"a\") is \"A\"",
            "strings.split(\"a/b\", \"/\") is [\"a\", \"b\"] and strings.split([1], \"/\") is [1]",
            "strings.join([\"a\", 1, 1.01, [true]], \",\") is \"a,1,1.01,true\"",
            "strings.replace(\"a-b-c\", \"-\", \"+\") is \"a+b+c\"",
        ],
    );
    assert_all_undefined(
        "import \"strings\"",
        &["strings.to_lower(undefined)", "strings.nothing"],
    );
    let message = stops("import \"strings\"\nmain = rule { strings.to_lower(1) is \"1\" }");
    assert_eq!(message, "this needs a string, not a int");
}

#[test]
fn types_json_base64_units_and_addresses() {
    assert_all_hold(
        "import \"types\"\nimport \"json\"\nimport \"base64\"\nimport \"units\"\nimport \"sockaddr\"\nimport \"runtime\"",
        &[
            "types.type_of([]) is \"list\" and types.type_of(undefined) is \"undefined\"",
            "types.type_of(1.5) is \"float\" and types.type_of({}) is \"map\"",
            "json.unmarshal(\"{\\\"a\\\": [1, 2.5, null]}\") is {\"a\": [1, 2.5, null]}",
            "json.marshal({\"b\": 1, \"a\": [true, undefined]}) is `{\"a\":[true],\"b\":1}`",
            "json.marshal(undefined) is not defined and json.valid(\"[]\") and not json.valid(\"{\")",
            "base64.encode(\"foo?\") is \"Zm9vPw==\" and base64.decode(\"Zm9vPw==\") is \"foo?\"",
            "base64.urldecode(base64.urlencode(\"~~?>\")) is \"~~?>\"",
            "2 * units.megabyte is 2097152",
            "sockaddr.is_contained(\"10.0.0.0/8\", \"10.1.2.3\")",
            "not sockaddr.is_contained(\"10.0.0.0/8\", \"0.0.0.0/0\")",
            "sockaddr.is_ipv6(\"2001:db8::1\") and not sockaddr.is_ipv4(\"2001:db8::1\")",
            "sockaddr.is_equal(\"10.0.0.1\", \"10.0.0.1\")",
            "runtime.version matches \"^0\\\\.\"",
        ],
    );
}

#[test]
fn decimals_are_exact() {
    assert_all_hold(
        "import \"decimal\"",
        &[
            "decimal.new(\"1.1\").add(\"2.2\").is(\"3.3\")",
            "decimal.new(1.5).string is \"1.5\" and decimal.new(1.5).coefficient is 15",
            "decimal.new(1.5).exponent is -1 and decimal.new(-1.5).int is -1",
            "decimal.new(3).div(1.5).int is 2 and decimal.new(1.5).mod(1).float is 0.5",
            "decimal.new(2).lt(3) and decimal.new(2).gte(2) and decimal.new(2).is_not(3)",
            "decimal.is_nan(decimal.nan) and not decimal.nan.is(decimal.nan)",
            "decimal.inf(-1).lt(0) and decimal.is_infinite(\"Infinity\")",
            "decimal.new(-2.5).abs().ceil().is(3) and decimal.new(2).neg().sign is -1",
            "decimal.new(9).sqrt().is(3) and decimal.new(2).pow(10).int is 1024",
        ],
    );
}

#[test]
fn versions_are_compared() {
    assert_all_hold(
        "import \"version\"",
        &[
            "version.new(\"1.2.3-rc.1+5\").prerelease is \"rc.1\"",
            "version.new(\"1.2.3-rc.1+5\").metadata is \"5\" and version.new(\"1.2\").minor is 2",
            "version.new(\"1.10.0\").gt(\"1.9.9\") and version.new(\"1.0.0-a\").lt(\"1.0.0\")",
            "version.new(\"1.2.3\").satisfies(\"~> 1.2, != 1.2.4\")",
            "version.new(\"1.0.0\").compare(\"2.0.0\") is -1 and version.new(\"1.0\").eq(\"1.0.0\")",
        ],
    );
}

#[test]
fn collections_are_searched_sorted_and_changed() {
    assert_all_hold(
        "import \"collection\"\nimport \"collection/lists\" as lists\nimport \"collection/maps\" as maps",
        &[
            "collection.filter([1, 2, 3], func(x) { return x > 1 }) is [2, 3]",
            "collection.reject({\"a\": 1, \"b\": 2}, func(x) { return x > 1 }) is [1]",
            "collection.find([1, 2], func(x) { return x is 2 }) is 2",
            "collection.find([1], func(x) { return false }) is not defined",
            "collection.matches([{\"a\": {\"b\": 1, \"c\": 2}}, {}], {\"a\": {\"b\": 1}}) is [{\"a\": {\"b\": 1, \"c\": 2}}]",
            "collection.reduce([1, 2, 3], func(sum, x) { return sum + x }, 10) is 16",
            "lists.concat([1], [2], [3]) is [1, 2, 3] and lists.sum([2, 5]) is 7",
            "lists.sort([3, 1, 2], func(a, b) { return compare(a, b) }) is [1, 2, 3]",
            "lists.difference([1, 2, 3], [2]) is [1, 3] and lists.union([1, 2], [2, 3]) is [1, 2, 3]",
            "lists.intersection([1, 2, 2], [2, 3]) is [2]",
            "maps.get({\"a\": [{\"b\": 4}]}, \"a.0.b\") is 4 and maps.get({}, \"a\", 1) is 1",
            "maps.get({\"a\": [{\"b\": 4}, {\"b\": 5}]}, \"a.*.b\") is [4, 5]",
            "maps.has({\"a\": {\"b\": 1}}, \"a.b\") and not maps.has({}, \"a\")",
            "maps.set({\"a\": 1}, \"b.c\", 2) is {\"a\": 1, \"b\": {\"c\": 2}}",
            "maps.set({\"a\": [{\"b\": 1}, {\"b\": 2}]}, \"a.*.b\", 0) is {\"a\": [{\"b\": 0}, {\"b\": 0}]}",
            "maps.unset({\"a\": {\"b\": 1, \"c\": 2}}, \"a.b\") is {\"a\": {\"c\": 2}}",
            "maps.omit({\"a\": 1, \"b\": 2, \"c\": 3}, [\"a\", \"b\"]) is {\"c\": 3}",
            "maps.pick({\"a\": [{\"x\": 1}, {\"x\": 2}], \"b\": 1}, [\"a.1.x\"]) is {\"a\": [{\"x\": 2}]}",
        ],
    );
}

#[test]
fn the_time_is_what_was_handed_in() {
    let policy = r#"
import "time"
later = time.now.add(2 * time.hour)
there = time.load("2026-03-01T12:00:00+02:00")
main = rule {
    time.now.year is 2026 and time.now.month_name is "March" and time.now.weekday_name is "Sunday" and
    time.now.weekday is 0 and time.now.hour is 10 and later.hour is 12 and
    later.after(time.now) and time.now.before("2026-03-01T10:00:01Z") and
    there.equal(time.now) and there.zone is 7200 and there.zone_string is "+02:00" and
    later.sub(time.now) is 2 * time.hour and time.load(0).unix is 0
}
"#;
    let set = compile(&[("p.sentinel", policy)]).unwrap();
    let effects = Effects {
        now_ns: Some(1_772_359_200_000_000_000),
        ..Effects::default()
    };
    let answer = judge(set.as_ref(), "{}", effects).remove(0);
    assert_eq!((answer.status, answer.message.as_str()), (Status::Pass, ""));
    let message = stops(policy);
    assert_eq!(
        message,
        "the policy asks for the time, which it is not given here"
    );
}

#[test]
fn http_is_off_unless_a_client_is_handed_in() {
    let policy = r#"
import "http"
import "json"
request = http.request("https://registry.example.com/v1").with_header("accept", "application/json")
answer = http.accept_status_codes([200, 404]).with_retries(0).get(request)
main = rule { answer.status_code is 404 and json.unmarshal(answer.body).found is false }
"#;
    let message = stops(policy);
    assert_eq!(
        message,
        "the policy asks `https://registry.example.com/v1`, and HTTP is off"
    );
    let client = |request: &HttpRequest<'_>| {
        assert_eq!(request.method, "GET");
        assert_eq!(request.headers[0].1, "application/json");
        Ok(HttpResponse {
            status: 404,
            body: b"{\"found\": false}".to_vec(),
            ..HttpResponse::default()
        })
    };
    let set = compile(&[("p.sentinel", policy)]).unwrap();
    let effects = Effects {
        http: Some(&client),
        ..Effects::default()
    };
    let answer = judge(set.as_ref(), "{}", effects).remove(0);
    assert_eq!((answer.status, answer.message.as_str()), (Status::Pass, ""));
}
