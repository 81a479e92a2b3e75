//! Authorities beside the own one: another trust domain's, and one above.

use rcgen::{CertificateParams, DnType, IsCa, KeyPair, KeyUsagePurpose};
use spiffe::X509Context;
use std::time::{Duration, Instant};

use crate::identity_serve::{
    Issuing, client, entries, id, leaf, own_uid, runtime, signing_key, until,
};
use crate::identity_web::web_address;
use crate::system::System;

fn authorities(context: &X509Context, of: &str) -> usize {
    let of = of.try_into().expect("a trust domain");
    let bundle = context.bundle_set().get(&of);
    bundle.map_or(0, |bundle| bundle.authorities().len())
}

/// The first page of a trust domain, and an entry that federates with it.
#[test]
fn the_bundle_of_a_partner_is_read_and_reaches_workloads() {
    let partner = System::of(&[(
        "identity/test.yaml",
        &entries("/api").replace("shop.example", "partner.example"),
    )]);
    let partner = Issuing::serve(
        partner,
        "state",
        &["--socket", "workload.sock", "--web", "127.0.0.1:0"],
    );
    let address = web_address(&partner.says("issuing for"));
    let first = partner.ask(&["bundle", "show", "partner.example"]).out;
    // A second key, so that what was given by hand is not what is read.
    assert_eq!(partner.ask(&["rotate", "--now"]).code, 0);

    let own = System::of(&[
        (
            "identity/test.yaml",
            &format!(
                "entries:
  - name: test
    owner: tests
    match: {{unix.uid: '{}'}}
    id: spiffe://shop.example/web
    federates-with: [partner.example]
",
                own_uid()
            ),
        ),
        (
            "palisade.toml",
            &format!(
                "[identity]
trust-domain = \"shop.example\"
[[identity.federation]]
trust-domain = \"partner.example\"
bundle-endpoint-url = \"https://{address}/bundle\"
endpoint-spiffe-id = \"spiffe://partner.example/palisade/server\"
"
            ),
        ),
        ("partner.json", &first),
    ]);
    let issuing = Issuing::serve(own, "state", &["--socket", "workload.sock"]);
    issuing.says("there is no bundle of `partner.example` to prove the server by");
    let set = issuing.ask(&["bundle", "set", "partner.example", "partner.json"]);
    assert_eq!(set.code, 0, "{}", set.err);
    issuing.says("the bundle of `partner.example` has changed");
    runtime().block_on(async {
        let client = client(&issuing.address("workload.sock")).await;
        let context = until(&client, |context| {
            authorities(context, "partner.example") == 2
        })
        .await;
        assert_eq!(id(&context), "spiffe://shop.example/web");
        assert!(authorities(&context, "shop.example") >= 1);
    });
    let shown = issuing.ask(&["bundle", "show", "partner.example"]).out;
    assert_eq!(
        shown,
        partner.ask(&["bundle", "show", "partner.example"]).out
    );
}

#[test]
fn many_bundles_that_change_at_once_are_all_kept() {
    let names = ["a.example", "b.example", "c.example", "d.example"];
    let mut settings = vec!["[identity]\ntrust-domain = \"shop.example\"\n".to_owned()];
    let own = System::of(&[("identity/test.yaml", &entries("/web"))]);
    let partners = names.map(|name| {
        let text = entries("/api").replace("shop.example", name);
        let partner = Issuing::serve(
            System::of(&[("identity/test.yaml", &text)]),
            "state",
            &["--socket", "workload.sock", "--web", "127.0.0.1:0"],
        );
        let address = web_address(&partner.says("issuing for"));
        own.write(name, &partner.ask(&["bundle", "show", name]).out);
        assert_eq!(partner.ask(&["rotate", "--now"]).code, 0);
        settings.push(format!(
            "[[identity.federation]]
trust-domain = \"{name}\"
bundle-endpoint-url = \"https://{address}/bundle\"
endpoint-spiffe-id = \"spiffe://{name}/palisade/server\"
"
        ));
        partner
    });
    // Known from before, so that all are read at the same moment when this begins anew.
    let first = Issuing::serve(own, "state", &["--socket", "workload.sock"]);
    first.says("issuing for");
    for name in names {
        let set = first.ask(&["bundle", "set", name, name]);
        assert_eq!(set.code, 0, "{}", set.err);
    }
    let issuing = first.again(&settings.concat());
    issuing.says("issuing for");
    for (name, partner) in names.iter().zip(&partners) {
        let served = partner.ask(&["bundle", "show", name]).out;
        let start = Instant::now();
        while issuing.ask(&["bundle", "show", name]).out != served {
            assert!(start.elapsed() < Duration::from_secs(8), "{name} is lost");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

#[test]
fn mistakes_in_federation_are_told_with_their_place() {
    let table = |more: &str| {
        format!("[identity]\ntrust-domain = \"shop.example\"\n[[identity.federation]]\n{more}")
    };
    let cases = [
        (
            "trust-domain = \"shop.example\"\nbundle-endpoint-url = \"https://a.example\"",
            "palisade.toml:4:16",
        ),
        (
            "trust-domain = \"a.example\"\nbundle-endpoint-url = \"http://a.example\"",
            "palisade.toml:5:23",
        ),
        (
            "trust-domain = \"a.example\"\nbundle-endpoint-url = \"https://a.example\"\nendpoint-spiffe-id = \"a\"",
            "palisade.toml:6:22",
        ),
        ("trust-domain = \"a.example\"", "bundle-endpoint-url"),
    ];
    for (text, place) in cases {
        let system = System::of(&[
            ("identity/test.yaml", &entries("/web")),
            ("palisade.toml", &table(text)),
        ]);
        let run = system.run(&["identity", "serve", "--state", "state"]);
        assert_eq!(run.code, 3, "{text}: {}", run.err);
        assert!(run.err.contains(place), "{text}: {}", run.err);
    }
}

/// A root in files; its certificate in DER.
fn root(system: &System, name: &str) -> Vec<u8> {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("signs");
    system.write("root.crt", &certificate.pem());
    system.write("root.key", &key.serialize_pem());
    certificate.der().to_vec()
}

#[test]
fn an_authority_above_signs_and_its_files_are_followed() {
    let system = System::of(&[("identity/test.yaml", &entries("/web"))]);
    let first = root(&system, "first");
    let issuing = Issuing::serve(
        system,
        "state",
        &[
            "--socket",
            "workload.sock",
            "--upstream-cert",
            "root.crt",
            "--upstream-key",
            "root.key",
        ],
    );
    issuing.says("issuing for");
    let holds = |context: &X509Context, root: &[u8]| {
        let own = "shop.example".try_into().expect("a trust domain");
        let bundle = context.bundle_set().get(&own).expect("a bundle");
        let mut all = bundle.authorities().iter();
        all.any(|authority| authority.as_bytes() == root)
    };
    runtime().block_on(async {
        let client = client(&issuing.address("workload.sock")).await;
        let before = until(&client, |_| true).await;
        let chain = before
            .default_svid()
            .expect("a document")
            .cert_chain()
            .len();
        assert_eq!(chain, 2, "the intermediate is sent along");
        assert!(holds(&before, &first));
        assert_eq!(authorities(&before, "shop.example"), 1);

        let key = signing_key(&issuing);
        let second = root(&issuing.system, "second");
        issuing.says("the upstream authority signs the next key");
        assert_eq!(issuing.ask(&["rotate", "--now"]).code, 0);
        let after = until(&client, |context| holds(context, &second)).await;
        assert!(
            holds(&after, &first),
            "documents of before are still verified"
        );
        assert_eq!(issuing.ask(&["taint", &key]).code, 0);
        until(&client, |context| leaf(context) != leaf(&before)).await;
        assert_eq!(issuing.ask(&["revoke", &key]).code, 0);
        until(&client, |context| !holds(context, &first)).await;
        issuing.system.write("root.key", "nothing");
        issuing.says("the one before goes on");
    });
}

#[test]
fn an_authority_above_that_cannot_be_used_is_told() {
    let system = System::of(&[("identity/test.yaml", &entries("/web"))]);
    root(&system, "first");
    system.write(
        "other.key",
        &KeyPair::generate().expect("a key").serialize_pem(),
    );
    let run = system.run(&[
        "identity",
        "serve",
        "--state",
        "state",
        "--upstream-cert",
        "root.crt",
        "--upstream-key",
        "other.key",
    ]);
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(
        run.err.contains("it is not the key of the certificate"),
        "{}",
        run.err
    );
}
