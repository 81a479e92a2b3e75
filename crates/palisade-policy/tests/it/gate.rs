//! A gate over folders of policies: what must never open it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use palisade_document::{Limits, SourceFile, parse_yaml};
use palisade_policy::admission::{Decision, Gate, Purpose};
use palisade_policy::{Budget, Folder, PolicyError, Settings, Status, languages};
use serde_json::{Value, json};

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

fn gate(files: &[(&str, &str)]) -> Result<Gate, Vec<PolicyError>> {
    gate_with(files, "")
}

/// A gate with objects by which look-ups are answered.
fn gate_with(files: &[(&str, &str)], objects: &str) -> Result<Gate, Vec<PolicyError>> {
    let place = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(place.path().join(name), text).expect("a file");
    }
    let folder = Folder::new(place.path(), "policy");
    let mut sets = Vec::new();
    for language in languages::ALL {
        for bundle in (language.discover)(&folder).map_err(|error| vec![error])? {
            sets.push((language.compile)(&bundle, &Settings::default())?);
        }
    }
    let file = Arc::new(SourceFile::new("objects.yaml", objects));
    let (objects, _) = parse_yaml(file, &Limits::default());
    Ok(Gate::new(sets, vec![Arc::new(objects)], Budget::default()))
}

fn review(object: &Value, more: &Value) -> String {
    let mut request = json!({
        "uid": "1",
        "operation": "CREATE",
        "kind": {"group": "", "version": "v1", "kind": object["kind"]},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": "shop",
        "name": "a",
        "userInfo": {"username": "u"},
        "object": object,
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        request[key] = value.clone();
    }
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
        .to_string()
}

fn ask(gate: &Gate, object: &Value, purpose: Purpose) -> Decision {
    let text = review(object, &json!({}));
    gate.review(&text, purpose, 0).expect("a review")
}

fn pod(spec: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a", "namespace": "shop"},
        "spec": spec,
    })
}

#[test]
fn a_file_that_is_cut_off_keeps_the_policies_from_loading() {
    let whole = gate(&[("a.yaml", NO_HOST)]).expect("it loads");
    let host = pod(&json!({"hostNetwork": true, "containers": []}));
    assert!(!ask(&whole, &host, Purpose::Validate).allowed);
    let cut = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: b\n";
    assert!(gate(&[("a.yaml", NO_HOST), ("b.yaml", cut)]).is_err());
    let cut = "kind: ValidatingAdmissionPolicy\nmetadata: {name: b\n";
    assert!(gate(&[("a.yaml", NO_HOST), ("b.yaml", cut)]).is_err());
}

#[test]
fn policies_in_a_list_are_in_force() {
    let policy = NO_HOST.replace('\n', "\n    ");
    let list = format!("apiVersion: v1\nkind: List\nitems:\n  -\n    {policy}");
    let gate = gate(&[("list.yaml", &list)]).expect("it loads");
    let host = pod(&json!({"hostNetwork": true, "containers": []}));
    assert!(!ask(&gate, &host, Purpose::Validate).allowed);
}

#[test]
fn an_object_is_judged_as_it_was_sent() {
    let mutated = "\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: plain}
spec:
  rules:
    - name: off
      match: {any: [{resources: {kinds: [Pod]}}]}
      mutate:
        patchStrategicMerge: {spec: {hostNetwork: false}}
";
    let gate = gate(&[("a.yaml", NO_HOST), ("b.yaml", mutated)]).expect("it loads");
    let host = pod(&json!({"hostNetwork": true, "containers": []}));
    assert!(!ask(&gate, &host, Purpose::Validate).allowed);
    let decision = ask(&gate, &host, Purpose::Mutate);
    assert!(decision.allowed, "{:?}", decision.answers);
    assert_eq!(decision.response["response"]["patchType"], "JSONPatch");
}

#[test]
fn a_verification_that_is_enforced_refuses_what_it_does_not_know() {
    let verify = "\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: signed}
spec:
  rules:
    - name: signed
      match: {any: [{resources: {kinds: [Pod]}}]}
      verifyImages:
        - imageReferences: [\"*\"]
          failureAction: Enforce
          attestors: [{entries: [{keys: {publicKeys: k}}]}]
";
    let gate = gate(&[("a.yaml", verify)]).expect("it loads");
    let object = pod(&json!({"containers": [{"name": "a", "image": "example.com/a:1"}]}));
    assert!(!ask(&gate, &object, Purpose::Validate).allowed);
}

#[test]
fn an_enforced_policy_that_is_not_scored_still_refuses() {
    let quiet = NO_HOST.replace(
        "metadata: {name: no-host}",
        "metadata: {name: no-host, annotations: {policies.kyverno.io/scored: \"false\"}}",
    );
    let gate = gate(&[("a.yaml", &quiet)]).expect("it loads");
    let host = pod(&json!({"hostNetwork": true, "containers": []}));
    assert!(!ask(&gate, &host, Purpose::Validate).allowed);
}

#[test]
fn an_object_with_thousands_of_containers_is_answered_within_the_budget() {
    let gate = gate(&[("a.yaml", NO_HOST)]).expect("it loads");
    let containers: Vec<Value> = (0..8000)
        .map(|index| json!({"name": format!("c{index}"), "image": format!("example.com/a{index}:1")}))
        .collect();
    let object = pod(&json!({"hostNetwork": true, "containers": containers}));
    let started = Instant::now();
    assert!(!ask(&gate, &object, Purpose::Validate).allowed);
    let taken = started.elapsed();
    assert!(taken < Duration::from_secs(20), "{taken:?}");
}

#[test]
fn a_constraint_sees_the_subresource_of_the_request() {
    let template = "\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: noexec}
spec:
  crd: {spec: {names: {kind: NoExec}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package noexec
        violation[{\"msg\": \"no exec\"}] { input.review.subResource == \"exec\" }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: NoExec
metadata: {name: noexec}
spec: {}
";
    let gate = gate(&[("a.yaml", template)]).expect("it loads");
    let object = json!({"apiVersion": "v1", "kind": "PodExecOptions", "command": ["sh"]});
    let connect = json!({"operation": "CONNECT", "subResource": "exec"});
    let text = review(&object, &connect);
    let decision = gate.review(&text, Purpose::Validate, 0).expect("a review");
    assert!(!decision.allowed, "{:?}", decision.response);
}

const ADMISSION: &str = "\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-host}
spec:
  matchConstraints:
    resourceRules:
      - {apiGroups: [\"\"], apiVersions: [v1], operations: [CREATE], resources: [pods]}
  validations:
    - expression: object.spec.?hostNetwork.orValue(false) == false
";

/// `NO_HOST` and `ADMISSION` for namespaces that a selector takes.
fn for_namespaces(selector: &str) -> [String; 2] {
    let kyverno = NO_HOST.replace(
        "kinds: [Pod]",
        &format!("kinds: [Pod], namespaceSelector: {selector}"),
    );
    let constraints = "matchConstraints:\n";
    let with_selector = format!("{constraints}    namespaceSelector: {selector}\n");
    [kyverno, ADMISSION.replace(constraints, &with_selector)]
}

#[test]
fn a_namespace_that_nobody_supplied_is_not_taken_for_an_unlabelled_one() {
    let host = pod(&json!({"hostNetwork": true, "containers": []}));
    let labelled = "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {a: b}}}";
    let plain = "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}";
    for policy in for_namespaces("{matchLabels: {a: b}}") {
        let asked = |objects: &str| {
            let gate = gate_with(&[("a.yaml", &policy)], objects).expect("it loads");
            ask(&gate, &host, Purpose::Validate)
        };
        assert!(!asked(labelled).allowed);
        assert!(asked(plain).allowed);
        let unknown = asked("");
        assert!(!unknown.allowed);
        let [answer] = unknown.answers.as_slice() else {
            panic!("{:?}", unknown.answers);
        };
        assert!(
            answer.message.contains("the namespace `shop`"),
            "{answer:?}"
        );
        assert!(answer.message.contains("`--objects`"), "{answer:?}");
        assert_eq!(answer.missing, ["the namespace `shop`"]);
    }
}

#[test]
fn a_selector_that_needs_no_labels_needs_no_namespace() {
    let host = pod(&json!({"hostNetwork": true, "containers": []}));
    for (selector, allowed) in [
        ("{}", false),
        ("{matchLabels: {kubernetes.io/metadata.name: shop}}", false),
        ("{matchLabels: {kubernetes.io/metadata.name: bank}}", true),
        (
            "{matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [shop]}]}",
            true,
        ),
    ] {
        for policy in for_namespaces(selector) {
            let gate = gate(&[("a.yaml", &policy)]).expect("it loads");
            let decision = ask(&gate, &host, Purpose::Validate);
            assert_eq!(
                decision.allowed, allowed,
                "{selector}: {:?}",
                decision.answers
            );
            let errors = decision
                .answers
                .iter()
                .any(|one| one.status == Status::Error);
            assert!(!errors, "{selector}: {:?}", decision.answers);
        }
    }
}
