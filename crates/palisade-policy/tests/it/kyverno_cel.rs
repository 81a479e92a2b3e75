//! Kyverno's kinds whose rules are CEL, through the crate's public face.

use std::collections::BTreeMap;
use std::sync::Arc;

use bumpalo::Bump;
use palisade_document::{Document, Limits, SourceFile, parse_yaml};
use palisade_policy::{
    Answer, Budget, Bundle, Change, Context, Effects, Input, Meter, Settings, Status, Subject,
    evaluate_guarded, languages,
};

fn file(text: &str) -> Arc<SourceFile> {
    Arc::new(SourceFile::new("file.yaml", text))
}

fn document(text: &str) -> Document {
    let (document, errors) = parse_yaml(file(text), &Limits::default());
    assert!(errors.is_empty());
    document
}

/// Judges an object with facts about images and further objects.
fn judge_with(policies: &str, object: &str, supplied: &str) -> Vec<Answer> {
    let language = languages::find("kyverno").unwrap();
    let bundle = Bundle {
        name: "test".to_owned(),
        files: BTreeMap::from([("policy.yaml".to_owned(), file(policies))]),
    };
    let policy = (language.compile)(&bundle, &Settings::default()).unwrap();
    let object = document(object);
    let supplied = document(supplied);
    let facts = supplied.roots().next();
    let objects: Vec<_> = supplied.roots().skip(1).collect();
    let images: Vec<_> = facts
        .into_iter()
        .flat_map(palisade_document::Value::entries)
        .map(|entry| (entry.key, entry.value))
        .collect();
    let arena = Bump::new();
    let context = Context::new(&arena, Meter::start(Budget::default()), Effects::default());
    let mut input = Input::new(Subject::KubernetesObject, object.roots().next().unwrap());
    input.supplied.images = &images;
    input.supplied.objects = &objects;
    evaluate_guarded(&*policy, &context, &input).unwrap()
}

fn judge(policies: &str, object: &str) -> Answer {
    let mut answers = judge_with(policies, object, "{}");
    assert_eq!(answers.len(), 1, "{answers:?}");
    answers.remove(0)
}

/// A policy of a kind on Pods with the rest of its `spec`.
fn policy(kind: &str, rest: &str) -> String {
    format!(
        "\
apiVersion: policies.kyverno.io/v1
kind: {kind}
metadata: {{name: p}}
spec:
  matchConstraints:
    resourceRules:
      - {{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}}
{rest}"
    )
}

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {hostNetwork: true, containers: [{name: a, image: 'r.example/a:1'}]}
";

const CRON_JOB: &str = "\
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: shop}
spec:
  jobTemplate:
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {hostNetwork: true, containers: [{name: a, image: 'r.example/a:1'}]}
";

const NO_HOST: &str = "  validations:
    - expression: '!object.spec.?hostNetwork.orValue(false)'
      message: not the host's network
";

#[test]
fn policies_on_pods_also_judge_their_controllers() {
    let text = policy("ValidatingPolicy", NO_HOST);
    for (object, path) in [
        (POD, "/spec/hostNetwork"),
        (CRON_JOB, "/spec/jobTemplate/spec/template/spec/hostNetwork"),
    ] {
        let answer = judge(&text, object);
        assert_eq!(answer.status, Status::Fail);
        assert_eq!(answer.message, "not the host's network");
        assert_eq!(answer.path, path);
    }
    let only = format!("  autogen: {{podControllers: {{controllers: [deployments]}}}}\n{NO_HOST}");
    let text = policy("ValidatingPolicy", &only);
    assert!(judge_with(&text, CRON_JOB, "{}").is_empty());
}

#[test]
fn exceptions_skip_with_their_name_and_place() {
    let text = policy("ValidatingPolicy", NO_HOST);
    let exception = "\
---
apiVersion: policies.kyverno.io/v1
kind: PolicyException
metadata: {name: known}
spec:
  policyRefs: [{name: p, kind: ValidatingPolicy}]
  matchConditions: [{name: n, expression: \"object.metadata.name == 'web'\"}]
";
    let answer = judge(&format!("{text}{exception}"), POD);
    assert_eq!(answer.status, Status::Skip);
    let said = answer.exception.unwrap();
    assert_eq!((said.name.as_str(), said.origin.start.line), ("known", 14));
    let other = POD.replace("name: web,", "name: other,");
    let answer = judge(&format!("{text}{exception}"), &other);
    assert_eq!(answer.status, Status::Fail);
}

#[test]
fn mutations_reach_the_template_of_controllers() {
    let text = policy(
        "MutatingPolicy",
        "  mutations:
    - patchType: ApplyConfiguration
      applyConfiguration: {expression: 'Object{spec: Object.spec{hostNetwork: false}}'}
",
    );
    let changed = |object: &str| {
        let answer = judge(&text, object);
        let [Change::Mutated(json)] = answer.changes.as_slice() else {
            panic!("{answer:?}");
        };
        serde_json::from_str::<serde_json::Value>(json).unwrap()
    };
    assert_eq!(changed(POD)["spec"]["hostNetwork"], false);
    let spec = &changed(CRON_JOB)["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    assert_eq!(spec["hostNetwork"], false);
    assert_eq!(spec["containers"][0]["name"], "a");
}

#[test]
fn generated_objects_are_in_the_answer() {
    let text = policy(
        "GeneratingPolicy",
        "  variables:
    - name: quota
      expression: >
        [{'apiVersion': dyn('v1'), 'kind': dyn('ConfigMap'), 'metadata': dyn({'name': 'for-' + object.metadata.name})}]
  generate: [{expression: \"generator.Apply('shop', variables.quota)\"}]
",
    );
    let answer = judge(&text, POD);
    let [Change::Generated(json)] = answer.changes.as_slice() else {
        panic!("{answer:?}");
    };
    let object: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(object["metadata"]["name"], "for-web");
    assert_eq!(object["metadata"]["namespace"], "shop");
}

#[test]
fn image_policies_use_supplied_facts_and_fail_without_them() {
    let text = policy(
        "ImageValidatingPolicy",
        "  matchImageReferences: [{glob: 'r.example/*'}]
  attestors: [{name: builders}]
  validations:
    - expression: images.containers.all(i, verifyImageSignatures(i, [attestors.builders]) > 0)
      message: not signed
",
    );
    let status = |facts: &str| judge_with(&text, POD, facts).remove(0).status;
    assert_eq!(
        status("{'r.example/a:1': {signedBy: [builders]}}"),
        Status::Pass
    );
    assert_eq!(
        status("{'r.example/a:1': {signedBy: [others]}}"),
        Status::Fail
    );
    assert_eq!(status("{}"), Status::Error);
    let elsewhere = POD.replace("r.example/a:1", "elsewhere.example/a:1");
    let answers = judge_with(&text, &elsewhere, "{}");
    assert_eq!(answers[0].status, Status::Pass);
}

#[test]
fn look_ups_are_answered_by_supplied_objects_only() {
    let text = policy(
        "ValidatingPolicy",
        "  variables:
    - name: allowed
      expression: resource.Get('v1', 'configmaps', 'shop', 'settings').data.allowed
  validations: [{expression: variables.allowed == 'yes'}]
",
    );
    let settings = "{}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: shop}\ndata: {allowed: 'yes'}\n";
    assert_eq!(judge_with(&text, POD, settings)[0].status, Status::Pass);
    let unknown = judge(&text, POD);
    assert_eq!(unknown.status, Status::Error);
    assert!(
        unknown.message.contains("unknown here"),
        "{}",
        unknown.message
    );
}

#[test]
fn a_deleting_policy_says_what_it_would_delete() {
    let text = policy(
        "DeletingPolicy",
        "  schedule: '* * * * *'\n  conditions: [{name: n, expression: \"object.metadata.name == 'web'\"}]\n",
    );
    assert_eq!(judge(&text, POD).status, Status::Pass);
    let other = POD.replace("name: web,", "name: other,");
    assert_eq!(judge(&text, &other).status, Status::Fail);
}

#[test]
fn templates_are_filled_in() {
    let text = policy(
        "GeneratingPolicy",
        "  variables: [{name: labels, expression: \"{'team': 'shop'}\"}]
  generate:
    - template:
        interpolate: cel
        value: |
          apiVersion: v1
          kind: ConfigMap
          metadata:
            name: (( object.metadata.name ))-config
            labels: (( variables.labels ))
          ---
          apiVersion: v1
          kind: ConfigMap
          metadata: {name: second}
          data:
            size: (( [1, 2].size() + 1 ))
",
    );
    let answer = judge(&text, POD);
    let made: Vec<serde_json::Value> = answer
        .changes
        .iter()
        .map(|change| match change {
            Change::Generated(json) => serde_json::from_str(json).unwrap(),
            Change::Mutated(_) => panic!("{answer:?}"),
        })
        .collect();
    assert_eq!(made.len(), 2, "{answer:?}");
    assert_eq!(made[0]["metadata"]["name"], "web-config");
    assert_eq!(made[0]["metadata"]["labels"]["team"], "shop");
    assert_eq!(made[1]["data"]["size"], 3);
}
