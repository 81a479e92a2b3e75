//! What a request is to Kyverno's policies: objects of files, and requests that policies are not
//! asked about.

use palisade_policy::{Answer, Status};
use serde_json::json;

use crate::gate::{gate, pod, review_at};
use crate::kyverno::answers;

const NAMESPACE: &str = "\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: no-default}
spec:
  validationFailureAction: Enforce
  rules:
    - name: object
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate:
        deny:
          conditions:
            any:
              - {key: '{{ request.object.metadata.namespace }}', operator: Equals, value: default}
    - name: request
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate:
        deny:
          conditions: {any: [{key: '{{ request.namespace }}', operator: Equals, value: default}]}
    - name: matched
      match: {any: [{resources: {kinds: [Pod], namespaces: [default]}}]}
      validate: {deny: {}}
---
apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: cel}
spec:
  validationActions: [Deny]
  matchConstraints:
    resourceRules:
      - {apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}
  validations:
    - expression: object.metadata.namespace != 'default' && request.namespace != 'default'
    - expression: object.metadata.?labels.orValue({}).size() == 0
";

#[test]
fn an_object_that_names_no_namespace_goes_to_the_default_one() {
    let object = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  labels:\nspec: {}\n";
    let found = answers(&[NAMESPACE], object);
    let shown: Vec<_> = found
        .iter()
        .map(|answer: &Answer| (answer.policy.as_str(), answer.rule.as_str(), answer.status))
        .collect();
    assert_eq!(
        shown,
        [
            ("no-default", "object", Status::Fail),
            ("no-default", "request", Status::Fail),
            ("no-default", "matched", Status::Fail),
            ("cel", "", Status::Fail),
        ]
    );
    for answer in &found {
        let place = answer.place.as_ref().expect("every answer has its place");
        assert_eq!(&*place.file, "objects/object.yaml");
    }
    let elsewhere = object.replace("name: web", "name: web\n  namespace: shop");
    let found = answers(&[NAMESPACE], &elsewhere);
    assert!(found.iter().all(|answer| answer.status == Status::Pass));
}

#[test]
fn a_policy_that_is_not_for_admission_answers_no_gate() {
    let not_here = crate::gate::NO_HOST.replace("spec:\n", "spec:\n  admission: false\n");
    let cel = "\
apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: cel}
spec:
  validationActions: [Deny]
  evaluation: {admission: {enabled: false}}
  matchConstraints:
    resourceRules:
      - {apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}
  validations: [{expression: '!has(object.spec.hostNetwork)'}]
";
    let host = pod(&json!({"hostNetwork": true, "containers": []}));
    let gate = gate(&[("a.yaml", &not_here), ("b.yaml", cel)]).expect("it loads");
    let decision = review_at(&gate, &host, 0);
    assert!(decision.allowed, "{:?}", decision.answers);
    let text = host.to_string();
    let found = answers(&[&not_here, cel], &text);
    assert_eq!(found.len(), 2, "what is there already is judged");
    assert!(found.iter().all(|answer| answer.status == Status::Fail));
}

/// Rules about subresources, each by the way in which it names them.
const SUBRESOURCES: &str = "\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: sub}
spec:
  validationFailureAction: Enforce
  rules:
    - name: exec
      match: {any: [{resources: {kinds: [Pod/exec], namespaces: [shop]}}]}
      validate: {deny: {}}
    - name: any-exec
      match: {any: [{resources: {kinds: ['*/exec']}}]}
      validate: {deny: {}}
    - name: scale
      match: {any: [{resources: {kinds: [apps/v1/Deployment/scale]}}]}
      validate: {deny: {}}
    - name: ingress
      match: {any: [{resources: {kinds: [Ingress/status]}}]}
      validate: {deny: {}}
    - name: pod
      match: {any: [{resources: {kinds: [Pod, Scale, '*']}}]}
      validate: {deny: {}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: scales}
spec:
  matchConstraints:
    resourceRules:
      - {apiGroups: [apps], apiVersions: [v1], operations: ['*'], resources: [deployments/scale]}
  validations: [{expression: 'false'}]
";

#[test]
fn a_rule_about_a_subresource_names_the_kind_that_it_belongs_to() {
    let gate = gate(&[("a.yaml", SUBRESOURCES)]).expect("it loads");
    let asked = |kind: [&str; 3], resource: [&str; 3], subresource: &str| {
        let object = json!({"apiVersion": format!("{}/{}", kind[0], kind[1]), "kind": kind[2]});
        let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "1", "operation": "CONNECT", "namespace": "shop", "name": "a",
            "kind": {"group": kind[0], "version": kind[1], "kind": kind[2]},
            "resource":
                {"group": resource[0], "version": resource[1], "resource": resource[2]},
            "subResource": subresource, "userInfo": {"username": "u"}, "object": object,
        }});
        let deadline = std::time::Instant::now() + std::time::Duration::from_mins(2);
        let decision = gate.review(
            &review.to_string(),
            palisade_policy::admission::Purpose::Validate,
            0,
            deadline,
        );
        let mut rules: Vec<String> = decision
            .expect("a review")
            .answers
            .iter()
            .map(|answer| match answer.policy.as_str() {
                "sub" => answer.rule.clone(),
                policy => policy.to_owned(),
            })
            .collect();
        rules.sort();
        rules.join(" ")
    };
    let exec = ["", "v1", "PodExecOptions"];
    assert_eq!(asked(exec, ["", "v1", "pods"], "exec"), "any-exec exec");
    let scale = ["autoscaling", "v1", "Scale"];
    assert_eq!(
        asked(scale, ["apps", "v1", "deployments"], "scale"),
        "scale scales"
    );
    assert_eq!(asked(scale, ["apps", "v1", "statefulsets"], "scale"), "");
    let ingress = ["networking.k8s.io", "v1", "Ingress"];
    let resource = ["networking.k8s.io", "v1", "ingresses"];
    assert_eq!(asked(ingress, resource, "status"), "ingress");
}

#[test]
fn policies_that_judge_nothing_here_are_told() {
    let set = crate::kyverno::compiled(&["\
apiVersion: json.kyverno.io/v1alpha1
kind: ValidatingPolicy
metadata: {name: payload}
spec: {rules: [{name: r, assert: {all: [{check: {kind: Pod}}]}}]}
---
apiVersion: kyverno.io/v2
kind: ClusterCleanupPolicy
metadata: {name: sweep}
spec: {schedule: '* * * * *', match: {any: [{resources: {kinds: [Pod]}}]}}
---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: tree}
spec:
  rules:
    - name: asserted
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate: {assert: {object: {metadata: {name: a}}}}
"]);
    let told: Vec<&str> = set.warnings().iter().map(|one| &*one.message).collect();
    assert_eq!(
        told,
        [
            "policy `payload` judges payloads of kyverno-json, which is not done here",
            "policy `sweep` removes objects on a schedule, which is not done here",
        ]
    );
    let mistakes: Vec<&str> = set.errors().iter().map(|one| &*one.message).collect();
    assert_eq!(
        mistakes,
        ["rule `asserted` of policy `tree`: a tree of assertions (`assert`) is not supported"]
    );
}

#[test]
fn a_removal_verifies_no_images() {
    let gate = gate(&[(
        "a.yaml",
        "\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: removals}
spec:
  validationFailureAction: Enforce
  rules:
    - name: signed
      match: {any: [{resources: {kinds: [Pod]}}]}
      verifyImages:
        - {imageReferences: ['*'], attestors: [{entries: [{keys: {publicKeys: x}}]}]}
",
    )])
    .expect("it loads");
    let object = pod(&json!({"containers": [{"name": "a", "image": "r.example/a:1"}]}));
    assert!(!review_at(&gate, &object, 0).allowed, "an unknown image");
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
    "request": {
        "uid": "1", "operation": "DELETE", "namespace": "shop", "name": "a",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "userInfo": {"username": "u"}, "oldObject": object,
    }});
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(2);
    let purpose = palisade_policy::admission::Purpose::Validate;
    let decision = gate.review(&review.to_string(), purpose, 0, deadline);
    let decision = decision.expect("a review");
    assert!(decision.allowed, "{:?}", decision.answers);
}
