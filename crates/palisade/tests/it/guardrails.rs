//! A team's own policies in a check: found, judged, told with their lines, and excepted.

use crate::system::System;

/// The files of the example that stands below a heading of a section of the handbook's page.
pub(crate) fn example<'p>(page: &'p str, check: &str, heading: &str) -> Vec<(&'p str, &'p str)> {
    let section = page
        .split("\n## ")
        .find(|section| section.starts_with(check))
        .expect("a section");
    let part = section
        .split("\n### ")
        .find(|part| part.starts_with(heading))
        .expect("an example");
    part.split("\n```")
        .filter_map(|fence| {
            let (head, text) = fence.split_once('\n')?;
            let (_, name) = head.split_once(' ')?;
            Some((name, text))
        })
        .collect()
}

pub(crate) fn page() -> String {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/patterns/p06-policy-as-code.md"
    );
    std::fs::read_to_string(path).expect("the page")
}

#[test]
fn the_handbooks_examples_do_what_it_says() {
    let page = page();
    for check in ["PAL0620", "PAL0621", "PAL0622"] {
        let flagged = System::of(&example(&page, check, "Flagged"));
        let run = flagged.run(&["check", "--only", check]);
        let wanted = page
            .split(&format!("\n## {check}"))
            .nth(1)
            .and_then(|section| section.split("\nFinding: ").nth(1)?.lines().next())
            .expect("a finding");
        assert_eq!(run.code, 1, "{check}: {}", run.out);
        let headline = format!("error[{check}]: {wanted}");
        assert!(run.out.contains(&headline), "{check}: {}", run.out);

        let clean = System::of(&example(&page, check, "Not flagged"));
        let run = clean.run(&["check", "--only", check]);
        assert_eq!(run.code, 0, "{check}: {}", run.out);
    }
}

pub(crate) const MANIFEST: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: cart
  namespace: shop
spec:
  containers:
    - name: app
      image: registry.example.com/cart:latest
";

pub(crate) const LATEST: &str = "\
package main

deny contains result if {
  some index, container in input.spec.containers
  endswith(container.image, \":latest\")
  result := {
    \"msg\": sprintf(\"container %s runs the latest image\", [container.name]),
    \"details\": {\"path\": sprintf(\"/spec/containers/%d/image\", [index])},
  }
}
";

#[test]
fn a_breach_is_told_at_the_offending_value_with_the_rule() {
    let system = System::of(&[("pod.yaml", MANIFEST), ("policy/latest.rego", LATEST)]);
    let run = system.run(&["check", "--only", "PAL0620"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.out.contains("container app runs the latest image"));
    assert!(run.out.contains("--> pod.yaml:9:14"), "{}", run.out);
    assert!(run.out.contains("policy/latest.rego:3:1"), "{}", run.out);
}

#[test]
fn policies_can_be_named_or_left_out() {
    let system = System::of(&[("pod.yaml", MANIFEST), ("rules/latest.rego", LATEST)]);
    let found = |arguments: &[&str]| {
        let run = system.run(arguments);
        run.out.contains("runs the latest image")
    };
    assert!(!found(&["check", "--only", "PAL0620"]));
    assert!(found(&[
        "check",
        "--only",
        "PAL0620",
        "--policies",
        "rules"
    ]));
    let named = "[policies]\npaths = [\"rules\"]\n";
    let system = System::of(&[
        ("pod.yaml", MANIFEST),
        ("rules/latest.rego", LATEST),
        ("palisade.toml", named),
    ]);
    let run = system.run(&["check", "--only", "PAL0620"]);
    assert!(run.out.contains("runs the latest image"), "{}", run.out);
    let run = system.run(&["check", "--only", "PAL0620", "--no-policies"]);
    assert!(!run.out.contains("runs the latest image"), "{}", run.out);
}

const PATHS: &str = "\
package guardrails.paths

deny contains msg if {
  some path in data.palisade.paths
  path.from.name == \"internet\"
  path.to.kind == \"dataset\"
  msg := sprintf(\"the internet reaches %s\", [path.to.name])
}
";

#[test]
fn a_rule_about_the_system_is_asked_once() {
    let shop = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/shop");
    let system = System::of(&[("policy/paths.rego", PATHS)]);
    let run = system.run(&[
        "check",
        shop,
        "--only",
        "PAL0620",
        "--policies",
        "policy",
        "-v",
    ]);
    let count = run.out.matches("the internet reaches postgres").count();
    assert_eq!(count, 1, "{}", run.out);
}

#[test]
fn a_rule_about_build_files_sees_instructions_with_their_lines() {
    let rule = "\
package docker

deny contains msg if {
  some step in input
  step.Cmd == \"user\"
  step.Value[0] == \"root\"
  msg := \"ends as root\"
}
";
    let system = System::of(&[
        ("Dockerfile", "FROM alpine:3.20\nUSER root\n"),
        ("policy/docker.rego", rule),
    ]);
    let run = system.run(&["check", "--only", "PAL0620"]);
    assert!(run.out.contains("ends as root"), "{}", run.out);
    assert!(run.out.contains("Dockerfile:"), "{}", run.out);
}

#[test]
fn a_policy_that_does_not_load_keeps_the_gate_closed_and_the_others_judge() {
    let system = System::of(&[
        ("pod.yaml", MANIFEST),
        ("policy/a/latest.rego", LATEST),
        (
            "policy/b/broken.yaml",
            "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: x}\nspec:\n  rules: 7\n",
        ),
    ]);
    let run = system.run(&["check", "--only", "PAL0620,PAL0621"]);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("PAL0621"), "{}", run.out);
    assert!(run.out.contains("runs the latest image"), "{}", run.out);
}

#[test]
fn a_rule_about_an_admission_request_judges_what_is_read() {
    let rule = "\
package kubernetes.admission

deny contains msg if {
  input.request.kind.kind == \"Pod\"
  some container in input.request.object.spec.containers
  endswith(container.image, \":latest\")
  msg := sprintf(\"container %s runs the latest image\", [container.name])
}
";
    let system = System::of(&[("pod.yaml", MANIFEST), ("policy/latest.rego", rule)]);
    let run = system.run(&["check", "--only", "PAL0620"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.out.contains("--> pod.yaml:8:7"), "{}", run.out);
}

#[test]
fn what_a_rule_reads_tells_its_documents_and_not_its_folder() {
    let system = System::of(&[
        ("pod.yaml", MANIFEST),
        ("policy/github/latest.rego", LATEST),
    ]);
    let run = system.run(&["check", "--only", "PAL0620"]);
    assert_eq!(run.code, 1, "{}", run.out);
}

const NO_HOST: &str = "\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: no-host}
spec:
  validationFailureAction: Enforce
  rules:
    - name: network
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate:
        message: no host network
        pattern: {spec: {=(hostNetwork): false}}
";

#[test]
fn a_policy_that_does_not_load_beside_good_ones_fails_every_command() {
    let broken = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: broken}\n";
    let host = MANIFEST.replace("  containers:", "  hostNetwork: true\n  containers:");
    let files = [
        ("pod.yaml", host.as_str()),
        ("policy/good.yaml", NO_HOST),
        ("policy/broken.yaml", broken),
    ];
    let system = System::of(&files);
    let run = system.run(&["check", "--only", "PAL0620,PAL0621"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.out.contains("no host network"), "{}", run.out);
    let told = "error[PAL0621]: a policy does not load: policy `broken` has no list `spec.rules`";
    assert_eq!(run.out.matches("error[PAL0621]").count(), 1, "{}", run.out);
    assert!(run.out.contains(told), "{}", run.out);

    let run = system.run(&["policy", "check", "policy"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.out.contains("1 error "), "{}", run.out);
}

#[test]
fn a_module_with_a_mistake_beside_good_ones_fails_every_command_and_the_others_judge() {
    let broken = "package broken\n\ndeny contains \"x\" if result.new(input)\n";
    let system = System::of(&[
        ("pod.yaml", MANIFEST),
        ("policy/latest.rego", LATEST),
        ("policy/broken.rego", broken),
    ]);
    let run = system.run(&["check", "--only", "PAL0620,PAL0621"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert_eq!(run.out.matches("error[PAL0620]").count(), 1, "{}", run.out);
    let told = "error[PAL0621]: a policy does not load: there is no function `result.new`";
    assert_eq!(run.out.matches("error[PAL0621]").count(), 1, "{}", run.out);
    assert!(run.out.contains(told), "{}", run.out);

    let run = system.run(&["policy", "check", "policy"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.out.contains("1 rule · 1 error "), "{}", run.out);
}

/// `LATEST` with an exception of conftest that says this of itself.
fn excepted(custom: &str) -> String {
    let lettered = LATEST.replace("deny contains", "deny_latest contains");
    format!(
        "{lettered}\n# METADATA\n# title: legacy\n{custom}exception contains [\"latest\"] if input.metadata.name == \"cart\"\n"
    )
}

#[test]
fn an_exception_of_the_ecosystem_is_listed_with_owner_and_end() {
    let rule = excepted(
        "# custom:\n#   owner: team-cart\n#   until: \"2999-01-31\"\n#   reason: moved in spring\n",
    );
    let system = System::of(&[("pod.yaml", MANIFEST), ("policy/latest.rego", &rule)]);
    let only = ["check", "--only", "PAL0620,PAL0622"];
    let run = system.run(&[&only[..], &["-v"]].concat());
    assert_eq!(run.code, 0, "{}", run.out);
    assert!(run.out.contains("1 excepted"), "{}", run.out);
    let listed = "until 2999-01-31 (team-cart): moved in spring";
    assert!(run.out.contains(listed), "{}", run.out);

    let run = system.run(&[&only[..], &["--format", "json"]].concat());
    let found: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    let exception = &found["excepted"][0]["exception"];
    assert_eq!(exception["owner"], "team-cart", "{}", run.out);
    assert_eq!(exception["origin"]["file"], "policy/latest.rego");

    let run = system.run(&[&only[..], &["--format", "sarif"]].concat());
    let found: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    let suppression = &found["runs"][0]["results"][0]["suppressions"][0];
    assert_eq!(suppression["kind"], "external", "{}", run.out);
    let why = "moved in spring (owner team-cart, until 2999-01-31)";
    assert_eq!(suppression["justification"], why);
}

#[test]
fn an_exception_that_is_over_does_not_hold_and_is_told() {
    let over = excepted("# custom:\n#   owner: team-cart\n#   until: \"2001-01-31\"\n");
    let system = System::of(&[("pod.yaml", MANIFEST), ("policy/latest.rego", &over)]);
    let run = system.run(&["check", "--only", "PAL0620,PAL0622"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.out.contains("runs the latest image"), "{}", run.out);
    let told = "error[PAL0622]: the exception `data.main.exception` does not hold any more: it ended on 2001-01-31";
    assert!(run.out.contains(told), "{}", run.out);

    let unowned = excepted("");
    let system = System::of(&[("pod.yaml", MANIFEST), ("policy/latest.rego", &unowned)]);
    let run = system.run(&["check", "--only", "PAL0620,PAL0622"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(!run.out.contains("runs the latest image"), "{}", run.out);
    let told = "error[PAL0622]: the exception `data.main.exception` has neither owner nor end";
    assert!(run.out.contains(told), "{}", run.out);
}

const SUITE: &str = "\
kind: Suite
apiVersion: test.gatekeeper.sh/v1alpha1
metadata: {name: probes}
tests:
  - name: probes
    template: template.yaml
    constraint: constraint.yaml
    cases:
      - name: refused
        object: samples/refused.yaml
        inventory: [samples/known.yaml]
        assertions: [{violations: yes}]
";

const THERE: &str = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n";

const KYVERNO_TEST: &str = "\
apiVersion: cli.kyverno.io/v1alpha1
kind: Test
metadata: {name: test}
policies: [../policy.yaml]
resources: [resource.yaml]
results:
  - {policy: p, rule: r, kind: Pod, resources: [cart], result: pass}
";

#[test]
fn what_only_tests_of_policies_judge_is_no_part_of_the_system() {
    let system = System::of(&[
        ("pod.yaml", MANIFEST),
        ("policy/a/suite.yaml", SUITE),
        ("policy/a/template.yaml", THERE),
        ("policy/a/constraint.yaml", THERE),
        ("policy/a/samples/refused.yaml", MANIFEST),
        ("policy/a/samples/known.yaml", MANIFEST),
        ("policy/b/policy.yaml", THERE),
        ("policy/b/.kyverno-test/kyverno-test.yaml", KYVERNO_TEST),
        ("policy/b/.kyverno-test/resource.yaml", MANIFEST),
        // Nobody says that this one is for a test.
        ("policy/network.yaml", MANIFEST),
    ]);
    let run = system.run(&["check", "--format", "json", "--only", "PAL0801"]);
    let read: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    let accounts = read["accounts"].as_array().expect("accounts");
    let outcome = |path: &str| {
        let mut all = accounts.iter();
        let account = all.find(|account| account["path"] == path);
        account.expect(path)["outcome"].to_string()
    };
    for path in [
        "policy/a/samples/refused.yaml",
        "policy/a/samples/known.yaml",
        "policy/b/.kyverno-test/resource.yaml",
    ] {
        let outcome = outcome(path);
        assert!(outcome.contains("judged by a test"), "{path}: {outcome}");
    }
    for path in ["pod.yaml", "policy/network.yaml"] {
        assert!(outcome(path).contains("read"), "{path}");
    }
}

#[test]
fn plans_bills_and_workflows_alone_are_judged_and_decide() {
    let policy = "package main
deny contains msg if {
  input.permissions == \"write-all\"
  msg := \"the workflow may write everything\"
}
";
    let workflow = |permissions: &str| {
        format!(
            "name: ci\non: push\npermissions: {permissions}\njobs: {{build: {{runs-on: linux}}}}\n"
        )
    };
    let system = System::of(&[
        ("policy/workflows.rego", policy),
        (".github/workflows/ci.yaml", &workflow("write-all")),
    ]);
    let run = system.run(&["check"]);
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    let place = "--> .github/workflows/ci.yaml:";
    assert!(run.out.contains(place), "{}", run.out);
    system.write(".github/workflows/ci.yaml", &workflow("read-all"));
    let run = system.run(&["check"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    system.write(
        ".github/workflows/ci.yaml",
        &format!("{}steps: [unfinished", workflow("read-all")),
    );
    let run = system.run(&["check", "--strict"]);
    assert_eq!(run.code, 3, "{}{}", run.out, run.err);
}
