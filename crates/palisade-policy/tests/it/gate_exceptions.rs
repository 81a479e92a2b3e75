//! Exceptions at a gate: they hold until their end, and no longer.

use palisade_policy::{End, Status};
use serde_json::json;

use crate::gate::{NO_HOST, gate, pod, review_at};

/// The nanoseconds of 2027-01-30T12:00:00Z and of the day after.
const BEFORE_NS: i64 = 1_801_310_400_000_000_000;
const AFTER_NS: i64 = BEFORE_NS + 86_400_000_000_000;

fn exception(metadata: &str) -> String {
    format!(
        "{{apiVersion: kyverno.io/v2, kind: PolicyException, metadata: {{name: legacy, namespace: ops{metadata}}}, \
         spec: {{exceptions: [{{policyName: no-host, ruleNames: [network]}}], \
         match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}}}}}"
    )
}

#[test]
fn an_exception_opens_the_gate_until_its_end() {
    let host = pod(&json!({"hostNetwork": true, "containers": []}));
    let until = "labels: {palisade.dev/owner: team-shop, palisade.dev/until: '2027-01-31'}";
    for (metadata, before, after) in [
        (format!(", {until}"), true, false),
        (String::new(), true, true),
        (
            ", annotations: {palisade.dev/until: some day}".to_owned(),
            false,
            false,
        ),
    ] {
        let files = [("a.yaml", NO_HOST), ("b.yaml", &exception(&metadata))];
        let gate = gate(&files).expect("it loads");
        assert_eq!(
            review_at(&gate, &host, BEFORE_NS).allowed,
            before,
            "{metadata}"
        );
        assert_eq!(
            review_at(&gate, &host, AFTER_NS).allowed,
            after,
            "{metadata}"
        );
    }
}

#[test]
fn a_rule_of_conftest_says_its_owner_and_end_in_its_metadata() {
    let text = "package main

deny_host contains \"no host network\" if input.spec.hostNetwork

# METADATA
# custom:
#   owner: team-shop
#   until: \"2027-01-31\"
exception contains [\"host\"] if input.metadata.name
";
    let policy = crate::rego::compile(&[("main.rego", text)]).expect("it loads");
    let [exception] = policy.exceptions() else {
        panic!("{:?}", policy.exceptions());
    };
    assert_eq!(exception.owner.as_deref(), Some("team-shop"));
    assert!(matches!(exception.end, End::On(_)));
    let gate = gate(&[("main.rego", text)]).expect("it loads");
    let host = pod(&json!({"hostNetwork": true, "containers": []}));
    assert!(review_at(&gate, &host, BEFORE_NS).allowed);
    let after = review_at(&gate, &host, AFTER_NS);
    assert_eq!(after.answers[0].status, Status::Fail);
}
