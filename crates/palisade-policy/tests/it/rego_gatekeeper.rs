//! Gatekeeper: what a constraint is for, and what its template reports.

use palisade_policy::{Enforcement, Status, Subject};

use crate::rego::{compile, judge};

const TEMPLATE: &str = "apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: replicas}
spec:
  crd: {spec: {names: {kind: Replicas}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package replicas
      import data.lib.text
      violation[{\"msg\": msg}] {
        input.review.object.spec.replicas < input.parameters.least
        msg := text.low(input.review.object.metadata.name)
      }
    libs:
    - |
      package lib.text
      low(name) = msg { msg := sprintf(\"%v has too few replicas\", [name]) }
";

fn constraint(matching: &str, action: &str) -> String {
    format!(
        "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: Replicas\nmetadata: {{name: two}}\nspec:\n  enforcementAction: {action}\n  match: {matching}\n  parameters: {{least: 2}}\n"
    )
}

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: shop\n  labels: {tier: front}\nspec: {replicas: 1}\n";

fn statuses(matching: &str, action: &str) -> Vec<(Status, Enforcement)> {
    let constraint = constraint(matching, action);
    let policy = compile(&[
        ("template.yaml", TEMPLATE),
        ("constraint.yaml", &constraint),
    ])
    .expect("they load");
    let answers = judge(policy.as_ref(), WEB, Subject::KubernetesObject).expect("it judges");
    answers
        .iter()
        .map(|answer| (answer.status, answer.enforcement))
        .collect()
}

#[test]
fn a_constraint_judges_what_it_matches() {
    let failed = [(Status::Fail, Enforcement::Deny)];
    for matching in [
        "{}",
        "{kinds: [{apiGroups: [apps], kinds: [Deployment]}]}",
        "{kinds: [{apiGroups: ['*'], kinds: ['*']}]}",
        "{namespaces: [sh*]}",
        "{labelSelector: {matchExpressions: [{key: tier, operator: In, values: [front]}]}}",
        "{scope: Namespaced, name: web}",
    ] {
        assert_eq!(statuses(matching, "deny"), failed, "{matching}");
    }
    for matching in [
        "{kinds: [{apiGroups: [''], kinds: [Deployment]}]}",
        "{namespaces: [other]}",
        "{excludedNamespaces: ['*op']}",
        "{labelSelector: {matchLabels: {tier: back}}}",
        "{scope: Cluster}",
        "{name: w}",
    ] {
        assert_eq!(statuses(matching, "deny"), [], "{matching}");
    }
}

#[test]
fn the_enforcement_action_is_told() {
    assert_eq!(statuses("{}", "warn"), [(Status::Warn, Enforcement::Warn)]);
    assert_eq!(
        statuses("{}", "dryrun"),
        [(Status::Warn, Enforcement::Audit)]
    );
}

#[test]
fn labels_of_a_namespace_that_was_not_read_are_no_guess() {
    let answers = statuses("{namespaceSelector: {matchLabels: {a: b}}}", "deny");
    assert_eq!(answers, [(Status::Error, Enforcement::Deny)]);
}

#[test]
fn what_cannot_be_run_is_refused_at_its_place() {
    let refused = |template: &str| {
        let errors = compile(&[("template.yaml", template)]).unwrap_err();
        (
            errors[0].message.clone(),
            errors[0].origin.clone().unwrap().start.line,
        )
    };
    let broken = TEMPLATE.replace("input.parameters.least\n", "input.parameters.\n");
    assert_eq!(refused(&broken).1, 13);
    let cel = "apiVersion: templates.gatekeeper.sh/v1\nkind: ConstraintTemplate\nmetadata: {name: a}\nspec:\n  crd: {spec: {names: {kind: A}}}\n  targets:\n  - target: admission.k8s.gatekeeper.sh\n    code:\n    - engine: K8sNativeValidation\n      source: {validations: []}\n";
    assert!(refused(cel).0.contains("CEL"), "{:?}", refused(cel));
    let unknown = constraint("{oddity: 1}", "deny");
    let errors = compile(&[("t.yaml", TEMPLATE), ("c.yaml", &unknown)]).unwrap_err();
    assert!(errors[0].message.contains("oddity"), "{errors:?}");
    let alone = constraint("{}", "deny");
    let errors = compile(&[("c.yaml", &alone)]).unwrap_err();
    assert!(
        errors[0].message.contains("no constraint template"),
        "{errors:?}"
    );
}

#[test]
fn an_admission_review_is_judged_by_its_request() {
    let constraint = constraint("{}", "deny");
    let policy = compile(&[
        ("template.yaml", TEMPLATE),
        ("constraint.yaml", &constraint),
    ])
    .unwrap();
    let review = "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest:\n  uid: a\n  kind: {group: apps, version: v1, kind: Deployment}\n  operation: CREATE\n  name: web\n  namespace: shop\n  object:\n    metadata: {name: web}\n    spec: {replicas: 1}\n";
    let answers = judge(policy.as_ref(), review, Subject::AdmissionReview).unwrap();
    assert_eq!(answers[0].status, Status::Fail);
    assert_eq!(answers[0].message, "web has too few replicas");
    let defined = answers[0].defined_at.as_ref().unwrap();
    assert_eq!((&*defined.file, defined.start.line), ("template.yaml", 11));
}
