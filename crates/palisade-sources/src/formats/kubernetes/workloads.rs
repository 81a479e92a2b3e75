//! Pods, and the controllers that run them.

use palisade_document::Value;
use palisade_model::{
    Fact, Labels, NodeId, NodeKind, Strategy, UpdateStrategy, Volume, VolumeSource, Workload,
    WorkloadKind,
};

use super::containers::Pod;
use super::{membership, security, storage, volumes};
use crate::facts::Facts;
use crate::object::{Object, labels};

/// Controllers by the kind that manifests write.
const CONTROLLERS: &[WorkloadKind] = &[
    WorkloadKind::Deployment,
    WorkloadKind::StatefulSet,
    WorkloadKind::DaemonSet,
    WorkloadKind::ReplicaSet,
    WorkloadKind::ReplicationController,
    WorkloadKind::Job,
    WorkloadKind::CronJob,
];

/// Who runs the pods.
struct Runner {
    name: String,
    kind: WorkloadKind,
    custom_kind: Option<String>,
}

/// Reads a Pod; one with an owner is a part of the owner's workload.
pub(super) fn pod(object: &Object<'_>, facts: &mut Facts) {
    let metadata = object.at(&["metadata"]).unwrap_or(object.value);
    let Some(spec) = object.at(&["spec"]) else {
        return no_pods(object, facts);
    };
    if let Some(owner) = owner(object) {
        let workload = workload(object, owner, metadata, spec, facts);
        facts.owned_pods.push(workload);
        return;
    }
    let runner = Runner {
        name: object.name.clone(),
        kind: WorkloadKind::Pod,
        custom_kind: None,
    };
    let workload = workload(object, runner, metadata, spec, facts);
    facts.model.workloads.push(workload);
}

fn no_pods(object: &Object<'_>, facts: &mut Facts) {
    let message = format!("this {} holds no pod spec, so it was left out", object.kind);
    facts.warn(object.whole(), message);
}

fn owner(object: &Object<'_>) -> Option<Runner> {
    let references = object.items(&["metadata", "ownerReferences"]);
    let controls =
        |reference: &&Value<'_>| reference.get("controller").and_then(Value::as_bool) == Some(true);
    let reference = references.iter().find(controls).or(references.first())?;
    let name = object.text_in(*reference, &["name"])?.value;
    let written = object.text_in(*reference, &["kind"]).map(|fact| fact.value);
    let (kind, custom_kind) = match written {
        // The static pods of a node are owned by the node, each by itself.
        Some(kind) if kind == "Node" => return None,
        Some(kind) => match known(&kind) {
            Some(known) => (known, None),
            None => (WorkloadKind::Custom, Some(kind)),
        },
        None => (WorkloadKind::Pod, None),
    };
    Some(Runner {
        name,
        kind,
        custom_kind,
    })
}

fn known(kind: &str) -> Option<WorkloadKind> {
    CONTROLLERS.iter().copied().find(|it| it.name() == kind)
}

/// Reads a controller with a pod template.
pub(super) fn controller(object: &Object<'_>, facts: &mut Facts) {
    templated(object, &["spec", "template"], facts);
}

/// Reads a CronJob.
pub(super) fn cron_job(object: &Object<'_>, facts: &mut Facts) {
    templated(object, &["spec", "jobTemplate", "spec", "template"], facts);
}

/// Reads a custom resource that holds a pod template; false when it holds none.
pub(super) fn custom(object: &Object<'_>, facts: &mut Facts) -> bool {
    let holds = |path: &&[&str]| {
        object
            .at(path)
            .and_then(|template| template.at(&["spec", "containers"]))
            .is_some_and(Value::is_array)
    };
    let paths: [&[&str]; 3] = [
        &["spec", "template"],
        &["spec", "podTemplate"],
        &["spec", "jobTemplate", "spec", "template"],
    ];
    let Some(path) = paths.iter().find(|path| holds(path)) else {
        return false;
    };
    if !object.name.is_empty() {
        templated(object, path, facts);
    }
    true
}

fn templated(object: &Object<'_>, path: &[&str], facts: &mut Facts) {
    let Some(template) = object.at(path) else {
        return no_pods(object, facts);
    };
    let Some(spec) = template.get("spec") else {
        return no_pods(object, facts);
    };
    let metadata = template.get("metadata").unwrap_or(template);
    let kind = known(&object.kind);
    let runner = Runner {
        name: object.name.clone(),
        kind: kind.unwrap_or(WorkloadKind::Custom),
        custom_kind: kind.is_none().then(|| object.kind.clone()),
    };
    let workload = workload(object, runner, metadata, spec, facts);
    facts.model.workloads.push(workload);
}

fn workload<'d>(
    object: &Object<'d>,
    runner: Runner,
    metadata: Value<'d>,
    spec: Value<'d>,
    facts: &mut Facts,
) -> Workload {
    let shown = runner.custom_kind.as_deref().unwrap_or(runner.kind.name());
    let full_name = format!("{}/{}[{shown}]", object.namespace(), runner.name);
    let id = NodeId::new(NodeKind::Workload, &full_name);
    let pod = Pod {
        object,
        metadata,
        spec,
        workload: id.clone(),
    };
    let map = |key: &str| metadata.get(key).map_or_else(Labels::new, labels);
    let mut volumes = volumes::volumes(object, spec);
    volumes.extend(claims(object, facts));
    let account = object
        .text_in(spec, &["serviceAccountName"])
        .or_else(|| object.text_in(spec, &["serviceAccount"]));
    Workload {
        id,
        name: runner.name,
        namespace: object.namespace().to_owned(),
        kind: runner.kind,
        custom_kind: runner.custom_kind,
        labels: object.own_labels(),
        annotations: object.own_annotations(),
        pod_labels: map("labels"),
        pod_annotations: map("annotations"),
        other_pod_labels: Vec::new(),
        replicas: object.number(&["spec", "replicas"]),
        strategy: strategy(object).into(),
        service_account: account.filter(|account| !account.value.is_empty()),
        automount_token: object.flag_in(spec, &["automountServiceAccountToken"]),
        pull_secrets: object.names_in(spec, &["imagePullSecrets"]),
        security: security::pod(object, spec).into(),
        containers: pod.containers(facts),
        volumes,
        mesh: membership::of_pod(object, metadata).into(),
        origin: object.whole(),
        pod_origin: object.origin_of(spec),
        content: object.content(),
        variants: object.variants.clone(),
    }
}

/// Claims that a stateful set makes for each of its pods, as datasets and volumes.
fn claims(object: &Object<'_>, facts: &mut Facts) -> Vec<Volume> {
    let templates = object.items(&["spec", "volumeClaimTemplates"]);
    let mut volumes = Vec::new();
    for template in templates {
        let Some(name) = object.text_in(template, &["metadata", "name"]) else {
            continue;
        };
        let claim = format!("{}-{}", name.value, object.name);
        let dataset = storage::dataset(object, template, &claim, facts);
        facts.model.datasets.push(dataset);
        volumes.push(Volume {
            name: name.value,
            source: VolumeSource::Claim { name: claim },
            origin: object.origin_of(template),
        });
    }
    volumes
}

fn strategy(object: &Object<'_>) -> UpdateStrategy {
    let written = object
        .text(&["spec", "strategy", "type"])
        .or_else(|| object.text(&["spec", "updateStrategy", "type"]));
    let kind = written.and_then(|fact| {
        let strategy = match fact.value.as_str() {
            "RollingUpdate" => Strategy::RollingUpdate,
            "Recreate" => Strategy::Recreate,
            "OnDelete" => Strategy::OnDelete,
            _ => return None,
        };
        Some(Fact::new(strategy, fact.origin))
    });
    UpdateStrategy {
        kind,
        history_limit: object.number(&["spec", "revisionHistoryLimit"]),
    }
}
