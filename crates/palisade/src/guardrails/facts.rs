//! The system as a document: what Rego sees as `data.palisade` and Sentinel as `import "palisade"`.

use std::sync::Arc;

use palisade_analysis::Analysis;
use palisade_analysis::outcomes::Outcomes;
use palisade_analysis::reachability::Peer;
use palisade_document::{Document, Limits, SourceFile, parse_json};
use palisade_model::{Model, NodeId};
use serde_json::{Value, json};

use crate::commands::privileges_as_json;

/// Most connections that are listed one by one; an estate with more says so in `truncated`.
const MAX_CONNECTIONS: usize = 50_000;
/// The name of the document in messages.
const NAME: &str = "data.palisade";

/// The whole system as one document.
pub(super) fn document(analysis: &Analysis<'_>) -> Arc<Document> {
    let privileges = privileges_as_json(&analysis.privileges);
    let mut paths = internet(analysis);
    let mut connections = analysis.reachability.connections();
    paths.extend(
        connections
            .by_ref()
            .take(MAX_CONNECTIONS)
            .map(|connection| {
                json!({
                    "from": peer(&connection.from),
                    "to": peer(&connection.to),
                    "hops": [],
                    "ports": connection.allowed.to_string(),
                })
            }),
    );
    let whole = json!({
        "model": analysis.model,
        "paths": paths,
        "truncated": connections.next().is_some(),
        "grants": privileges["grants"],
        "administrators": privileges["administrators"],
        "outcomes": Outcomes::measure(analysis.model, analysis),
    });
    let limits = Limits {
        max_bytes: usize::MAX,
        max_nodes: usize::MAX,
        ..Limits::default()
    };
    let (document, _) = parse_json(Arc::new(SourceFile::new(NAME, whole.to_string())), &limits);
    Arc::new(document)
}

/// What the internet reaches when each workload on the way is taken over.
fn internet(analysis: &Analysis<'_>) -> Vec<Value> {
    let model = analysis.model;
    let one = |path: &palisade_analysis::exposure::InternetPath| {
        json!({
            "from": { "id": "actor:internet", "kind": "actor", "name": "internet" },
            "to": node(model, &path.target),
            "hops": path.hops,
            "exposed": analysis.exposure.open_doors().any(|door| path.hops.contains(&door.entry)),
        })
    };
    analysis
        .exposure
        .reach_from_internet()
        .iter()
        .map(one)
        .collect()
}

fn peer(peer: &Peer<'_>) -> Value {
    match peer {
        Peer::Workload(workload) => json!({
            "id": workload.id,
            "kind": "workload",
            "name": workload.name,
            "namespace": workload.namespace,
        }),
        Peer::External(range) => json!({
            "id": format!("actor:{range}"),
            "kind": "actor",
            "name": range.to_string(),
        }),
    }
}

fn node(model: &Model, id: &NodeId) -> Value {
    let kind = id.as_str().split(':').next().unwrap_or_default();
    let mut out = json!({ "id": id, "kind": kind, "name": id.name() });
    let dataset = model.datasets.iter().find(|dataset| dataset.id == *id);
    if let Some(dataset) = dataset {
        out["name"] = json!(dataset.name);
        out["namespace"] = json!(dataset.namespace);
        let classification = dataset.classification.as_ref();
        out["classification"] = json!(classification.map(|fact| fact.value));
    }
    out
}
