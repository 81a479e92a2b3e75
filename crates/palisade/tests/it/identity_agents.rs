//! An agent whose server is away, on the binary.

use spiffe::WorkloadApiClient;

use crate::identity_serve::{Issuing, client, entries, id, runtime, until};
use crate::system::System;

/// Where the server takes agents.
pub(crate) fn agents_address(line: &str) -> String {
    let mut words = line.split_whitespace().rev();
    words.nth(2).expect("an address").to_owned()
}

#[test]
fn an_agent_that_begins_while_its_server_is_away_serves_once_it_is_there() {
    let system = System::of(&[("identity/test.yaml", &entries("/web"))]);
    let mut server = Issuing::serve(
        system,
        "state",
        &["--role", "server", "--listen", "127.0.0.1:0"],
    );
    let address = agents_address(&server.says("for agents"));
    let made = server.ask(&["token", "create", "one"]);
    let token = made.out.lines().next().expect("a token").to_owned();
    let arguments = [
        "--role",
        "agent",
        "--server",
        &address,
        "--join-token",
        &token,
        "--socket",
        "workload.sock",
    ];
    let mut agent = Issuing::serve(System::of(&[]), "state", &arguments);
    agent.says("following the server");
    assert_eq!(agent.end(), 0);
    assert_eq!(server.end(), 0);

    let folder = std::mem::replace(&mut agent.system, System::of(&[]));
    let agent = Issuing::serve(folder, "state", &arguments);
    let told = agent.says("the server does not answer");
    assert!(told.contains(&address), "{told}");
    assert!(told.contains("nothing can be served until"), "{told}");
    let status = agent.ask(&["status"]);
    assert!(
        status.out.starts_with("agent without a server since "),
        "{}{}",
        status.out,
        status.err
    );
    let workload = agent.address("workload.sock");
    runtime().block_on(async {
        let waiting: WorkloadApiClient = client(&workload).await;
        let refused = waiting.fetch_x509_context().await.expect_err("nothing");
        let refused = format!("{refused:?}");
        assert!(refused.contains("Unavailable"), "{refused}");
        assert!(
            refused.contains("it tries again within seconds"),
            "{refused}"
        );

        let folder = std::mem::replace(&mut server.system, System::of(&[]));
        let listen = ["--role", "server", "--listen", &address];
        let server = Issuing::serve(folder, "state", &listen);
        server.says("for agents");
        let context = until(&waiting, |_| true).await;
        assert_eq!(id(&context), "spiffe://shop.example/web");
    });
}
