//! Made-up systems, built in memory: the same one each time.

mod adversarial;
mod meshed;
mod regular;

use palisade_model::{
    Container, ContainerPort, ContainerRole, Control, ControlKind, Fact, ImageRef, Labels, Model,
    NetworkAction, NetworkPeer, NetworkPolicy, NetworkPort, NetworkRule, NetworkTier, NodeId,
    NodeKind, Origin, PolicySubject, Port, Protocol, Rare, ResourceAmounts, SecurityContext,
    Selector, Workload, WorkloadKind,
};

pub(crate) use self::meshed::manifests;
pub(crate) use self::regular::Size;

/// A system that network policies are analysed on.
pub(crate) struct Estate {
    /// The word that names it.
    pub(crate) name: &'static str,
    /// Seconds that its analysis may take on two cores.
    pub(crate) seconds: u64,
    /// Largest memory of a process that analyses it, its model included, in mebibytes.
    pub(crate) mebibytes: u64,
    /// Builds it.
    pub(crate) build: fn(&Maker) -> Model,
}

/// Every such system.
pub(crate) const ESTATES: &[Estate] = &[
    Estate {
        name: "regular-10k",
        seconds: 1,
        mebibytes: 500,
        build: |maker| regular::model(maker, Size::SMALL),
    },
    Estate {
        name: "regular-100k",
        seconds: 5,
        mebibytes: 500,
        build: |maker| regular::model(maker, Size::LARGE),
    },
    Estate {
        name: "distinct-labels",
        seconds: 10,
        mebibytes: 500,
        build: adversarial::distinct_labels,
    },
    Estate {
        name: "distinct-ports-and-blocks",
        seconds: 10,
        mebibytes: 500,
        build: adversarial::ports_and_blocks,
    },
    Estate {
        name: "expressions",
        seconds: 10,
        mebibytes: 500,
        build: adversarial::expressions,
    },
    Estate {
        name: "combinations",
        seconds: 30,
        mebibytes: 700,
        build: adversarial::combinations,
    },
];

/// Makes the parts of systems.
pub(crate) struct Maker {
    origin: Origin,
}

impl Maker {
    /// One whose parts stand nowhere in particular.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let origin = serde_json::from_value(serde_json::json!({
            "file": "estate.yaml",
            "span": { "start": 0, "end": 0 },
            "start": { "line": 1, "column": 1 },
        }))?;
        Ok(Self { origin })
    }

    fn said<T>(&self, value: T) -> Fact<T> {
        Fact::new(value, self.origin.clone())
    }

    /// A Deployment as careful people write it: its own account, limits, restricted rights.
    fn workload(&self, namespace: &str, name: &str, pod_labels: Labels) -> Workload {
        Workload {
            id: NodeId::new(
                NodeKind::Workload,
                &format!("{namespace}/{name}[Deployment]"),
            ),
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            kind: WorkloadKind::Deployment,
            custom_kind: None,
            labels: pod_labels.clone(),
            annotations: Labels::new(),
            pod_labels,
            pod_annotations: Labels::new(),
            other_pod_labels: Vec::new(),
            replicas: Some(self.said(2)),
            strategy: Rare::default(),
            service_account: Some(self.said(name.to_owned())),
            automount_token: Some(self.said(false)),
            pull_secrets: Vec::new(),
            security: Rare::default(),
            containers: vec![self.container(name)],
            volumes: Vec::new(),
            mesh: Rare::default(),
            origin: self.origin.clone(),
            pod_origin: self.origin.clone(),
            content: format!("{:064x}", name.len()),
            variants: Vec::new(),
        }
    }

    fn container(&self, name: &str) -> Container {
        let ports: Vec<ContainerPort> = [("http", 8080), ("metrics", 9090)]
            .into_iter()
            .filter_map(|(name, number)| {
                Some(ContainerPort {
                    name: Some(name.to_owned()),
                    port: Port::new(number)?,
                    protocol: Protocol::Tcp,
                    host_port: None,
                    origin: self.origin.clone(),
                })
            })
            .collect();
        let amounts = |cpu: &str| ResourceAmounts {
            amounts: [("cpu", cpu), ("memory", "128Mi")]
                .into_iter()
                .map(|(name, amount)| (name.to_owned(), self.said(amount.to_owned())))
                .collect(),
        };
        let security = SecurityContext {
            origin: Some(self.origin.clone()),
            allow_privilege_escalation: Some(self.said(false)),
            read_only_root_filesystem: Some(self.said(true)),
            run_as_non_root: Some(self.said(true)),
            ..SecurityContext::default()
        };
        let image = format!("registry.example.org/{name}:1.4.2");
        Container {
            name: "main".to_owned(),
            role: ContainerRole::Main,
            image: ImageRef::parse(&image).map(|image| self.said(image)),
            pull_policy: None,
            command: Vec::new(),
            ports,
            env: Vec::new(),
            env_from: Vec::new(),
            mounts: Vec::new(),
            security: security.into(),
            requests: amounts("100m"),
            limits: amounts("500m"),
            liveness: None,
            readiness: None,
            origin: self.origin.clone(),
        }
    }

    fn control(&self, namespace: &str, name: &str, network: NetworkPolicy) -> Control {
        Control {
            id: NodeId::new(
                NodeKind::Control,
                &format!("NetworkPolicy/{namespace}/{name}"),
            ),
            kind_name: "NetworkPolicy".to_owned(),
            name: name.to_owned(),
            namespace: Some(namespace.to_owned()),
            kind: ControlKind::Network(network),
            labels: Labels::new(),
            annotations: Labels::new(),
            variants: Vec::new(),
            active: true,
            origin: self.origin.clone(),
            spec_origin: self.origin.clone(),
            content: String::new(),
        }
    }

    /// A rule that lets peers, or everybody, in or out on ports.
    fn allow(&self, peers: Vec<NetworkPeer>, ports: Vec<NetworkPort>) -> NetworkRule {
        NetworkRule {
            action: NetworkAction::Allow,
            name: None,
            peers: Some(peers),
            ports: Some(ports),
            narrowed: false,
            origin: self.origin.clone(),
        }
    }
}

/// A policy for pods of a namespace.
fn policy(
    namespace: &str,
    pods: Selector,
    ingress: Option<Vec<NetworkRule>>,
    egress: Option<Vec<NetworkRule>>,
) -> NetworkPolicy {
    NetworkPolicy {
        tier: NetworkTier::Namespaced,
        subject: PolicySubject {
            namespace: Some(namespace.to_owned()),
            namespace_selector: Selector::everything(),
            pods,
        },
        ingress,
        egress,
    }
}

fn pods(namespace: &str, pods: Selector) -> NetworkPeer {
    NetworkPeer::Pods {
        namespaces: None,
        namespace_names: vec![namespace.to_owned()],
        pods,
    }
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    let owned = |pair: &(&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
    pairs.iter().map(owned).collect()
}

fn tcp(number: usize) -> Vec<NetworkPort> {
    let port = i64::try_from(number).ok().and_then(Port::new);
    let one = port.map(|port| NetworkPort::Number {
        protocol: Protocol::Tcp,
        port,
    });
    one.into_iter().collect()
}

/// Lists in the order that a model keeps.
fn sorted(workloads: Vec<Workload>, controls: Vec<Control>) -> Model {
    let mut model = Model {
        workloads,
        controls,
        ..Model::default()
    };
    model
        .workloads
        .sort_by(|left, right| left.id.cmp(&right.id));
    model.controls.sort_by(|left, right| left.id.cmp(&right.id));
    model
}
