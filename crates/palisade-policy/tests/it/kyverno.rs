//! Kyverno through the crate's public face: the example policies, answers with their places, and
//! what goes wrong.

use std::path::Path;
use std::sync::Arc;

use bumpalo::Bump;
use palisade_document::{Document, Limits, SourceFile, parse_yaml};
use palisade_policy::{
    Answer, Budget, Bundle, Change, Compiled, Context, Effects, Enforcement, Folder, Input, Meter,
    Settings, Status, Subject, Verdict, evaluate_guarded, languages,
};

fn document(path: &str, text: &str) -> Document {
    let (document, errors) = parse_yaml(Arc::new(SourceFile::new(path, text)), &Limits::default());
    assert!(errors.is_empty(), "{errors:?}");
    document
}

pub(crate) fn compiled(policies: &[&str]) -> Arc<dyn Compiled> {
    let mut bundle = Bundle::default();
    for (at, text) in policies.iter().enumerate() {
        let path = format!("policies/{at}.yaml");
        let file = Arc::new(SourceFile::new(path.clone(), *text));
        bundle.files.insert(path, file);
    }
    let language = languages::find("kyverno").unwrap();
    (language.compile)(&bundle, &Settings::default()).unwrap()
}

pub(crate) fn answers(policies: &[&str], object: &str) -> Vec<Answer> {
    let set = compiled(policies);
    let object = document("objects/object.yaml", object);
    let arena = Bump::new();
    let context = Context::new(&arena, Meter::start(Budget::default()), Effects::default());
    let input = Input::new(Subject::KubernetesObject, object.roots().next().unwrap());
    evaluate_guarded(&*set, &context, &input).unwrap()
}

const POLICY: &str = "\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: digests
  annotations: {policies.kyverno.io/severity: high}
spec:
  validationFailureAction: Enforce
  rules:
    - name: pinned
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate:
        message: pin {{ request.object.metadata.name }}
        pattern: {spec: {containers: [{image: '*@sha256:*'}]}}
";

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
    - name: a
      image: nginx:1
";

#[test]
fn an_answer_points_at_the_offending_value_and_at_the_rule() {
    let answers = answers(&[POLICY], POD);
    let [answer] = answers.as_slice() else {
        panic!("{answers:?}");
    };
    assert_eq!(
        (answer.policy.as_str(), answer.rule.as_str()),
        ("digests", "pinned")
    );
    assert_eq!(
        (answer.status, answer.enforcement),
        (Status::Fail, Enforcement::Deny)
    );
    assert_eq!(
        answer.message,
        "validation error: pin web. rule pinned failed at path /spec/containers/0/image/"
    );
    assert_eq!(answer.path, "/spec/containers/0/image");
    assert_eq!(
        answer.place.as_ref().unwrap().to_string(),
        "objects/object.yaml:7:14"
    );
    assert_eq!(
        answer.defined_at.as_ref().unwrap().to_string(),
        "policies/0.yaml:9:7"
    );
}

#[test]
fn a_controller_is_judged_by_the_rule_for_its_pods() {
    let object = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: \
                  {spec: {containers: [{image: 'a@sha256:0'}]}}}}";
    let answers = answers(&[POLICY], object);
    assert_eq!(answers.len(), 1);
    assert_eq!(
        (answers[0].rule.as_str(), answers[0].status),
        ("autogen-pinned", Status::Pass)
    );
}

#[test]
fn an_exception_skips_the_rule_and_is_named() {
    let exception = "{apiVersion: kyverno.io/v2, kind: PolicyException, metadata: {name: legacy, \
                     namespace: ops}, spec: {exceptions: [{policyName: digests, ruleNames: \
                     [pinned]}], match: {any: [{resources: {kinds: [Pod], names: [web]}}]}}}";
    let answers = answers(&[POLICY, exception], POD);
    assert_eq!(answers[0].status, Status::Skip);
    let said = answers[0].exception.as_ref().unwrap();
    assert_eq!(
        (said.name.as_str(), said.origin.file.as_ref()),
        ("ops/legacy", "policies/1.yaml")
    );
}

#[test]
fn mutations_flow_into_validations_and_generations_are_listed() {
    let policy = "\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: defaults}
spec:
  rules:
    - name: label
      match: {any: [{resources: {kinds: [Namespace]}}]}
      mutate: {patchStrategicMerge: {metadata: {labels: {+(team): nobody}}}}
    - name: has-label
      match: {any: [{resources: {kinds: [Namespace]}}]}
      validate: {pattern: {metadata: {labels: {team: '?*'}}}}
    - name: deny-all
      match: {any: [{resources: {kinds: [Namespace]}}]}
      generate:
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        name: default-deny
        namespace: '{{ request.object.metadata.name }}'
        data: {spec: {podSelector: {}}}
";
    let answers = answers(
        &[policy],
        "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}",
    );
    let statuses: Vec<_> = answers
        .iter()
        .map(|one| (one.rule.as_str(), one.status))
        .collect();
    assert_eq!(
        statuses,
        [
            ("label", Status::Pass),
            ("has-label", Status::Pass),
            ("deny-all", Status::Pass)
        ]
    );
    let [Change::Mutated(patched)] = answers[0].changes.as_slice() else {
        panic!("{:?}", answers[0].changes);
    };
    assert!(patched.contains(r#""labels":{"team":"nobody"}"#));
    let [Change::Generated(made)] = answers[2].changes.as_slice() else {
        panic!("{:?}", answers[2].changes);
    };
    assert!(made.contains(r#""namespace":"shop""#) && made.contains("NetworkPolicy"));
}

#[test]
fn what_is_not_known_is_an_error_and_never_a_pass() {
    let policy = "\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: facts}
spec:
  rules:
    - name: config
      match: {any: [{resources: {kinds: [Pod]}}]}
      context: [{name: registries, configMap: {name: registries, namespace: ops}}]
      validate:
        deny: {conditions: [{key: '{{ registries.data.x }}', operator: Equals, value: y}]}
    - name: signed
      match: {any: [{resources: {kinds: [Pod]}}]}
      verifyImages: [{imageReferences: ['*'], attestors: [{entries: [{keys: {publicKeys: k}}]}]}]
    - name: mistake
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate:
        deny: {conditions: [{key: '{{ a[ }}', operator: Equals, value: y}]}
";
    let set = compiled(&[policy]);
    let errors: Vec<_> = set
        .errors()
        .iter()
        .map(|one| one.message.as_str())
        .collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("rule `mistake` of policy `facts`"));
    let answers = answers(&[policy], POD);
    let status = |rule: &str| {
        let found = answers.iter().find(|one| one.rule == rule);
        found.map(|one| (one.status, one.message.clone())).unwrap()
    };
    assert_eq!(status("config").0, Status::Error);
    assert!(
        status("config")
            .1
            .contains("no ConfigMap `ops/registries` is known")
    );
    assert_eq!(status("signed").0, Status::Fail);
    assert_eq!(status("mistake").0, Status::Error);
}

#[test]
fn a_policy_that_does_not_load_is_named_and_answers_with_an_error() {
    let broken =
        "{apiVersion: kyverno.io/v1, kind: ClusterPolicy, metadata: {name: empty}, spec: {}}";
    let answers = answers(&[POLICY, broken], POD);
    let empty = answers.iter().find(|one| one.policy == "empty").unwrap();
    assert_eq!(empty.status, Status::Error);
    assert!(empty.message.contains("has no list `spec.rules`"));
    assert!(answers.iter().any(|one| one.policy == "digests"));
}

#[test]
fn match_conditions_take_requests_out_and_fail_closed() {
    let with = |expression: &str| {
        let conditions = format!(
            "spec:\n  webhookConfiguration: {{matchConditions: [{{name: n, expression: '{expression}'}}]}}"
        );
        POLICY.replacen("spec:", &conditions, 1)
    };
    let statuses = |expression: &str| -> Vec<Status> {
        let answers = answers(&[&with(expression)], POD);
        answers.into_iter().map(|answer| answer.status).collect()
    };
    assert_eq!(statuses("object.kind == \"Pod\""), [Status::Fail]);
    assert_eq!(statuses("object.kind == \"Job\""), []);
    assert_eq!(statuses("object.missing.key == 1"), [Status::Error]);
}

#[test]
fn a_costly_rule_ends_in_a_budget() {
    let policy = "\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: bomb}
spec:
  rules:
    - name: grow
      match: {any: [{resources: {kinds: [Pod]}}]}
      context:
        - {name: a, variable: {value: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'}}
      validate:
        deny:
          conditions:
            - key: \"{{ regex_replace_all('x', regex_replace_all('x', regex_replace_all('x', \
                 regex_replace_all('x', a, a), a), a), a) }}\"
              operator: Equals
              value: y
";
    let set = compiled(&[policy]);
    let object = document("pod.yaml", POD);
    let arena = Bump::new();
    let budget = Budget {
        memory_bytes: 8 << 20,
        ..Budget::default()
    };
    let context = Context::new(&arena, Meter::start(budget), Effects::default());
    let input = Input::new(Subject::KubernetesObject, object.roots().next().unwrap());
    let answers = evaluate_guarded(&*set, &context, &input).unwrap();
    assert_eq!(answers[0].name(), "bomb/grow");
    assert_eq!(answers[0].status, Status::Error);
    assert!(answers[0].message.contains("memory"), "{answers:?}");
}

#[test]
fn the_example_policies_hold_their_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/policies/kyverno");
    let folder = Folder::new(root, "examples/policies/kyverno");
    let language = languages::find("kyverno").unwrap();
    let bundles = (language.discover)(&folder).unwrap();
    assert_eq!(bundles[0].files.len(), 5);
    let set = (language.compile)(&bundles[0], &Settings::default()).unwrap();
    assert_eq!(set.warnings(), []);
    let reports = (language.test)(&folder, &Settings::default()).unwrap();
    let cases: Vec<_> = reports.iter().flat_map(|report| &report.cases).collect();
    assert_eq!(cases.len(), 22);
    for case in cases {
        assert_eq!(
            case.strict,
            Some(Verdict::Passed),
            "{} {:?}",
            case.name,
            case.prints
        );
    }
}

#[test]
fn a_context_entry_that_nothing_reads_is_doubtful() {
    let context =
        "context: [{name: used, variable: {value: a}}, {name: spare, variable: {value: a}}]";
    let policy = POLICY
        .replace(
            "      validate:",
            &format!("      {context}\n      validate:"),
        )
        .replace("message: pin", "message: pin {{ used }}");
    let set = compiled(&[&policy]);
    let doubts: Vec<_> = set
        .warnings()
        .iter()
        .map(|one| one.message.as_str())
        .collect();
    assert_eq!(
        doubts,
        ["rule `pinned` of policy `digests`: the context entry `spare` is never used"]
    );
}
