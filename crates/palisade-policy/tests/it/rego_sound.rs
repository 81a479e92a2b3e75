//! Mistakes in a bundle: what they keep from running, and what judges beside them.

use std::sync::Arc;

use palisade_policy::{Answer, Compiled, Settings, Status, Subject, Verdict};

use crate::gate::{gate, pod, review_at};
use crate::rego::{compile, judge, rego};

const POD: &str =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostNetwork: true, containers: []}\n";
const GOOD: &str = "package good\n\ndeny contains \"no host network\" if input.spec.hostNetwork\n";

fn answers(policy: &dyn Compiled) -> Vec<Answer> {
    judge(policy, POD, Subject::KubernetesObject).expect("it judges")
}

/// The packages that judge, and those that answer with an error.
fn split(policy: &dyn Compiled) -> (Vec<String>, Vec<String>) {
    let all = answers(policy);
    let (errors, judged): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|one| one.status == Status::Error);
    let names = |found: Vec<Answer>| {
        let mut names: Vec<_> = found.into_iter().map(|one| one.policy).collect();
        names.sort();
        names.dedup();
        names
    };
    (names(judged), names(errors))
}

fn of(files: &[(&str, &str)]) -> Arc<dyn Compiled> {
    compile(files).expect("the others load")
}

#[test]
fn each_kind_of_mistake_takes_its_own_package_only() {
    for broken in [
        "package bad\n\ndeny contains \"x\" if {\n",
        "package bad # here\n\ndeny contains \"x\" if input.\n",
        "# a comment\n\npackage bad; deny contains \"x\" if \"\n",
        "package bad\n\ndeny contains \"x\" if result.new(input)\n",
        "package bad\n\ndeny contains x if true\n",
        "package bad\n\ndeny contains \"x\" if f(1)\n\nf(x) := f(x - 1)\n",
        "package bad\n\ndeny contains \"x\" if count(walk(input)) > 1\n",
        "package bad\n\nimport future.keywords as words\n\ndeny contains \"x\" if words\n",
        "package bad\n\n# METADATA\n# title: [\ndeny contains \"x\" if true\n",
    ] {
        let set = of(&[("bad.rego", broken), ("good.rego", GOOD)]);
        let (judged, errors) = split(set.as_ref());
        assert_eq!(
            (judged, errors),
            (vec!["good".into()], vec!["bad".into()]),
            "{broken}"
        );
        let [error] = set.errors() else {
            panic!("{broken}: {:?}", set.errors());
        };
        let origin = error.origin.as_ref().expect("a place");
        assert_eq!(&*origin.file, "bad.rego", "{broken}");
        let said = answers(set.as_ref());
        let said = said.iter().find(|one| one.policy == "bad");
        assert_eq!(said.and_then(|one| one.defined_at.as_ref()), Some(origin));
    }
}

#[test]
fn what_may_need_a_broken_package_does_not_run_either() {
    let lib = "package lib.names\n\nis_bad(name) if name ==\n";
    for body in [
        "not data.lib.names.is_bad(input.metadata.name)",
        "not data.lib.names[\"is_bad\"](input.metadata.name)",
        "some x; not data.lib[x].allowed",
        "count(data.lib) == 0",
        "some x; data[x].names",
        "not names.is_bad(input.metadata.name)",
        "not data.between.ok",
        "data.between.kept with data.lib.names.is_bad as true",
    ] {
        let needing = format!(
            "package main\n\nimport data.lib.names\n\ndeny contains \"x\" if {{ {body} }}\n"
        );
        let set = of(&[
            ("lib.rego", lib),
            ("main.rego", &needing),
            (
                "between.rego",
                "package between\n\nok if data.lib.names.is_bad(\"x\")\n",
            ),
            ("good.rego", GOOD),
        ]);
        let (judged, errors) = split(set.as_ref());
        assert_eq!(judged, ["good"], "{body}");
        assert_eq!(errors, ["between", "lib.names", "main"], "{body}");
    }
}

#[test]
fn what_a_broken_package_cannot_define_is_not_needed() {
    let set = of(&[
        ("a.rego", "package a\n\nf(x) := y\n"),
        (
            "b.rego",
            "package a.b\n\ndeny contains \"x\" if not data.a.b.ok\n\nok if input.spec.none\n",
        ),
    ]);
    assert_eq!(split(set.as_ref()), (vec!["a.b".into()], vec!["a".into()]));
    // Its head reaches into the package below: what is asked there is not whole.
    let into = of(&[
        (
            "a.rego",
            "package a\n\nf(x) := y\n\nb.deny contains \"y\" if true\n",
        ),
        (
            "b.rego",
            "package a.b\n\ndeny contains \"x\" if input.spec.none\n",
        ),
        ("good.rego", GOOD),
    ]);
    assert_eq!(
        split(into.as_ref()),
        (vec!["good".into()], vec!["a".into(), "a.b".into()])
    );
}

#[test]
fn a_text_without_a_package_keeps_its_bundle_from_running() {
    let errors = compile(&[
        ("bad.rego", "deny contains \"x\" if {\n"),
        ("good.rego", GOOD),
    ]);
    assert_eq!(errors.err().map(|errors| errors.len()), Some(1));
    let all_bad = compile(&[("bad.rego", "package bad\n\ndeny if {\n")]);
    assert_eq!(all_bad.err().map(|errors| errors.len()), Some(1));
}

#[test]
fn tests_of_sound_packages_run_beside_a_broken_one() {
    let place = tempfile::tempdir().expect("a folder");
    let test = "package good_test\n\ntest_pod if count(data.good.deny) == 1 with input.spec.hostNetwork as true\n";
    for (name, text) in [
        ("good.rego", GOOD),
        ("good_test.rego", test),
        ("bad.rego", "package bad\n\ndeny if {\n"),
    ] {
        std::fs::write(place.path().join(name), text).expect("a file");
    }
    let folder = palisade_policy::Folder::new(place.path(), "policy");
    let reports = (rego().test)(&folder, &Settings::default()).expect("it runs");
    let [report] = reports.as_slice() else {
        panic!("{reports:?}");
    };
    let verdict = |name: &str| {
        let found = report.cases.iter().find(|case| case.name == name);
        found.map(|case| case.verdict.clone())
    };
    assert_eq!(verdict("data.good_test.test_pod"), Some(Verdict::Passed));
    assert!(matches!(verdict("load"), Some(Verdict::Error(_))));
}

const TEMPLATE: &str = "apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: nohost}
spec:
  crd: {spec: {names: {kind: NoHost}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package nohost
      violation[{\"msg\": \"no host network\"}] { input.review.object.spec.hostNetwork }
";
const CONSTRAINT: &str =
    "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: NoHost\nmetadata: {name: all}\n";

#[test]
fn a_broken_template_or_constraint_takes_only_its_own_constraints() {
    let template = TEMPLATE
        .replace("nohost", "other")
        .replace("NoHost", "Other")
        .replace("input.review", "cosign.verify(input) == input.review");
    let constraint = CONSTRAINT.replace("NoHost", "Other");
    let action = CONSTRAINT.replace(
        "{name: all}",
        "{name: odd}\nspec: {enforcementAction: maybe}",
    );
    let set = of(&[
        ("good.yaml", TEMPLATE),
        ("all.yaml", CONSTRAINT),
        ("template.yaml", &template),
        ("constraint.yaml", &constraint),
        ("action.yaml", &action),
        (
            "cut.yaml",
            "apiVersion: templates.gatekeeper.sh/v1\nkind: [\n",
        ),
    ]);
    let all = answers(set.as_ref());
    let of_kind = |kind: &str, rule: &str| {
        let found = all
            .iter()
            .find(|one| one.policy == kind && one.rule == rule);
        found.map(|one| (one.status, one.message.as_str()))
    };
    assert_eq!(
        of_kind("NoHost", "all"),
        Some((Status::Fail, "no host network"))
    );
    let (status, message) = of_kind("Other", "").expect("the template answers");
    assert_eq!(status, Status::Error);
    assert!(
        message.starts_with("there is no function `cosign.verify`"),
        "{message}"
    );
    let (status, message) = of_kind("Other", "all").expect("the constraint answers");
    assert_eq!(status, Status::Error);
    assert!(
        message.contains("its template of kind `Other` does not load"),
        "{message}"
    );
    assert_eq!(
        of_kind("NoHost", "odd").map(|one| one.0),
        Some(Status::Error)
    );
    assert_eq!(
        of_kind("cut.yaml", "").map(|one| one.0),
        Some(Status::Error)
    );
    assert_eq!(set.errors().len(), 4, "{:?}", set.errors());
}

#[test]
fn a_gate_refuses_while_the_sound_packages_judge() {
    let gate = gate(&[
        ("good.rego", GOOD),
        ("bad.rego", "package bad\n\ndeny if {\n"),
        ("template.yaml", TEMPLATE),
        ("constraint.yaml", CONSTRAINT),
        ("none.yaml", &CONSTRAINT.replace("NoHost", "Missing")),
    ])
    .expect("the good ones load");
    assert_eq!(gate.errors().count(), 2);
    let host = serde_json::json!({"hostNetwork": true, "containers": []});
    let decision = review_at(&gate, &pod(&host), 0);
    let status = |policy: &str| {
        let found = decision.answers.iter().find(|one| one.policy == policy);
        found.map(|one| one.status)
    };
    for (policy, wanted) in [
        ("good", Status::Fail),
        ("bad", Status::Error),
        ("NoHost", Status::Fail),
        ("Missing", Status::Error),
    ] {
        assert_eq!(status(policy), Some(wanted), "{policy}");
    }
    let plain = review_at(&gate, &pod(&serde_json::json!({"containers": []})), 0);
    assert!(!plain.allowed);
}
