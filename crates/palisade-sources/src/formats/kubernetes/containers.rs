//! Containers of pods, and the secrets that stand in their environment and command lines.

use palisade_document::Value;
use palisade_model::{
    Container, ContainerPort, ContainerRole, Edge, EdgeKind, EnvSource, EnvVar, Fact, ImageRef,
    Mount, NodeId, Origin, Probe, ResourceAmounts, Secret, SecretForm, SecretKind,
};

use super::config::literal_id;
use super::security;
use super::services::{optional_port, port_number, protocol};
use crate::credentials;
use crate::facts::Facts;
use crate::object::Object;

/// Stands for the value of a secret in a command line.
const HIDDEN: &str = "[hidden]";

/// A pod as written: its metadata, its spec, and the workload that runs it.
pub(super) struct Pod<'o, 'd> {
    /// The object that holds it.
    pub(super) object: &'o Object<'d>,
    /// Its metadata, or an empty value.
    pub(super) metadata: Value<'d>,
    /// Its spec.
    pub(super) spec: Value<'d>,
    /// The workload.
    pub(super) workload: NodeId,
}

impl<'d> Pod<'_, 'd> {
    /// The containers of every role.
    pub(super) fn containers(&self, facts: &mut Facts) -> Vec<Container> {
        let lists = [
            ("containers", ContainerRole::Main),
            ("initContainers", ContainerRole::Init),
            ("ephemeralContainers", ContainerRole::Ephemeral),
        ];
        let mut containers = Vec::new();
        for (key, role) in lists {
            let Some(list) = self.spec.get(key) else {
                continue;
            };
            if !list.is_array() && !list.is_null() {
                let message = format!("`{key}` must be a list, so it was left out");
                facts.warn(self.object.origin_of(list), message);
            }
            for item in list.items() {
                containers.push(self.container(item, role, facts));
            }
        }
        containers
    }

    fn container(&self, item: Value<'d>, role: ContainerRole, facts: &mut Facts) -> Container {
        let object = self.object;
        let text = |key: &str| object.text_in(item, &[key]);
        let name = text("name").map(|fact| fact.value).unwrap_or_default();
        let stays = text("restartPolicy").is_some_and(|policy| policy.value == "Always");
        let mut rights = security::context(object, item);
        if rights.app_armor.is_none() {
            rights.app_armor = security::annotated_app_armor(object, self.metadata, &name);
        }
        Container {
            role: match role {
                ContainerRole::Init if stays => ContainerRole::Sidecar,
                role => role,
            },
            image: self.image(item, facts),
            pull_policy: text("imagePullPolicy"),
            command: self.command(item, facts),
            ports: self.ports(item, facts),
            env: self.env(item, facts),
            env_from: self.env_from(item),
            mounts: self.mounts(item),
            security: rights.into(),
            requests: self.amounts(item, "requests"),
            limits: self.amounts(item, "limits"),
            liveness: self.probe(item, "livenessProbe"),
            readiness: self.probe(item, "readinessProbe"),
            origin: object.origin_of(item),
            name,
        }
    }

    fn image(&self, item: Value<'d>, facts: &mut Facts) -> Option<Fact<ImageRef>> {
        let written = self.object.text_in(item, &["image"])?;
        let Some(reference) = ImageRef::parse(written.value.trim()) else {
            let message = format!("`{}` is no image reference", written.value);
            facts.warn(written.origin, message);
            return None;
        };
        Some(Fact::new(reference, written.origin))
    }

    fn command(&self, item: Value<'d>, facts: &mut Facts) -> Vec<Fact<String>> {
        let mut words = self.object.texts_in(item, &["command"]);
        words.append(&mut self.object.texts_in(item, &["args"]));
        let mut option = String::new();
        for word in &mut words {
            let found = credentials::in_argument(&word.value).or_else(|| {
                let kind = credentials::secret(&option, &word.value)?;
                let is_value = option.starts_with('-') && !word.value.starts_with('-');
                is_value.then(|| (option.trim_start_matches('-').to_owned(), kind))
            });
            option.clone_from(&word.value);
            let Some((name, kind)) = found else {
                continue;
            };
            word.value = match word.value.split_once('=') {
                Some((head, _)) if head.trim_start_matches('-') == name => {
                    format!("{head}={HIDDEN}")
                }
                _ => HIDDEN.to_owned(),
            };
            self.literal(&name, kind, &word.origin, facts);
        }
        words
    }

    /// A secret that stands as a literal, and that this workload uses it.
    fn literal(&self, name: &str, kind: SecretKind, origin: &Origin, facts: &mut Facts) {
        let id = literal_id(origin, name);
        facts.model.edges.push(Edge {
            kind: EdgeKind::Uses,
            from: self.workload.clone(),
            to: id.clone(),
            flow: None,
            origin: origin.clone(),
        });
        facts.model.secrets.push(Secret {
            id,
            name: name.to_owned(),
            namespace: None,
            kind,
            form: SecretForm::Literal,
            type_name: None,
            keys: Vec::new(),
            service_account: None,
            origin: origin.clone(),
            content: self.object.content(),
        });
    }

    fn ports(&self, item: Value<'d>, facts: &mut Facts) -> Vec<ContainerPort> {
        let object = self.object;
        let Some(list) = item.get("ports") else {
            return Vec::new();
        };
        list.items()
            .filter_map(|port| {
                Some(ContainerPort {
                    name: object.text_in(port, &["name"]).map(|fact| fact.value),
                    port: port_number(object, port, "containerPort", facts)?,
                    protocol: protocol(object, port, facts)?,
                    host_port: optional_port(object, port, "hostPort", facts),
                    origin: object.origin_of(port),
                })
            })
            .collect()
    }

    fn env(&self, item: Value<'d>, facts: &mut Facts) -> Vec<EnvVar> {
        let Some(list) = item.get("env") else {
            return Vec::new();
        };
        list.items()
            .filter_map(|variable| {
                let name = self.object.text_in(variable, &["name"])?.value;
                Some(EnvVar {
                    source: self.env_source(&name, variable, facts),
                    origin: self.object.origin_of(variable),
                    name,
                })
            })
            .collect()
    }

    fn env_source(&self, name: &str, variable: Value<'d>, facts: &mut Facts) -> EnvSource {
        if let Some(from) = variable.get("valueFrom") {
            return self.referred(from);
        }
        let value = self.object.text_in(variable, &["value"]);
        let kind = value
            .as_ref()
            .and_then(|value| credentials::secret(name, &value.value));
        if let (Some(value), Some(kind)) = (&value, kind) {
            self.literal(name, kind, &value.origin, facts);
        }
        EnvSource::Literal {
            value: match kind {
                Some(_) => None,
                None => Some(value.map(|fact| fact.value).unwrap_or_default()),
            },
            secret: kind,
        }
    }

    fn referred(&self, from: Value<'d>) -> EnvSource {
        let text = |path: &[&str]| self.object.text_in(from, path).map(|fact| fact.value);
        if from.get("secretKeyRef").is_some() {
            return EnvSource::Secret {
                name: text(&["secretKeyRef", "name"]).unwrap_or_default(),
                key: text(&["secretKeyRef", "key"]),
            };
        }
        if from.get("configMapKeyRef").is_some() {
            return EnvSource::ConfigMap {
                name: text(&["configMapKeyRef", "name"]).unwrap_or_default(),
                key: text(&["configMapKeyRef", "key"]),
            };
        }
        EnvSource::Downward
    }

    fn env_from(&self, item: Value<'d>) -> Vec<Fact<EnvSource>> {
        let Some(list) = item.get("envFrom") else {
            return Vec::new();
        };
        list.items()
            .filter_map(|from| {
                let name = |key: &str| self.object.text_in(from, &[key, "name"]);
                let secret = name("secretRef").map(|fact| EnvSource::Secret {
                    name: fact.value,
                    key: None,
                });
                let config = name("configMapRef").map(|fact| EnvSource::ConfigMap {
                    name: fact.value,
                    key: None,
                });
                Some(Fact::new(secret.or(config)?, self.object.origin_of(from)))
            })
            .collect()
    }

    fn mounts(&self, item: Value<'d>) -> Vec<Mount> {
        let Some(list) = item.get("volumeMounts") else {
            return Vec::new();
        };
        list.items()
            .filter_map(|mount| {
                let text = |key: &str| self.object.text_in(mount, &[key]);
                let read_only = self.object.flag_in(mount, &["readOnly"]);
                Some(Mount {
                    volume: text("name")?.value,
                    path: text("mountPath").map(|fact| fact.value).unwrap_or_default(),
                    read_only: read_only.is_some_and(|fact| fact.value),
                    origin: self.object.origin_of(mount),
                })
            })
            .collect()
    }

    fn amounts(&self, item: Value<'d>, which: &str) -> ResourceAmounts {
        let Some(block) = item.at(&["resources", which]) else {
            return ResourceAmounts::default();
        };
        let amounts = block
            .entries()
            .filter_map(|entry| {
                let text = entry.value.to_text()?;
                let fact = Fact::new(text, self.object.origin_of(entry.value));
                Some((entry.key.to_owned(), fact))
            })
            .collect();
        ResourceAmounts { amounts }
    }

    fn probe(&self, item: Value<'d>, which: &str) -> Option<Probe> {
        let block = item.get(which)?;
        let kind = ["httpGet", "tcpSocket", "grpc", "exec"]
            .into_iter()
            .find(|kind| block.get(kind).is_some())?;
        Some(Probe {
            kind: kind.to_owned(),
            origin: self.object.origin_of(block),
        })
    }
}
