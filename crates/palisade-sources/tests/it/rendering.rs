//! Overlays and charts: what is rendered, and what becomes of their files.

use std::path::Path;

use palisade_model::Outcome;
use palisade_sources::{Options, Reading, read, read_texts};

const FILES: &[(&str, &str)] = &[
    (
        "base/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [pod.yaml]\n",
    ),
    (
        "base/pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i:1}]}\n",
    ),
    (
        "parts/deny/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [deny.yaml]\n",
    ),
    (
        "parts/deny/deny.yaml",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny}\nspec: {podSelector: {}}\n",
    ),
    (
        "prod/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../base]\ncomponents: [../parts/deny]\npatches: [{path: patch.yaml}]\n",
    ),
    (
        "prod/patch.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {hostNetwork: true}\n",
    ),
];

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn outcome<'a>(reading: &'a Reading, path: &str) -> &'a Outcome {
    let account = reading.accounts.iter().find(|it| &*it.path == path);
    &account.unwrap().outcome
}

fn reason(reading: &Reading, path: &str) -> String {
    match outcome(reading, path) {
        Outcome::NotApplicable { reason } | Outcome::Unread { reason } => reason.clone(),
        other => panic!("{other:?}"),
    }
}

fn declared(reading: &Reading) -> Vec<(String, String)> {
    reading
        .model
        .declarations()
        .map(|it| (it.id.name().to_owned(), it.origin.to_string()))
        .collect()
}

/// The files with another overlay, which has no patch.
fn with(overlay: &str) -> Vec<(&'static str, &str)> {
    let others = FILES.iter().filter(|(path, _)| !path.starts_with("prod/"));
    let mut files: Vec<_> = others.copied().collect();
    files.push(("prod/kustomization.yaml", overlay));
    files
}

#[test]
fn every_value_of_an_overlay_points_at_the_line_that_says_it() {
    let reading = read_texts(FILES, &Options::default());
    assert!(matches!(
        outcome(&reading, "prod/kustomization.yaml"),
        Outcome::Read { format, resources: 2 } if format == "kustomize"
    ));
    let control = &reading.model.controls[0];
    assert_eq!(control.variants, ["prod"]);
    assert_eq!(control.origin.to_string(), "parts/deny/deny.yaml:3:18");
    assert_eq!(
        control.origin.rendered_from.as_deref(),
        Some("prod/kustomization.yaml")
    );
    let pod = &reading.model.workloads[0];
    let host = pod.security.host_network.as_ref().unwrap();
    assert_eq!(
        (host.value, host.origin.to_string()),
        (true, "prod/patch.yaml:4:21".to_owned())
    );
    let image = pod.containers[0].image.as_ref().unwrap();
    assert_eq!(image.origin.to_string(), "base/pod.yaml:4:38");
    assert!(!image.origin.near);
    assert_eq!(reading.diagnostics, []);
}

#[test]
fn a_base_is_deployed_through_its_overlays_only() {
    let moved = "kind: Kustomization\nresources: [../base]\nnamespace: live\nnamePrefix: a-\n";
    let reading = read_texts(&with(moved), &Options::default());
    let names: Vec<String> = declared(&reading).into_iter().map(|it| it.0).collect();
    assert_eq!(names, ["live/a-p[Pod]"]);
    assert!(matches!(
        outcome(&reading, "base/pod.yaml"),
        Outcome::Read { format, resources: 1 } if format == "kubernetes"
    ));
}

#[test]
fn a_value_that_is_made_of_several_has_a_place_that_is_only_near() {
    let pinned = "resources: [../base]\nimages: [{name: i, newTag: two}]\n";
    let reading = read_texts(&with(pinned), &Options::default());
    let pod = &reading.model.workloads[0];
    let image = pod.containers[0].image.as_ref().unwrap();
    assert_eq!(image.value.tag.as_deref(), Some("two"));
    assert_eq!(image.origin.to_string(), "prod/kustomization.yaml:2:28");
    assert!(image.origin.near);
}

#[test]
fn a_base_that_an_unchanged_kustomization_lists_is_deployed_as_it_stands_too() {
    let mut files = FILES.to_vec();
    files.push(("kustomization.yaml", "resources: [base]\n"));
    let reading = read_texts(&files, &Options::default());
    let places: Vec<String> = declared(&reading).into_iter().map(|it| it.1).collect();
    assert_eq!(places, ["base/pod.yaml:3:18", "base/pod.yaml:3:18"]);
    assert!(!reading.model.controls[0].active);
}

#[test]
fn what_cannot_be_built_is_named_and_its_base_is_read_as_it_stands() {
    let unknown = "kind: Kustomization\nresources: [../base]\nvars: [{name: X}]\n";
    let reading = read_texts(&with(unknown), &Options::default());
    let told = reason(&reading, "prod/kustomization.yaml");
    assert!(told.contains("`vars` is not built here"), "{told}");
    let names: Vec<String> = declared(&reading).into_iter().map(|it| it.0).collect();
    assert_eq!(names, ["default/p[Pod]"]);
    assert!(reading.diagnostics[0].help.is_some());
}

#[test]
fn kustomizations_that_take_in_each_other_end_in_an_account() {
    let files = [
        (
            "a/kustomization.yaml",
            "resources: [../b]\nnamePrefix: a-\n",
        ),
        ("b/kustomization.yaml", "resources: [../a]\n"),
        ("c/kustomization.yaml", "resources: [../a, ../a, ../b]\n"),
    ];
    let reading = read_texts(&files, &Options::default());
    let told = reason(&reading, "c/kustomization.yaml");
    assert!(told.contains("without an end"), "{told}");
}

#[test]
fn patches_that_multiply_end_in_an_account() {
    let copy = |at: usize| format!("- {{op: copy, from: /data, path: /data/x{at}}}\n");
    let copies: String = (0..40).map(copy).collect();
    let deep: String = "- {op: copy, from: /data, path: /data/x}\n".repeat(4_000);
    for (patch, expected) in [(&copies, "too large"), (&deep, "too deep")] {
        let told = refusal(patch);
        assert!(told.contains(expected), "{told}");
    }
}

/// Why a patch of a ConfigMap is not applied.
fn refusal(patch: &str) -> String {
    let files = [
        (
            "kustomization.yaml",
            "resources: [c.yaml]\npatches: [{path: p.yaml, target: {kind: ConfigMap}}]\n",
        ),
        (
            "c.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n",
        ),
        ("p.yaml", patch),
    ];
    let reading = read_texts(&files, &Options::default());
    reason(&reading, "kustomization.yaml")
}

#[test]
fn nothing_is_fetched_from_outside() {
    for outside in ["https://example.com/x", "github.com/a/b?ref=1", "../../x"] {
        let text = format!("kind: Kustomization\nresources: [{outside}]\n");
        let files = [("a/kustomization.yaml", text.as_str())];
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &files);
        let reading = read(folder.path(), &[folder.path().into()], &Options::default());
        let told = reason(&reading, "a/kustomization.yaml");
        assert!(told.contains(outside), "{told}");
    }
}

#[test]
fn a_chart_that_is_not_rendered_is_named_once() {
    let files = [
        ("c/Chart.yaml", "apiVersion: v2\nname: c\n"),
        ("c/values.yaml", "a: 1\n"),
        ("c/templates/x.yaml", "kind: {{ .Values.a }}\n"),
        ("c/charts/d/Chart.yaml", "apiVersion: v2\nname: d\n"),
        ("c/charts/d/templates/y.yaml", "kind: {{ .Values.a }}\n"),
    ];
    let options = Options {
        no_render: true,
        ..Options::default()
    };
    let reading = read_texts(&files, &options);
    assert_eq!(reading.diagnostics.len(), 1);
    for path in [
        "c/Chart.yaml",
        "c/templates/x.yaml",
        "c/charts/d/templates/y.yaml",
    ] {
        assert!(reason(&reading, path).starts_with("the Helm chart `c` was not rendered"));
    }
    assert_eq!(reason(&reading, "c/values.yaml"), "part of a Helm chart");
}
