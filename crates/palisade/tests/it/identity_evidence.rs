//! Evidence of what is issued and refused, on the binary.

use serde_json::Value;

use crate::identity_serve::{Issuing, client, entries, own_uid, runtime, until};
use crate::system::System;

#[test]
fn what_is_issued_and_refused_is_kept_and_shown() {
    let text = entries("/web")
        + &format!(
            "  - name: signed
    owner: tests
    match: {{unix.uid: '{}'}}
    id: spiffe://shop.example/signed
    requires: [image signed by ci]
",
            own_uid()
        );
    let system = System::of(&[("identity/test.yaml", &text)]);
    let mut issuing = Issuing::serve(
        system,
        "state",
        &[
            "--socket",
            "workload.sock",
            "--evidence-log",
            "evidence.jsonl",
        ],
    );
    issuing.says("issuing for");
    runtime().block_on(async {
        let client = client(&issuing.address("workload.sock")).await;
        until(&client, |_| true).await;
        issuing.system.write(
            "identity/test.yaml",
            &text.replace("name: test", "name: other").replacen(
                &format!("unix.uid: '{}'", own_uid()),
                "unix.uid: '4294967'",
                1,
            ),
        );
        issuing.says("2 entries are in force");
        for _ in 0..3 {
            client
                .fetch_x509_context()
                .await
                .expect_err("nothing any more");
        }
    });
    assert_shown(&issuing);
    assert_eq!(issuing.end(), 0);
    let log = issuing.system.read("evidence.jsonl");
    let events = lines(&log);
    for event in ["issued", "refused"] {
        assert!(events.iter().any(|one| one["event"] == event), "{log}");
    }
}

fn lines(text: &str) -> Vec<Value> {
    let read = |line| serde_json::from_str(line).expect("JSON");
    text.lines().map(read).collect()
}

fn assert_shown(issuing: &Issuing) {
    let shown = issuing.ask(&["evidence"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    let issued = "issued spiffe://shop.example/web by entry `test` of tests, X.509 ";
    assert!(shown.out.contains(issued), "{}", shown.out);
    let refused = "refused by entry `signed` of tests: ";
    assert_eq!(shown.out.matches(refused).count(), 1, "{}", shown.out);
    let uid = format!("unix.uid={}", own_uid());
    assert!(
        shown.out.lines().all(|line| line.contains(&uid)),
        "{}",
        shown.out
    );
    let of_one = issuing.ask(&[
        "evidence",
        "--id",
        "spiffe://shop.example/web",
        "--format",
        "json",
    ]);
    let of_one = lines(&of_one.out);
    let last = of_one.last().expect("a record")["number"].to_string();
    let web = "spiffe://shop.example/web";
    let after = [
        "evidence", "--after", &last, "--id", web, "--format", "json",
    ];
    assert_eq!(issuing.ask(&after).out, "", "nothing since");
}
