//! `palisade identity serve` in one terminal, an unmodified SPIFFE client in another.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use spiffe::{WorkloadApiClient, X509Context};
use tokio::runtime::Runtime;

use crate::system::{Run, System};

pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// A server or agent that runs in a directory of its own.
pub(crate) struct Issuing {
    pub(crate) system: System,
    pub(crate) child: Child,
    said: Receiver<String>,
    state: &'static str,
}

impl Issuing {
    pub(crate) fn serve(system: System, state: &'static str, more: &[&str]) -> Self {
        let mut arguments = vec!["identity", "serve", "--state", state];
        arguments.extend(more);
        let mut child = system
            .command(&arguments)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let (sender, said) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            system,
            child,
            said,
            state,
        }
    }

    /// A server that takes agents on a free port, and its address.
    pub(crate) fn server(system: System, more: &[&str]) -> (Self, String) {
        let listen = ["--role", "server", "--listen", "127.0.0.1:0"];
        let server = Self::serve(system, "state", &[&listen, more].concat());
        let line = server.says("for agents");
        let (before, _) = line.split_once(" for agents").expect("an address");
        let address = before.rsplit(' ').next().expect("an address").to_owned();
        (server, address)
    }

    /// What an agent is begun with that joins this server as `one`.
    pub(crate) fn joining(&self, address: &str) -> [String; 8] {
        let made = self.ask(&["token", "create", "one"]);
        let token = made.out.lines().next().expect("a token");
        let role = [
            "--role",
            "agent",
            "--server",
            address,
            "--join-token",
            token,
        ];
        let [role, agent, server, address, join, token] = role.map(str::to_owned);
        let [socket, path] = ["--socket", "workload.sock"].map(str::to_owned);
        [role, agent, server, address, join, token, socket, path]
    }

    /// An agent on a new machine that joined this server as `one`.
    pub(crate) fn joined(&self, address: &str, more: &[&str]) -> Self {
        let joining = self.joining(address);
        let joining = joining.iter().map(String::as_str);
        let arguments: Vec<&str> = joining.chain(more.iter().copied()).collect();
        let agent = Self::serve(System::of(&[]), "state", &arguments);
        agent.says("following the server");
        agent
    }

    /// The next line on standard error with these words.
    pub(crate) fn says(&self, words: &str) -> String {
        let mut all = String::new();
        let start = Instant::now();
        while let Ok(line) = self
            .said
            .recv_timeout(PATIENCE.saturating_sub(start.elapsed()))
        {
            if line.contains(words) {
                return line;
            }
            all.push_str(&line);
            all.push('\n');
        }
        panic!("it never says `{words}`: {all}");
    }

    /// Asks it as its operator.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Run {
        let mut all = vec!["identity"];
        all.extend(arguments);
        all.extend(["--state", self.state]);
        self.system.run(&all)
    }

    pub(crate) fn address(&self, socket: &str) -> String {
        format!("unix:{}", self.system.path().join(socket).display())
    }

    /// Ends it and begins anew on the same state, with these settings.
    pub(crate) fn again(mut self, settings: &str) -> Self {
        assert_eq!(self.end(), 0);
        let system = std::mem::replace(&mut self.system, System::of(&[]));
        system.write("palisade.toml", settings);
        Self::serve(system, self.state, &["--socket", "workload.sock"])
    }

    pub(crate) fn end(&mut self) -> i32 {
        let id = self.child.id().to_string();
        let done = Command::new("kill").args(["-TERM", &id]).status();
        assert!(done.expect("`kill`").success());
        self.child.wait().expect("it ends").code().unwrap_or(-1)
    }
}

impl Drop for Issuing {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(crate) fn own_uid() -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").expect("this process").uid()
}

pub(crate) fn entries(path: &str) -> String {
    format!(
        "entries:
  - name: test
    owner: tests
    match: {{unix.uid: '{}'}}
    id: spiffe://shop.example{path}
",
        own_uid()
    )
}

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("threads")
}

pub(crate) async fn client(address: &str) -> WorkloadApiClient {
    let start = Instant::now();
    loop {
        match WorkloadApiClient::connect_to(address).await {
            Ok(client) => return client,
            Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Asks until what is held is as it should be.
pub(crate) async fn until(
    client: &WorkloadApiClient,
    is: impl Fn(&X509Context) -> bool,
) -> X509Context {
    let start = Instant::now();
    loop {
        let answer = client.fetch_x509_context().await;
        match answer {
            Ok(context) if is(&context) => return context,
            other => assert!(start.elapsed() < PATIENCE, "{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub(crate) fn leaf(context: &X509Context) -> Vec<u8> {
    context
        .default_svid()
        .expect("a document")
        .leaf()
        .as_bytes()
        .to_vec()
}

pub(crate) fn id(context: &X509Context) -> String {
    context
        .default_svid()
        .expect("a document")
        .spiffe_id()
        .to_string()
}

fn authorities(context: &X509Context) -> usize {
    let own = context
        .default_svid()
        .expect("a document")
        .spiffe_id()
        .trust_domain()
        .clone();
    let bundle = context.bundle_set().get(&own).expect("a bundle");
    bundle.authorities().len()
}

/// The id of the key that signs X.509 documents.
pub(crate) fn signing_key(issuing: &Issuing) -> String {
    let run = issuing.ask(&["status", "--format", "json"]);
    let status: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    let keys = status["keys"].as_array().expect("keys");
    let signs = |key: &&serde_json::Value| key["kind"] == "X.509" && key["stage"] == "active";
    let key = keys.iter().find(signs).expect("a key that signs");
    key["id"].as_str().expect("an id").to_owned()
}

#[test]
fn an_identity_arrives_rotates_and_is_revoked() {
    let system = System::of(&[("identity/test.yaml", &entries("/web"))]);
    let mut issuing = Issuing::serve(system, "state", &["--socket", "workload.sock"]);
    let line = issuing.says("issuing for");
    assert!(line.contains("`shop.example` by 1 entry"), "{line}");
    let address = issuing.address("workload.sock");
    runtime().block_on(async {
        let client = client(&address).await;
        let first = until(&client, |_| true).await;
        assert_eq!(id(&first), "spiffe://shop.example/web");

        let key = signing_key(&issuing);
        let tainted = issuing.ask(&["taint", &key]);
        assert_eq!(tainted.code, 0, "{}", tainted.err);
        let second = until(&client, |context| leaf(context) != leaf(&first)).await;
        assert!(authorities(&second) >= 2);
        let revoked = issuing.ask(&["revoke", &key]);
        assert_eq!(revoked.code, 0, "{}", revoked.err);
        assert!(
            revoked.out.contains(&format!("key {key} X.509 revoked")),
            "{}",
            revoked.out
        );
        until(&client, |context| authorities(context) == 1).await;

        issuing
            .system
            .write("identity/test.yaml", &entries("/shop/web"));
        issuing.says("1 entry is in force");
        until(&client, |context| {
            id(context) == "spiffe://shop.example/shop/web"
        })
        .await;
        issuing
            .system
            .write("identity/test.yaml", "entries: [{name: broken}]");
        issuing.says("those before stay in force");
        until(&client, |context| {
            id(context) == "spiffe://shop.example/shop/web"
        })
        .await;
    });
    let status = issuing.ask(&["status"]);
    assert!(status.out.contains("outage budget"), "{}", status.out);
    assert_eq!(issuing.end(), 0);
    assert!(!issuing.system.path().join("workload.sock").exists());
    let gone = issuing.ask(&["status"]);
    assert_eq!(gone.code, 3);
    assert!(
        gone.err.contains("start `palisade identity serve`"),
        "{}",
        gone.err
    );
}

#[test]
fn keys_outlive_the_process() {
    let system = System::of(&[("identity/test.yaml", &entries("/web"))]);
    let mut issuing = Issuing::serve(system, "state", &["--socket", "workload.sock"]);
    issuing.says("issuing for");
    let before = issuing.ask(&["bundle", "show", "shop.example"]);
    assert!(
        before.out.contains("x509-svid"),
        "{}{}",
        before.out,
        before.err
    );
    let second = issuing.system.run(&[
        "identity",
        "serve",
        "--state",
        "state",
        "--socket",
        "other.sock",
    ]);
    assert_eq!(second.code, 3);
    assert!(second.err.contains("another server uses"), "{}", second.err);
    issuing.end();
    let system = std::mem::replace(&mut issuing.system, System::of(&[]));
    let again = Issuing::serve(system, "state", &["--socket", "workload.sock"]);
    again.says("issuing for");
    let after = again.ask(&["bundle", "show", "shop.example"]);
    assert_eq!(before.out, after.out);
}

#[test]
fn an_agent_joins_with_a_token_and_serves() {
    let system = System::of(&[("identity/test.yaml", &entries("/web"))]);
    let (server, address) = Issuing::server(system, &[]);
    let agent = server.joined(&address, &[]);
    let workload = agent.address("workload.sock");
    runtime().block_on(async {
        let client = client(&workload).await;
        let context = until(&client, |_| true).await;
        assert_eq!(id(&context), "spiffe://shop.example/web");
    });
    let status = server.ask(&["status"]);
    let expected = "agent spiffe://shop.example/palisade/agent/one by join-token";
    assert!(status.out.contains(expected), "{}", status.out);
    let status = agent.ask(&["status"]);
    assert!(
        status.out.starts_with("agent of `shop.example`"),
        "{}",
        status.out
    );
}

#[test]
fn what_cannot_be_served_is_said_with_the_way_out() {
    let system = System::of(&[]);
    let cases: [(&[&str], i32, &str); 4] = [
        (&["--state", "state"], 2, "--trust-domain"),
        (
            &[
                "--state",
                "state",
                "--trust-domain",
                "shop.example",
                "--role",
                "server",
            ],
            2,
            "--listen",
        ),
        (
            &[
                "--state",
                "state",
                "--role",
                "agent",
                "--server",
                "localhost:1",
            ],
            2,
            "--server-pin",
        ),
        (&["--database", "mysql://db"], 2, "postgres://"),
    ];
    for (arguments, code, words) in cases {
        let mut all = vec!["identity", "serve"];
        all.extend(arguments);
        let run = system.run(&all);
        assert_eq!(run.code, code, "{arguments:?}: {}", run.err);
        assert!(run.err.contains(words), "{arguments:?}: {}", run.err);
    }
}
