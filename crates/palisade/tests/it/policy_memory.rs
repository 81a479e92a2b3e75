//! Policies that make more than their memory holds, on the binary.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Most kilobytes that the process may ever hold.
const MOST: u64 = 512 << 10;

/// Runs the binary to its end and says what it wrote, with the most kilobytes that it held.
fn peak(folder: &Path) -> (String, u64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_palisade"))
        .args(["policy", "eval", "a", "--input", "pod.yaml"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().expect("it is known").is_none() {
        let told = std::fs::read_to_string(&status).unwrap_or_default();
        let line = told.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let held = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        most = most.max(held.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().expect("it ends");
    (String::from_utf8_lossy(&output.stdout).into_owned(), most)
}

/// Thirty rules, each of which makes twice of the one before.
fn doubled(first: &str, step: &str) -> String {
    let mut text = format!("x0 := {first}\n");
    for at in 0..30 {
        let said = step.replace('?', &format!("x{at}"));
        let _infallible = writeln!(text, "x{} := {said}", at + 1);
    }
    text
}

#[test]
fn what_doubles_again_and_again_ends_in_its_memory() {
    let text = format!("\"{}\"", "x".repeat(1000));
    let many = "numbers.range(1, 20000)";
    let big = "concat(\"\", [x | some _ in numbers.range(1, 100000); x := \"abcdefghij\"])";
    let said = "a value is too large to be said";
    let needed = "the policy needed more than 268435456 bytes of memory";
    let kept = |value: &str| {
        format!(
            "ys := [y | some i in numbers.range(100001, 200000); y := {value}]\ndeny contains \"a\" if count(ys) == 1\n"
        )
    };
    let ask = "deny contains \"a\" if count(x30) == 1\n";
    let shared = doubled("[1, 2, 3]", "[?, ?]");
    let policies = [
        (
            doubled(&text, "concat(\"\", [?, ?])") + ask,
            "what `concat` makes is larger than 16777216 bytes",
        ),
        (
            doubled(&text, "sprintf(\"%s%s\", [?, ?])") + ask,
            "what `sprintf` makes is larger than 16777216 bytes",
        ),
        (
            doubled(&text, "sprintf(\"%5s%s\", [?, ?])") + ask,
            "what `sprintf` makes is larger than 16777216 bytes",
        ),
        (
            doubled(&text, "replace(?, \"x\", \"xx\")") + ask,
            "what `replace` makes is larger than 16777216 bytes",
        ),
        (
            doubled("[1, 2, 3, 4]", "array.concat(?, ?)") + ask,
            "what `array.concat` makes is larger than 16777216 bytes",
        ),
        (
            shared + "deny contains \"a\" if count(json.marshal(x30)) == 1\n",
            said,
        ),
        (
            format!("s := {{x | some x in {many}}}\n") + &kept("s | {i}"),
            needed,
        ),
        (
            format!("s := {big}\n") + &kept("trim_prefix(s, \"a\")"),
            needed,
        ),
    ];
    let place = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(place.path().join("a")).expect("a folder");
    std::fs::write(place.path().join("pod.yaml"), "kind: Pod\n").expect("a file");
    for (policy, wanted) in policies {
        let policy = format!("package main\nimport rego.v1\n{policy}");
        std::fs::write(place.path().join("a/a.rego"), &policy).expect("a file");
        let (said, most) = peak(place.path());
        let shown = policy.get(..60).unwrap_or(&policy);
        let answer = format!("error: main/deny: {wanted}");
        assert!(said.contains(&answer), "{shown}: {said}");
        assert!(most < MOST, "{shown}: {most} kB");
    }
}
