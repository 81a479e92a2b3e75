//! Surfaces that are meant for administrators, by the names that they are deployed under.

use palisade_model::{Backend, Model};

use crate::selection::behind;

/// Products by a part of their image's repository or of their service's name.
const PRODUCTS: [(&str, &str); 22] = [
    ("adminer", "Adminer"),
    ("alertmanager", "Alertmanager"),
    ("argocd-server", "Argo CD"),
    ("argo-server", "Argo Workflows"),
    ("chaos-dashboard", "a chaos dashboard"),
    ("docker-socket-proxy", "the container runtime's socket"),
    ("grafana", "Grafana"),
    ("headlamp", "Headlamp"),
    ("jaeger", "Jaeger"),
    ("jenkins", "Jenkins"),
    ("kiali", "Kiali"),
    ("kibana", "Kibana"),
    ("kubernetes-dashboard", "the Kubernetes dashboard"),
    ("longhorn-frontend", "Longhorn"),
    ("mongo-express", "Mongo Express"),
    ("pgadmin", "pgAdmin"),
    ("phpmyadmin", "phpMyAdmin"),
    ("portainer", "Portainer"),
    ("prometheus", "Prometheus"),
    ("rabbitmq-management", "RabbitMQ's console"),
    ("redis-commander", "Redis Commander"),
    ("zipkin", "Zipkin"),
];

/// First segments of paths that show internals.
const PATHS: [&str; 9] = [
    "actuator",
    "admin",
    "console",
    "debug",
    "h2-console",
    "jolokia",
    "metrics",
    "phpmyadmin",
    "server-status",
];

/// The surface that a path leads to.
pub(super) fn surface_of_path(path: &str) -> Option<String> {
    let first = path
        .trim_start_matches(['^', '/'])
        .split(['/', '(', '?', '*', '$', '.'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    PATHS
        .contains(&first.as_str())
        .then(|| format!("an administration or debug path (`{path}`)"))
}

/// The surface that a backend's service is, by its name or the images behind it.
pub(super) fn surface_of_service(model: &Model, backend: &Backend) -> Option<String> {
    let service = model.service(&backend.namespace, &backend.service);
    let images: Vec<&str> = service
        .into_iter()
        .flat_map(|service| behind(model, service))
        .flat_map(|workload| &workload.containers)
        .filter_map(|container| container.image.as_ref())
        .map(|image| image.value.repository.as_str())
        .collect();
    let product = PRODUCTS.iter().find(|(part, _)| {
        backend.service.contains(part)
            || images
                .iter()
                .any(|image| image.rsplit('/').next().unwrap_or_default().contains(part))
    });
    product.map(|(_, words)| format!("{words} (service `{}`)", backend.service))
}
