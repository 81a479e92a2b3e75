//! Every computed fix makes its finding go away, and brings no other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::system::System;

/// Check, subject and part.
type Key = (String, String, String);

/// The findings of a system, and whether each has a computed edit.
fn findings(system: &System) -> BTreeMap<Key, bool> {
    let run = system.run(&["check", "--no-render", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&run.out)
        .unwrap_or_else(|error| panic!("{error}: {}{}", run.out, run.err));
    let text = |finding: &serde_json::Value, key: &str| {
        let value = finding.get(key).and_then(serde_json::Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let found = report["findings"].as_array().expect("findings");
    found
        .iter()
        .map(|finding| {
            let key = ["check", "subject", "part"].map(|key| text(finding, key));
            let [check, subject, part] = key;
            ((check, subject, part), finding.get("patches").is_some())
        })
        .collect()
}

fn copy(folder: &Path) -> System {
    let system = System::of(&[]);
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                waiting.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                let below = path.strip_prefix(folder).expect("below");
                system.write(&below.to_string_lossy(), &text);
            }
        }
    }
    system
}

/// Fixes each check of a system by itself, and then all; what is wrong with it, and how many
/// findings had a fix.
fn faults(folder: &Path) -> (Vec<String>, usize) {
    let before = findings(&copy(folder));
    let fixable: BTreeSet<&Key> = before
        .iter()
        .filter_map(|(key, fixable)| fixable.then_some(key))
        .collect();
    let checks: BTreeSet<&str> = fixable.iter().map(|key| key.0.as_str()).collect();
    let mut faults = Vec::new();
    let alone = checks.iter().map(|check| vec!["fix", "--no-render", check]);
    for arguments in alone.chain([vec!["fix", "--no-render"]]) {
        let system = copy(folder);
        let fixed = system.run(&arguments);
        let after = findings(&system);
        let meant = |key: &&&Key| arguments.get(2).is_none_or(|check| key.0 == *check);
        let stays = fixable
            .iter()
            .filter(meant)
            .filter(|key| after.contains_key(**key));
        let comes = after.keys().filter(|key| !before.contains_key(*key));
        let told = arguments.join(" ");
        faults.extend(stays.map(|key| format!("{told}: {key:?} stays ({})", fixed.err.trim())));
        faults.extend(comes.map(|key| format!("{told}: {key:?} is new")));
    }
    (faults, fixable.len())
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn fixes_of_the_shop_make_their_findings_go_away_and_bring_no_other() {
    let (faults, fixable) = faults(&root().join("examples/shop"));
    assert!(
        fixable >= 10,
        "only {fixable} findings of the shop have a fix"
    );
    assert_eq!(faults, [""; 0]);
}

#[test]
fn fixes_hold_in_every_layout() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: NAME, namespace: n}\nspec:\n";
    let layouts = [
        "  containers:\n  - name: c\n    image: i:1.0.0\n",
        "  containers:\n      -   image: i:1.0.0\n          name: c\n",
        "  containers: [{name: c, image: 'i:1.0.0'}]\n",
        "  containers:\n  - {name: c, image: 'i:1.0.0', securityContext: {}}\n",
        "  containers:\n  - name: c\n    image: i:1.0.0\n    securityContext:\n",
        "  containers:\n  - name: c\n    image: i:1.0.0\n    securityContext: {capabilities: {add: [CHOWN]}}\n",
        "  containers:\n  - name: c\n    securityContext:\n      capabilities:\n        drop:\n        - NET_RAW\n    image: i:1.0.0 # pinned\n",
        "  containers:\n  - command: [sh, -c]\n    args:\n    - |\n      echo a\n\n    name: c\n    image: i:1.0.0\n    env:\n    - name: A\n      value: >-\n        b\n",
        "  containers:\n  - name: c\n    image: i:1.0.0\n    securityContext:\n      allowPrivilegeEscalation: true\n      runAsNonRoot: false\n",
    ];
    let text: Vec<String> = layouts
        .iter()
        .enumerate()
        .map(|(at, layout)| format!("{}{layout}", pod.replace("NAME", &format!("p{at}"))))
        .collect();
    let unix = text.join("---\n");
    let json = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "j", "namespace": "n"}, "spec": {"containers": [{"name": "c", "image": "i:1.0.0"}]}}"#;
    let windows = unix
        .replace("namespace: n", "namespace: w")
        .replace('\n', "\r\n");
    // A second declaration of a workload has the same faults, and is mended with the first.
    let again = &text[0].replace("1.0.0", "1.0.1");
    let system = System::of(&[
        ("unix.yaml", &unix),
        ("windows.yaml", &windows),
        ("a.json", json),
        ("again/unix.yaml", again),
    ]);
    let (faults, fixable) = faults(system.path());
    assert!(fixable >= 80, "{fixable}");
    assert_eq!(faults, [""; 0]);
}

#[test]
fn fixes_of_overlays_stand_in_the_files_that_hold_the_values() {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: cart\nspec:\n  selector: {matchLabels: {app: cart}}\n  template:\n    metadata: {labels: {app: cart}}\n    spec:\n      containers:\n        - name: app\n          image: cart:1.0\n";
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: cart\nspec:\n  template:\n    spec:\n      containers:\n        - name: app\n          securityContext:\n            allowPrivilegeEscalation: true\n        - name: side\n          image: side:1.0\n";
    let system = System::of(&[
        ("base/kustomization.yaml", "resources: [cart.yaml]\n"),
        ("base/cart.yaml", deployment),
        (
            "test/kustomization.yaml",
            "resources: [../base]\nnamespace: test\nimages: [{name: cart, newTag: '2.0'}]\n",
        ),
        (
            "live/kustomization.yaml",
            "resources: [../base]\nnamespace: live\npatches: [{path: cart.yaml}]\n",
        ),
        ("live/cart.yaml", patch),
    ]);
    let (faults, fixable) = faults(system.path());
    assert!(fixable >= 10, "{fixable}");
    assert_eq!(faults, [""; 0]);
}

#[test]
#[ignore = "needs PALISADE_CORPORA"]
fn fixes_of_real_systems_make_their_findings_go_away_and_bring_no_other() {
    let corpora = std::env::var_os("PALISADE_CORPORA").expect("PALISADE_CORPORA");
    for name in ["online-boutique", "kubernetes-goat"] {
        let (faults, fixable) = faults(&Path::new(&corpora).join(name));
        assert!(fixable >= 10, "{name}: {fixable}");
        assert_eq!(faults, [""; 0], "{name}");
    }
}
