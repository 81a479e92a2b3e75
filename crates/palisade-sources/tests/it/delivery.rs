//! What builds images, what deploys workloads, and what answers detections.

use palisade_model::{ControlKind, DiagnosticLevel, EdgeKind, Outcome};
use palisade_sources::{Options, Reading, read_texts};

fn read(texts: &[(&str, &str)]) -> Reading {
    read_texts(texts, &Options::default())
}

fn edges(reading: &Reading, kind: EdgeKind) -> Vec<String> {
    let edges = reading.model.edges.iter().filter(|edge| edge.kind == kind);
    edges
        .map(|edge| format!("{} > {}", edge.from.name(), edge.to.name()))
        .collect()
}

fn pod(name: &str, image: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{containers: [{{name: c, image: \"{image}\"}}]}}\n"
    )
}

const SKAFFOLD: &str = r"
apiVersion: skaffold/v3
kind: Config
build:
  artifacts:
  - {image: web, context: src/web}
  - {image: ghcr.io/x/cart, context: src/cart, docker: {dockerfile: Other}}
  - {image: packed, context: src/packed, buildpacks: {}}
manifests:
  rawYaml: ['k8s/*.yaml']
  kustomize: {paths: [overlays/prod]}
";

#[test]
fn skaffold_builds_images_from_build_files_and_deploys_manifests() {
    let web = pod("web", "web");
    let pushed = pod("pushed", "registry.example/team/web:1.2.3");
    let cart = pod("cart", "ghcr.io/x/cart:1");
    let packed = pod("packed", "packed");
    let below = pod("below", "busybox:1.36");
    let reading = read(&[
        ("app/skaffold.yaml", SKAFFOLD),
        ("app/src/web/Dockerfile", "FROM a:1\n"),
        ("app/src/cart/Dockerfile", "FROM a:1\n"),
        ("app/k8s/web.yaml", &web),
        ("app/k8s/deep/below.yaml", &below),
        ("app/overlays/prod/cart.yaml", &cart),
        ("other/pushed.yaml", &pushed),
        ("other/packed.yaml", &packed),
    ]);
    assert_eq!(
        edges(&reading, EdgeKind::Builds),
        [
            "app/skaffold.yaml > docker.io/library/packed",
            "app/skaffold.yaml > docker.io/library/web",
            "app/skaffold.yaml > ghcr.io/x/cart:1",
            "app/skaffold.yaml > registry.example/team/web:1.2.3",
            "app/src/web/Dockerfile > docker.io/library/web",
            "app/src/web/Dockerfile > registry.example/team/web:1.2.3",
        ]
    );
    assert_eq!(
        edges(&reading, EdgeKind::Deploys),
        [
            "app/skaffold.yaml > shop/cart[Pod]",
            "app/skaffold.yaml > shop/web[Pod]",
        ]
    );
    let built = reading
        .model
        .edges
        .iter()
        .find(|it| it.kind == EdgeKind::Builds);
    assert_eq!(&*built.unwrap().origin.file, "app/skaffold.yaml");
}

#[test]
fn a_build_file_makes_the_image_of_its_name_where_no_pipeline_says_so() {
    let own = pod("own", "ghcr.io/x/web:2.0.0");
    let bare = pod("bare", "cart");
    let public = pod("public", "redis:7.2.1");
    let mail = pod("mail", "ghcr.io/x/mail:1");
    let twice = pod("twice", "ghcr.io/x/api:1");
    let reading = read(&[
        ("images/web/Dockerfile", "FROM a:1\n"),
        ("images/Dockerfile.cart", "FROM a:1\n"),
        ("images/redis/Dockerfile", "FROM a:1\n"),
        ("jobs/mail/src/Dockerfile", "FROM a:1\n"),
        ("mail.yaml", &mail),
        ("a/api/Dockerfile", "FROM a:1\n"),
        ("b/api/Dockerfile", "FROM a:1\n"),
        ("own.yaml", &own),
        ("bare.yaml", &bare),
        ("public.yaml", &public),
        ("twice.yaml", &twice),
    ]);
    assert_eq!(
        edges(&reading, EdgeKind::Builds),
        [
            "images/Dockerfile.cart > docker.io/library/cart",
            "images/web/Dockerfile > ghcr.io/x/web:2.0.0",
            "jobs/mail/src/Dockerfile > ghcr.io/x/mail:1",
        ]
    );
}

#[test]
fn a_compose_file_is_read_for_what_it_builds() {
    let web = pod("web", "ghcr.io/x/web:1.0.0");
    let reading = read(&[
        (
            "compose.yaml",
            "services:\n  web: {image: ghcr.io/x/web, build: {context: ./web, dockerfile: Containerfile}}\n  db: {image: postgres:16}\n",
        ),
        ("web/Containerfile", "FROM a:1\n"),
        ("web.yaml", &web),
        (
            "other/docker-compose.yml",
            "services:\n  db: {image: postgres:16}\n",
        ),
    ]);
    assert_eq!(
        edges(&reading, EdgeKind::Builds),
        [
            "compose.yaml > ghcr.io/x/web:1.0.0",
            "web/Containerfile > ghcr.io/x/web:1.0.0",
        ]
    );
    let outcome = |path: &str| {
        let mut accounts = reading.accounts.iter();
        &accounts.find(|it| &*it.path == path).unwrap().outcome
    };
    assert!(matches!(outcome("compose.yaml"), Outcome::Read { format, .. } if format == "compose"));
    assert!(matches!(
        outcome("other/docker-compose.yml"),
        Outcome::NotApplicable { .. }
    ));
}

#[test]
fn reconcilers_deploy_what_stands_under_their_path() {
    let argo = |source: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: a, namespace: argocd}}\nspec: {{source: {{{source}}}, destination: {{namespace: shop}}}}\n"
        )
    };
    let told = |text: &str| {
        let (one, two) = (pod("one", "i:1.0.0"), pod("two", "i:1.0.0"));
        edges(
            &read(&[
                ("repo/deploy/prod/one.yaml", &one),
                ("repo/deploy/test/two.yaml", &two),
                ("app.yaml", text),
            ]),
            EdgeKind::Deploys,
        )
    };
    let one = "Application/argocd/a > shop/one[Pod]";
    let two = "Application/argocd/a > shop/two[Pod]";
    assert_eq!(told(&argo("path: ./deploy/prod")), [one]);
    // Nothing of the path is here, so the namespace decides.
    assert_eq!(told(&argo("path: somewhere")), [one, two]);
    assert_eq!(told(&argo("chart: redis")), [""; 0]);
    let flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: k, namespace: flux}\nspec: {path: ./deploy/test}\n";
    assert_eq!(told(flux), ["Kustomization/flux/k > shop/two[Pod]"]);
    let helm = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: h, namespace: shop}\nspec: {chart: {spec: {chart: ./deploy/prod, sourceRef: {kind: GitRepository, name: g}}}}\n";
    assert_eq!(told(helm), ["HelmRelease/shop/h > shop/one[Pod]"]);
    assert_eq!(
        told(&helm.replace("GitRepository", "HelmRepository")),
        [""; 0]
    );
}

const FALCO: &str = "- required_engine_version: 0.31.0\n- macro: spawned\n  condition: evt.type=execve\n- rule: Shell in container\n  desc: d\n  condition: spawned\n  output: o\n  priority: NOTICE\n- rule: Off\n  condition: c\n  output: o\n  enabled: false\n- rule: Elsewhere\n  append: true\n  condition: c\n";

fn detections(reading: &Reading) -> Vec<(String, String, bool)> {
    let controls = reading.model.controls.iter().filter_map(|control| {
        let ControlKind::Detection { rules, responds } = &control.kind else {
            return None;
        };
        Some((control.name.clone(), rules.join(","), *responds))
    });
    controls.collect()
}

#[test]
fn falco_rules_are_detections_in_files_and_in_config_maps() {
    let indented = FALCO.replace('\n', "\n    ");
    let map = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m}}\ndata:\n  rules.yaml: |\n    {indented}\n"
    );
    let reading = read(&[("rules.yaml", FALCO), ("map.yaml", &map)]);
    let rule = || "Shell in container".to_owned();
    assert_eq!(
        detections(&reading),
        [
            ("m".to_owned(), rule(), false),
            ("rules.yaml".to_owned(), rule(), false)
        ]
    );
    assert!(matches!(
        &reading.accounts[1].outcome,
        Outcome::Read { format, resources: 1 } if format == "falco"
    ));
}

#[test]
fn falco_talon_answers_the_rules_that_it_names() {
    let talon = |rule: &str| {
        format!(
            "- rule: answer\n  match:\n    rules: [{rule}]\n  actions:\n  - action: terminate\n    actionner: kubernetes:terminate\n"
        )
    };
    let told = |rule: &str| {
        let talon = talon(rule);
        let reading = read(&[("rules.yaml", FALCO), ("talon.yaml", &talon)]);
        detections(&reading)[0].2
    };
    assert!(told("Shell in container"));
    assert!(!told("Another"));
}

#[test]
fn broken_files_of_each_format_end_in_an_account() {
    let reading = read(&[
        ("skaffold.yaml", "apiVersion: skaffold/v3\nbuild: [\n"),
        ("compose.yaml", "services:\n  a: [\n"),
        ("rules.yaml", "- rule: a\n  condition: b\n  output: [\n"),
    ]);
    for account in &reading.accounts {
        assert!(
            matches!(
                account.outcome,
                Outcome::Unread { .. } | Outcome::Partial { .. }
            ),
            "{account:?}"
        );
    }
    let errors = reading
        .diagnostics
        .iter()
        .filter(|it| it.level == DiagnosticLevel::Error);
    assert_eq!(errors.count(), 3);
}

#[test]
fn pull_secrets_of_the_pod_go_before_those_of_its_account() {
    let reading = read(&[(
        "a.yaml",
        r"
apiVersion: v1
kind: ServiceAccount
metadata: {name: web, namespace: ns}
imagePullSecrets: [{name: of-account}]
---
apiVersion: v1
kind: Pod
metadata: {name: own, namespace: ns}
spec: {serviceAccountName: web, imagePullSecrets: [{name: of-pod}], containers: []}
---
apiVersion: v1
kind: Pod
metadata: {name: taken, namespace: ns}
spec: {serviceAccountName: web, containers: []}
",
    )]);
    let uses = edges(&reading, EdgeKind::Uses);
    assert_eq!(
        uses,
        ["ns/own[Pod] > ns/of-pod", "ns/taken[Pod] > ns/of-account"]
    );
    let kinds: Vec<String> = reading
        .model
        .secrets
        .iter()
        .map(|it| format!("{:?}", it.kind))
        .collect();
    assert_eq!(kinds, ["RegistryCredential", "RegistryCredential"]);
}

#[test]
fn an_image_that_a_volume_holds_is_an_image_of_the_workload() {
    let reading = read(&[(
        "a.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: ns}\nspec: {containers: [], volumes: [{name: model, image: {reference: 'ghcr.io/x/model:1'}}]}\n",
    )]);
    assert_eq!(reading.model.images[0].id.name(), "ghcr.io/x/model:1");
    assert_eq!(
        edges(&reading, EdgeKind::Uses),
        ["ns/p[Pod] > ghcr.io/x/model:1"]
    );
}

#[test]
fn values_of_the_wrong_type_are_told_or_passed_over() {
    let reading = read(&[
        (
            "skaffold.yaml",
            "apiVersion: skaffold/v3\nbuild: {artifacts: [5, {image: [x]}, {image: ''}, {image: a, context: ../../b}]}\nmanifests: {rawYaml: 7, kustomize: [x], helm: {releases: {}}}\n",
        ),
        (
            "compose.yaml",
            "services:\n  a: 5\n  b: {build: [x], image: {}}\n",
        ),
        (
            "rules.yaml",
            "- rule: [x]\n  condition: 5\n  output: {}\n- 7\n- rule:\n",
        ),
    ]);
    let messages: Vec<&str> = reading
        .diagnostics
        .iter()
        .map(|it| it.message.as_str())
        .collect();
    assert_eq!(
        messages,
        [
            "`` is no image reference",
            "this artifact names no `image`, so it was left out",
            "this artifact names no `image`, so it was left out"
        ]
    );
    // The build file would stand outside of what is read.
    assert_eq!(reading.model.pipelines[0].makes[0].build_file, None);
}
