//! Datasets beyond claims: databases, caches and queues by their image; what storage classes and
//! backups say; and secrets that are only referred to.

use std::collections::{BTreeMap, BTreeSet};

use palisade_model::{
    Container, ContainerRole, Dataset, DatasetKind, EnvSource, Fact, Model, NodeId, NodeKind,
    Origin, Secret, SecretForm, SecretKind, VolumeSource, Workload,
};

use super::identities;
use crate::facts::Facts;
use crate::formats::kubernetes::classification_of;

/// Names of images, or beginnings of them, and what they serve.
const SERVERS: &[(&str, DatasetKind)] = &[
    ("cassandra", DatasetKind::Database),
    ("clickhouse", DatasetKind::Database),
    ("cockroach", DatasetKind::Database),
    ("couchdb", DatasetKind::Database),
    ("elasticsearch", DatasetKind::Database),
    ("etcd", DatasetKind::Database),
    ("influxdb", DatasetKind::Database),
    ("kafka", DatasetKind::Queue),
    ("mariadb", DatasetKind::Database),
    ("memcached", DatasetKind::Cache),
    ("minio", DatasetKind::ObjectStore),
    ("mongo", DatasetKind::Database),
    ("mongodb", DatasetKind::Database),
    ("mysql", DatasetKind::Database),
    ("nats", DatasetKind::Queue),
    ("neo4j", DatasetKind::Database),
    ("opensearch", DatasetKind::Database),
    ("postgres", DatasetKind::Database),
    ("postgresql", DatasetKind::Database),
    ("rabbitmq", DatasetKind::Queue),
    ("redis", DatasetKind::Cache),
    ("valkey", DatasetKind::Cache),
];

/// Words in an image's name that make it a companion of a server, not the server.
const COMPANIONS: &[&str] = &[
    "exporter",
    "operator",
    "proxy",
    "client",
    "admin",
    "ui",
    "backup",
    "commander",
    "express",
    "insight",
    "dashboards",
    "tools",
    "init",
    "migrate",
    "connect",
    "sentinel",
];

/// Completes datasets and secrets.
pub(super) fn add(facts: &mut Facts) {
    for dataset in &mut facts.model.datasets {
        if dataset.storage_class.is_none() && dataset.kind == DatasetKind::Volume {
            dataset
                .storage_class
                .clone_from(&facts.default_storage_class);
        }
        let class = dataset.storage_class.as_ref();
        if let Some(said) = class.and_then(|class| facts.storage_classes.get(&class.value)) {
            dataset.encrypted = Some(said.clone());
        }
        let backup = facts.backups.iter().find(|backup| {
            let (namespace, name) = &backup.value;
            let all = namespace == "*";
            (all || *namespace == dataset.namespace)
                && (name.is_empty() || is_claim_of(name, &dataset.name))
        });
        dataset.backed_up = backup.map(|backup| Fact::new(true, backup.origin.clone()));
    }
    add_servers(&mut facts.model);
    take_pull_secrets(&mut facts.model);
    add_referred_secrets(&mut facts.model);
}

/// Whether a claim's name is the dataset's, or that of one replica of a claim template
/// (`data-postgres-0` of `data-postgres`).
fn is_claim_of(claim: &str, dataset: &str) -> bool {
    claim.strip_prefix(dataset).is_some_and(|rest| {
        let replica = rest.strip_prefix('-');
        rest.is_empty()
            || replica.is_some_and(|number| {
                !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
            })
    })
}

fn add_servers(model: &mut Model) {
    for workload in &model.workloads {
        let Some(kind) = served(workload) else {
            continue;
        };
        let full_name = format!("{}/{}", workload.namespace, workload.name);
        let id = NodeId::new(NodeKind::Dataset, &full_name);
        if let Some(claim) = model.datasets.iter_mut().find(|dataset| dataset.id == id) {
            claim.kind = kind;
            claim.served_by = Some(workload.id.clone());
            continue;
        }
        let claims: Vec<&Dataset> = workload
            .volumes
            .iter()
            .filter_map(|volume| match &volume.source {
                VolumeSource::Claim { name } => model
                    .datasets
                    .iter()
                    .find(|it| it.namespace == workload.namespace && it.name == *name),
                _ => None,
            })
            .collect();
        let dataset = Dataset {
            id,
            name: workload.name.clone(),
            namespace: workload.namespace.clone(),
            kind,
            served_by: Some(workload.id.clone()),
            classification: classification(workload)
                .or_else(|| claims.iter().find_map(|claim| claim.classification.clone())),
            encrypted: claims.iter().find_map(|claim| claim.encrypted.clone()),
            backed_up: claims.iter().find_map(|claim| claim.backed_up.clone()),
            storage_class: claims.iter().find_map(|claim| claim.storage_class.clone()),
            origin: workload.origin.clone(),
            content: workload.content.clone(),
        };
        model.datasets.push(dataset);
    }
}

/// What a workload serves, by the image of a container that stays.
fn served(workload: &Workload) -> Option<DatasetKind> {
    let stays = |container: &&Container| container.role == ContainerRole::Main;
    workload
        .containers
        .iter()
        .filter(stays)
        .find_map(|container| {
            let image = &container.image.as_ref()?.value;
            let last = image.repository.rsplit('/').next()?;
            let words: Vec<&str> = last.split(['-', '_', '.']).collect();
            if words.iter().any(|word| COMPANIONS.contains(word)) {
                return None;
            }
            let first = words.first()?;
            SERVERS
                .iter()
                .find(|(name, _)| name == first)
                .map(|(_, kind)| *kind)
        })
}

fn classification(workload: &Workload) -> Option<Fact<palisade_model::Classification>> {
    const KEY: &str = "palisade.dev/classification";
    let sets = [
        &workload.labels,
        &workload.annotations,
        &workload.pod_labels,
        &workload.pod_annotations,
    ];
    let class = sets
        .iter()
        .find_map(|set| classification_of(set.get(KEY)?))?;
    Some(Fact::new(class, workload.origin.clone()))
}

/// The secrets that a workload refers to, each with the first place that does.
pub(super) fn referred_secrets(workload: &Workload) -> BTreeMap<&str, Origin> {
    let mut found: BTreeMap<&str, Origin> = BTreeMap::new();
    let mut see = |name, origin: &Origin| {
        found.entry(name).or_insert_with(|| origin.clone());
    };
    for name in &workload.pull_secrets {
        see(&name.value, &name.origin);
    }
    for container in &workload.containers {
        for variable in &container.env {
            if let EnvSource::Secret { name, .. } = &variable.source {
                see(name.as_str(), &variable.origin);
            }
        }
        for from in &container.env_from {
            if let EnvSource::Secret { name, .. } = &from.value {
                see(name.as_str(), &from.origin);
            }
        }
    }
    for volume in &workload.volumes {
        match &volume.source {
            VolumeSource::Secret { name } => see(name.as_str(), &volume.origin),
            VolumeSource::Projected { secrets, .. } => {
                for name in secrets {
                    see(name.as_str(), &volume.origin);
                }
            }
            _ => {}
        }
    }
    found.remove("");
    found
}

/// Pods that name no pull secret get those of their account when they are admitted.
fn take_pull_secrets(model: &mut Model) {
    let named: BTreeMap<&NodeId, &Vec<Fact<String>>> = model
        .identities
        .iter()
        .filter(|identity| !identity.pull_secrets.is_empty())
        .map(|identity| (&identity.id, &identity.pull_secrets))
        .collect();
    let all = model
        .workloads
        .iter_mut()
        .chain(&mut model.other_declarations);
    for workload in all.filter(|workload| workload.pull_secrets.is_empty()) {
        if let Some(names) = named.get(&identities::of_workload(workload)) {
            workload.pull_secrets.clone_from(names);
        }
    }
}

fn add_referred_secrets(model: &mut Model) {
    let known: BTreeSet<&NodeId> = model.secrets.iter().map(|secret| &secret.id).collect();
    let mut added: BTreeMap<NodeId, Secret> = BTreeMap::new();
    for workload in &model.workloads {
        for (name, origin) in referred_secrets(workload) {
            let full_name = format!("{}/{name}", workload.namespace);
            let id = NodeId::new(NodeKind::Secret, &full_name);
            if known.contains(&id) {
                continue;
            }
            let pulls = workload.pull_secrets.iter().any(|it| it.value == name);
            added.entry(id.clone()).or_insert_with(|| Secret {
                id,
                name: name.to_owned(),
                namespace: Some(workload.namespace.clone()),
                kind: if pulls {
                    SecretKind::RegistryCredential
                } else {
                    SecretKind::Opaque
                },
                form: SecretForm::Reference,
                type_name: None,
                keys: Vec::new(),
                service_account: None,
                origin,
                content: String::new(),
            });
        }
    }
    model.secrets.extend(added.into_values());
}
