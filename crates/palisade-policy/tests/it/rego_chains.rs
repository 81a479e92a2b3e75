//! `crypto.x509.parse_and_verify_certificates`, with options and without: chains that hold, and what breaks each of them.

use bumpalo::Bump;
use palisade_policy::languages::rego::query;
use palisade_policy::{Budget, Context, Effects, Meter, Settings};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use serde_json::{Value, json};

use crate::rego::bundle;

/// 2026-01-01, within all that is made here but for what says otherwise.
const NOW: &str = "1767225600000000000";

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

fn parameters(name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut parameters = CertificateParams::new(hosts).unwrap();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters
}

fn authority_parameters(name: &str) -> CertificateParams {
    let mut made = parameters(name, &[]);
    made.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    made
}

fn root(parameters: CertificateParams) -> Authority {
    let key = KeyPair::generate().unwrap();
    let pem = parameters.self_signed(&key).unwrap().pem();
    Authority {
        pem,
        issuer: Issuer::new(parameters, key),
    }
}

fn below(parent: &Authority, parameters: CertificateParams) -> Authority {
    let key = KeyPair::generate().unwrap();
    let pem = parameters.signed_by(&key, &parent.issuer).unwrap().pem();
    Authority {
        pem,
        issuer: Issuer::new(parameters, key),
    }
}

/// Whether a chain holds, or why that is not known.
fn outcome(chain: &[&Authority], options: &str) -> Result<Value, String> {
    let pem: String = chain
        .iter()
        .map(|certificate| certificate.pem.as_str())
        .collect();
    let text = format!(
        "package a\nimport rego.v1\nfound := crypto.x509.parse_and_verify_certificates_with_options(`{pem}`, {options})\np := [found[0], [c.Subject.CommonName | some c in found[1]]]\n"
    );
    let arena = Bump::new();
    let context = Context::new(&arena, Meter::start(Budget::default()), Effects::default());
    let files = bundle(&[("a.rego", &text)]);
    let results = query(&files, &Settings::default(), &context, "x = data.a.p", None);
    let results = results.map_err(|error| error.to_string())?;
    Ok(results[0]["bindings"]["x"].clone())
}

fn holds(chain: &[&Authority], further: &str) -> bool {
    let found = outcome(chain, &format!("{{\"CurrentTime\": {NOW}{further}}}"));
    found.expect("an answer")[0] == Value::Bool(true)
}

#[test]
fn a_chain_holds_in_any_order_of_what_is_between() {
    let top = root(authority_parameters("top"));
    let upper = below(&top, authority_parameters("upper"));
    let lower = below(&upper, authority_parameters("lower"));
    let leaf = below(&lower, parameters("leaf", &["berth.example"]));
    let stranger = root(authority_parameters("stranger"));
    let options = format!("{{\"CurrentTime\": {NOW}}}");
    for chain in [[&top, &upper, &lower, &leaf], [&top, &lower, &upper, &leaf]] {
        let names = json!([true, ["leaf", "lower", "upper", "top"]]);
        assert_eq!(outcome(&chain, &options), Ok(names));
    }
    assert!(holds(&[&top, &stranger, &lower, &upper, &leaf], ""));
    // What is trusted need not be signed by itself.
    assert!(holds(&[&lower, &leaf], ""));
    assert!(!holds(&[&top, &lower, &leaf], ""));
    assert!(!holds(&[&stranger, &upper, &lower, &leaf], ""));
    assert!(!holds(&[&leaf], ""));
}

#[test]
fn what_no_authority_signed_does_not_hold() {
    let top = root(authority_parameters("top"));
    let person = below(&top, parameters("person", &["a.example"]));
    let forged = below(&person, parameters("forged", &["b.example"]));
    assert!(!holds(&[&top, &person, &forged], ""));
    let namesake = root(authority_parameters("top"));
    assert!(!holds(&[&namesake, &person], ""));
    let mut short = authority_parameters("short");
    short.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let short = root(short);
    let between = below(&short, authority_parameters("between"));
    let leaf = below(&between, parameters("leaf", &[]));
    assert!(!holds(&[&short, &between, &leaf], ""));
    assert!(holds(
        &[&short, &below(&short, parameters("leaf", &[]))],
        ""
    ));
    let mut mute = authority_parameters("mute");
    mute.key_usages = vec![KeyUsagePurpose::CrlSign];
    let mute = root(mute);
    assert!(!holds(&[&mute, &below(&mute, parameters("leaf", &[]))], ""));
}

#[test]
fn a_chain_is_for_servers_unless_asked_otherwise() {
    let top = root(authority_parameters("top"));
    let mut client = parameters("client", &[]);
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let client = below(&top, client);
    assert!(!holds(&[&top, &client], ""));
    assert!(!holds(
        &[&top, &client],
        ", \"KeyUsages\": [\"KeyUsageCodeSigning\", \"KeyUsageServerAuth\"]"
    ));
    assert!(holds(
        &[&top, &client],
        ", \"KeyUsages\": {\"KeyUsageServerAuth\", \"KeyUsageClientAuth\"}"
    ));
    assert!(holds(
        &[&top, &client],
        ", \"KeyUsages\": [\"KeyUsageAny\"]"
    ));
}

#[test]
fn a_chain_is_judged_for_a_host_and_a_time() {
    let top = root(authority_parameters("top"));
    let mut leaf = parameters("leaf", &["*.berth.example", "quay.example", "192.0.2.7"]);
    leaf.not_before = rcgen::date_time_ymd(2025, 1, 1);
    leaf.not_after = rcgen::date_time_ymd(2027, 1, 1);
    let leaf = below(&top, leaf);
    let for_host = |host: &str| holds(&[&top, &leaf], &format!(", \"DNSName\": \"{host}\""));
    for host in [
        "a.berth.example",
        "A.Berth.Example.",
        "quay.example",
        "192.0.2.7",
        "[192.0.2.7]",
    ] {
        assert!(for_host(host), "{host}");
    }
    for host in [
        "berth.example",
        "a.b.berth.example",
        ".berth.example",
        "a.quay.example",
        "192.0.2.8",
        "leaf",
    ] {
        assert!(!for_host(host), "{host}");
    }
    let at = |moment: &str| {
        outcome(&[&top, &leaf], &format!("{{\"CurrentTime\": {moment}}}")).unwrap()[0].clone()
    };
    assert_eq!(at("1700000000000000000"), json!(false));
    assert_eq!(at("1800000000000000000"), json!(false));
    assert_eq!(at(NOW), json!(true));
}

#[test]
fn what_is_not_judged_is_an_error_and_not_an_answer() {
    let mut bound = authority_parameters("bound");
    bound.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("berth.example".to_owned())],
        excluded_subtrees: Vec::new(),
    });
    let bound = root(bound);
    let leaf = below(&bound, parameters("leaf", &["elsewhere.example"]));
    let error = outcome(&[&bound, &leaf], &format!("{{\"CurrentTime\": {NOW}}}"));
    assert!(error.is_err_and(|error| error.contains("constrains names")));
    let top = root(authority_parameters("top"));
    let leaf = below(&top, parameters("leaf", &[]));
    let error = outcome(&[&top, &leaf], "{}");
    assert!(error.is_err_and(|error| error.contains("no time")));
}

#[test]
fn options_that_are_not_known_are_undefined() {
    let top = root(authority_parameters("top"));
    let leaf = below(&top, parameters("leaf", &[]));
    for options in [
        "{\"Roots\": []}",
        "{\"DNSName\": 1}",
        "{\"CurrentTime\": \"now\"}",
        "{\"KeyUsages\": \"KeyUsageAny\"}",
        "{\"KeyUsages\": [\"Anything\"]}",
        "{\"MaxConstraintComparisons\": 1.5}",
    ] {
        assert_eq!(
            outcome(&[&top, &leaf], options),
            Ok(Value::Null),
            "{options}"
        );
    }
}
