//! Requirements of the standards, on the messages as they come over the wire.

use serde_json::{Value, json};

use super::python::Script;
use super::stand::{Stand, TestIssuer};

/// An endpoint with two identities for everybody of this user.
async fn two() -> Stand {
    let uid = nix::unistd::geteuid().to_string();
    let rule = |path| ("unix.uid", uid.clone(), path);
    Stand::with(TestIssuer::new(vec![rule("/web"), rule("/admin")])).await
}

/// What the script sees of a part.
async fn seen(stand: &Stand, part: &str) -> Value {
    Script::start("musts_client.py", &[&stand.address(), part])
        .next()
        .await
}

#[tokio::test]
async fn requests_without_the_mark_are_refused() {
    let stand = two().await;
    let codes = seen(&stand, "mark").await;
    let codes = codes.as_object().expect("an object");
    assert_eq!(codes.len(), 5 * 4, "five calls in four ways");
    for (call, code) in codes {
        let expected = if call.ends_with(" with true") {
            "answered"
        } else {
            "INVALID_ARGUMENT"
        };
        assert_eq!(code, expected, "{call}");
    }
}

#[tokio::test]
async fn what_is_not_served_says_so() {
    let stand = two().await;
    let expected = json!({
        "FetchWITSVID": "UNIMPLEMENTED",
        "FetchWITBundles": "UNIMPLEMENTED",
        "Nothing": "UNIMPLEMENTED",
    });
    assert_eq!(seen(&stand, "unserved").await, expected);
}

#[tokio::test]
async fn messages_are_whole_and_in_the_form_of_the_standard() {
    let stand = two().await;
    let messages = seen(&stand, "messages").await;
    let svids = messages["svids"].as_array().expect("a list");
    let ids: Vec<&Value> = svids.iter().map(|svid| &svid["id"]).collect();
    assert_eq!(
        ids,
        ["spiffe://example.org/web", "spiffe://example.org/admin"]
    );
    for svid in svids {
        assert_eq!(svid["uri"], svid["id"], "the certificate says the same");
        assert_eq!(svid["authority"], false, "the leaf comes first");
        assert_eq!(
            svid["key"], true,
            "the key is PKCS#8 and belongs to the leaf"
        );
        assert_eq!(svid["bundle"], 1);
    }
    assert_eq!(messages["x509"], json!({ "spiffe://example.org": 1 }));
    assert_eq!(
        messages["jwt"],
        json!({ "spiffe://example.org": ["jwt-svid"] })
    );
}

#[tokio::test]
async fn hints_stand_once() {
    let stand = two().await;
    stand.issuer.hint("internal");
    let expected = json!({ "svids": ["internal", ""], "tokens": ["internal", ""] });
    assert_eq!(seen(&stand, "hints").await, expected);
}

#[tokio::test]
async fn tokens_are_for_all_identities_and_the_audience_asked_for() {
    let stand = two().await;
    let expected = json!({
        "all": ["spiffe://example.org/web", "spiffe://example.org/admin"],
        "audiences": [["shop", "bank"], ["shop", "bank"]],
        "one": ["spiffe://example.org/admin"],
        "none": "INVALID_ARGUMENT",
    });
    assert_eq!(seen(&stand, "tokens").await, expected);
}
