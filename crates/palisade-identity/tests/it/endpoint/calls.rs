//! Every call of the Workload API by the crate `spiffe`, which nobody here wrote.

use futures_util::StreamExt as _;
use spiffe::{TrustDomain, WorkloadApiClient};
use tokio::time::timeout;

use super::stand::{PATIENCE, Stand, TestIssuer};

async fn client(stand: &Stand) -> WorkloadApiClient {
    WorkloadApiClient::connect_to(stand.address())
        .await
        .expect("connects")
}

#[tokio::test]
async fn an_identity_arrives_and_verifies() {
    let stand = Stand::with(TestIssuer::for_everybody()).await;
    let client = client(&stand).await;
    let svid = client.fetch_x509_svid().await.expect("an identity");
    assert_eq!(svid.spiffe_id().to_string(), "spiffe://example.org/web");
    let bundles = client.fetch_x509_bundles().await.expect("bundles");
    let own = TrustDomain::new("example.org").expect("a name");
    let authorities = bundles.get(&own).expect("the own bundle");
    assert_eq!(authorities.authorities().len(), 1);
    assert_eq!(authorities.authorities()[0].as_bytes(), stand.issuer.root());
}

#[tokio::test]
async fn a_rotation_is_pushed_whole() {
    let stand = Stand::with(TestIssuer::for_everybody()).await;
    let client = client(&stand).await;
    let mut contexts = client.stream_x509_contexts().await.expect("a stream");
    let mut next = async || timeout(PATIENCE, contexts.next()).await.expect("in time");
    let first = next().await.expect("goes on").expect("documents");
    stand.issuer.rotate();
    let second = next().await.expect("goes on").expect("documents");
    let serial = |context: &spiffe::X509Context| {
        context
            .default_svid()
            .expect("one")
            .leaf()
            .as_bytes()
            .to_vec()
    };
    assert_ne!(serial(&first), serial(&second));
    assert_eq!(second.svids().len(), 1);
    stand.issuer.rule(Vec::new());
    let last = next().await.expect("an answer");
    let error = last.expect_err("nothing is left").to_string();
    assert!(error.contains("no entry matches"), "{error}");
    assert!(next().await.is_none(), "a refusal ends the stream");
}

#[tokio::test]
async fn tokens_are_issued_and_validated() {
    let stand = Stand::with(TestIssuer::for_everybody()).await;
    let client = client(&stand).await;
    let token = client
        .fetch_jwt_token(["shop"], None)
        .await
        .expect("a token");
    let valid = client
        .validate_jwt_token("shop", &token)
        .await
        .expect("valid");
    assert_eq!(valid.spiffe_id().to_string(), "spiffe://example.org/web");
    let error = client
        .validate_jwt_token("bank", &token)
        .await
        .expect_err("another audience");
    assert!(error.to_string().contains("audience"), "{error}");
    let bundles = client.fetch_jwt_bundles().await.expect("bundles");
    let own = TrustDomain::new("example.org").expect("a name");
    assert!(
        bundles
            .get(&own)
            .expect("own")
            .find_jwt_authority("first")
            .is_some()
    );
}

#[tokio::test]
async fn whoever_no_entry_matches_gets_nothing() {
    let stand = Stand::with(TestIssuer::new(Vec::new())).await;
    let client = client(&stand).await;
    for error in [
        client.fetch_x509_svid().await.err(),
        client.fetch_x509_bundles().await.err(),
        client.fetch_jwt_bundles().await.err(),
        client.fetch_jwt_token(["shop"], None).await.err(),
    ] {
        let error = error.expect("refused").to_string();
        assert!(error.contains("palisade identity explain"), "{error}");
    }
}
