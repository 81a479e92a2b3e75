//! Measures how fast texts become documents.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use palisade_document::{Limits, SourceFile, Syntax, parse};

/// Longest time that one admission review may take, as a gate in front of an API server has it.
const REVIEW_LIMIT: Duration = Duration::from_micros(25);
/// How often each text is read; the fastest time counts, since a machine does other things too.
const ROUNDS: u32 = 200;
/// Manifests in the YAML text.
const MANIFESTS: usize = 400;

/// Reads an admission review and a long file of manifests; fails when the review takes too long.
pub(crate) fn document() -> Result<()> {
    let (review, manifests) = (review(), manifests());
    let taken = fastest(&review, Syntax::Json, 50)?;
    crate::say(&format!(
        "json: an admission review of {} bytes in {:.1} µs (limit {} µs)",
        review.len(),
        taken.as_secs_f64() * 1e6,
        REVIEW_LIMIT.as_micros(),
    ));
    let long = fastest(&manifests, Syntax::Yaml, 1)?;
    let size = u32::try_from(manifests.len())?;
    crate::say(&format!(
        "yaml: {MANIFESTS} manifests, {size} bytes, {:.0} MB/s",
        f64::from(size) / long.as_secs_f64() / 1e6,
    ));
    if taken > REVIEW_LIMIT {
        bail!("reading an admission review takes longer than it may");
    }
    Ok(())
}

/// The shortest time to read a text, with its release from memory, as the mean of `batch` texts.
fn fastest(text: &str, syntax: Syntax, batch: u32) -> Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let copies: Vec<String> = (0..batch).map(|_| text.to_owned()).collect();
        let start = Instant::now();
        for copy in copies {
            let file = Arc::new(SourceFile::new("bench", copy));
            let (document, errors) = parse(file, syntax, &Limits::default());
            if let Some(error) = errors.first() {
                bail!("the text of the benchmark is broken: {error}");
            }
            black_box(&document);
        }
        best = best.min(start.elapsed() / batch);
    }
    Ok(best)
}

/// A review of a pod with two containers, as an API server sends it.
pub(crate) fn review() -> String {
    let kind = serde_json::json!({"group": "", "version": "v1", "kind": "Pod"});
    let resource = serde_json::json!({"group": "", "version": "v1", "resource": "pods"});
    let review = serde_json::json!({
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": kind, "resource": resource, "requestKind": kind, "requestResource": resource,
            "name": "web-7d4b9c6f5-x7k2p", "namespace": "shop", "operation": "CREATE",
            "userInfo": {
                "username": "system:serviceaccount:kube-system:replicaset-controller",
                "uid": "014fbff9a07c",
                "groups": ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
            },
            "object": {
                "kind": "Pod", "apiVersion": "v1",
                "metadata": {
                    "name": "web-7d4b9c6f5-x7k2p", "generateName": "web-7d4b9c6f5-", "namespace": "shop",
                    "labels": {"app": "web", "pod-template-hash": "7d4b9c6f5", "version": "v1"},
                    "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7d4b9c6f5", "uid": "b0a1", "controller": true}],
                },
                "spec": {
                    "volumes": [{"name": "tmp", "emptyDir": {}}],
                    "containers": [container("web", 8080), container("proxy", 8081)],
                    "restartPolicy": "Always", "terminationGracePeriodSeconds": 30,
                    "dnsPolicy": "ClusterFirst", "serviceAccountName": "web", "securityContext": {},
                    "schedulerName": "default-scheduler", "priority": 0, "enableServiceLinks": true,
                    "tolerations": [
                        {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
                        {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
                    ],
                },
                "status": {"phase": "Pending", "qosClass": "Burstable"},
            },
            "oldObject": null, "dryRun": false,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    });
    review.to_string()
}

/// A container as an API server fills it in.
fn container(name: &str, port: u16) -> serde_json::Value {
    serde_json::json!({
        "name": name,
        "image": format!("registry.example.com/shop/{name}:1.4.2"),
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": port, "name": "http", "protocol": "TCP"}],
        "env": [
            {"name": "DATABASE_URL", "value": "postgres://db.shop.svc:5432/shop?sslmode=require"},
            {"name": "LOG_LEVEL", "value": "info"},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "value"}}},
        ],
        "resources": {
            "limits": {"cpu": "500m", "memory": "256Mi"},
            "requests": {"cpu": "100m", "memory": "128Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
            "runAsNonRoot": true, "runAsUser": 10001, "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [
            {"mountPath": "/tmp", "name": "tmp"},
            {"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": "kube-api-access-x7k2p", "readOnly": true},
        ],
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"},
            "initialDelaySeconds": 10, "timeoutSeconds": 1, "periodSeconds": 10,
            "successThreshold": 1, "failureThreshold": 3,
        },
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    })
}

/// Many deployments in one YAML text.
fn manifests() -> String {
    let manifest = |at: usize| {
        format!(
            "---\n# Deployment {at} of the shop\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web-{at}\n  \
             labels:\n    app: web-{at}\nspec:\n  replicas: 3\n  selector:\n    matchLabels:\n      app: web-{at}\n  \
             template:\n    metadata:\n      labels:\n        app: web-{at}\n    spec:\n      serviceAccountName: web\n      \
             containers:\n      - name: web\n        image: \"registry.example.com/shop/web:1.4.{at}\"\n        ports:\n        \
             - containerPort: 8080\n        env:\n        - name: LOG_LEVEL\n          value: 'info'\n        \
             securityContext:\n          allowPrivilegeEscalation: false\n          capabilities: {{drop: [ALL]}}\n"
        )
    };
    (0..MANIFESTS).map(manifest).collect()
}
