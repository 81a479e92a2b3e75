//! The two example systems: the one with typical gaps, and the one where they are closed.

use std::path::PathBuf;
use std::process::{Command, Output};

fn palisade(arguments: &[&str]) -> Output {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    Command::new(env!("CARGO_BIN_EXE_palisade"))
        .args(arguments)
        .env("PALISADE_TODAY", "2027-01-01")
        .current_dir(root)
        .output()
        .expect("the binary starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_shop_fails_and_its_worst_gaps_are_named() {
    let output = palisade(&["check", "examples/shop"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    for id in [
        "PAL0101", "PAL0105", "PAL0107", "PAL0201", "PAL0202", "PAL0203", "PAL0205", "PAL0301",
        "PAL0305", "PAL0307", "PAL0401", "PAL0417", "PAL0501", "PAL0507", "PAL0702", "PAL0708",
        "PAL0801", "PAL0803", "PAL0901", "PAL0907", "PAL1002",
    ] {
        assert!(text.contains(id), "{id} is not found in the shop");
    }
}

#[test]
fn no_secret_of_the_shop_is_printed_by_any_report_or_the_model() {
    let secrets = [
        "s3cr3t-accounts-2024",
        "orders-db-2023",
        "hunter2hunter2",
        "c2tfbGl2ZV9",
    ];
    for command in ["check", "model"] {
        let text = stdout(&palisade(&[command, "examples/shop", "--format", "json"]));
        for secret in secrets {
            assert!(!text.contains(secret), "`{command}` prints a secret");
        }
    }
}

#[test]
fn the_hardened_shop_has_no_finding_and_every_pattern_met() {
    let output = palisade(&["check", "examples/shop-hardened"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("no findings"), "{text}");
    assert!(
        !text.contains("partial") && !text.contains("missing"),
        "{text}"
    );
}

#[test]
fn the_payment_service_is_reached_by_checkout_alone() {
    let lines = stdout(&palisade(&[
        "paths",
        "examples/shop-hardened",
        "--format",
        "connlist",
    ]));
    let to_payment: Vec<&str> = lines
        .lines()
        .filter(|line| line.contains("=> payments/payment["))
        .collect();
    assert_eq!(
        to_payment,
        ["shop/checkout[Deployment] => payments/payment[Deployment] : TCP 50051"]
    );
}

#[test]
fn a_path_is_explained_with_every_rule_that_decides_it_and_what_would_cut_it() {
    let text = stdout(&palisade(&[
        "paths",
        "examples/shop-hardened",
        "--between",
        "checkout",
        "payment",
    ]));
    for part in [
        "TCP 50051 allowed by `NetworkPolicy/payments/payment` (namespaced)   examples/shop-hardened/network/flows.yaml:",
        "everything else denied: no rule matches in `NetworkPolicy/payments/default-deny`",
        "mutual TLS is required for the whole mesh by `PeerAuthentication/istio-system/default`   examples/shop-hardened/mesh/mtls.yaml:",
        "the caller proves that it is `shop/checkout`",
        "passes when the method is POST, and the path is /shop.Payment/*",
        "by `AuthorizationPolicy/payments/payment`, rule 1   examples/shop-hardened/mesh/authorization.yaml:",
        "to cut it: take the peer out of examples/shop-hardened/network/flows.yaml:",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
    let refused = stdout(&palisade(&[
        "paths",
        "examples/shop-hardened",
        "--between",
        "web",
        "payment",
    ]));
    assert!(refused.contains("no connection"), "{refused}");
    assert!(!refused.contains("to cut it"), "{refused}");
}

#[test]
fn ways_to_data_stand_under_the_doors_that_they_begin_at() {
    let text = stdout(&palisade(&[
        "paths",
        "examples/shop",
        "--from",
        "internet",
        "--to",
        "dataset",
    ]));
    let door = "internet → shop/admin[NodePort]   examples/shop/manifests/admin.yaml:";
    assert!(text.contains(door), "{text}");
    let way = "→ shop-data/redis[StatefulSet] → dataset shop-data/redis";
    assert!(text.contains(way), "{text}");
    assert!(text.contains("4 ways from the internet"), "{text}");
}
