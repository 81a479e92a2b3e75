//! Calls that the code declares: values that name a service of the cluster.

use std::collections::BTreeMap;

use palisade_model::{
    Container, Edge, EdgeKind, EnvSource, Flow, FlowState, Model, NodeId, Origin, Port, PortRef,
    Protocol, Service, ServiceKind, ServicePort, VolumeSource, Workload,
};

use super::edges::{ByNamespace, plain};
use crate::facts::ConfigValue;

/// Ends of names of values that hold an address, so that a bare service name in one is a call.
const ADDRESS_NAMES: &[&str] = &[
    "host", "hostname", "addr", "address", "url", "uri", "endpoint", "server", "service", "broker",
    "brokers", "upstream", "backend", "target", "dsn", "hosts", "servers",
];

/// Adds a flow for every call that is declared, and access to what is served behind it.
pub(super) fn add(model: &mut Model, config: &[ConfigValue]) {
    let index = Index::of(model);
    let workloads = ByNamespace::of(model);
    let mut served: BTreeMap<&NodeId, Vec<&NodeId>> = BTreeMap::new();
    for dataset in &model.datasets {
        if let Some(by) = &dataset.served_by {
            served.entry(by).or_default().push(&dataset.id);
        }
    }
    let mut edges = Vec::new();
    for workload in &model.workloads {
        for value in values(workload, config) {
            for call in index.calls(workload, &value) {
                let behind = workloads.behind(call.service);
                for to in behind.into_iter().filter(|to| to.id != workload.id) {
                    edges.push(flow(workload, to, &call, value.origin));
                    for dataset in served.get(&to.id).into_iter().flatten() {
                        edges.push(plain(EdgeKind::Reads, &workload.id, dataset, value.origin));
                        edges.push(plain(EdgeKind::Writes, &workload.id, dataset, value.origin));
                    }
                }
            }
        }
    }
    model.edges.append(&mut edges);
}

/// A text that a workload is configured with.
struct Value<'a> {
    name: &'a str,
    text: &'a str,
    origin: &'a Origin,
}

/// A service that is called, and the port where one is written.
struct Call<'m> {
    service: &'m Service,
    port: Option<Port>,
}

fn values<'a>(workload: &'a Workload, config: &'a [ConfigValue]) -> Vec<Value<'a>> {
    let mut values = Vec::new();
    for container in &workload.containers {
        own_values(container, &mut values);
    }
    for (name, key) in config_names(workload) {
        let used = config.iter().filter(|value| {
            value.namespace == workload.namespace
                && value.name == name
                && key.is_none_or(|key| key == value.key)
        });
        values.extend(used.map(|value| Value {
            name: &value.key,
            text: &value.value.value,
            origin: &value.value.origin,
        }));
    }
    values
}

fn own_values<'a>(container: &'a Container, values: &mut Vec<Value<'a>>) {
    for variable in &container.env {
        if let EnvSource::Literal {
            value: Some(text), ..
        } = &variable.source
        {
            values.push(Value {
                name: &variable.name,
                text,
                origin: &variable.origin,
            });
        }
    }
    let mut before = "";
    for word in &container.command {
        let (name, text) = word
            .value
            .split_once('=')
            .unwrap_or((before, word.value.as_str()));
        values.push(Value {
            name,
            text,
            origin: &word.origin,
        });
        before = &word.value;
    }
}

/// Config maps that a workload takes in, with the key where it takes one only.
fn config_names(workload: &Workload) -> Vec<(&str, Option<&str>)> {
    let mut names = Vec::new();
    for container in &workload.containers {
        let sources = container
            .env
            .iter()
            .map(|variable| &variable.source)
            .chain(container.env_from.iter().map(|from| &from.value));
        for source in sources {
            if let EnvSource::ConfigMap { name, key } = source {
                names.push((name.as_str(), key.as_deref()));
            }
        }
    }
    for volume in &workload.volumes {
        if let VolumeSource::ConfigMap { name } = &volume.source {
            names.push((name.as_str(), None));
        }
    }
    names
}

/// Services by namespace and name.
struct Index<'m> {
    services: BTreeMap<(&'m str, &'m str), &'m Service>,
}

impl<'m> Index<'m> {
    fn of(model: &'m Model) -> Self {
        let services = model
            .services
            .iter()
            .map(|service| ((service.namespace.as_str(), service.name.as_str()), service))
            .collect();
        Self { services }
    }

    fn calls(&self, workload: &Workload, value: &Value<'_>) -> Vec<Call<'m>> {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || ".-:".contains(letter);
        let last = value
            .name
            .rsplit(|letter: char| !letter.is_ascii_alphanumeric())
            .find(|part| !part.is_empty())
            .unwrap_or("")
            .to_ascii_lowercase();
        let is_address = ADDRESS_NAMES.iter().any(|end| last.ends_with(end));
        let mut calls = Vec::new();
        let mut rest = value.text;
        while let Some(start) = rest.find(is_part) {
            let from = rest.get(start..).unwrap_or("");
            let end = from.find(|letter| !is_part(letter)).unwrap_or(from.len());
            let token = from.get(..end).unwrap_or("").trim_matches(['.', ':', '-']);
            let in_url = rest
                .get(..start)
                .is_some_and(|before| before.ends_with("//"));
            let host = token.split(':').next().unwrap_or("");
            // A bare word may be anything; it is an address in a URL, after a name that says so,
            // with a port, or with its namespace.
            let is_told = is_address || in_url || token.contains(':') || host.contains(".svc");
            if is_told && let Some(call) = self.call(workload, token) {
                calls.push(call);
            }
            rest = from.get(end..).unwrap_or("");
        }
        calls
    }

    fn call(&self, workload: &Workload, token: &str) -> Option<Call<'m>> {
        let (host, port) = match token.split_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok().and_then(Port::new)?)),
            None => (token, None),
        };
        let parts: Vec<&str> = host.split('.').collect();
        let (name, namespace) = match parts.as_slice() {
            [name] => (*name, workload.namespace.as_str()),
            [name, namespace] | [name, namespace, "svc", ..] => (*name, *namespace),
            _ => return None,
        };
        let service = self.services.get(&(namespace, name)).copied()?;
        let known = |port: Port| service.ports.iter().any(|it| it.port == port);
        let headless = service.kind.value == ServiceKind::Headless || service.ports.is_empty();
        (headless || port.is_none_or(known)).then_some(Call { service, port })
    }
}

fn flow(from: &Workload, to: &Workload, call: &Call<'_>, origin: &Origin) -> Edge {
    let ports = &call.service.ports;
    let port = match (call.port, ports.as_slice()) {
        (Some(port), _) => ports.iter().find(|it| it.port == port),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let mut edge = plain(EdgeKind::Flow, &from.id, &to.id, origin);
    edge.flow = Some(Flow {
        state: FlowState::Declared,
        protocol: port.map_or(Protocol::Tcp, |port| port.protocol),
        port: match port {
            Some(port) => target(to, port),
            None => call.port,
        },
        methods: Vec::new(),
    });
    edge
}

/// The port of the pods that a port of a service leads to.
fn target(workload: &Workload, port: &ServicePort) -> Option<Port> {
    match &port.target {
        PortRef::Number(number) => Some(*number),
        PortRef::Name(name) => workload
            .containers
            .iter()
            .flat_map(|container| &container.ports)
            .find(|it| it.name.as_ref() == Some(name) && it.protocol == port.protocol)
            .map(|it| it.port),
    }
}
