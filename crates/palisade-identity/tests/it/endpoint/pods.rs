//! Pods and their tokens: the API server's word, and the pod's own existence.

use palisade_identity::attest::kubernetes::{Node, ReviewError};
use palisade_identity::{Attribute, Attributes};
use serde_json::{Value, json};

use super::cluster::{CONTAINER, Cluster, UID, pod};

const REVIEWS: &str = "/apis/authentication.k8s.io/v1/tokenreviews";

/// A review as an API server answers it.
fn review() -> Value {
    json!({
        "kind": "TokenReview",
        "status": {
            "authenticated": true,
            "audiences": ["palisade"],
            "user": {
                "username": "system:serviceaccount:shop:web",
                "groups": ["system:serviceaccounts", "system:serviceaccounts:shop"],
                "extra": {
                    "authentication.kubernetes.io/pod-name": ["web-0"],
                    "authentication.kubernetes.io/pod-uid": [UID],
                },
            },
        },
    })
}

pub(crate) async fn cluster() -> Cluster {
    let cluster = Cluster::start().await;
    cluster.answer(REVIEWS, review());
    cluster.run(&pod());
    cluster
}

async fn refusal(cluster: &Cluster) -> String {
    let reviewed = cluster.api().review("a-token", "palisade").await;
    reviewed.expect_err("refused").to_string()
}

fn with(mut object: Value, path: &str, value: Value) -> Value {
    *object.pointer_mut(path).expect(path) = value;
    object
}

#[tokio::test]
async fn a_token_of_a_running_pod_is_accepted() {
    let cluster = cluster().await;
    let account = cluster
        .api()
        .review("a-token", "palisade")
        .await
        .expect("accepted");
    assert_eq!((&*account.namespace, &*account.name), ("shop", "web"));
    assert_eq!((&*account.pod.uid, &*account.pod.node), (UID, "node-1"));
    let [review, pod] = &cluster.asked()[..] else {
        panic!("{:?}", cluster.asked());
    };
    assert_eq!(review.line, format!("POST {REVIEWS}"));
    assert_eq!(review.body["spec"]["token"], "a-token");
    assert_eq!(review.body["spec"]["audiences"], json!(["palisade"]));
    assert_eq!(review.authorization, "Bearer first-token");
    assert_eq!(pod.line, "GET /api/v1/namespaces/shop/pods/web-0");
}

#[tokio::test]
async fn the_own_token_is_read_for_each_request() {
    let cluster = cluster().await;
    let api = cluster.api();
    api.review("a-token", "palisade").await.expect("accepted");
    std::fs::write(cluster.token(), "second-token").expect("writes");
    api.review("a-token", "palisade").await.expect("accepted");
    let last = cluster.asked().pop().expect("asked");
    assert_eq!(last.authorization, "Bearer second-token");
}

#[tokio::test]
async fn a_token_of_a_pod_that_is_gone_is_refused_while_reviews_still_accept_it() {
    let cluster = cluster().await;
    cluster.remove();
    let said = refusal(&cluster).await;
    assert_eq!(said, "there is no pod `web-0` in namespace `shop`");
}

#[tokio::test]
async fn a_token_of_another_pod_of_the_same_name_is_refused() {
    let cluster = cluster().await;
    cluster.run(&with(pod(), "/metadata/uid", json!("another")));
    assert!(refusal(&cluster).await.contains("it was replaced"));
}

#[tokio::test]
async fn a_token_of_a_pod_that_ends_is_refused() {
    let cluster = cluster().await;
    let mut ending = pod();
    ending["metadata"]["deletionTimestamp"] = json!("2026-11-24T12:00:00Z");
    cluster.run(&ending);
    assert!(refusal(&cluster).await.contains("is being deleted"));
    cluster.run(&with(pod(), "/status/phase", json!("Failed")));
    assert!(refusal(&cluster).await.contains("has ended"));
}

#[tokio::test]
async fn a_token_of_another_account_than_the_pod_has_is_refused() {
    let cluster = cluster().await;
    cluster.run(&with(pod(), "/spec/serviceAccountName", json!("other")));
    assert!(
        refusal(&cluster)
            .await
            .contains("runs as `other`, not as `web`")
    );
}

#[tokio::test]
async fn a_review_that_does_not_name_the_audience_proves_nothing() {
    let cluster = cluster().await;
    for audiences in [
        json!([]),
        Value::Null,
        json!(["https://kubernetes.default.svc"]),
    ] {
        cluster.answer(REVIEWS, with(review(), "/status/audiences", audiences));
        assert!(
            refusal(&cluster)
                .await
                .contains("not for the audience `palisade`")
        );
    }
}

#[tokio::test]
async fn a_token_that_is_not_accepted_or_bound_to_no_pod_is_refused() {
    let cluster = cluster().await;
    let refused = json!({ "status": { "authenticated": false, "error": "token expired" } });
    cluster.answer(REVIEWS, refused);
    assert!(refusal(&cluster).await.contains("token expired"));
    cluster.answer(REVIEWS, with(review(), "/status/user/extra", json!({})));
    assert!(refusal(&cluster).await.contains("not bound to a pod"));
    cluster.answer(
        REVIEWS,
        with(review(), "/status/user/username", json!("admin")),
    );
    assert!(refusal(&cluster).await.contains("not bound to a pod"));
    for token in [String::new(), "x".repeat(20_000)] {
        let error = cluster.api().review(&token, "palisade").await;
        assert!(matches!(error, Err(ReviewError::Length)));
    }
}

#[tokio::test]
async fn names_from_an_answer_lead_nowhere_else() {
    let cluster = cluster().await;
    let elsewhere = json!(["../../../api/v1/secrets"]);
    let path = "/status/user/extra/authentication.kubernetes.io~1pod-name";
    cluster.answer(REVIEWS, with(review(), path, elsewhere));
    assert!(
        refusal(&cluster)
            .await
            .contains("is not a name in Kubernetes")
    );
}

#[tokio::test]
async fn a_process_in_a_pod_has_the_attributes_of_pod_and_container() {
    let cluster = cluster().await;
    let node = Node::new(cluster.api(), "node-1".to_owned());
    let mut attributes = Attributes::default();
    attributes.add("unix.pod-uid", UID).expect("fits");
    attributes.add("unix.container", CONTAINER).expect("fits");
    node.add_to(&mut attributes).await.expect("attested");
    for (name, value) in [
        ("k8s.namespace", "shop"),
        ("k8s.service-account", "web"),
        ("k8s.pod-name", "web-0"),
        ("k8s.node-name", "node-1"),
        ("k8s.owner", "statefulset/web"),
        ("k8s.pod-label.app", "web"),
        ("k8s.pod-label.app.kubernetes.io/part-of", "shop"),
        ("k8s.container-name", "server"),
        ("k8s.image", "registry.example/shop/web"),
    ] {
        let seen = attributes
            .get(&Attribute::new(name).expect(name))
            .expect(name);
        assert!(seen.contains(value), "{name}: {seen:?}");
    }
    assert!(
        attributes
            .iter()
            .all(|(_, values)| values.iter().all(|value| !value.contains(":1.4")))
    );
}

#[tokio::test]
async fn a_pod_with_more_labels_than_anybody_needs_stays_within_bounds() {
    let cluster = cluster().await;
    let labels: serde_json::Map<String, Value> = (0..10_000)
        .map(|number| (format!("label-{number:05}"), json!("x")))
        .chain([("huge".to_owned(), json!("x".repeat(100_000)))])
        .collect();
    cluster.run(&with(pod(), "/metadata/labels", Value::Object(labels)));
    let node = Node::new(cluster.api(), "node-1".to_owned());
    let mut attributes = Attributes::default();
    attributes.add("unix.pod-uid", UID).expect("fits");
    node.add_to(&mut attributes).await.expect("attested");
    let count: usize = attributes.iter().map(|(_, values)| values.len()).sum();
    assert!(count < 200, "{count}");
    let longest = attributes
        .iter()
        .flat_map(|(_, values)| values)
        .map(String::len)
        .max();
    assert!(longest < Some(1025), "{longest:?}");
}

#[tokio::test]
async fn a_process_in_a_pod_that_the_node_does_not_have_gets_nothing() {
    let cluster = cluster().await;
    cluster.remove();
    let node = Node::new(cluster.api(), "node-1".to_owned());
    let mut attributes = Attributes::default();
    attributes.add("unix.pod-uid", UID).expect("fits");
    let error = node.add_to(&mut attributes).await.expect_err("refused");
    assert!(error.to_string().contains("on node `node-1`"), "{error}");
    let mut outside = Attributes::default();
    outside.add("unix.uid", "0").expect("fits");
    node.add_to(&mut outside).await.expect("in no pod");
}
