//! Exit codes are public interface.

use std::process::Stdio;

use crate::system::{OPEN, System};

#[test]
fn findings_at_or_above_the_bar_are_one_and_below_are_nought() {
    let system = System::of(&[("shop.yaml", OPEN)]);
    assert_eq!(system.run(&["check", "--only", "PAL0501"]).code, 1);
    let lenient = system.run(&["check", "--only", "PAL0501", "--fail-on", "critical"]);
    assert_eq!(lenient.code, 0, "{}", lenient.out);
}

#[test]
fn the_environment_beats_the_file_and_the_command_line_beats_both() {
    let system = System::of(&[
        ("shop.yaml", OPEN),
        (
            "palisade.toml",
            "[check]\nfail-on = \"high\"\nonly = [\"PAL0501\"]\n",
        ),
    ]);
    assert_eq!(system.run(&["check"]).code, 1);
    let by_environment = system
        .command(&["check"])
        .env("PALISADE_FAIL_ON", "critical")
        .output()
        .expect("the binary runs");
    assert_eq!(by_environment.status.code(), Some(0));
    let by_flag = system
        .command(&["check", "--fail-on", "high"])
        .env("PALISADE_FAIL_ON", "critical")
        .output()
        .expect("the binary runs");
    assert_eq!(by_flag.status.code(), Some(1));
}

#[test]
fn a_bad_command_line_is_two() {
    let system = System::of(&[("shop.yaml", OPEN)]);
    for arguments in [
        &["check", "--no-such-flag"][..],
        &["check", "--fail-on", "severe"],
        &["check", "--only", "PAL9999"],
        &["check", "no-such-folder"],
        &["explain", "no-such-check"],
        &["chekc"],
    ] {
        let run = system.run(arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}{}", run.out, run.err);
        assert!(run.out.is_empty() && !run.err.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_wrong_name_offers_the_nearest_right_one() {
    let system = System::of(&[]);
    let run = system.run(&["explain", "PAL0599"]);
    assert!(run.err.contains("did you mean `PAL05"), "{}", run.err);
}

#[test]
fn nothing_to_check_is_four() {
    let run = System::of(&[("notes.txt", "nothing here")]).run(&["check"]);
    assert_eq!(run.code, 4, "{}{}", run.out, run.err);
    assert!(run.out.contains("nothing to check"));
}

#[test]
fn strict_says_nothing_where_a_file_was_not_read() {
    let system = System::of(&[
        ("shop.yaml", OPEN),
        (
            "broken.yaml",
            "kind: Pod\napiVersion: v1\nmetadata: {name: [}\n",
        ),
    ]);
    let tolerant = system.run(&["check", "--only", "PAL0501"]);
    assert_eq!(tolerant.code, 1, "{}", tolerant.out);
    assert!(tolerant.out.contains("incomplete"), "{}", tolerant.out);
    let strict = system.run(&["check", "--only", "PAL0501", "--strict"]);
    assert_eq!(strict.code, 3, "{}", strict.out);
}

#[test]
fn a_closed_pipe_does_not_change_the_verdict() {
    let system = System::of(&[("shop.yaml", OPEN)]);
    let mut child = system
        .command(&["check", "--only", "PAL0501"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("an exit code").code(), Some(1));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_three_with_a_sentence() {
    let system = System::of(&[("shop.yaml", OPEN)]);
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("/dev/full");
    let output = system
        .command(&["check", "--only", "PAL0501"])
        .stdout(full)
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write the result"));
    let to_file = system.run(&["check", "--only", "PAL0501", "--output", "/dev/full"]);
    assert_eq!(to_file.code, 3);
    assert!(to_file.err.contains("`/dev/full`"), "{}", to_file.err);
}

#[test]
fn a_wrong_key_is_named_with_its_line_and_the_nearest_right_one() {
    let system = System::of(&[
        ("shop.yaml", OPEN),
        ("palisade.toml", "[check]\nfial-on = \"high\"\n"),
    ]);
    let run = system.run(&["check", "--color", "never"]);
    assert_eq!(run.code, 3);
    assert!(run.err.contains("unknown key `fial-on`"), "{}", run.err);
    assert!(run.err.contains("palisade.toml:2:1"), "{}", run.err);
    assert!(run.err.contains("did you mean `fail-on`?"), "{}", run.err);
}

#[test]
fn a_wrong_value_in_the_settings_is_shown_with_its_line_and_a_way_out() {
    let entry = |check: &str| {
        format!(
            "[[exception]]\ncheck = \"{check}\"\nresource = \"x\"\ncontent = \"x\"\nreason = \"r\"\nowner = \"o\"\nexpires = 2027-01-01\n"
        )
    };
    for (settings, words) in [
        (
            "[check]\nfail-on = \"hgh\"\n".to_owned(),
            ["palisade.toml:2:11", "did you mean `high`?"],
        ),
        (
            "[check]\nonly = [\"PAL05O1\"]\n".to_owned(),
            ["palisade.toml:2:9", "did you mean `PAL0501`?"],
        ),
        (
            "[check]\nskip = \"PAL0501\"\n".to_owned(),
            ["palisade.toml:2:8", "a list is expected here"],
        ),
        (
            entry("PAL0599"),
            ["palisade.toml:2:9", "no check is called `PAL0599`"],
        ),
        (
            entry("CKV_K8S_30"),
            ["palisade.toml:2:9", "name one of PAL0804"],
        ),
    ] {
        let system = System::of(&[("shop.yaml", OPEN), ("palisade.toml", &settings)]);
        let run = system.run(&["check"]);
        assert_eq!(run.code, 3, "{settings}");
        for word in words {
            assert!(run.err.contains(word), "{settings}: {}", run.err);
        }
    }
    let by_other_id = entry("CKV_K8S_16");
    let system = System::of(&[("shop.yaml", OPEN), ("palisade.toml", &by_other_id)]);
    assert_ne!(system.run(&["check"]).code, 3);
}
