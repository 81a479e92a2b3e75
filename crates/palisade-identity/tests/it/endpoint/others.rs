//! Clients in Python that others wrote: py-spiffe, and gRPC's own tools.

use palisade_identity::TrustDomain;
use palisade_identity::spiffe::Bundle;
use serde_json::json;

use super::python::Script;
use super::stand::{Stand, TestIssuer};

#[tokio::test]
async fn py_spiffe_makes_every_call() {
    let stand = Stand::with(TestIssuer::for_everybody()).await;
    let other = TrustDomain::new("partner.example").expect("a name");
    let mut federated = Bundle::empty(other);
    federated.x509_authorities = vec![stand.issuer.root().into()];
    stand.issuer.federate(federated);
    let mut script = Script::start("workload_client.py", &[&stand.address()]);
    assert_eq!(
        script.next().await,
        json!({ "ids": ["spiffe://example.org/web"] })
    );
    let names = ["example.org", "partner.example"];
    assert_eq!(script.next().await, json!({ "bundles": names }));
    assert_eq!(
        script.next().await,
        json!({ "subject": "spiffe://example.org/web" })
    );
    let refused = script.next().await;
    let said = refused["refused"].as_str().unwrap_or_default();
    assert!(said.contains("audience"), "{refused}");
    assert_eq!(script.next().await, json!({ "keys": names }));
    assert_eq!(script.next().await, json!({ "waits": true }));
    stand.issuer.rotate();
    assert_eq!(script.next().await, json!({ "rotated": true }));
    assert!(stand.events().is_empty());
}

#[tokio::test]
async fn the_endpoint_describes_itself_and_says_that_it_serves() {
    let stand = Stand::with(TestIssuer::for_everybody()).await;
    let mut script = Script::start("observer.py", &[&stand.address()]);
    let services = [
        "SpiffeWorkloadAPI",
        "envoy.service.secret.v3.SecretDiscoveryService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ];
    assert_eq!(script.next().await, json!({ "services": services }));
    let calls = [
        "FetchJWTBundles",
        "FetchJWTSVID",
        "FetchX509Bundles",
        "FetchX509SVID",
        "ValidateJWTSVID",
    ];
    assert_eq!(script.next().await, json!({ "calls": calls }));
    assert_eq!(script.next().await, json!({ "status": "SERVING" }));
}
