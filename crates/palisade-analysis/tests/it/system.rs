//! Small systems as text: what the tests here are about, in the fewest words.

use palisade_model::{Model, NodeId, NodeKind, Port};

/// Reads manifests, each text one file.
pub(crate) fn read(texts: &[&str]) -> Model {
    let named: Vec<(String, &str)> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| (format!("{at}.yaml"), *text))
        .collect();
    let files: Vec<(&str, &str)> = named
        .iter()
        .map(|(name, text)| (name.as_str(), *text))
        .collect();
    let reading = palisade_sources::read_texts(&files, &palisade_sources::Options::default());
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    reading.model
}

/// The id of a Deployment.
pub(crate) fn deployment(namespace: &str, name: &str) -> NodeId {
    NodeId::new(
        NodeKind::Workload,
        &format!("{namespace}/{name}[Deployment]"),
    )
}

/// The id of a service account.
pub(crate) fn account(namespace: &str, name: &str) -> NodeId {
    NodeId::new(NodeKind::Identity, &format!("{namespace}/{name}"))
}

pub(crate) fn port(number: i64) -> Port {
    Port::new(number).unwrap()
}

/// A Deployment that runs as a service account of its own name and listens on 8080, with a Service
/// whose port has the given name.
pub(crate) fn app(namespace: &str, name: &str, port_name: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      serviceAccountName: {name}
      containers:
      - name: main
        image: example.org/{name}:1.0.0
        ports: [{{name: main, containerPort: 8080}}]
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  selector: {{app: {name}}}
  ports: [{{name: {port_name}, port: 80, targetPort: main}}]
"
    )
}

/// A namespace with a label.
pub(crate) fn namespace(name: &str, label: &str) -> String {
    format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{label}}}}}\n")
}

/// An AuthorizationPolicy in `shop` (or another namespace) with the given spec.
pub(crate) fn authorization(namespace: &str, name: &str, spec: &str) -> String {
    format!(
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"
    )
}
