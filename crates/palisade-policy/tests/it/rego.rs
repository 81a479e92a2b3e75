//! Rego bundles: the starter policies, answers with places, exceptions, archives, hostile texts.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bumpalo::Bump;
use palisade_document::{Limits, SourceFile, parse_yaml};
use palisade_policy::{
    Answer, Budget, Bundle, Compiled, Context, Effects, EvaluationError, Folder, Input, Language,
    Meter, PolicyError, Settings, Status, Subject, Verdict, evaluate_guarded, languages,
};

pub(crate) fn rego() -> &'static Language {
    languages::find("rego").expect("the language is listed")
}

pub(crate) fn bundle(files: &[(&str, &str)]) -> Bundle {
    Bundle {
        name: "policy".to_owned(),
        files: files
            .iter()
            .map(|(name, text)| ((*name).to_owned(), Arc::new(SourceFile::new(*name, *text))))
            .collect(),
    }
}

pub(crate) fn compile(files: &[(&str, &str)]) -> Result<Arc<dyn Compiled>, Vec<PolicyError>> {
    (rego().compile)(&bundle(files), &Settings::default())
}

pub(crate) fn judge(
    policy: &dyn Compiled,
    text: &str,
    subject: Subject,
) -> Result<Vec<Answer>, EvaluationError> {
    let file = Arc::new(SourceFile::new("input.yaml", text));
    let (document, errors) = parse_yaml(file, &Limits::default());
    assert!(errors.is_empty(), "{errors:?}");
    let arena = Bump::new();
    let budget = Budget {
        time: Duration::from_secs(2),
        ..Budget::default()
    };
    let context = Context::new(&arena, Meter::start(budget), Effects::default());
    let input = Input::new(subject, document.roots().next().expect("a document"));
    evaluate_guarded(policy, &context, &input)
}

fn examples() -> Folder {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/policies/rego");
    Folder::new(root, "examples/policies/rego")
}

#[test]
fn the_starter_policies_pass_their_tests() {
    let reports = (rego().test)(&examples(), &Settings::default()).unwrap();
    let mut cases = 0;
    for report in &reports {
        for case in &report.cases {
            assert_eq!(
                case.verdict,
                Verdict::Passed,
                "{}: {}",
                report.name,
                case.name
            );
            cases += 1;
        }
    }
    assert!(cases >= 20, "{cases}");
    let coverage = &reports[0].coverage;
    let (run, all) = coverage["examples/policies/rego/tls.rego"];
    assert!(run > 5 && run <= all, "{run} of {all}");
}

#[test]
fn an_answer_points_at_the_value_and_at_the_rule() {
    let bundles = (rego().discover)(&examples()).unwrap();
    let guardrails = &bundles[0];
    let policy = (rego().compile)(guardrails, &Settings::default()).unwrap();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  labels: {owner: a, team: b}\nspec:\n  containers:\n    - name: web\n      image: registry.example.com/web:latest\n      securityContext:\n        runAsNonRoot: true\n        capabilities: {drop: [ALL]}\n";
    let answers = judge(policy.as_ref(), pod, Subject::KubernetesObject).unwrap();
    let failed: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == Status::Fail)
        .collect();
    assert_eq!(failed.len(), 1, "{failed:#?}");
    let answer = failed[0];
    assert_eq!(answer.policy, "guardrails.images");
    assert_eq!(answer.path, "/spec/containers/0/image");
    assert_eq!(answer.place.as_ref().unwrap().start.line, 9);
    assert_eq!(answer.severity, Some(palisade_model::Severity::High));
    let rule = answer.defined_at.as_ref().unwrap();
    assert!(rule.file.ends_with("images.rego"), "{rule}");
    assert!(answers.iter().any(|answer| answer.status == Status::Pass));
}

#[test]
fn an_exception_skips_the_rule_that_it_names() {
    let policy = compile(&[(
        "main.rego",
        "package main\ndeny_root contains \"as root\" if input.root\ndeny_tag contains \"no tag\" if input.root\nexception contains [\"root\"] if input.trusted\n",
    )])
    .unwrap();
    let status = |text: &str| -> Vec<Status> {
        let answers = judge(policy.as_ref(), text, Subject::Other).unwrap();
        answers.iter().map(|answer| answer.status).collect()
    };
    assert_eq!(status("root: true\n"), [Status::Fail, Status::Fail]);
    assert_eq!(
        status("{root: true, trusted: true}\n"),
        [Status::Skip, Status::Fail]
    );
    let answers = judge(policy.as_ref(), "trusted: true\n", Subject::Other).unwrap();
    assert_eq!(
        answers[0].exception.as_ref().unwrap().name,
        "data.main.exception"
    );
}

#[test]
fn base_documents_stand_below_their_folders() {
    let policy = compile(&[
        (
            "main.rego",
            "package main\ndeny contains m if { not input.tag in data.lists.tags; m := \"tag\" }\n",
        ),
        ("lists/data.yaml", "tags: [good]\n"),
    ])
    .unwrap();
    let answers = judge(policy.as_ref(), "tag: good\n", Subject::Other).unwrap();
    assert_eq!(answers[0].status, Status::Pass);
    let answers = judge(policy.as_ref(), "tag: bad\n", Subject::Other).unwrap();
    assert_eq!(answers[0].status, Status::Fail);
}

#[test]
fn an_archive_is_a_bundle() {
    let place = tempfile::tempdir().unwrap();
    let text = "package main\nwarn contains \"old\" if input.old\n";
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_cksum();
    archive
        .append_data(&mut header, "policy/main.rego", text.as_bytes())
        .unwrap();
    let tar = archive.into_inner().unwrap();
    let file = std::fs::File::create(place.path().join("bundle.tar.gz")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    packed.write_all(&tar).unwrap();
    packed.finish().unwrap();
    let bundles = (rego().discover)(&Folder::new(place.path(), "")).unwrap();
    assert_eq!(bundles.len(), 1);
    let policy = (rego().compile)(&bundles[0], &Settings::default()).unwrap();
    let answers = judge(policy.as_ref(), "old: true\n", Subject::Other).unwrap();
    assert_eq!(answers[0].status, Status::Warn);
}

#[test]
fn mistakes_are_said_at_their_places() {
    let place = |files: &[(&str, &str)]| {
        let errors = compile(files).unwrap_err();
        let origin = errors[0].origin.clone().unwrap();
        (
            origin.file.to_string(),
            origin.start.line,
            errors[0].message.clone(),
        )
    };
    let (file, line, _) = place(&[("a.rego", "package a\n\ndeny contains m if {\n  m := \n}\n")]);
    assert_eq!((file.as_str(), line), ("a.rego", 5));
    let (_, line, message) = place(&[("a.rego", "package a\nf(x) := f(x)\n")]);
    assert_eq!(line, 2);
    assert!(message.contains("needs itself"), "{message}");
    let (_, line, message) = place(&[("a.rego", "package a\ndeny contains m if { m := y }\n")]);
    assert_eq!(line, 2);
    assert_eq!(
        message,
        "the variable `y` is unsafe: nothing gives it a value"
    );
}

#[test]
fn an_evaluation_that_does_not_end_is_ended() {
    let policy = compile(&[(
        "a.rego",
        "package a\ndeny contains m if { some x in numbers.range(1, 4000); some y in numbers.range(1, 4000); some z in numbers.range(1, 4000); x * y * z == -1; m := \"never\" }\n",
    )])
    .unwrap();
    let answers = judge(policy.as_ref(), "{}\n", Subject::Other).unwrap();
    assert_eq!(answers[0].status, Status::Error);
    assert!(
        answers[0].message.contains("longer than 2000 ms"),
        "{answers:?}"
    );
}

#[test]
fn what_was_not_handed_in_is_an_error_and_not_a_no() {
    for body in [
        "not time.now_ns() > 0",
        "not http.send({\"method\": \"get\", \"url\": \"http://example.com\"}).status_code == 200",
        "not rand.intn(\"a\", 10) == 11",
        "not count(numbers.range(1, 100000000)) == 1",
        "not sprintf(\"%100000000d\", [1]) == \"\"",
        "not net.cidr_expand(\"10.0.0.0/8\") == set()",
    ] {
        let text = format!("package a\ndeny contains \"x\" if {{ {body} }}\n");
        let policy = compile(&[("a.rego", &text)]).unwrap();
        let answers = judge(policy.as_ref(), "{}\n", Subject::Other).unwrap();
        assert_eq!(answers[0].status, Status::Error, "{body}: {answers:?}");
    }
}

#[test]
fn seeds_of_the_fuzzer_compile_or_are_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/rego");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the seeds are committed") {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        if let Ok(policy) = compile(&[("seed.rego", &text)]) {
            drop(judge(policy.as_ref(), "a: [1, {b: c}]\n", Subject::Other));
        }
        count += 1;
    }
    assert!(count >= 6, "only {count} seeds");
}

const ON_A_REQUEST: &str = "\
package kubernetes.admission

import data.lib

deny contains result if {
  input.request.kind.kind == \"Pod\"
  input.request.operation == \"CREATE\"
  input.request.namespace == \"shop\"
  lib.object.spec.hostNetwork
  result := {\"msg\": \"no host network\", \"path\": \"request.object.spec.hostNetwork\"}
}
";
const LIBRARY: &str = "package lib\n\nobject := input.request.object\n";
const HOST: &str = "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop}, \
                    spec: {hostNetwork: true}}";

#[test]
fn a_rule_about_a_request_is_asked_about_an_object() {
    let files = [("deny.rego", ON_A_REQUEST), ("lib.rego", LIBRARY)];
    let policy = compile(&files).unwrap();
    assert_eq!(policy.rules()[0].subjects, [Subject::KubernetesObject]);
    let answers = judge(&*policy, HOST, Subject::KubernetesObject).unwrap();
    assert_eq!(answers[0].status, Status::Fail, "{answers:?}");
    assert_eq!(answers[0].path, "/spec/hostNetwork");
    let review = format!(
        "{{apiVersion: admission.k8s.io/v1, kind: AdmissionReview, request: {{uid: '1', \
         kind: {{group: '', version: v1, kind: Pod}}, operation: CREATE, namespace: shop, \
         object: {HOST}}}}}"
    );
    let answers = judge(&*policy, &review, Subject::AdmissionReview).unwrap();
    assert_eq!(answers[0].status, Status::Fail, "{answers:?}");
}

#[test]
fn what_is_never_used_or_never_holds_is_doubtful() {
    let policy = compile(&[
        (
            "main.rego",
            "package main\nimport data.lib\nimport data.lib.other\ndeny contains m if { helper; m := lib.text }\nhelper if input.a\nunused if input.b\ndeny contains \"x\" if { false }\n",
        ),
        ("lib.rego", "package lib\ntext := \"a\"\nothers := 1\n"),
    ])
    .unwrap();
    let doubts: Vec<_> = policy
        .warnings()
        .iter()
        .map(|doubt| {
            let line = doubt.origin.as_ref().unwrap().start.line;
            (line, doubt.message.as_str())
        })
        .collect();
    assert_eq!(
        doubts,
        [
            (3, "the import `other` is never used"),
            (6, "the rule `unused` is never used"),
            (7, "this body of `deny` never holds"),
        ]
    );
}
