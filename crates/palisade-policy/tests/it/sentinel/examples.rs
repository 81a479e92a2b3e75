//! The guardrails under `examples/policies/sentinel`.

use std::path::{Path, PathBuf};

use palisade_policy::{Effects, Enforcement, Folder, Settings, Status, Verdict};

use super::{judge, language};

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/policies/sentinel")
}

#[test]
fn their_tests_pass() {
    let folder = Folder::new(folder(), "");
    let reports = (language().test)(&folder, &Settings::default()).unwrap();
    let cases: Vec<_> = reports.iter().flat_map(|report| &report.cases).collect();
    assert_eq!((reports.len(), cases.len()), (5, 10));
    for case in cases {
        assert_eq!(case.verdict, Verdict::Passed, "{}", case.name);
    }
}

#[test]
fn each_finds_its_resource_in_the_plan() {
    let folder = Folder::new(folder(), "");
    let bundles = (language().discover)(&folder).unwrap();
    assert_eq!(bundles.len(), 1);
    let set = (language().compile)(&bundles[0], &Settings::default()).unwrap();
    let plan = folder.read("plan.json").unwrap();
    let answers = judge(set.as_ref(), plan.text(), Effects::default());
    let shown: Vec<_> = answers
        .iter()
        .map(|answer| {
            assert_eq!(answer.status, Status::Fail);
            let place = answer.place.clone().unwrap();
            assert!(place.file.ends_with("plan.json"));
            let defined = answer.defined_at.clone().unwrap();
            let message = answer.message.as_str();
            (
                answer.policy.as_str(),
                answer.path.as_str(),
                defined.start.line,
                message,
            )
        })
        .collect();
    let cart = "/resource_changes/2";
    let container = "/resource_changes/2/change/after/spec/0/template/0/spec/0/container/0";
    assert_eq!(
        shown,
        [
            (
                "pinned-images",
                container,
                20,
                "kubernetes_deployment_v1.service[\"cart\"]: `docker.io/shop/cart:latest` comes from another registry"
            ),
            (
                "no-privileged-containers",
                container,
                14,
                "kubernetes_deployment_v1.service[\"cart\"]: container `cart` is privileged"
            ),
            (
                "non-root-containers",
                container,
                16,
                "kubernetes_deployment_v1.service[\"cart\"]: container `cart` may run as root"
            ),
            (
                "owner-labels",
                cart,
                20,
                "kubernetes_deployment_v1.service[\"cart\"]: it lacks the labels owner, team"
            ),
            (
                "no-open-entry",
                "/resource_changes/3",
                30,
                "module.network.aws_security_group_rule.ssh: it is open to the world"
            ),
        ]
    );
    assert_eq!(set.warnings(), []);
    let levels: Vec<Enforcement> = answers.iter().map(|answer| answer.enforcement).collect();
    assert_eq!(levels[2..4], [Enforcement::Overridable, Enforcement::Audit]);
    assert_eq!(
        set.rules()[0].title,
        "Every image comes from an allowed registry and is pinned by digest or exact tag."
    );
}

#[test]
fn a_failing_test_says_what_came_and_which_rules_ran() {
    let place = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = place.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "p.sentinel",
        "param n\nsmall = rule { n < 3 }\nmain = rule { small }\n",
    );
    write(
        "test/p/hcl.hcl",
        "param \"n\" {\n  value = 5\n}\ntest {\n  rules = {\n    main = true\n    small = false\n  }\n}\n",
    );
    write(
        "test/p/json.json",
        "{\"param\": {\"n\": 2}, \"test\": {\"main\": true}}",
    );
    write("test/p/none.hcl", "param \"n\" {\n  value = 5\n}\n");
    write(
        "test/p/data.hcl",
        "mock \"x\" {\n  data = { a = [1] }\n}\nglobal \"g\" {\n  value = 1\n}\n",
    );
    write("test/q/lost.hcl", "");
    let folder = Folder::new(place.path(), "");
    let reports = (language().test)(&folder, &Settings::default()).unwrap();
    let verdicts: Vec<_> = reports
        .iter()
        .flat_map(|report| &report.cases)
        .map(|case| (case.name.as_str(), case.verdict.clone()))
        .collect();
    let trace = "p.sentinel:2:1: rule `small` is false\np.sentinel:3:1: rule `main` is false";
    assert_eq!(
        verdicts[..4],
        [
            (
                "test/p/data.hcl",
                Verdict::Error(
                    "p.sentinel:1:1: the parameter `n` is required and has no value".into()
                )
            ),
            (
                "test/p/hcl.hcl",
                Verdict::Failed(format!("expected `main` to be true, got false\n{trace}"))
            ),
            ("test/p/json.json", Verdict::Passed),
            (
                "test/p/none.hcl",
                Verdict::Failed(format!("expected `main` to pass\n{trace}"))
            ),
        ]
    );
    assert!(matches!(&verdicts[4].1, Verdict::Error(message) if message.contains("q.sentinel")));
}

#[test]
fn a_policy_that_does_not_load_answers_and_the_rest_judge() {
    let set = super::compile(&[
        ("sentinel.hcl", "policy \"good\" {\n  source = \"./good.sentinel\"\n  enforcement_level = \"hard-mandatory\"\n}\npolicy \"bad\" {\n  source = \"bad.sentinel\"\n}\npolicy \"gone\" {\n  source = \"https://example.com/p.sentinel\"\n}\nmock \"tfplan/v2\" {\n  data = { resource_changes = {} }\n}\n"),
        ("good.sentinel", "import \"tfplan/v2\" as tfplan\nmain = rule { tfplan.resource_changes is empty }"),
        ("bad.sentinel", "main = rule {"),
    ])
    .unwrap();
    assert_eq!(set.errors().len(), 2);
    let plan = "{\"resource_changes\": [{\"address\": \"a.b\", \"change\": {}}]}";
    let answers = judge(set.as_ref(), plan, Effects::default());
    let shown: Vec<_> = answers
        .iter()
        .map(|answer| (answer.policy.as_str(), answer.status, answer.enforcement))
        .collect();
    // The mock of the set does not hide the plan.
    assert_eq!(
        shown,
        [
            ("good", Status::Fail, Enforcement::Deny),
            ("bad", Status::Error, Enforcement::Audit),
            ("gone", Status::Error, Enforcement::Audit),
        ]
    );
    let origin = answers[2].defined_at.clone().unwrap();
    assert_eq!(
        (origin.file.as_ref(), origin.start.line),
        ("sentinel.hcl", 8)
    );
}
