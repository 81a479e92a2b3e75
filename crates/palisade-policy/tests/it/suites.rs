//! Scores on upstream suites, run by hand with the suite's folder in the environment.

use std::sync::Arc;
use std::time::Instant;

use bumpalo::Bump;
use palisade_document::{Limits, SourceFile, parse_json};
use palisade_policy::{
    Budget, Bundle, ConformanceReport, Context, Effects, Folder, Input, Meter, Settings, Subject,
    languages,
};

fn score(language: &str, suite: &str, variable: &str) -> ConformanceReport {
    #[expect(
        clippy::disallowed_methods,
        reason = "a suite is not part of the repository"
    )]
    let folder = std::env::var(variable).expect("the suite's folder is given");
    let language = languages::find(language).expect("the language is listed");
    let (_, run) = language
        .conformance
        .iter()
        .find(|(name, _)| *name == suite)
        .expect("the suite is listed");
    let report = run(&Folder::new(folder, "")).expect("the suite can be read");
    println!(
        "{suite}: {} passed, {} failed",
        report.passed,
        report.failures()
    );
    for (cause, cases) in &report.failed {
        println!("{:4} {cause}  [{}]", cases.len(), cases.join(" | "));
    }
    report
}

#[test]
#[ignore = "needs the upstream suite: PALISADE_OPA_CASES"]
fn rego_on_the_cases_of_opa() {
    let report = score("rego", "rego", "PALISADE_OPA_CASES");
    assert!(report.passed >= 1_900);
}

#[test]
#[ignore = "needs the upstream suite: PALISADE_GATEKEEPER_LIBRARY"]
fn rego_on_the_gatekeeper_library() {
    let report = score("rego", "gatekeeper", "PALISADE_GATEKEEPER_LIBRARY");
    println!("{:?}", report.further);
    assert!(report.passed >= 940);
    assert!(report.further.iter().all(|(_, passed, all)| passed == all));
}

/// Templates of the library's pod security policies, each with its first constraint.
fn pod_security_bundle(folder: &Folder) -> Bundle {
    let names = [
        "allow-privilege-escalation",
        "capabilities",
        "flexvolume-drivers",
        "forbidden-sysctls",
        "fsgroup",
        "host-filesystem",
        "host-namespaces",
        "host-network-ports",
        "privileged-containers",
        "proc-mount",
        "read-only-root-filesystem",
        "seccomp",
        "users",
        "volumes",
    ];
    let files = folder.files().expect("the library can be listed");
    let mut bundle = Bundle::default();
    for name in names {
        let base = format!("library/pod-security-policy/{name}/");
        let constraint = files
            .iter()
            .find(|file| file.starts_with(&base) && file.ends_with("constraint.yaml"))
            .expect("a constraint is in the samples");
        for file in [format!("{base}template.yaml"), constraint.clone()] {
            let text = folder.read(&file).expect("the file is in the library");
            bundle.files.insert(file, text);
        }
    }
    bundle
}

#[test]
#[ignore = "needs the upstream suite: PALISADE_GATEKEEPER_LIBRARY; says how long, in release builds"]
fn time_of_fourteen_gatekeeper_policies() {
    #[expect(
        clippy::disallowed_methods,
        reason = "a suite is not part of the repository"
    )]
    let library = std::env::var("PALISADE_GATEKEEPER_LIBRARY").expect("the folder is given");
    let bundle = pod_security_bundle(&Folder::new(library, ""));
    let language = languages::find("rego").expect("the language is listed");
    let started = Instant::now();
    let policy = (language.compile)(&bundle, &Settings::default()).expect("the templates load");
    println!("compiled in {:?}", started.elapsed());
    let pod = serde_json::json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {
        "hostNetwork": true,
        "containers": [
            {"name": "a", "image": "a:1", "securityContext": {"privileged": true, "capabilities": {"add": ["SYS_ADMIN"]}}, "ports": [{"hostPort": 80}]},
            {"name": "b", "image": "b:1", "securityContext": {"allowPrivilegeEscalation": true, "runAsUser": 0}},
            {"name": "c", "image": "c:1"},
        ],
        "initContainers": [{"name": "i", "image": "i:1"}],
        "volumes": [{"name": "v", "hostPath": {"path": "/tmp"}}, {"name": "w", "flexVolume": {"driver": "d"}}],
    }});
    let review = serde_json::json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "operation": "CREATE",
        "name": "web", "namespace": "shop", "object": pod,
    }});
    let file = Arc::new(SourceFile::new("review.json", review.to_string()));
    let (document, _) = parse_json(file, &Limits::default());
    let input = Input::new(
        Subject::AdmissionReview,
        document.roots().next().expect("one root"),
    );
    let mut answers = 0;
    let mut judge = |count: u32| {
        let started = Instant::now();
        for _ in 0..count {
            let arena = Bump::new();
            let context = Context::new(&arena, Meter::start(Budget::default()), Effects::default());
            answers = policy
                .evaluate(&context, &input)
                .expect("the policies judge")
                .len();
        }
        started.elapsed() / count
    };
    println!("the first on a thread: {:?}", judge(1));
    judge(40);
    println!("one of many: {:?}", judge(500));
    assert!(answers >= 14, "{answers}");
}
