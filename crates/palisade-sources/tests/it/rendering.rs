//! Overlays and charts: what is rendered, and what becomes of their files.

use std::path::Path;

use palisade_model::{DiagnosticLevel, Outcome};
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

fn has_kubectl() -> bool {
    std::process::Command::new("kubectl")
        .arg("kustomize")
        .arg("--help")
        .output()
        .is_ok()
}

#[test]
fn an_overlay_is_rendered_and_points_at_the_files_it_takes_in() {
    if !has_kubectl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), FILES);
    let reading = read(folder.path(), &[folder.path().into()], &Options::default());
    assert!(matches!(
        outcome(&reading, "prod/kustomization.yaml"),
        Outcome::Read { format, resources: 2 } if format == "kustomize"
    ));
    let control = &reading.model.controls[0];
    assert_eq!(control.variants, ["prod"]);
    assert_eq!(&*control.origin.file, "parts/deny/deny.yaml");
    assert_eq!(
        control.origin.rendered_from.as_deref(),
        Some("prod/kustomization.yaml")
    );
    let declared: Vec<&str> = reading
        .model
        .declarations()
        .map(|workload| &*workload.origin.file)
        .collect();
    assert_eq!(declared, ["base/pod.yaml", "base/pod.yaml"]);
}

#[test]
fn without_rendering_the_overlay_is_unread_and_its_parts_are_no_manifests() {
    let reading = read_texts(FILES, &Options::default());
    assert!(
        reason(&reading, "prod/kustomization.yaml").contains("texts in memory are not rendered")
    );
    assert_eq!(
        reason(&reading, "prod/patch.yaml"),
        "a patch of the overlay `prod`"
    );
    assert!(reason(&reading, "parts/deny/deny.yaml").contains("component `parts/deny`"));
    assert!(matches!(
        outcome(&reading, "base/pod.yaml"),
        Outcome::Read { .. }
    ));
    assert_eq!(reading.model.controls, []);
    let warnings: Vec<_> = reading
        .diagnostics
        .iter()
        .filter(|it| it.level == DiagnosticLevel::Warning)
        .collect();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].help.is_some());
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
