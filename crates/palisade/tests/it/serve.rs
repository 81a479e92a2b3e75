//! `palisade serve --admission` as an API server meets it, and how it ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::system::System;

const POLICY: &str = "\
package main

import rego.v1

deny contains msg if {
    input.kind == \"Pod\"
    some container in input.spec.containers
    not contains(container.image, \"@sha256:\")
    msg := sprintf(\"%s is not pinned\", [container.image])
}
";
const PLAIN: [&str; 6] = [
    "serve",
    "--admission",
    "policy",
    "--plain",
    "--listen",
    "127.0.0.1:0",
];

/// A webhook that runs; ended with the test.
struct Webhook(Child);

impl Drop for Webhook {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn review(image: &str) -> String {
    let object = format!(
        "{{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{{\"name\":\"a\"}},\
         \"spec\":{{\"containers\":[{{\"name\":\"a\",\"image\":\"{image}\"}}]}}}}"
    );
    format!(
        "{{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{{\
         \"uid\":\"u1\",\"kind\":{{\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"}},\
         \"operation\":\"CREATE\",\"object\":{object}}}}}"
    )
}

/// The answer to one review on a connection of its own.
fn asked(address: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("connected");
    let patience = Some(Duration::from_mins(1));
    stream.set_read_timeout(patience).expect("a timeout");
    let length = body.len();
    let head = format!(
        "POST /validate HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("written");
    stream.write_all(body.as_bytes()).expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn what_a_policy_denies_is_refused_and_every_decision_is_a_line() {
    let system = System::of(&[("policy/pinned.rego", POLICY)]);
    let child = system
        .command(&PLAIN)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut webhook = Webhook(child.expect("the binary runs"));
    let errors = webhook.0.stderr.take().expect("piped");
    let mut said = BufReader::new(errors).lines().map_while(Result::ok);
    let line = said.find(|line| line.contains("listening on"));
    let line = line.expect("it says where it listens");
    let address = line.rsplit("//").next().expect("an address").trim();

    let refused = asked(address, &review("shop:1"));
    assert!(refused.contains("\"allowed\":false"), "{refused}");
    assert!(refused.contains("shop:1 is not pinned"), "{refused}");
    let pinned = format!("shop@sha256:{}", "a".repeat(64));
    let allowed = asked(address, &review(&pinned));
    assert!(allowed.contains("\"allowed\":true"), "{allowed}");

    let id = webhook.0.id().to_string();
    let told = Command::new("kill").args(["-TERM", &id]).status();
    assert!(told.expect("`kill`").success());
    assert_eq!(webhook.0.wait().expect("it ends").code(), Some(0));
    let mut lines = String::new();
    let mut decisions = webhook.0.stdout.take().expect("piped");
    decisions.read_to_string(&mut lines).expect("decisions");
    let allowed: Vec<bool> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .map(|line| line["allowed"] == true)
        .collect();
    assert_eq!(allowed, [false, true], "{lines}");
}

#[test]
fn it_does_not_say_that_it_listens_where_no_policy_judges() {
    let system = System::of(&[("policy/pinned.rego", "package main\ndeny contains")]);
    let run = system.run(&PLAIN);
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(!run.err.contains("listening"), "{}", run.err);
    let none = [&PLAIN[..], &["--timeout-ms", "0"]].concat();
    assert_eq!(system.run(&none).code, 2);
}
