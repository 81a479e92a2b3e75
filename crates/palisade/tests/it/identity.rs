//! Entries of workload identities from the command line.

use std::fs;
use std::path::Path;

use crate::system::{OPEN, Run, System};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");

/// A copy of an example, so that nothing is written into it.
fn example(name: &str) -> System {
    let system = System::of(&[]);
    copy(&Path::new(EXAMPLES).join(name), "", &system);
    system
}

fn copy(from: &Path, below: &str, to: &System) {
    for item in fs::read_dir(from).expect("a folder") {
        let path = item.expect("an item").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let shown = format!("{below}{name}");
        if path.is_dir() {
            copy(&path, &format!("{shown}/"), to);
        } else {
            to.write(&shown, &fs::read_to_string(&path).expect("a text"));
        }
    }
}

fn explain(system: &System, caller: &str, further: &[&str]) -> Run {
    let mut arguments = vec!["identity", "explain", "--attributes", caller];
    arguments.extend(further);
    system.run(&arguments)
}

#[test]
fn the_example_answers_for_its_callers() {
    let system = example("identity");
    let run = system.run(&["identity", "entry", "check"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert_eq!(run.out, "3 entries · 4 files · 3 mint rules · 0 errors\n");

    let cart = explain(&system, "callers/cart.yaml", &[]);
    assert_eq!(cart.code, 0, "{}{}", cart.out, cart.err);
    assert!(
        cart.out
            .contains("  spiffe://example.org/ns/shop/sa/cart\n"),
        "{}",
        cart.out
    );

    let payment = explain(&system, "callers/payment.yaml", &[]);
    assert_eq!(payment.code, 1);
    assert!(
        payment.out.contains("is not known to hold"),
        "{}",
        payment.out
    );
    let known = explain(&system, "callers/payment.yaml", &["--facts", "facts.yaml"]);
    assert_eq!(known.code, 0, "{}{}", known.out, known.err);

    let stranger = explain(&system, "callers/stranger.yaml", &[]);
    assert_eq!(stranger.code, 1);
    let first = "failed first: systemd.unit asks for \"backup.service\", seen: \"backups.service\"";
    assert!(stranger.out.contains(first), "{}", stranger.out);
    let json = explain(&system, "callers/stranger.yaml", &["--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(json["near"][0]["failed"][0]["hint"]["kind"], "value");
}

#[test]
fn rules_that_are_named_and_gone_are_a_mistake() {
    let system = example("identity");
    fs::remove_file(system.path().join("identity/mint.yaml")).expect("removed");
    let run = system.run(&["identity", "entry", "check"]);
    assert_eq!(run.code, 1);
    assert!(
        run.out
            .contains("there are no mint rules in `identity/mint.yaml`"),
        "{}",
        run.out
    );
    let moved = "mint: [{ path: /**, owners: [team-shop, team-payment, platform] }]";
    system.write("identity/z.yaml", moved);
    let run = system.run(&["identity", "entry", "check"]);
    assert!(
        run.out.contains("mint rules do not belong in this file"),
        "{}",
        run.out
    );
    assert!(run.out.contains("identity/z.yaml:1:8"), "{}", run.out);
}

#[test]
fn a_breach_of_the_rules_is_shown_at_its_line_and_fails() {
    let system = example("identity");
    let stolen = "owner: team-shop\nentries:\n  - name: stolen\n    match: { k8s.namespace: shop }\n    id: spiffe://{trust-domain}/ns/payment/sa/api\n";
    system.write("identity/stolen.yaml", stolen);
    let run = system.run(&["identity", "entry", "check"]);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("identity/stolen.yaml:3:5"), "{}", run.out);
    assert!(
        run.out
            .contains("no mint rule lets `team-shop` mint anything"),
        "{}",
        run.out
    );
    let refused = explain(&system, "callers/cart.yaml", &[]);
    assert_eq!(refused.code, 3, "{}", refused.out);
    assert!(
        refused.err.contains("the entry files have mistakes"),
        "{}",
        refused.err
    );
    let json = system.run(&["identity", "entry", "check", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(
        json["diagnostics"][0]["origin"]["file"],
        "identity/stolen.yaml"
    );
}

#[test]
fn what_is_missing_is_said_with_the_way_out() {
    let empty = System::of(&[("who.yaml", "unix.uid: 1")]);
    assert_eq!(empty.run(&["identity", "entry", "check"]).code, 4);
    let run = explain(&empty, "who.yaml", &[]);
    assert_eq!(run.code, 3);
    assert!(
        run.err.contains("name them with `--entries`"),
        "{}",
        run.err
    );
    assert_eq!(empty.run(&["identity", "explain"]).code, 2);
    let text =
        "owner: a\nentries: [{ name: a, match: { unix.uid: 1 }, id: 'spiffe://{trust-domain}/a' }]";
    empty.write("identity/a.yaml", text);
    let run = explain(&empty, "who.yaml", &[]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("--trust-domain"), "{}", run.err);
    let run = explain(&empty, "who.yaml", &["--trust-domain", "example.org"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    empty.write("who.yaml", "uid: 1");
    let run = explain(&empty, "who.yaml", &["--trust-domain", "example.org"]);
    assert_eq!(run.code, 3);
    assert!(run.err.contains("who.yaml:1:1"), "{}", run.err);
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_is_attested_by_its_number() {
    let system = example("identity");
    let own = std::process::id().to_string();
    let run = system.run(&["identity", "explain", "--pid", &own, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    let program = std::env::current_exe().expect("this program");
    let program = program.canonicalize().expect("this program");
    assert_eq!(
        json["attested"]["unix.path"][0],
        program.to_string_lossy().as_ref()
    );
    assert!(json["attested"]["unix.uid"][0].is_string());
    let none = system.run(&["identity", "explain", "--pid", "4194304"]);
    assert_eq!(none.code, 3);
    assert!(
        none.err.contains("cannot attest process 4194304"),
        "{}",
        none.err
    );
}

#[test]
fn the_shop_gives_entries_that_are_right_and_edits_stay() {
    let system = example("shop");
    let diff = system.run(&["enforce", "--target", "identity", "--diff"]);
    assert_eq!(diff.code, 0, "{}", diff.err);
    assert!(
        diff.out.contains("+++ b/identity/shop.yaml"),
        "{}",
        diff.out
    );
    assert!(
        !system.path().join("identity").exists(),
        "--diff writes nothing"
    );

    let run = system.run(&["enforce", "--target", "identity"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(
        run.out.contains("identity/mint_rules.yaml\n"),
        "{}",
        run.out
    );
    let check = system.run(&["identity", "entry", "check"]);
    assert_eq!(check.code, 0, "{}{}", check.out, check.err);
    assert!(
        check.out.contains("12 entries · 4 files · 3 mint rules"),
        "{}",
        check.out
    );
    let again = system.run(&["enforce", "--target", "identity"]);
    assert_eq!((again.code, again.out.as_str()), (0, ""), "{}", again.err);

    let edited = system
        .read("identity/shop.yaml")
        .replace("owner: shop-platform", "owner: me");
    system.write("identity/shop.yaml", &edited);
    let kept = system.run(&["enforce", "--target", "identity"]);
    assert_eq!(kept.code, 1);
    assert!(
        kept.err
            .contains("`identity/shop.yaml` was edited and stays"),
        "{}",
        kept.err
    );
    assert_eq!(system.read("identity/shop.yaml"), edited);
    let shown = system.run(&["enforce", "--target", "identity", "--diff"]);
    assert!(
        shown.out.contains("-owner: me\n+owner: shop-platform\n"),
        "{}",
        shown.out
    );
}

const ENTRY: &str = "owner: shop\nentries:\n  - name: cart\n    match: { k8s.namespace: shop, k8s.pod-label.app: cart }\n    id: spiffe://{trust-domain}/ns/shop/cart\n";

/// How many workloads have an identity, and the findings about entries, as `place: message`.
fn checked(system: &System) -> (u64, Vec<String>) {
    let run = system.run(&["check", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&run.out).expect(&run.err);
    let lines = json["patterns"].as_array().expect("patterns");
    let line = lines
        .iter()
        .find(|line| line["pattern"] == 3)
        .expect("pattern 3");
    let covered = line["coverage"]["guarded"].as_u64().expect("a count");
    let findings = json["findings"].as_array().expect("findings");
    let told = findings.iter().filter(|finding| {
        ["PAL0620", "PAL0621"]
            .iter()
            .any(|id| finding["check"] == *id)
    });
    let told = told.map(|finding| {
        let origin = &finding["origin"];
        format!(
            "{}:{} {}",
            origin["file"].as_str().unwrap_or_default(),
            origin["start"]["line"],
            finding["message"].as_str().unwrap_or_default()
        )
    });
    (covered, told.collect())
}

#[test]
fn a_workload_with_an_entry_has_an_identity_and_breaches_are_findings() {
    let system = System::of(&[("shop.yaml", OPEN)]);
    assert_eq!(checked(&system), (0, Vec::new()));
    system.write("identity/shop.yaml", ENTRY);
    assert_eq!(checked(&system), (1, Vec::new()));

    system.write(
        "identity/mint.yaml",
        "mint: [{ path: /ns/bank/**, owners: [shop] }]",
    );
    let (covered, told) = checked(&system);
    assert_eq!(covered, 0, "no issuer takes the files");
    let breach = "identity/shop.yaml:3 identity entry `cart`: `shop` may mint `/ns/bank/**`, and `spiffe://{trust-domain}/ns/shop/cart` can be something else";
    assert_eq!(told, [breach]);

    system.write(
        "identity/mint.yaml",
        "mint: [{ path: /ns/shop/**, owners: [shop] }]",
    );
    system.write("identity/shop.yaml", &ENTRY.replace("owner", "onwer"));
    let (covered, told) = checked(&system);
    assert_eq!(covered, 0);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("identity/shop.yaml:1 entry files of workload identities are refused")
    );
}

#[test]
fn a_folder_called_identity_with_other_files_is_left_alone() {
    let chart = "apiVersion: v1\nentries:\n  a: [{ urls: ['spiffe://x'] }]\n";
    let system = System::of(&[("identity/shop.yaml", OPEN), ("identity/index.yaml", chart)]);
    assert_eq!(checked(&system), (0, Vec::new()));
}
