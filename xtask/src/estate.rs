//! Made-up systems of a given size, built in memory: namespaces of applications with a default
//! deny, name resolution, and rules between neighbours, as real clusters have them.

use palisade_model::{
    Container, ContainerPort, ContainerRole, Control, ControlKind, Labels, MeshMembership, Model,
    NetworkAction, NetworkPeer, NetworkPolicy, NetworkPort, NetworkRule, NetworkTier, NodeId,
    NodeKind, Origin, PodSecurity, PolicySubject, Port, Protocol, ResourceAmounts, SecurityContext,
    Selector, UpdateStrategy, Workload, WorkloadKind,
};

/// How large a system is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Namespaces.
    pub(crate) namespaces: usize,
    /// Workloads of each.
    pub(crate) workloads: usize,
    /// Policies of each, the two defaults included.
    pub(crate) policies: usize,
}

/// Applications that the workloads of a namespace belong to.
const APPLICATIONS: usize = 10;

fn origin() -> Option<Origin> {
    serde_json::from_value(serde_json::json!({
        "file": "estate.yaml",
        "span": { "start": 0, "end": 0 },
        "start": { "line": 1, "column": 1 },
    }))
    .ok()
}

/// A system of this size; the same one each time.
pub(crate) fn model(size: Size) -> anyhow::Result<Model> {
    let origin = origin().ok_or_else(|| anyhow::anyhow!("the shape of an origin has changed"))?;
    let mut model = Model::default();
    for namespace in 0..size.namespaces {
        let name = format!("team-{namespace:04}");
        for index in 0..size.workloads {
            model.workloads.push(workload(&name, index, &origin));
        }
        for index in 0..size.policies {
            let neighbour = format!("team-{:04}", (namespace + 1) % size.namespaces);
            let network = policy((&name, &neighbour), index, &origin);
            model.controls.push(control(&name, index, network, &origin));
        }
    }
    model
        .workloads
        .sort_by(|left, right| left.id.cmp(&right.id));
    model.controls.sort_by(|left, right| left.id.cmp(&right.id));
    Ok(model)
}

fn application(index: usize) -> Labels {
    [("app".to_owned(), format!("app-{}", index % APPLICATIONS))].into()
}

fn workload(namespace: &str, index: usize, origin: &Origin) -> Workload {
    let name = format!("workload-{index:04}");
    let full_name = format!("{namespace}/{name}[Deployment]");
    let mut pod_labels = application(index);
    pod_labels.insert("revision".to_owned(), format!("{namespace}-{index}"));
    let port = |number| {
        Some(ContainerPort {
            name: None,
            port: Port::new(number)?,
            protocol: Protocol::Tcp,
            host_port: None,
            origin: origin.clone(),
        })
    };
    let container = Container {
        name: "main".to_owned(),
        role: ContainerRole::Main,
        image: None,
        pull_policy: None,
        command: Vec::new(),
        ports: [8080, 9090].into_iter().filter_map(port).collect(),
        env: Vec::new(),
        env_from: Vec::new(),
        mounts: Vec::new(),
        security: SecurityContext::default(),
        requests: ResourceAmounts::default(),
        limits: ResourceAmounts::default(),
        liveness: None,
        readiness: None,
        origin: origin.clone(),
    };
    Workload {
        id: NodeId::new(NodeKind::Workload, &full_name),
        name,
        namespace: namespace.to_owned(),
        kind: WorkloadKind::Deployment,
        custom_kind: None,
        labels: Labels::new(),
        annotations: Labels::new(),
        pod_labels,
        pod_annotations: Labels::new(),
        other_pod_labels: Vec::new(),
        replicas: None,
        strategy: UpdateStrategy::default(),
        service_account: None,
        automount_token: None,
        pull_secrets: Vec::new(),
        security: PodSecurity::default(),
        containers: vec![container],
        volumes: Vec::new(),
        mesh: MeshMembership::default(),
        origin: origin.clone(),
        pod_origin: origin.clone(),
        content: String::new(),
        variants: Vec::new(),
    }
}

fn control(namespace: &str, index: usize, network: NetworkPolicy, origin: &Origin) -> Control {
    let name = format!("policy-{index:02}");
    Control {
        id: NodeId::new(
            NodeKind::Control,
            &format!("NetworkPolicy/{namespace}/{name}"),
        ),
        kind_name: "NetworkPolicy".to_owned(),
        name,
        namespace: Some(namespace.to_owned()),
        kind: ControlKind::Network(network),
        labels: Labels::new(),
        annotations: Labels::new(),
        variants: Vec::new(),
        active: true,
        origin: origin.clone(),
        spec_origin: origin.clone(),
        content: String::new(),
    }
}

/// The first policy denies everything, the second lets names be resolved and the neighbour be
/// called, and each further one lets two applications and an office in.
fn policy((namespace, neighbour): (&str, &str), index: usize, origin: &Origin) -> NetworkPolicy {
    let pods = |namespace: &str, pods: Selector| NetworkPeer::Pods {
        namespaces: None,
        namespace_names: vec![namespace.to_owned()],
        pods,
    };
    let number = |protocol, port| {
        Some(NetworkPort::Number {
            protocol,
            port: Port::new(port)?,
        })
    };
    let allow = |peers: Vec<NetworkPeer>, port: Option<NetworkPort>| NetworkRule {
        action: NetworkAction::Allow,
        name: None,
        peers: Some(peers),
        ports: Some(port.into_iter().collect()),
        narrowed: false,
        origin: origin.clone(),
    };
    let office = format!("203.0.113.{}/32", index * 2);
    let office = office.parse().ok().map(|cidr| NetworkPeer::Block {
        cidr,
        except: Vec::new(),
    });
    let every = Selector::everything;
    let (selected, ingress, egress) = match index {
        0 => (every(), Some(Vec::new()), Some(Vec::new())),
        1 => {
            let names = allow(vec![NetworkPeer::Cluster], number(Protocol::Udp, 53));
            let calls = vec![pods(namespace, every()), pods(neighbour, every())];
            let calls = allow(calls, number(Protocol::Tcp, 8080));
            (every(), None, Some(vec![names, calls]))
        }
        _ => {
            let mut callers = vec![
                pods(namespace, Selector::from_labels(&application(index + 1))),
                pods(neighbour, Selector::from_labels(&application(index + 2))),
            ];
            callers.extend(office);
            let called = allow(callers, number(Protocol::Tcp, 8080));
            let selected = Selector::from_labels(&application(index));
            (selected, Some(vec![called]), None)
        }
    };
    NetworkPolicy {
        tier: NetworkTier::Namespaced,
        subject: PolicySubject {
            namespace: Some(namespace.to_owned()),
            namespace_selector: every(),
            pods: selected,
        },
        ingress,
        egress,
    }
}
