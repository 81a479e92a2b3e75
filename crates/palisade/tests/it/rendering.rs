//! Overlays and charts, with and without the programs that render them.

use crate::system::{Run, System};

const CHART: &[(&str, &str)] = &[
    (
        "cart/Chart.yaml",
        "apiVersion: v2\nname: cart\nversion: 0.1.0\n",
    ),
    (
        "cart/values.yaml",
        "image: registry.example.com/cart\ntag: latest\nports: [80, 81]\n",
    ),
    (
        "cart/templates/pod.yaml",
        "{{- if .Values.image }}
apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-cart
  labels: {{- toYaml (dict \"app\" \"cart\") | nindent 4 }}
spec:
  hostNetwork: true
  containers:
    - name: cart
      image: \"{{ .Values.image }}:{{ .Values.tag }}\"
      ports:
        {{- range .Values.ports }}
        - containerPort: {{ . }}
        {{- end }}
{{- end }}
",
    ),
];

/// What helm 4.1.4 makes of the chart.
const BUILT: &str = r#"---
# Source: cart/templates/pod.yaml
apiVersion: v1
kind: Pod
metadata:
  name: release-cart
  labels:
    app: cart
spec:
  hostNetwork: true
  containers:
    - name: cart
      image: "registry.example.com/cart:latest"
      ports:
        - containerPort: 80
        - containerPort: 81
"#;

/// Runs `check` with a `helm` on the path that does as a script says.
fn check_with(system: &System, script: &str) -> Run {
    use std::os::unix::fs::PermissionsExt as _;
    system.write("bin/helm", &format!("#!/bin/sh\n{script}\n"));
    let path = system.path().join("bin/helm");
    let all = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&path, all).expect("a program");
    let mut command = system.command(&["check", "--format", "json", "--only", "PAL0702,PAL0802"]);
    command.env(
        "PATH",
        format!("{}:/usr/bin:/bin", system.path().join("bin").display()),
    );
    Run::of(command.output().expect("the binary runs"))
}

fn lines(run: &Run) -> Vec<String> {
    let report: serde_json::Value = serde_json::from_str(&run.out)
        .unwrap_or_else(|error| panic!("{error}: {}{}", run.out, run.err));
    let findings = report["findings"].as_array().expect("findings");
    let place = |it: &serde_json::Value| {
        format!(
            "{} {}:{}",
            it["check"].as_str().unwrap_or_default(),
            it["origin"]["file"].as_str().unwrap_or_default(),
            it["origin"]["start"]["line"]
        )
    };
    let mut lines: Vec<String> = findings.iter().map(place).collect();
    lines.sort();
    lines
}

#[test]
fn findings_in_a_chart_point_at_the_lines_of_its_templates() {
    let system = System::of(CHART);
    system.write("built", BUILT);
    let here = system.path().join("built");
    let run = check_with(&system, &format!("cat '{}'", here.display()));
    assert_eq!(
        lines(&run),
        [
            "PAL0702 cart/templates/pod.yaml:11",
            "PAL0802 cart/templates/pod.yaml:8"
        ]
    );
}

#[test]
fn a_chart_that_helm_refuses_is_unread_with_its_reason() {
    let system = System::of(CHART);
    let run = check_with(
        &system,
        "echo 'Error: missing in charts/ directory: db' >&2; exit 1",
    );
    assert!(
        run.out.contains("missing in charts/ directory: db"),
        "{}",
        run.out
    );
    assert!(run.out.contains("was not rendered"), "{}", run.out);
}

#[test]
#[ignore = "needs helm"]
fn helm_itself_builds_what_these_tests_say() {
    let system = System::of(CHART);
    let output = std::process::Command::new("helm")
        .args(["template", "release"])
        .arg(system.path().join("cart"))
        .output()
        .expect("helm");
    assert_eq!(String::from_utf8_lossy(&output.stdout), BUILT);
}

#[test]
fn a_value_of_a_base_is_fixed_where_it_stands() {
    let system = System::of(&[
        ("base/kustomization.yaml", "resources: [pod.yaml]\n"),
        (
            "base/pod.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: cart\nspec:\n  containers:\n    - name: cart\n      image: cart\n      securityContext:\n        privileged: true\n",
        ),
        (
            "live/kustomization.yaml",
            "resources: [../base]\nnamespace: live\n",
        ),
    ]);
    let run = system.run(&["fix", "--diff"]);
    assert!(
        run.out.contains("b/base/pod.yaml"),
        "{}{}",
        run.out,
        run.err
    );
}
