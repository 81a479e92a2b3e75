//! The language, by its public specification.

use palisade_policy::Status;

use super::{assert_all_hold, assert_all_undefined, compile, run, stops};

#[test]
fn undefined_is_a_third_truth_value() {
    assert_all_hold(
        "",
        &[
            "undefined or true",
            "false or undefined or true",
            "(true and false and undefined) is false",
            "(undefined else 42) is 42",
            "undefined is not defined and 1 is defined",
            "not (undefined is defined)",
            "any [undefined, true] as x { x }",
            "(all [false, undefined] as x { x }) is false",
        ],
    );
    assert_all_undefined(
        "m = {\"a\": null}",
        &[
            "undefined",
            "undefined or false",
            "undefined and false",
            "true and undefined and false",
            "undefined xor true",
            "not undefined",
            "undefined is undefined",
            "undefined + 5",
            "all [undefined, true] as x { x }",
            "any [undefined, false] as x { x }",
            "filter [1, 2] as x { undefined }",
            "m.b",
            "m.a.b",
            "m[\"b\"].c",
            "[1][3]",
            "\"abc\"[1:9]",
            "undefined is empty",
            "length(undefined)",
            "1 < \"a\"",
            "1 and true",
        ],
    );
}

#[test]
fn operators_bind_as_specified() {
    assert_all_hold(
        "",
        &[
            "4 * 5 / 5 is 4 and 4 * 5 + 2 is 22 and 14 is 4 + 5 * 2",
            "true or true and false",
            "1 + undefined else 3 is 3",
            "7 % 3 is 1 and -5 / 3 is -1 and -5 % 3 is -2",
            "1 + 1.5 == 2.5 and 2 is 2.0",
            "9223372036854775807 + 1 is -9223372036854775808",
            "true xor false",
            "[1] + [2] is [1, 2] and \"a\" + \"b\" is \"ab\"",
            "not false and !false",
            "1 is not 2 and 1 != 2",
            "1 is not \"1\" and null is null and {} is not null",
            "{\"a\": [1]} is {\"a\": [1]} and [1, 2] is not [2, 1]",
            "\"b\" > \"a\" and 2 >= 2.0",
            "0600 is 384 and 0x1F is 31 and 1E2 is 100.0",
        ],
    );
}

#[test]
fn sets_and_patterns_are_tested() {
    assert_all_hold(
        "m = {\"a\": 1, 2: true}",
        &[
            "[1, 2] contains 2 and [1, 2] not contains \"2\"",
            "m contains \"a\" and 2 in m and \"2\" not in m",
            "\"est\" in \"test\" and \"test\" not contains \"x\"",
            "\"TEST\" matches \"(?i)^test$\" and \"x\" not matches \"y\"",
            "[] is empty and \"a\" is not empty and {} is empty",
            "m[2] and m[\"a\"] is 1 and m.a is 1",
            "[1, 2, 3][-1] is 3 and [1, 2, 3][1:] is [2, 3] and \"abc\"[:2] is \"ab\"",
        ],
    );
    let message = stops("main = rule { \"a\" matches \"(\" }");
    assert!(message.contains("no regular expression"), "{message}");
    let message = stops("main = rule { null contains 1 }");
    assert!(message.contains("not a null"), "{message}");
}

#[test]
fn quantifiers_go_over_lists_and_maps() {
    assert_all_hold(
        "m = {\"a\": 1, \"b\": 2}\nl = [5, 6]",
        &[
            "all m as k { k in [\"a\", \"b\"] }",
            "all m as k, v { m[k] is v }",
            "any l as i, v { i is 1 and v is 6 }",
            "(filter m as _, v { v > 1 }) is {\"b\": 2}",
            "(filter l as v { v > 5 }) is [6]",
            "(map l as v { v * 2 }) is [10, 12]",
            "(map m as k, v { k }) is [\"a\", \"b\"]",
            "all [] as x { false }",
            "not any {} as x { true }",
        ],
    );
}

#[test]
fn names_belong_to_the_scope_of_their_first_assignment() {
    let policy = r"
a = 1
func change() {
    a = 12
    b = 3
    return b
}
got = change()
func outer() {
    x = 1
    inner = func() { x += 1; return x }
    inner()
    return inner()
}
sum = 0
for [1, 2, 3] as i, v {
    if v is 2 { continue }
    last = v
    sum += v
}
func early() {
    for [1, 2, 3] as v { if v > 1 { return v } }
    return 0
}
main = rule { a is 12 and got is 3 and outer() is 3 and sum is 4 and early() is 2 and later }
later = true
";
    assert_eq!(run(policy).status, Status::Pass);
    let message = stops("for [1] as v { inside = v }\nmain = rule { inside is 1 }");
    assert_eq!(message, "`inside` is not known here");
}

#[test]
fn collections_change_in_place() {
    let policy = r#"
list = [1]
same = list
append(same, 2)
m = {"a": {"b": 1}}
m["a"]["b"] += 4
m["c"] = list
delete(m, "none")
list[0] = 7
func add(to) { append(to, "x"); return undefined }
add(list)
main = rule { list is [7, 2, "x"] and m.a.b is 5 and m.c is list and keys(m) is ["a", "c"] }
"#;
    assert_eq!(run(policy).status, Status::Pass);
}

#[test]
fn rules_are_lazy_and_remembered() {
    let policy = r#"
calls = []
counted = rule { append(calls, 1) is not defined }
never = rule { error("this is not asked for") }
skipped = rule when false { error("nor is this") }
unsure = rule when undefined { true }
main = rule { counted and counted and skipped and length(calls) is 1 and unsure is not defined }
"#;
    assert_eq!(run(policy).status, Status::Pass);
    let message = stops("a = rule { b }\nb = rule { a }\nmain = rule { a }");
    assert_eq!(message, "the rule `a` needs its own value");
}

#[test]
fn cases_choose_the_first_that_fits() {
    let policy = r#"
func name(x) {
    case x {
    when 1, 2:
        return "few"
    when 3:
        return "three"
    else:
        return "many"
    }
    return "none"
}
func size(x) {
    case {
    when x > 10:
        return "big"
    when x > 1:
        return "small"
    }
    return "tiny"
}
main = rule {
    name(2) is "few" and name(3) is "three" and name("1") is "many" and
    size(11) is "big" and size(5) is "small" and size(0) is "tiny"
}
"#;
    assert_eq!(run(policy).status, Status::Pass);
}

#[test]
fn values_are_converted_by_the_rules_of_literals() {
    assert_all_hold(
        "",
        &[
            "int(\"0x10\") is 16 and int(1.9) is 1 and int(-1.5) is -2 and int(true) is 1",
            "float(\"1.5\") is 1.5 and float(2) is 2.0",
            "string(1.5) is \"1.500000\" and string(12) is \"12\" and string(true) is \"true\"",
            "bool(\"T\") and not bool(0) and bool(0.5)",
            "int(\"x\") is not defined and bool(\"yes\") is not defined and string([]) is not defined",
            "range(3) is [0, 1, 2] and range(1, 5, 2) is [1, 3] and range(0, -2, -1) is [0, -1]",
            "compare(1, 2) is -1 and compare(\"b\", \"a\") is 1",
            "length(\"ä\") is 2 and length({\"a\": 1}) is 1",
            "values({\"a\": 2}) is [2] and print(\"x\")",
        ],
    );
}

#[test]
fn main_may_hold_what_was_found() {
    let passes = |value: &str| run(&format!("main = rule {{ {value} }}")).status;
    for value in ["true", "[]", "{}", "\"\"", "0", "0.0"] {
        assert_eq!(passes(value), Status::Pass, "{value}");
    }
    for value in ["false", "[1]", "{1: 2}", "\"x\"", "3", "0.5"] {
        assert_eq!(passes(value), Status::Fail, "{value}");
    }
    assert_eq!(passes("null"), Status::Error);
}

#[test]
fn mistakes_are_told_where_they_are() {
    let mistake = |text: &str| {
        let errors = compile(&[("p.sentinel", text)]).unwrap_err();
        let origin = errors[0].origin.clone().unwrap();
        (
            errors[0].message.clone(),
            origin.start.line,
            origin.start.column,
        )
    };
    let cases = [
        (
            "main = rule { a and }",
            "found `}`, expected an expression",
            1,
            21,
        ),
        (
            "x = [1 2]\nmain = true",
            "found `2`, expected `,` or `]`",
            1,
            8,
        ),
        (
            "main = true\nreturn 1",
            "`return` stands outside of a function",
            2,
            1,
        ),
        ("break\nmain = true", "this stands outside of a `for`", 1, 1),
        (
            "main = true\n3 = x",
            "only a name or an index can be assigned to",
            2,
            1,
        ),
        (
            "x = 1\nimport \"time\"\nmain = x",
            "imports stand before every other statement",
            2,
            1,
        ),
        (
            "import \"nowhere\"\nmain = true",
            "cannot load the import `nowhere`: it is not known; say where it is in `sentinel.hcl`",
            1,
            1,
        ),
        (
            "param level\nmain = true",
            "the parameter `level` is required and has no value",
            1,
            1,
        ),
        (
            "main = rule { 99999999999999999999 }",
            "this whole number does not fit 64 bits",
            1,
            15,
        ),
    ];
    for (text, message, line, column) in cases {
        assert_eq!(mistake(text), (message.to_owned(), line, column), "{text}");
    }
}

#[test]
fn failures_are_told_where_they_happen() {
    let answer = run("func f(x) {\n\treturn x / 0\n}\nmain = rule { f(1) is 2 }");
    assert_eq!(answer.message, "cannot divide by zero");
    assert_eq!(answer.defined_at.unwrap().start.line, 2);
    let answer = run("# Is it so?\nmain = rule { error(\"no\", 1) }");
    assert_eq!(
        (answer.status, answer.message.as_str()),
        (Status::Error, "no 1")
    );
    for (policy, message) in [
        ("main = rule { nothing }", "`nothing` is not known here"),
        (
            "f = func(a) { return a }\nmain = f()",
            "`f` takes 1 arguments, not 0",
        ),
        (
            "f = func() { x = 1 }\nmain = f()",
            "the function ends without a `return`",
        ),
        (
            "for undefined as x { y = x }\nmain = true",
            "what `for` goes through is undefined",
        ),
        ("l = []\nl[0] = 1\nmain = true", "the list has no index 0"),
        (
            "main = rule { \"ä\"[0] is \"x\" }",
            "this cuts a character of several bytes in two, which is not supported",
        ),
    ] {
        assert_eq!(stops(policy), message);
    }
}

#[test]
fn what_is_never_used_or_reached_is_doubtful() {
    let policy = "import \"time\"\nimport \"strings\"\nparam a default 1\nparam b default 2\nfunc f(x) {\n\tif x > a {\n\t\treturn 1\n\t\tx = 2\n\t}\n\treturn strings.to_lower(\"A\")\n}\nmain = rule { f(1) is \"a\" }";
    let set = compile(&[("p.sentinel", policy)]).unwrap();
    let shown: Vec<_> = set
        .warnings()
        .iter()
        .map(|doubt| {
            let line = doubt.origin.as_ref().unwrap().start.line;
            (line, doubt.message.as_str())
        })
        .collect();
    assert_eq!(
        shown,
        [
            (1, "the import `time` is never used"),
            (4, "the parameter `b` is never used"),
            (
                8,
                "this is never reached: the statement before it leaves the block"
            ),
        ]
    );
}
