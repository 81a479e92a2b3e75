//! A gate over folders of policies: what must never open it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use palisade_document::{Limits, SourceFile, parse_yaml};
use palisade_policy::admission::{Decision, Gate, Purpose};
use palisade_policy::{Budget, Folder, PolicyError, Settings, Status, languages};
use serde_json::{Value, json};

pub(crate) const NO_HOST: &str = "\
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

pub(crate) fn gate(files: &[(&str, &str)]) -> Result<Gate, Vec<PolicyError>> {
    gate_with(files, "")
}

/// A gate with objects by which look-ups are answered.
fn gate_with(files: &[(&str, &str)], objects: &str) -> Result<Gate, Vec<PolicyError>> {
    gate_within(Budget::default(), files, objects)
}

pub(crate) fn gate_within(
    budget: Budget,
    files: &[(&str, &str)],
    objects: &str,
) -> Result<Gate, Vec<PolicyError>> {
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
    Ok(Gate::new(sets, vec![Arc::new(objects)], budget))
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
    review_soon(gate, &text, purpose)
}

/// The decision on an object at a moment.
pub(crate) fn review_at(gate: &Gate, object: &Value, now_ns: i64) -> Decision {
    let text = review(object, &json!({}));
    let deadline = Instant::now() + Duration::from_mins(2);
    let decision = gate.review(&text, Purpose::Validate, now_ns, deadline);
    decision.expect("a review")
}

/// The decision on a review that may take as long as any budget lets it.
fn review_soon(gate: &Gate, text: &str, purpose: Purpose) -> Decision {
    let deadline = Instant::now() + Duration::from_mins(2);
    gate.review(text, purpose, 0, deadline).expect("a review")
}

pub(crate) fn pod(spec: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a", "namespace": "shop"},
        "spec": spec,
    })
}

#[test]
fn a_file_that_is_cut_off_refuses_while_the_others_judge() {
    let whole = gate(&[("a.yaml", NO_HOST)]).expect("it loads");
    let host = pod(&json!({"hostNetwork": true, "containers": []}));
    let plain = pod(&json!({"containers": []}));
    assert!(!ask(&whole, &host, Purpose::Validate).allowed);
    assert!(ask(&whole, &plain, Purpose::Validate).allowed);
    for cut in [
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: b\n",
        "kind: ValidatingAdmissionPolicy\nmetadata: {name: b\n",
    ] {
        // Nothing else of that language is here: nothing of it can be asked.
        assert!(gate(&[("b.yaml", cut)]).is_err());
        let files = [("a.yaml", NO_HOST), ("b.yaml", cut), ("c.yaml", ADMISSION)];
        let gate = gate(&files).expect("the other policies load");
        assert!(gate.errors().next().is_some());
        let decision = ask(&gate, &host, Purpose::Validate);
        let told: Vec<&str> = decision.answers.iter().map(|a| a.policy.as_str()).collect();
        assert!(told.contains(&"no-host"), "{told:?}");
        assert!(!ask(&gate, &plain, Purpose::Validate).allowed);
    }
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
    let decision = review_soon(&gate, &text, Purpose::Validate);
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

#[test]
fn a_policy_that_does_not_load_is_told_and_the_others_judge() {
    let broken_kyverno =
        "{apiVersion: kyverno.io/v1, kind: ClusterPolicy, metadata: {name: broken}}";
    let broken_cel = ADMISSION
        .replace("name: no-host", "name: broken")
        .replace("== false", "==");
    let cases = [(NO_HOST, broken_kyverno), (ADMISSION, broken_cel.as_str())];
    for (good, broken) in cases {
        let gate = gate(&[("a.yaml", good), ("b.yaml", broken)]).expect("the good one loads");
        assert_eq!(gate.errors().count(), 1);
        let host = pod(&json!({"hostNetwork": true, "containers": []}));
        let decision = ask(&gate, &host, Purpose::Validate);
        let said = |name: &str| decision.answers.iter().find(|one| one.policy == name);
        assert_eq!(said("no-host").map(|one| one.status), Some(Status::Fail));
        assert_eq!(said("broken").map(|one| one.status), Some(Status::Error));
        let plain = pod(&json!({"containers": []}));
        assert!(!ask(&gate, &plain, Purpose::Validate).allowed);
    }
}

const SLOW: &str = "\
package main

deny_a_slow contains \"slow\" if {
  some x in numbers.range(1, 100000)
  some y in numbers.range(1, 100000)
  x * y == -1
}

deny_b_fast contains \"no host network\" if input.spec.hostNetwork
";

#[test]
fn a_rule_that_never_ends_takes_no_answer_from_the_others() {
    let budget = Budget {
        time: Duration::from_millis(300),
        ..Budget::default()
    };
    let gate = gate_within(budget, &[("a.rego", SLOW)], "").expect("it loads");
    let host = pod(&json!({"hostNetwork": true, "containers": []}));
    let decision = ask(&gate, &host, Purpose::Validate);
    assert!(!decision.allowed);
    let said = |rule: &str| {
        let found = decision.answers.iter().find(|one| one.rule == rule);
        found.map(|one| (one.status, one.message.as_str()))
    };
    assert_eq!(
        said("deny_a_slow"),
        Some((Status::Error, "the policy took longer than 300 ms"))
    );
    assert_eq!(said("deny_b_fast"), Some((Status::Fail, "no host network")));
}

const EVERY_CONTAINER: &str = "\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: a-large}
spec:
  validationFailureAction: Enforce
  rules:
    - name: images
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate:
        foreach:
          - list: request.object.spec.containers
            deny:
              conditions:
                any: [{key: \"{{ to_upper(element.image) }}\", operator: Equals, value: X}]
";

#[test]
fn a_rule_out_of_its_budget_is_named_beside_the_answers_of_the_others() {
    let budget = Budget {
        steps: 5000,
        ..Budget::default()
    };
    let files = [("a.yaml", EVERY_CONTAINER), ("b.yaml", NO_HOST)];
    let gate = gate_within(budget, &files, "").expect("it loads");
    let containers: Vec<Value> = (0..3000).map(|_| json!({"image": "a:1"})).collect();
    let object = pod(&json!({"hostNetwork": true, "containers": containers}));
    let decision = ask(&gate, &object, Purpose::Validate);
    assert!(!decision.allowed);
    let said = |policy: &str| {
        let found = decision.answers.iter().find(|one| one.policy == policy);
        found.map(|one| (one.status, one.message.contains("5000 steps")))
    };
    assert_eq!(said("a-large"), Some((Status::Error, true)));
    assert_eq!(said("no-host"), Some((Status::Fail, false)));
}

#[test]
fn what_is_not_reached_in_time_refuses() {
    let files = [
        ("a.yaml", NO_HOST),
        ("b.yaml", ADMISSION),
        ("c.rego", "package c\n\ndeny contains 1 if input.spec.x"),
    ];
    let gate = gate(&files).expect("it loads");
    let text = review(&pod(&json!({"containers": []})), &json!({}));
    let decision = gate
        .review(&text, Purpose::Validate, 0, Instant::now())
        .expect("a review");
    assert!(!decision.allowed);
    assert_eq!(decision.answers.len(), 3, "{:?}", decision.answers);
    for answer in &decision.answers {
        assert_eq!(answer.status, Status::Error);
        assert_eq!(answer.message, "the time for the whole answer was over");
    }
}

#[test]
fn a_policy_that_ignores_failures_lets_pass_what_it_cannot_judge() {
    let asks = NO_HOST.replace(
        "      validate:",
        "      context: [{name: x, configMap: {name: x, namespace: x}}]\n      \
         preconditions: {all: [{key: \"{{ x }}\", operator: Equals, value: y}]}\n      validate:",
    );
    let ignores = asks.replace("spec:\n", "spec:\n  failurePolicy: Ignore\n");
    let webhook = asks.replace(
        "spec:\n",
        "spec:\n  webhookConfiguration: {failurePolicy: Ignore}\n",
    );
    let host = pod(&json!({"hostNetwork": true, "containers": []}));
    for (policy, allowed) in [(&asks, false), (&ignores, true), (&webhook, true)] {
        let gate = gate(&[("a.yaml", policy)]).expect("it loads");
        let decision = ask(&gate, &host, Purpose::Validate);
        assert_eq!(decision.allowed, allowed, "{:?}", decision.answers);
        assert_eq!(decision.answers[0].status, Status::Error);
    }
}

#[test]
fn a_policy_that_ignores_failures_still_refuses_what_breaks_it_or_its_budget() {
    let ignores = NO_HOST.replace(
        "spec:\n  validation",
        "spec:\n  failurePolicy: Ignore\n  validation",
    );
    let host = pod(&json!({"hostNetwork": true, "containers": []}));
    let broken = gate(&[("a.yaml", &ignores)]).expect("it loads");
    assert!(!ask(&broken, &host, Purpose::Validate).allowed);
    let text = review(&pod(&json!({"containers": []})), &json!({}));
    let late = broken.review(&text, Purpose::Validate, 0, Instant::now());
    assert!(!late.expect("a review").allowed);
}

#[test]
fn templates_and_looked_up_objects_in_lists_are_seen() {
    let list = "\
apiVersion: v1
kind: List
items:
  - apiVersion: templates.gatekeeper.sh/v1
    kind: ConstraintTemplate
    metadata: {name: nohost}
    spec:
      crd: {spec: {names: {kind: NoHost}}}
      targets:
        - target: admission.k8s.gatekeeper.sh
          rego: |
            package nohost
            violation[{\"msg\": \"no host network\"}] { input.review.object.spec.hostNetwork }
  - apiVersion: constraints.gatekeeper.sh/v1beta1
    kind: NoHost
    metadata: {name: nohost}
    spec: {match: {namespaceSelector: {matchLabels: {a: b}}}}
";
    let namespaces = "\
apiVersion: v1
kind: NamespaceList
items:
  - {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {a: b}}}
";
    let gate = gate_with(&[("list.yaml", list)], namespaces).expect("it loads");
    assert_eq!(gate.rule_count(), 1);
    let host = pod(&json!({"hostNetwork": true, "containers": []}));
    let decision = ask(&gate, &host, Purpose::Validate);
    assert_eq!(decision.answers[0].message, "no host network");
}
