//! An agent whose server is away, on the binary.

use spiffe::WorkloadApiClient;

use crate::identity_serve::{Issuing, client, entries, id, runtime, until};
use crate::system::System;

/// Where the server takes agents.
#[test]
fn an_agent_that_begins_while_its_server_is_away_serves_once_it_is_there() {
    let system = System::of(&[("identity/test.yaml", &entries("/web"))]);
    let (mut server, address) = Issuing::server(system, &[]);
    let joining = server.joining(&address);
    let arguments: Vec<&str> = joining.iter().map(String::as_str).collect();
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
