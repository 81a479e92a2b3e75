//! What becomes of facts when they are put together.

use palisade_model::{DatasetKind, EdgeKind, Port};
use palisade_sources::{Options, Reading, read_texts};

fn read(texts: &[(&str, &str)]) -> Reading {
    read_texts(texts, &Options::default())
}

fn edges(reading: &Reading, kind: EdgeKind) -> Vec<(&str, &str)> {
    reading
        .model
        .edges
        .iter()
        .filter(|edge| edge.kind == kind)
        .map(|edge| (edge.from.name(), edge.to.name()))
        .collect()
}

fn deployment(name: &str, image: &str, env: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers:\n      - name: c\n        image: {image}\n        ports: [{{name: main, containerPort: 6379}}]\n        env: [{env}]\n"
    )
}

fn service(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{selector: {{app: {name}}}, ports: [{{port: 80, targetPort: main}}]}}\n"
    )
}

#[test]
fn values_that_name_a_service_are_declared_flows() {
    for value in [
        "{name: X, value: 'redis:80'}",
        "{name: X, value: 'redis://redis.default.svc.cluster.local:80/0'}",
        "{name: REDIS_HOST, value: redis}",
        "{name: X, value: 'http://redis/x'}",
    ] {
        let text = [
            deployment("web", "web", value),
            deployment("redis", "redis:7", ""),
            service("redis"),
        ]
        .join("---\n");
        let reading = read(&[("app.yaml", &text)]);
        let flow = reading
            .model
            .edges
            .iter()
            .find(|edge| edge.kind == EdgeKind::Flow);
        let flow = flow.unwrap_or_else(|| panic!("{value}"));
        assert_eq!(flow.to.name(), "default/redis[Deployment]");
        assert_eq!(flow.flow.as_ref().unwrap().port, Port::new(6379));
        let dataset = &reading.model.datasets[0];
        assert_eq!(
            (dataset.id.name(), dataset.kind),
            ("default/redis", DatasetKind::Cache)
        );
        assert_eq!(
            edges(&reading, EdgeKind::Reads),
            [("default/web[Deployment]", "default/redis")]
        );
    }
}

#[test]
fn words_that_only_look_like_a_service_are_no_flows() {
    for value in [
        "{name: NAME, value: redis}",
        "{name: X, value: 'redis:81'}",
        "{name: X, value: 'redis.example.com:80'}",
    ] {
        let text = [
            deployment("web", "web", value),
            deployment("redis", "redis:7", ""),
            service("redis"),
        ]
        .join("---\n");
        let reading = read(&[("app.yaml", &text)]);
        assert_eq!(edges(&reading, EdgeKind::Flow), [], "{value}");
    }
}

#[test]
fn flows_come_from_config_maps_that_are_used() {
    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {app.properties: 'cache=redis:80'}\n";
    let web = deployment(
        "web",
        "web",
        "{name: X, valueFrom: {configMapKeyRef: {name: web, key: app.properties}}}",
    );
    let text = [
        web.as_str(),
        config,
        &deployment("redis", "redis", ""),
        &service("redis"),
    ]
    .join("---\n");
    let reading = read(&[("app.yaml", &text)]);
    assert_eq!(
        edges(&reading, EdgeKind::Flow),
        [("default/web[Deployment]", "default/redis[Deployment]")]
    );
}

#[test]
fn the_first_declaration_is_kept_and_the_others_stand_beside() {
    let one = deployment("web", "web:1", "");
    let two = deployment("web", "web:2", "");
    let reading = read(&[("b.yaml", &two), ("a.yaml", &one)]);
    assert_eq!(reading.model.workloads.len(), 1);
    assert_eq!(&*reading.model.workloads[0].origin.file, "a.yaml");
    assert_eq!(reading.model.other_declarations.len(), 1);
    assert_eq!(reading.model.images.len(), 2);
}

#[test]
fn a_service_that_is_declared_differently_twice_is_told() {
    let other = service("redis").replace("80", "81");
    let reading = read(&[("a.yaml", &service("redis")), ("b.yaml", &other)]);
    assert_eq!(reading.model.services.len(), 1);
    assert_eq!(reading.diagnostics.len(), 1);
    let message = &reading.diagnostics[0].message;
    assert!(message.contains("a.yaml:3:"), "{message}");
}

#[test]
fn namespaces_exist_without_an_object_and_decide_membership() {
    let text = deployment("web", "web", "");
    let reading = read(&[("a.yaml", &text)]);
    let zone = reading.model.namespace("default").unwrap();
    assert!(!zone.declared);
    assert_eq!(
        zone.labels
            .get("kubernetes.io/metadata.name")
            .map(String::as_str),
        Some("default")
    );
    assert!(!reading.model.workloads[0].mesh.is_member());
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: {istio-injection: enabled}}\n";
    let reading = read(&[("a.yaml", &text), ("ns.yaml", namespace)]);
    let inject = reading.model.workloads[0]
        .mesh
        .istio_sidecar
        .as_ref()
        .unwrap();
    assert!(inject.value);
    assert_eq!(&*inject.origin.file, "ns.yaml");
}

#[test]
fn bindings_grant_built_in_roles_to_identities() {
    let text = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\n\
        roleRef: {kind: ClusterRole, name: cluster-admin}\n\
        subjects: [{kind: ServiceAccount, name: ci, namespace: build}, {kind: Group, name: dev}]\n";
    let reading = read(&[("a.yaml", text)]);
    assert!(reading.model.roles[0].built_in);
    assert_eq!(
        edges(&reading, EdgeKind::Grants),
        [
            ("cluster-admin", "build/ci"),
            ("cluster-admin", "group/dev")
        ]
    );
}

#[test]
fn network_policies_guard_what_they_select() {
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec: {podSelector: {matchLabels: {app: web}}}\n";
    let text = [
        deployment("web", "web", ""),
        deployment("db", "db", ""),
        policy.to_owned(),
    ]
    .join("---\n");
    let reading = read(&[("a.yaml", &text)]);
    assert!(reading.model.controls[0].active);
    assert_eq!(
        edges(&reading, EdgeKind::Guards),
        [("NetworkPolicy/default/p", "default/web[Deployment]")]
    );
}

#[test]
fn comments_cover_the_block_that_follows_or_the_line() {
    let text = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  # palisade:ignore one\n  ports:\n  - port: 80\n    name: x\n  type: NodePort # palisade:ignore two\n";
    let reading = read(&[("a.yaml", text)]);
    let file = &reading.files["a.yaml"];
    let covered: Vec<(&str, &str)> = reading
        .suppressions
        .iter()
        .map(|it| (it.text.as_str(), file.slice(it.covers)))
        .collect();
    assert_eq!(covered[0].0, "one");
    assert!(covered[0].1.contains("name: x") && !covered[0].1.contains("type:"));
    assert_eq!(
        covered[1],
        ("two", "  type: NodePort # palisade:ignore two")
    );
}

#[test]
fn a_comment_before_the_first_key_covers_its_document() {
    let text =
        "# palisade:ignore all\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\nkind: X\n";
    let reading = read(&[("a.yaml", text)]);
    let covers = reading.files["a.yaml"].slice(reading.suppressions[0].covers);
    assert!(
        covers.contains("metadata") && !covers.contains("kind: X"),
        "{covers}"
    );
}

#[test]
fn the_order_of_files_changes_nothing() {
    let (web, redis) = (
        deployment("web", "web", "{name: R_HOST, value: redis}"),
        service("redis"),
    );
    let one = read(&[("a.yaml", &web), ("b.yaml", &redis)]);
    let two = read(&[("b.yaml", &redis), ("a.yaml", &web)]);
    assert_eq!(one.model, two.model);
    assert_eq!(one.accounts, two.accounts);
}

#[test]
fn a_relative_root_and_a_relative_path_mean_the_same_place() {
    let shop = std::path::PathBuf::from("../../examples/shop");
    let options = Options::default();
    let reading = palisade_sources::read(&shop, std::slice::from_ref(&shop), &options);
    assert_eq!(reading.model.workloads.len(), 12);
}
