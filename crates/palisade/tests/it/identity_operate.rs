//! What an operator asks of a running issuer, on the real binary.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::identity_serve::{Issuing, client, entries, id, own_uid, runtime, signing_key, until};
use crate::system::{Run, System};

const PATIENCE: Duration = Duration::from_mins(2);
const AGENT: &str = "spiffe://shop.example/palisade/agent/one";

/// A file with one entry for this user.
fn entry(name: &str, path: &str) -> String {
    format!(
        "entries:
  - name: {name}
    owner: ops
    match: {{unix.uid: '{}'}}
    id: spiffe://{{trust-domain}}{path}
",
        own_uid()
    )
}

fn serving() -> Issuing {
    let system = System::of(&[("identity/test.yaml", &entries("/web"))]);
    let issuing = Issuing::serve(system, "state", &["--socket", "workload.sock"]);
    issuing.says("issuing for");
    issuing
}

/// A server that takes agents, and where.
fn server() -> (Issuing, String) {
    let system = System::of(&[("identity/test.yaml", &entries("/web"))]);
    Issuing::server(system, &[])
}

/// An agent on a new machine that joins as `one`.
fn joins(server: &Issuing, address: &str) -> Issuing {
    let made = done(server.ask(&["token", "create", "one", "--ttl", "5m"]));
    let promised = format!("for `{AGENT}`, once, until");
    assert!(made.contains(&promised), "{made}");
    let token = made.lines().next().expect("a token");
    let joining = [
        "--role",
        "agent",
        "--server",
        address,
        "--join-token",
        token,
    ];
    let agent = Issuing::serve(
        System::of(&[]),
        "state",
        &[&joining[..], &["--socket", "workload.sock"]].concat(),
    );
    agent.says("following the server");
    agent
}

/// A workload of this agent has its identity.
fn serves(agent: &Issuing) {
    let address = agent.address("workload.sock");
    runtime().block_on(async {
        let client = client(&address).await;
        let context = until(&client, |_| true).await;
        assert_eq!(id(&context), "spiffe://shop.example/web");
    });
}

/// What it says when it does what was asked.
fn done(run: Run) -> String {
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    run.out
}

/// What it says when it does not.
fn refused(run: Run, code: i32) -> String {
    assert_eq!(run.code, code, "{}{}", run.out, run.err);
    run.err
}

fn status(issuing: &Issuing) -> Value {
    let text = done(issuing.ask(&["status", "--format", "json"]));
    serde_json::from_str(&text).expect("JSON")
}

/// Asks until it is so.
fn comes_to(is: impl Fn() -> bool) {
    let start = Instant::now();
    while !is() {
        assert!(start.elapsed() < PATIENCE, "it never comes to that");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn entries_are_pushed_shown_and_withdrawn() {
    let issuing = serving();
    issuing.system.write("job.yaml", &entry("job", "/job"));
    let tried = done(issuing.ask(&["entry", "push", "job.yaml", "--dry-run"]));
    let said =
        "added    job\n1 added · 0 changed · 0 unchanged · nothing was changed (--dry-run)\n";
    assert!(tried.starts_with(said), "{tried}");
    let state = tried.split_whitespace().last().expect("a state");
    refused(issuing.ask(&["entry", "show", "job"]), 3);

    let pushed = done(issuing.ask(&["entry", "push", "job.yaml", "--expect", state]));
    assert_eq!(pushed, "added    job\n1 added · 0 changed · 0 unchanged\n");
    let late = refused(
        issuing.ask(&["entry", "push", "job.yaml", "--expect", state]),
        3,
    );
    assert!(
        late.contains("has changed since it was looked at"),
        "{late}"
    );
    let shown = done(issuing.ask(&["entry", "show", "job"]));
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["origin"]["file"], "pushed:job.yaml");
    let all = done(issuing.ask(&["entry", "show"]));
    let all: Value = serde_json::from_str(&all).expect("JSON");
    assert_eq!(all.as_array().map(Vec::len), Some(2));

    issuing.system.write("job.yaml", &entry("job", "/nightly"));
    let changed = done(issuing.ask(&["entry", "push", "job.yaml", "--format", "json"]));
    let changed: Value = serde_json::from_str(&changed).expect("JSON");
    assert_eq!(changed["entries"]["changed"], serde_json::json!(["job"]));
    let address = issuing.address("workload.sock");
    runtime().block_on(async {
        let client = client(&address).await;
        let both = |context: &spiffe::X509Context| context.svids().len() == 2;
        let context = until(&client, both).await;
        assert_eq!(id(&context), "spiffe://shop.example/web");
    });

    let said = refused(issuing.ask(&["entry", "withdraw", "job", "test"]), 3);
    assert!(said.contains("entry `test`: it is in a file"), "{said}");
    let gone = done(issuing.ask(&["entry", "withdraw", "job"]));
    assert_eq!(gone, "1 entry withdrawn\n");
    let said = refused(issuing.ask(&["entry", "show", "job"]), 3);
    assert!(said.contains("no entry in force is called `job`"), "{said}");
}

#[test]
fn a_wrong_file_is_told_at_its_place_and_nothing_is_pushed() {
    let rules = format!(
        "{}mint:\n  - {{path: /web, owners: [tests]}}\n  - {{path: /job, owners: [ops]}}\n",
        entries("/web")
    );
    let system = System::of(&[("identity/test.yaml", &rules)]);
    let issuing = Issuing::serve(system, "state", &["--socket", "workload.sock"]);
    issuing.says("issuing for");
    issuing.system.write("good.yaml", &entry("good", "/job"));
    let rule = format!(
        "{}mint:\n  - {{path: /**, owners: [ops]}}\n",
        entry("own", "/job")
    );
    let cases = [
        (entry("job", "/root"), "--> bad.yaml:2:5", "may mint `/job`"),
        (
            entry("test", "/job"),
            "--> bad.yaml:2:5",
            "an entry of a file is called so",
        ),
        (
            entry("job", "/job").replace("{trust-domain}", "bank.example"),
            "--> bad.yaml:2:5",
            "this issuer is `shop.example`",
        ),
        (
            entry("job", "/job").replace("match", "matches"),
            "--> bad.yaml:",
            "`matches`",
        ),
        (rule, "--> bad.yaml:7:5", "mint rules cannot be pushed"),
    ];
    for (text, place, words) in cases {
        issuing.system.write("bad.yaml", &text);
        let said = refused(issuing.ask(&["entry", "push", "good.yaml", "bad.yaml"]), 1);
        assert!(said.contains(place), "{said}");
        assert!(said.contains(words), "{said}");
        assert!(said.contains("nothing was pushed"), "{said}");
    }
    assert_eq!(status(&issuing)["entries"], 1);
    done(issuing.ask(&["entry", "push", "good.yaml"]));
    assert_eq!(status(&issuing)["entries"], 2);
}

#[test]
fn a_rotation_says_when_the_new_key_signs() {
    let issuing = serving();
    let before = signing_key(&issuing);
    let said = done(issuing.ask(&["rotate", "--kind", "x509"]));
    let first = said.lines().next().expect("a line");
    assert!(first.starts_with("the next X.509 key "), "{said}");
    assert!(
        first.contains(" is published now and signs from 20"),
        "{said}"
    );
    assert!(said.contains(" X.509 prepared, signs from 20"), "{said}");
    assert!(!said.contains("ES256 prepared"), "{said}");
    assert_eq!(signing_key(&issuing), before);

    let said = done(issuing.ask(&["rotate", "--kind", "x509", "--now"]));
    assert!(
        said.starts_with("the new keys sign from now on\n"),
        "{said}"
    );
    assert_ne!(signing_key(&issuing), before);
}

#[test]
fn keys_are_tainted_and_revoked_by_their_id() {
    let issuing = serving();
    let key = signing_key(&issuing);
    let said = refused(issuing.ask(&["taint", "no-such-key"]), 3);
    assert!(said.contains("no-such-key"), "{said}");
    let said = done(issuing.ask(&["taint", &key]));
    assert!(said.contains(&format!("key {key} X.509 tainted")), "{said}");
    assert_ne!(signing_key(&issuing), key);
    let said = done(issuing.ask(&["revoke", &key]));
    assert!(said.contains(&format!("key {key} X.509 revoked")), "{said}");
    refused(issuing.ask(&["taint", &key]), 3);
}

#[test]
fn bundles_of_others_are_set_shown_and_deleted() {
    let partner = Issuing::serve(
        System::of(&[(
            "identity/test.yaml",
            &entries("/web").replace("shop.example", "partner.example"),
        )]),
        "state",
        &["--socket", "workload.sock"],
    );
    partner.says("issuing for");
    let bundle = done(partner.ask(&["bundle", "show", "partner.example"]));
    let issuing = serving();
    issuing.system.write("bundle.json", &bundle);
    let set = ["bundle", "set", "partner.example", "bundle.json"];
    let all = done(issuing.ask(&set));
    assert!(all.contains("partner.example"), "{all}");
    let shown = done(issuing.ask(&["bundle", "show", "partner.example"]));
    let keys = |text: &str| {
        let bundle: Value = serde_json::from_str(text).expect("JSON");
        bundle["keys"].as_array().map(Vec::len)
    };
    assert_eq!(keys(&shown), keys(&bundle));
    let own = ["bundle", "set", "shop.example", "bundle.json"];
    let said = refused(issuing.ask(&own), 3);
    assert!(said.contains("cannot be set"), "{said}");
    issuing.system.write("broken.json", "{\"keys\": 1}");
    refused(
        issuing.ask(&["bundle", "set", "other.example", "broken.json"]),
        3,
    );

    done(issuing.ask(&["bundle", "delete", "partner.example"]));
    let said = refused(issuing.ask(&["bundle", "show", "partner.example"]), 3);
    assert!(
        said.contains("there is no bundle of `partner.example`"),
        "{said}"
    );
}

#[test]
fn a_banned_agent_is_out_until_it_is_evicted_and_joins_anew() {
    let (server, address) = server();
    let agent = joins(&server, &address);
    serves(&agent);
    let said = refused(server.ask(&["agent", "ban", &format!("{AGENT}-other")]), 3);
    assert!(said.contains("no agent"), "{said}");
    let said = done(server.ask(&["agent", "ban", AGENT]));
    let banned = format!("agent {AGENT} by join-token, banned");
    assert!(said.contains(&banned), "{said}");
    agent.says("banned");
    comes_to(|| !status(&agent)["outage"]["away-since"].is_null());

    done(server.ask(&["agent", "evict", AGENT]));
    assert_eq!(status(&server)["agents"], serde_json::json!([]));
    let anew = joins(&server, &address);
    serves(&anew);
    assert_eq!(status(&server)["agents"][0]["id"], AGENT);
    let said = refused(agent.ask(&["entry", "show"]), 3);
    assert!(said.contains("ask the server that it follows"), "{said}");
    let long = server.ask(&["token", "create", "two", "--ttl", "200h"]);
    let said = refused(long, 3);
    assert!(said.contains("between one second and seven days"), "{said}");
}
