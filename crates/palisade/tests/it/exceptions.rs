//! Exceptions and suppression comments: reviewed, bound, and with an end.

use crate::system::{OPEN, OTHER, System};

fn baseline(system: &System, expires: &str) {
    let run = system.run(&[
        "baseline",
        "--owner",
        "team-shop",
        "--expires",
        expires,
        "--reason",
        "known",
        "--only",
        "PAL0501,PAL0502",
    ]);
    assert_eq!(run.code, 0, "{}", run.err);
}

fn subjects(assessment: &serde_json::Value) -> Vec<String> {
    let findings = assessment["findings"].as_array().expect("findings");
    findings
        .iter()
        .map(|finding| format!("{} {}", finding["check"], finding["subject"]).replace('"', ""))
        .collect()
}

#[test]
fn a_baseline_accepts_what_is_there_and_nothing_elsewhere() {
    let system = System::of(&[("shop.yaml", OPEN)]);
    baseline(&system, "2027-06-01");
    let accepted = system.check();
    assert_eq!(accepted["verdict"]["result"], "passes");
    assert_eq!(accepted["excepted"].as_array().map(Vec::len), Some(2));
    system.write("bank.yaml", OTHER);
    let assessment = system.check();
    assert_eq!(
        subjects(&assessment),
        ["PAL0501 zone:namespace/bank", "PAL0502 zone:namespace/bank"]
    );
}

#[test]
fn a_changed_resource_lapses_its_exception() {
    let system = System::of(&[("shop.yaml", OPEN)]);
    baseline(&system, "2027-06-01");
    system.write(
        "shop.yaml",
        &OPEN.replace(
            "  name: shop\n---",
            "  name: shop\n  labels: {team: a}\n---",
        ),
    );
    let assessment = system.check();
    assert_eq!(assessment["verdict"]["result"], "fails", "{assessment}");
    assert!(assessment["diagnostics"].to_string().contains("lapsed"));
}

#[test]
fn an_expired_exception_blocks_whatever_it_excepted() {
    let system = System::of(&[("shop.yaml", OPEN)]);
    baseline(&system, "2027-06-01");
    let later = system
        .command(&["check", "--only", "PAL0501", "--fail-on", "critical"])
        .env("PALISADE_TODAY", "2027-06-01")
        .output()
        .expect("the binary runs");
    let text = String::from_utf8_lossy(&later.stdout).into_owned();
    assert_eq!(later.status.code(), Some(1), "{text}");
    assert!(text.contains("ended on 2027-06-01"), "{text}");
}

#[test]
fn exceptions_that_end_within_two_weeks_are_listed() {
    let system = System::of(&[("shop.yaml", OPEN)]);
    baseline(&system, "2026-12-08");
    let run = system.run(&["check", "--only", "PAL0501"]);
    assert_eq!(run.code, 0, "{}", run.out);
    assert!(run.out.contains("ends on 2026-12-08"), "{}", run.out);
    assert!(
        run.out.contains("1 excepted (1 ends within 14 days)"),
        "{}",
        run.out
    );
}

#[test]
fn an_exception_without_owner_or_content_is_an_error() {
    let entry = "[[exception]]\ncheck = \"PAL0501\"\nresource = \"zone:namespace/shop\"\nreason = \"r\"\nexpires = 2027-01-01\n";
    let system = System::of(&[("shop.yaml", OPEN), ("palisade.toml", entry)]);
    let run = system.run(&["check"]);
    assert_eq!(run.code, 3);
    assert!(
        run.err.contains("`content` is missing") || run.err.contains("`owner` is missing"),
        "{}",
        run.err
    );
    system.write(
        "palisade.toml",
        &format!("{entry}content = \"x\"\nowner = \" \"\n"),
    );
    let run = system.run(&["check"]);
    assert!(
        run.err
            .contains("`owner` of an exception must say something"),
        "{}",
        run.err
    );
}

#[test]
fn a_baseline_keeps_what_the_settings_say_already() {
    let system = System::of(&[
        ("shop.yaml", OPEN),
        ("palisade.toml", "# ours\n[check]\nfail-on = \"high\"\n"),
    ]);
    baseline(&system, "2027-06-01");
    assert!(
        system
            .read("palisade.toml")
            .starts_with("# ours\n[check]\nfail-on = \"high\"\n")
    );
}

#[test]
fn a_baseline_without_a_future_is_refused() {
    let system = System::of(&[("shop.yaml", OPEN)]);
    let run = system.run(&[
        "baseline",
        "--owner",
        "a",
        "--expires",
        "2026-11-24",
        "--reason",
        "b",
    ]);
    assert_eq!(run.code, 2);
    assert!(!system.path().join("palisade.toml").exists());
}

const COMMENT: &str = "# palisade:ignore PAL0501 owner=team-shop reason=\"known until the move\" expires=2027-01-01\n";

#[test]
fn a_comment_suppresses_what_it_stands_before_and_only_that() {
    let system = System::of(&[("shop.yaml", &format!("{COMMENT}{OPEN}"))]);
    let assessment = system.check();
    assert_eq!(subjects(&assessment), ["PAL0502 zone:namespace/shop"]);
    assert_eq!(assessment["excepted"][0]["inline"], true);
    let run = system.run(&["check", "--only", "PAL0501", "--no-inline"]);
    assert_eq!(run.code, 1);
}

#[test]
fn a_comment_without_owner_reason_or_end_is_an_error_and_not_honoured() {
    for part in [
        "owner=team-shop",
        "reason=\"known until the move\"",
        "expires=2027-01-01",
    ] {
        let comment = COMMENT.replace(part, "");
        let system = System::of(&[("shop.yaml", &format!("{comment}{OPEN}"))]);
        let assessment = system.check();
        assert!(
            subjects(&assessment).contains(&"PAL0501 zone:namespace/shop".to_owned()),
            "{part}"
        );
        assert!(
            assessment["diagnostics"]
                .to_string()
                .contains("this suppression"),
            "{part}"
        );
    }
}

#[test]
fn a_comment_that_is_over_or_has_no_owner_is_a_finding() {
    for (comment, words) in [
        (
            COMMENT.replace("2027-01-01", "2026-11-24"),
            "ended on 2026-11-24",
        ),
        (COMMENT.replace("owner=team-shop", ""), "has no owner"),
        (COMMENT.replace("expires=2027-01-01", ""), "has no end"),
    ] {
        let system = System::of(&[("shop.yaml", &format!("{comment}{OPEN}"))]);
        let run = system.run(&["check", "--only", "PAL0501", "--fail-on", "critical"]);
        assert_eq!(run.code, 1, "{words}");
        assert!(run.out.contains("error[PAL0603]"), "{}", run.out);
        assert!(run.out.contains(words), "{}", run.out);
        let run = system.run(&["check", "--skip", "PAL0603", "--fail-on", "critical"]);
        assert!(!run.out.contains("PAL0603"), "{}", run.out);
    }
}
