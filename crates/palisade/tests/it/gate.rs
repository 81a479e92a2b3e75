//! What must not take a manifest or a policy out of a check without a word.

use crate::guardrails::{LATEST, MANIFEST, example, page};
use crate::system::System;

const PRIVILEGED: &str = "\
package main

deny contains \"privileged\" if {
  some container in input.spec.containers
  container.securityContext.privileged == true
}
";

#[test]
fn manifests_are_read_as_kubectl_reads_them() {
    for written in ["y", "Y", "on", "!!bool \"true\"", "!!bool 'yes'"] {
        let pod = format!("{MANIFEST}      securityContext:\n        privileged: {written}\n");
        let system = System::of(&[("pod.yaml", &pod), ("policy/p.rego", PRIVILEGED)]);
        let run = system.run(&["check", "--only", "PAL0620"]);
        assert_eq!(run.code, 1, "`{written}`: {}", run.out);
    }
}

#[test]
fn workflows_are_read_as_their_runner_reads_them() {
    let rule = "package workflow\n\ndeny contains \"pushed\" if input.on.push\n";
    let workflow = "on: {push: {}}\njobs: {a: {runs-on: ubuntu-24.04, steps: []}}\n";
    let system = System::of(&[
        (".github/workflows/a.yaml", workflow),
        ("policy/w.rego", rule),
    ]);
    let run = system.run(&["check", "--only", "PAL0620"]);
    assert_eq!(run.code, 1, "{}", run.out);
    let run = system.run(&[
        "policy",
        "eval",
        "policy",
        "--input",
        ".github/workflows/a.yaml",
    ]);
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
}

const SELECTING: &str = "\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: no-external-ips}
spec:
  validationFailureAction: Enforce
  rules:
  - name: r
    match: {any: [{resources: {kinds: [Service], namespaceSelector: {matchLabels: {tier: open}}}}]}
    validate: {message: no external addresses, pattern: {spec: {X(externalIPs): \"null\"}}}
";
const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: {name: bad, namespace: shop}
spec: {externalIPs: [203.0.113.1], ports: [{port: 80}]}
";

#[test]
fn an_enforced_rule_that_cannot_judge_fails_the_gate_unless_the_cluster_is_said_to_know() {
    let system = System::of(&[("a.yaml", SERVICE), ("policies/p.yaml", SELECTING)]);
    let run = system.run(&["check", "--only", "6"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(
        run.out
            .contains("error[PAL0621]: policy `no-external-ips/r` could not judge 1 document"),
        "{}",
        run.out
    );
    assert!(
        run.out
            .contains("1 enforced rule could not judge 1 document: `no-external-ips/r`")
    );
    assert!(run.out.contains("0/1 guardrail"), "{}", run.out);

    system.write("palisade.toml", "[policies]\ncluster-facts = true\n");
    let run = system.run(&["check", "--only", "6"]);
    assert_eq!(run.code, 0, "{}", run.out);
    assert!(!run.out.contains("PAL0621"), "{}", run.out);
    assert!(
        run.out
            .contains("1 enforced rule could not judge 1 document: `no-external-ips/r`")
    );
    assert!(run.out.contains("no guardrails"), "{}", run.out);

    system.write(
        "palisade.toml",
        "[policies]\nobjects = [\"cluster/ns.json\"]\n",
    );
    let namespace = "{\"apiVersion\": \"v1\", \"kind\": \"Namespace\", \"metadata\": {\"name\": \"shop\", \"labels\": {\"tier\": \"open\"}}}";
    system.write("cluster/ns.json", namespace);
    let run = system.run(&["check", "a.yaml", "--policies", "policies", "--only", "6"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.out.contains("error[PAL0620]"), "{}", run.out);
    assert!(!run.out.contains("PAL0621"), "{}", run.out);
}

#[test]
fn an_audited_rule_that_cannot_judge_is_no_finding() {
    let audited = SELECTING.replace("Enforce", "Audit");
    let system = System::of(&[("a.yaml", SERVICE), ("policies/p.yaml", &audited)]);
    let run = system.run(&["check", "--only", "PAL0620,PAL0621"]);
    assert_eq!(run.code, 0, "{}", run.out);
    assert!(!run.out.contains("could not judge"), "{}", run.out);
}

#[test]
fn a_test_takes_no_manifest_out_of_the_check_that_is_not_its_own() {
    let privileged = format!("{MANIFEST}      securityContext: {{privileged: true}}\n");
    let found = |files: &[(&str, &str)]| {
        let system = System::of(&[("k8s/pod.yaml", &*privileged), ("rules/p.yaml", SELECTING)]);
        for (path, text) in files {
            system.write(path, text);
        }
        let run = system.run(&["check", "--policies", ".", "--only", "8"]);
        run.out.contains("critical") || run.out.contains("PAL08")
    };
    let results = "results: [{policy: no-external-ips, rule: r, kind: Service, result: pass}]\n";
    let outside = format!("policies: [../rules/p.yaml]\nresources: [../k8s/pod.yaml]\n{results}");
    let suite = "kind: Suite\napiVersion: test.gatekeeper.sh/v1alpha1\ntests: [{template: t.yaml, constraint: c.yaml, cases: [{object: pod.yaml, assertions: []}]}]\n";
    assert!(found(&[]));
    assert!(found(&[(
        "k8s/.kyverno-test/kyverno-test.yaml",
        "policies: [../../rules/p.yaml]\nresources: [../pod.yaml]\nresults: []\n"
    )]));
    assert!(found(&[(
        "k8s/kyverno-test.yaml",
        "policies: [../rules/p.yaml]\nresources: [pod.yaml]\nresults: []\n"
    )]));
    assert!(found(&[("tests/kyverno-test.yaml", &*outside)]));
    assert!(found(&[("k8s/suite.yaml", suite)]));

    let system = System::of(&[
        ("policies/pod.yaml", &*privileged),
        ("policies/p.yaml", SELECTING),
    ]);
    let own = format!("policies: [p.yaml]\nresources: [pod.yaml]\n{results}");
    system.write("policies/kyverno-test.yaml", &own);
    let run = system.run(&["check", "--only", "8"]);
    let line = "1 file is left out, which only tests of policies judge: `policies/pod.yaml`";
    assert!(run.out.contains(line), "{}", run.out);
}

#[test]
fn what_may_be_a_policy_and_is_not_read_is_told_and_guards_nothing() {
    let always = SELECTING.replace(", namespaceSelector: {matchLabels: {tier: open}}", "");
    let system = System::of(&[("a.yaml", SERVICE), ("policies/p.YAML", &always)]);
    let run = system.run(&["check", "--only", "6"]);
    assert!(run.out.contains("error[PAL0620]"), "{}", run.out);

    let system = System::of(&[
        ("a.yaml", SERVICE),
        ("policies/.x/p.yaml", &always),
        ("policies/q.REGO", "package main\n"),
        ("vendor/p.yaml", &always),
    ]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("../vendor", system.path().join("policies/link")).expect("a link");
    let run = system.run(&["check", "--only", "6"]);
    for place in ["`policies/.x` is not read", "`policies/q.REGO` is not read"] {
        assert!(run.out.contains(place), "{place}: {}", run.out);
    }
    #[cfg(unix)]
    assert!(
        run.out.contains("`policies/link` is not read"),
        "{}",
        run.out
    );
    assert!(run.out.contains("0/1 guardrail"), "{}", run.out);
}

#[test]
fn what_an_unreviewed_exception_hides_is_listed() {
    let page = page();
    let system = System::of(&example(&page, "PAL0622", "Flagged"));
    let run = system.run(&["check", "--only", "PAL0620,PAL0622", "-v"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(
        run.out.contains("warning[PAL0620]: policy `owner/label`"),
        "{}",
        run.out
    );
    assert!(
        run.out
            .contains("left out by the exception `ops/legacy` that nobody reviewed")
    );
}

#[test]
fn policies_of_the_repository_judge_a_part_of_it() {
    let system = System::of(&[("k8s/pod.yaml", MANIFEST), ("policies/latest.rego", LATEST)]);
    let run = system.run(&["check", "k8s", "--only", "PAL0620"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.out.contains("policies/latest.rego:3:1"), "{}", run.out);
    // Above where the run starts only a repository is looked at.
    let run = |system: &System| {
        let mut command = system.command(&["check", ".", "--only", "PAL0620"]);
        let command = command.current_dir(system.path().join("k8s"));
        command.output().expect("the binary runs").status.code()
    };
    assert_eq!(run(&system), Some(0));
    system.write(".git/HEAD", "ref: refs/heads/main\n");
    assert_eq!(run(&system), Some(1));
}

#[test]
fn a_file_that_is_not_read_in_full_is_told_with_the_way_to_fail_on_it() {
    let deep = format!(
        "apiVersion: v1\nkind: Pod\nspec: {}{}\n",
        "[".repeat(200),
        "]".repeat(200)
    );
    let system = System::of(&[("a.yaml", MANIFEST), ("deep.yaml", &deep)]);
    let run = system.run(&["check", "--only", "6"]);
    let line = "incomplete: 1 file not read in full (--strict fails on it)";
    assert!(run.out.contains(line), "{}", run.out);
    assert_eq!(system.run(&["check", "--only", "6", "--strict"]).code, 3);
}
