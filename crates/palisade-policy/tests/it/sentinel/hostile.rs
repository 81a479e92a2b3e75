//! Texts that want to run on, to grow or to overflow.

use std::time::Duration;

use palisade_policy::{Budget, Effects, Status};

use super::{compile, judge_within};

fn stopped(policy: &str) -> String {
    let set = match compile(&[("p.sentinel", policy)]) {
        Ok(set) => set,
        Err(errors) => return errors[0].message.clone(),
    };
    let budget = Budget {
        steps: 200_000,
        memory_bytes: 32 << 20,
        output_bytes: 1 << 16,
        time: Duration::from_secs(20),
    };
    let answer = judge_within(set.as_ref(), "{}", Effects::default(), budget).remove(0);
    assert_eq!(answer.status, Status::Error, "{}", answer.message);
    answer.message
}

#[test]
fn a_loop_that_never_ends_is_ended() {
    let message =
        stopped("l = [1]\nfor range(1000) as a { for range(1000) as b { x = a } }\nmain = true");
    assert_eq!(message, "the policy took more than 200000 steps");
}

#[test]
fn recursion_without_end_is_ended() {
    let message = stopped("f = func(x) { return f(x + 1) }\nmain = rule { f(0) is 1 }");
    assert_eq!(
        message,
        "calls and expressions nest deeper than 4000 levels"
    );
    let message = stopped(
        "f = func(x) { if true { return 1 + (f([x]) else 1) } return 0 }\nmain = rule { f(0) }",
    );
    assert_eq!(
        message,
        "calls and expressions nest deeper than 4000 levels"
    );
}

#[test]
fn growth_without_end_is_ended() {
    let message = stopped("s = \"abcdefgh\"\nfor range(60) as _ { s += s }\nmain = true");
    assert!(
        message.contains("16777216") || message.contains("of memory"),
        "{message}"
    );
    let message = stopped("l = [1, 2, 3, 4]\nfor range(60) as _ { l += l }\nmain = true");
    assert!(
        message.contains("16777216") || message.contains("of memory"),
        "{message}"
    );
    let message =
        stopped("for range(10000) as _ { print(\"a line of some length to print\") }\nmain = true");
    assert_eq!(message, "the policy wrote more than 65536 bytes");
    let message = stopped(
        "l = range(200000)\nf = func() { for l as x { return f() } return 0 }\nmain = rule { f() is 0 }",
    );
    assert_eq!(
        message,
        "the policy needed more than 33554432 bytes of memory"
    );
    let message = stopped("main = rule { range(9000000000) is [] }");
    assert_eq!(message, "`range` makes at most 1048576 numbers");
}

#[test]
fn a_list_that_holds_itself_is_not_followed_for_ever() {
    let message = stopped(
        "import \"json\"\na = []\nb = []\nappend(a, b)\nappend(a, b)\nappend(b, a)\nappend(b, a)\nmain = rule { a is b }",
    );
    assert!(
        message.contains("compare") || message.contains("steps"),
        "{message}"
    );
    let message =
        stopped("import \"json\"\na = []\nappend(a, a)\nmain = rule { json.marshal(a) is \"\" }");
    assert!(message.contains("nest"), "{message}");
    let set = compile(&[(
        "p.sentinel",
        "a = []\nappend(a, a)\nappend(a, a)\nmain = rule { print(a) }",
    )]);
    let answer = judge_within(
        set.unwrap().as_ref(),
        "{}",
        Effects::default(),
        Budget::default(),
    );
    assert!(answer[0].status == Status::Pass || answer[0].message.contains("bytes"));
}

#[test]
fn deep_nesting_is_a_mistake_and_long_chains_are_none() {
    let deep = format!("main = {}1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert_eq!(stopped(&deep), "this is nested deeper than 128 levels");
    let deep = format!("main = {}true", "not ".repeat(100_000));
    assert_eq!(stopped(&deep), "this is nested deeper than 128 levels");
    let deep = format!("main = x{}", ".a".repeat(100_000));
    assert_eq!(stopped(&deep), "this has more than 256 selectors in a row");
    let deep = format!("{}\nmain = true", "if true { ".repeat(5_000));
    assert_eq!(stopped(&deep), "this is nested deeper than 128 levels");
    let long = format!("main = rule {{ {}true }}", "true and ".repeat(20_000));
    let set = compile(&[("p.sentinel", long.as_str())]).unwrap();
    let answer = judge_within(set.as_ref(), "{}", Effects::default(), Budget::default());
    assert_eq!(answer[0].status, Status::Pass);
}

#[test]
fn a_pattern_of_death_is_linear_and_a_huge_one_is_refused() {
    let set = compile(&[(
        "p.sentinel",
        "import \"strings\"\ns = strings.join(map range(50000) as _ { \"a\" }, \"\")\nmain = rule { s not matches \"^(a+)+$b\" }",
    )]);
    let answer = judge_within(
        set.unwrap().as_ref(),
        "{}",
        Effects::default(),
        Budget::default(),
    );
    assert_eq!(answer[0].status, Status::Pass);
    let message = stopped("main = rule { \"a\" matches \"((a{1000}){1000}){1000}\" }");
    assert!(
        message.contains("no regular expression that can be used"),
        "{message}"
    );
}
