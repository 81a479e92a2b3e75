//! Evidence while the database is away, on the binary.

use std::io::Write as _;

use crate::identity_serve::{Issuing, client, entries, id, runtime, until};
use crate::postgres::Cluster;
use crate::system::System;

#[test]
fn evidence_outlives_a_process_that_dies_while_the_database_is_away() {
    let cluster = Cluster::shared();
    let database = cluster.database();
    let arguments = ["--socket", "workload.sock", "--database", &database];
    let system = System::of(&[("identity/test.yaml", &entries("/first"))]);
    let mut issuing = Issuing::serve(system, "state", &arguments);
    issuing.says("issuing for");
    let second = "spiffe://shop.example/second";
    runtime().block_on(async {
        let client = client(&issuing.address("workload.sock")).await;
        until(&client, |_| true).await;
        cluster.crash();
        issuing
            .system
            .write("identity/test.yaml", &entries("/second"));
        until(&client, |context| id(context) == second).await;
        issuing.says("evidence waits");
    });
    issuing.child.kill().expect("killed");
    issuing.child.wait().expect("it ends");
    let spool = issuing.system.path().join("state/evidence.spool");
    let mut spool = std::fs::OpenOptions::new()
        .append(true)
        .open(spool)
        .expect("a spool");
    // Another record was on its way when the process died.
    spool.write_all(b"{\"at\":\"2026-").expect("written");
    drop(spool);
    cluster.resume();

    let system = std::mem::replace(&mut issuing.system, System::of(&[]));
    let again = Issuing::serve(system, "state", &arguments);
    again.says("issuing for");
    let shown = again.ask(&["evidence", "--id", second]);
    assert!(
        shown.out.contains(&format!("issued {second}")),
        "{}{}",
        shown.out,
        shown.err
    );
    let first = again.ask(&["evidence", "--id", "spiffe://shop.example/first"]);
    assert_eq!(first.out.lines().count(), 1, "{}", first.out);
}
