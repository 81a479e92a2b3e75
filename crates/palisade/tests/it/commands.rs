//! The smaller commands.

use crate::system::{OPEN, System};

#[test]
fn explain_shows_the_section_by_id_slug_pattern_and_foreign_id() {
    let system = System::of(&[]);
    let by_id = system.run(&["explain", "PAL0501"]);
    assert_eq!(by_id.code, 0);
    assert!(by_id.out.contains("### Not flagged"), "{}", by_id.out);
    for name in ["pal0501", "namespace-without-default-deny-ingress"] {
        assert_eq!(system.run(&["explain", name]).out, by_id.out, "{name}");
    }
    assert!(system.run(&["explain", "C-0206"]).out.contains("PAL0501"));
    let pattern = system.run(&["explain", "5"]).out;
    assert!(
        pattern.starts_with("# 5. network-segmentation"),
        "{pattern}"
    );
    assert_eq!(pattern.matches("PAL0501").count(), 1);
}

#[test]
fn every_check_has_its_section_in_the_binary() {
    let system = System::of(&[]);
    let list = system.run(&["explain"]).out;
    let checks: Vec<&str> = list
        .split_whitespace()
        .filter(|word| word.starts_with("PAL"))
        .collect();
    assert!(!checks.is_empty());
    for check in checks {
        let page = system.run(&["explain", check]).out;
        assert!(
            page.contains("### Flagged"),
            "{check} has no handbook section"
        );
    }
}

#[test]
fn completions_and_man_know_every_command() {
    let system = System::of(&[]);
    let completions = system.run(&["completions", "bash"]).out;
    let man = system.run(&["man"]).out;
    for command in [
        "check",
        "explain",
        "fix",
        "baseline",
        "model",
        "privileges",
        "paths",
    ] {
        assert!(completions.contains(command), "completions lack {command}");
        assert!(man.contains(command), "the manual lacks {command}");
    }
    assert!(system.run(&["man", "check"]).out.contains("fail\\-on"));
}

#[test]
fn the_model_is_versioned_and_every_node_has_an_origin() {
    let system = System::of(&[("shop.yaml", OPEN)]);
    let run = system.run(&["model", "--format", "json"]);
    let model: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(model["schema_version"], 1);
    let workloads = model["workloads"].as_array().expect("workloads");
    assert_eq!(workloads.len(), 1);
    assert_eq!(workloads[0]["origin"]["file"], "shop.yaml");
}

#[test]
fn fix_shows_a_diff_without_writing_and_then_writes_it() {
    let system = System::of(&[("shop.yaml", OPEN)]);
    let shown = system.run(&["fix", "--diff"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert_eq!(system.read("shop.yaml"), OPEN);
    assert!(
        shown.out.contains("--- a/shop.yaml\n+++ b/shop.yaml\n"),
        "{}{}",
        shown.out,
        shown.err
    );
    let fixed = system.run(&["fix"]);
    assert_eq!(
        (fixed.code, fixed.out.as_str()),
        (0, "shop.yaml\n"),
        "{}",
        fixed.err
    );
    assert_ne!(system.read("shop.yaml"), OPEN);
    let again = system.run(&["fix", "--diff"]);
    assert_eq!(again.out, "", "a fix must fix");
}

#[test]
fn privileges_are_listed_and_counted() {
    let system = System::of(&[("shop.yaml", OPEN)]);
    let run = system.run(&["privileges"]);
    assert_eq!(run.code, 0);
    assert!(
        run.out.contains("standing privilege 0 (0 administrative)"),
        "{}",
        run.out
    );
}

#[test]
fn a_finding_is_explained_by_its_name_with_its_path() {
    let door = "\
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  type: LoadBalancer
  selector: {app: cart}
  ports: [{port: 80, targetPort: 8080}]
";
    let system = System::of(&[("shop.yaml", &format!("{OPEN}{door}"))]);
    let run = system.run(&["check", "--format", "json"]);
    let assessment: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    let findings = assessment["findings"].as_array().expect("findings");
    let finding = findings
        .iter()
        .find(|finding| finding["check"] == "PAL0501")
        .expect("PAL0501");
    let id = finding["id"].as_str().expect("a name");
    assert!(system.run(&["check", "-v"]).out.contains(id));
    let run = system.run(&["explain", id]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("shop.yaml:4:9"), "{}", run.out);
    assert!(
        run.out.contains("subject   zone:namespace/shop"),
        "{}",
        run.out
    );
    let open = findings
        .iter()
        .find(|finding| finding["check"] == "PAL0101")
        .expect("PAL0101");
    let run = system.run(&["explain", open["id"].as_str().expect("a name")]);
    assert!(
        run.out
            .contains("callers are not authenticated   shop.yaml:"),
        "{}",
        run.out
    );
    assert!(run.out.contains("path      internet → "), "{}", run.out);
    assert!(
        run.out.contains("callers are not authenticated"),
        "{}",
        run.out
    );
    let unknown = system.run(&["explain", "00000000"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("no finding here is called `00000000`"));
}

#[test]
fn config_says_where_each_setting_comes_from() {
    let settings = "[check]\nfail-on = \"low\"\nskip = [\"PAL0502\"]\n";
    let system = System::of(&[("shop.yaml", OPEN), ("palisade.toml", settings)]);
    let line = |out: &str, name: &str| {
        let found = out.lines().find(|line| line.starts_with(name));
        found
            .unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let out = system.run(&["config", "--show-origin"]).out;
    assert_eq!(
        line(&out, "check.fail-on"),
        "check.fail-on = low palisade.toml:2:11"
    );
    assert_eq!(
        line(&out, "check.skip"),
        "check.skip = PAL0502 palisade.toml:3:8"
    );
    assert_eq!(line(&out, "format"), "format = human default");
    let by_line = system.run(&["config", "--show-origin", "--fail-on", "medium"]);
    assert_eq!(
        line(&by_line.out, "check.fail-on"),
        "check.fail-on = medium command line (--fail-on)"
    );
    let by_variable = system
        .command(&["config", "--show-origin"])
        .env("PALISADE_FAIL_ON", "critical")
        .output()
        .expect("the binary runs");
    let out = String::from_utf8_lossy(&by_variable.stdout).into_owned();
    assert_eq!(
        line(&out, "check.fail-on"),
        "check.fail-on = critical PALISADE_FAIL_ON"
    );
    assert!(!system.run(&["config"]).out.contains("default"));
}
