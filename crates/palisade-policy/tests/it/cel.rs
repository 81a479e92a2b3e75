//! Kubernetes' admission policies through the crate's public face.

use std::collections::BTreeMap;
use std::sync::Arc;

use bumpalo::Bump;
use palisade_document::{Document, Limits, SourceFile, parse_yaml};
use palisade_policy::{
    Answer, Budget, Bundle, Change, Compiled, Context, Effects, Enforcement, Folder, Input, Meter,
    Settings, Status, Subject, Verdict, evaluate_guarded, languages,
};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/policies/cel");

fn file(text: &str) -> Arc<SourceFile> {
    Arc::new(SourceFile::new("file.yaml", text))
}

fn compile(text: &str) -> Result<Arc<dyn Compiled>, Vec<String>> {
    let language = languages::find("cel").unwrap();
    let bundle = Bundle {
        name: "test".to_owned(),
        files: BTreeMap::from([("policy.yaml".to_owned(), file(text))]),
    };
    let compiled = (language.compile)(&bundle, &Settings::default());
    compiled.map_err(|errors| {
        let shown = |error: palisade_policy::PolicyError| {
            let place = error.origin.map(|origin| origin.to_string());
            format!("{}: {}", place.unwrap_or_default(), error.message)
        };
        errors.into_iter().map(shown).collect()
    })
}

fn document(text: &str) -> Document {
    let (document, errors) = parse_yaml(file(text), &Limits::default());
    assert!(errors.is_empty());
    document
}

fn judge(policy: &str, object: &str) -> Vec<Answer> {
    let policy = compile(policy).unwrap();
    let document = document(object);
    let arena = Bump::new();
    let context = Context::new(&arena, Meter::start(Budget::default()), Effects::default());
    let input = Input::new(Subject::KubernetesObject, document.roots().next().unwrap());
    evaluate_guarded(&*policy, &context, &input).unwrap()
}

/// A policy on Deployments with the rest of its `spec`.
fn policy(rest: &str) -> String {
    format!(
        "\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: p}}
spec:
  matchConstraints:
    resourceRules:
      - {{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}}
{rest}"
    )
}

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {tier: front}}
spec:
  replicas: 2
  template:
    spec:
      containers:
        - {name: a, image: 'r.example/a:1'}
        - {name: b, image: 'other.example/b:1'}
";

#[test]
fn the_starter_policies_pass_their_own_tests() {
    let folder = Folder::new(EXAMPLES, "examples/policies/cel");
    let language = languages::find("kyverno").unwrap();
    let suites = (language.test)(&folder, &Settings::default()).unwrap();
    let mut count = 0;
    for case in suites.iter().flat_map(|suite| &suite.cases) {
        assert_eq!(
            case.verdict,
            Verdict::Passed,
            "{}: {:?}",
            case.name,
            case.prints
        );
        assert_eq!(case.strict, Some(Verdict::Passed), "{}", case.name);
        count += 1;
    }
    assert_eq!((suites.len(), count), (5, 20));
    let language = languages::find("cel").unwrap();
    let bundles = (language.discover)(&folder).unwrap();
    let compiled = (language.compile)(&bundles[0], &Settings::default()).unwrap();
    assert_eq!(compiled.rules().len(), 5);
}

#[test]
fn a_breach_names_the_value_that_decided() {
    let text = policy(
        "  validations:
    - expression: object.spec.template.spec.containers.all(c, c.image.startsWith('r.example/'))
      message: from our registry
",
    );
    let answers = judge(&text, DEPLOYMENT);
    let [answer] = answers.as_slice() else {
        panic!("{answers:?}");
    };
    assert_eq!(answer.status, Status::Fail);
    assert_eq!(answer.message, "from our registry");
    assert_eq!(answer.path, "/spec/template/spec/containers/1/image");
    let place = answer.place.as_ref().unwrap();
    assert_eq!((place.start.line, place.start.column), (10, 28));
    assert_eq!(answer.defined_at.as_ref().unwrap().start.line, 9);
}

#[test]
fn bindings_say_where_and_how_a_policy_is_in_force() {
    let text = policy("  validations: [{expression: 'false', message: no}]\n");
    let binding = |name: &str, spec: &str| {
        format!(
            "---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: {name}}}
spec: {{policyName: p, {spec}}}
"
        )
    };
    let warn = binding("soft", "validationActions: [Audit, Warn]");
    let back = "matchResources: {objectSelector: {matchLabels: {tier: back}}}";
    let back = binding("back", back);
    let answers = judge(&format!("{text}{warn}{back}"), DEPLOYMENT);
    let [answer] = answers.as_slice() else {
        panic!("{answers:?}");
    };
    assert_eq!(answer.rule, "soft");
    assert_eq!(answer.enforcement, Enforcement::Warn);
}

#[test]
fn parameters_are_found_among_the_bundle_s_documents() {
    let text = policy(
        "  paramKind: {apiVersion: v1, kind: ConfigMap}
  validations:
    - expression: object.spec.replicas <= int(params.data.most)
      messageExpression: \"'at most ' + params.data.most\"
",
    );
    let binding = |missing: &str| {
        format!(
            "---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: b}}
spec:
  policyName: p
  validationActions: [Deny]
  paramRef: {{name: limits, namespace: policy, parameterNotFoundAction: {missing}}}
"
        )
    };
    let params = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: limits, namespace: policy}\ndata: {most: '1'}\n";
    let status = |text: String| {
        let answer = judge(&text, DEPLOYMENT).remove(0);
        (answer.status, answer.message)
    };
    let found = status(format!("{text}{}{params}", binding("Deny")));
    assert_eq!(found, (Status::Fail, "at most 1".to_owned()));
    let missing = "no params found: ConfigMap `limits` was not supplied".to_owned();
    let denied = status(format!("{text}{}", binding("Deny")));
    assert_eq!(denied, (Status::Error, missing.clone()));
    let allowed = status(format!("{text}{}", binding("Allow")));
    assert_eq!(allowed, (Status::Skip, missing));
}

#[test]
fn errors_fail_unless_the_policy_ignores_them() {
    let rules = "  validations: [{expression: object.spec.nothing == 1}]\n";
    let strict = judge(&policy(rules), DEPLOYMENT).remove(0);
    assert_eq!(
        (strict.status, strict.message.as_str()),
        (Status::Error, "no such key: nothing")
    );
    let loose = policy(&format!("  failurePolicy: Ignore\n{rules}"));
    assert_eq!(judge(&loose, DEPLOYMENT).remove(0).status, Status::Skip);
    let unknown = "  validations: [{expression: \"authorizer.group('').resource('pods').check('get').allowed()\"}]\n";
    let unknown = judge(&policy(unknown), DEPLOYMENT).remove(0);
    assert_eq!(unknown.status, Status::Error);
}

#[test]
fn conditions_variables_and_other_kinds_are_told_apart() {
    let text = policy(
        "  matchConditions: [{name: front, expression: \"object.metadata.labels.tier == 'front'\"}]
  variables:
    - {name: images, expression: 'object.spec.template.spec.containers.map(c, c.image)'}
    - {name: count, expression: variables.images.size()}
  validations: [{expression: variables.count == 2}]
",
    );
    assert_eq!(judge(&text, DEPLOYMENT).remove(0).status, Status::Pass);
    let back = DEPLOYMENT.replace("front", "back");
    assert_eq!(judge(&text, &back).remove(0).status, Status::Skip);
    let other = DEPLOYMENT.replace("Deployment", "StatefulSet");
    assert!(judge(&text, &other).is_empty());
}

#[test]
fn mutations_merge_by_keys_and_patch() {
    let text = "\
apiVersion: admissionregistration.k8s.io/v1beta1
kind: MutatingAdmissionPolicy
metadata: {name: m}
spec:
  matchConstraints:
    resourceRules:
      - {apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}
  mutations:
    - patchType: ApplyConfiguration
      applyConfiguration:
        expression: >
          Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{
            containers: [Object.spec.template.spec.containers{name: 'b', imagePullPolicy: 'Always'}]
          }}}}
    - patchType: JSONPatch
      jsonPatch:
        expression: >
          [JSONPatch{op: 'test', path: '/spec/replicas', value: 2},
           JSONPatch{op: 'replace', path: '/spec/replicas', value: object.spec.replicas + 1},
           JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('a/b'), value: 'x'}]
";
    let answer = judge(text, DEPLOYMENT).remove(0);
    assert_eq!(answer.status, Status::Pass, "{}", answer.message);
    let [Change::Mutated(json)] = answer.changes.as_slice() else {
        panic!("{:?}", answer.changes);
    };
    let object: serde_json::Value = serde_json::from_str(json).unwrap();
    let containers = &object["spec"]["template"]["spec"]["containers"];
    assert_eq!(containers.as_array().unwrap().len(), 2);
    assert_eq!(containers[1]["imagePullPolicy"], "Always");
    assert_eq!(containers[1]["image"], "other.example/b:1");
    assert_eq!(object["spec"]["replicas"], 3);
    assert_eq!(object["metadata"]["labels"]["a/b"], "x");
}

#[test]
fn every_mistake_is_said_at_its_place() {
    let text = policy(
        "  variables: [{name: v, expression: object.spec.}]
  validations:
    - expression: nosuch(object)
    - {message: nothing is checked}
",
    );
    let errors = compile(&text).unwrap_err();
    assert_eq!(
        errors,
        [
            "file.yaml:8:37: expected a field name, found the end of the expression (line 1, column 13 of the expression)",
            "file.yaml:10:19: there is no function `nosuch` here (line 1, column 1 of the expression)",
            "file.yaml:11:7: `expression` is missing",
        ]
    );
    let stray = "\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: b}
spec: {policyName: gone, validationActions: [Deny]}
";
    let errors = compile(stray).unwrap_err();
    assert!(
        errors[0].contains("names the policy `gone`, which is not here"),
        "{errors:?}"
    );
}

const SEEDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/cel");

#[test]
fn the_fuzzer_s_seeds_end_in_an_answer_or_a_mistake() {
    let (mut answered, mut refused) = (0, 0);
    for entry in std::fs::read_dir(SEEDS).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let is_expression = path.extension().is_some_and(|extension| extension == "cel");
        let text = if is_expression {
            let quoted = serde_json::Value::from(text);
            policy(&format!("  validations: [{{expression: {quoted}}}]\n"))
        } else {
            text
        };
        if compile(&text).is_err() {
            refused += 1;
            continue;
        }
        let answer = judge(&text, DEPLOYMENT).remove(0);
        let about = format!("{}: {}", path.display(), answer.message);
        assert_ne!(answer.message, "no such overload", "{about}");
        answered += 1;
    }
    assert_eq!((answered, refused), (17, 1));
}

#[test]
fn a_variable_that_no_expression_reads_is_doubtful() {
    let policy = compile(&policy(
        "  variables:
    - {name: used, expression: 'true'}
    - {name: spare, expression: 'true'}
  validations:
    - {expression: variables.used}
",
    ))
    .unwrap();
    let doubts: Vec<_> = policy
        .warnings()
        .iter()
        .map(|one| one.message.as_str())
        .collect();
    assert_eq!(doubts, ["the variable `spare` is never used"]);
}
