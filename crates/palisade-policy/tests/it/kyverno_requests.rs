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
