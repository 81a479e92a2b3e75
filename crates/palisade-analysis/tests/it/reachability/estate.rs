//! Small models built in code.

use palisade_document::{Position, SourceFile, Span};
use palisade_model::{
    Container, ContainerPort, ContainerRole, Control, ControlKind, Fact, Labels, Model,
    NetworkPolicy, NodeId, NodeKind, Origin, Port, Protocol, Rare, ResourceAmounts, Workload,
    WorkloadKind, Zone, ZoneKind,
};

pub(crate) fn origin() -> Origin {
    let file = SourceFile::new("estate.yaml", "");
    let mut origin = Origin::new(&file, Span::default());
    origin.start = Position { line: 1, column: 1 };
    origin
}

pub(crate) fn labels(pairs: &[(&str, &str)]) -> Labels {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

pub(crate) fn id(namespace: &str, name: &str) -> NodeId {
    NodeId::new(
        NodeKind::Workload,
        &format!("{namespace}/{name}[Deployment]"),
    )
}

pub(crate) fn namespace(name: &str, pairs: &[(&str, &str)]) -> Zone {
    Zone {
        id: NodeId::new(NodeKind::Zone, &format!("namespace/{name}")),
        name: name.to_owned(),
        kind: ZoneKind::Namespace,
        labels: labels(pairs),
        annotations: Labels::new(),
        label_facts: Vec::new(),
        declared: true,
        origin: origin(),
        content: String::new(),
    }
}

/// Ports as name (empty for none), protocol and number.
pub(crate) type Ports<'p> = &'p [(&'p str, Protocol, i64)];

fn container(ports: Ports<'_>) -> Container {
    let port = |(name, protocol, number): &(&str, Protocol, i64)| ContainerPort {
        name: (!name.is_empty()).then(|| (*name).to_owned()),
        port: Port::new(*number).expect("a port"),
        protocol: *protocol,
        host_port: None,
        origin: origin(),
    };
    Container {
        name: "main".to_owned(),
        role: ContainerRole::Main,
        image: None,
        pull_policy: None,
        command: Vec::new(),
        ports: ports.iter().map(port).collect(),
        env: Vec::new(),
        env_from: Vec::new(),
        mounts: Vec::new(),
        security: Rare::default(),
        requests: ResourceAmounts::default(),
        limits: ResourceAmounts::default(),
        liveness: None,
        readiness: None,
        origin: origin(),
    }
}

pub(crate) fn workload(at: (&str, &str), pairs: &[(&str, &str)], ports: Ports<'_>) -> Workload {
    let (namespace, name) = at;
    Workload {
        id: id(namespace, name),
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        kind: WorkloadKind::Deployment,
        custom_kind: None,
        labels: Labels::new(),
        annotations: Labels::new(),
        pod_labels: labels(pairs),
        pod_annotations: Labels::new(),
        other_pod_labels: Vec::new(),
        replicas: None,
        strategy: Rare::default(),
        service_account: None,
        automount_token: None,
        pull_secrets: Vec::new(),
        security: Rare::default(),
        containers: vec![container(ports)],
        volumes: Vec::new(),
        mesh: Rare::default(),
        origin: origin(),
        pod_origin: origin(),
        content: String::new(),
        variants: Vec::new(),
    }
}

pub(crate) fn on_node(mut workload: Workload) -> Workload {
    workload.security.host_network = Some(Fact::new(true, origin()));
    workload
}

pub(crate) fn control(name: &str, namespace: Option<&str>, network: NetworkPolicy) -> Control {
    Control {
        id: NodeId::new(NodeKind::Control, &format!("NetworkPolicy/{name}")),
        kind_name: "NetworkPolicy".to_owned(),
        name: name.to_owned(),
        namespace: namespace.map(str::to_owned),
        kind: ControlKind::Network(network),
        labels: Labels::new(),
        annotations: Labels::new(),
        variants: Vec::new(),
        active: true,
        origin: origin(),
        spec_origin: origin(),
        content: String::new(),
    }
}

pub(crate) fn model(
    zones: Vec<Zone>,
    mut workloads: Vec<Workload>,
    mut controls: Vec<Control>,
) -> Model {
    workloads.sort_by(|left, right| left.id.cmp(&right.id));
    controls.sort_by(|left, right| left.id.cmp(&right.id));
    Model {
        zones,
        workloads,
        controls,
        ..Model::default()
    }
}
