//! State that is not as it was left, on the binary.

use std::os::unix::fs::PermissionsExt as _;

use crate::identity_serve::{Issuing, entries};
use crate::system::System;

const SOCKET: [&str; 2] = ["--socket", "workload.sock"];

/// As the guide has it: `--socket /tmp/palisade/workload.sock` on a machine without that folder.
#[test]
fn the_folder_of_a_socket_is_made() {
    let system = System::of(&[("identity/test.yaml", &entries("/web"))]);
    let arguments = [
        "--socket",
        "run/palisade/workload.sock",
        "--broker",
        "spiffe://shop.example/gateway",
        "--broker-socket",
        "run/brokers/broker.sock",
    ];
    let issuing = Issuing::serve(system, "state", &arguments);
    issuing.says("issuing for");
    for socket in ["run/palisade/workload.sock", "run/brokers/broker.sock"] {
        assert!(issuing.system.path().join(socket).exists(), "{socket}");
    }
    let elsewhere = issuing
        .system
        .run(&["identity", "status", "--state", "other"]);
    assert!(elsewhere.err.contains("by --state"), "{}", elsewhere.err);
}

fn serving() -> Issuing {
    let system = System::of(&[("identity/test.yaml", &entries("/web"))]);
    let issuing = Issuing::serve(system, "state", &SOCKET);
    issuing.says("issuing for");
    issuing
}

/// Its directory, once it has ended.
fn left(mut issuing: Issuing) -> System {
    assert_eq!(issuing.end(), 0);
    std::mem::replace(&mut issuing.system, System::of(&[]))
}

fn refused(system: &System) -> String {
    let mut all = vec!["identity", "serve", "--state", "state"];
    all.extend(SOCKET);
    let run = system.run(&all);
    assert_eq!(run.code, 3, "{}", run.err);
    run.err
}

#[test]
fn an_empty_database_beside_an_old_sealing_key_is_told() {
    let system = left(serving());
    for name in ["identity.db-wal", "identity.db-shm"] {
        // SQLite takes them away by itself when it ends well.
        drop(std::fs::remove_file(system.path().join("state").join(name)));
    }
    system.write("state/identity.db", "");
    let again = Issuing::serve(system, "state", &SOCKET);
    let told = again.says("a new authority begins");
    assert!(
        told.contains("restore the database from a backup"),
        "{told}"
    );
    again.says("issuing for");
    let system = left(again);
    let again = Issuing::serve(system, "state", &SOCKET);
    assert!(again.says("").contains("issuing for"), "it is told once");
}

#[test]
fn a_cut_off_database_and_a_foreign_key_are_refused() {
    let system = left(serving());
    let database = system.path().join("state/identity.db");
    let whole = std::fs::read(&database).expect("a database");
    std::fs::write(&database, &whole[..whole.len() / 2]).expect("written");
    let said = refused(&system);
    assert!(said.contains("restore it from a backup"), "{said}");
    std::fs::write(&database, &whole).expect("written");
    let key = system.path().join("state/seal.key");
    let right = std::fs::read(&key).expect("a key");
    std::fs::write(&key, [7; 32]).expect("written");
    let said = refused(&system);
    assert!(
        said.contains("the key that the database was begun with"),
        "{said}"
    );
    std::fs::write(&key, right).expect("written");
    Issuing::serve(system, "state", &SOCKET).says("issuing for");
}

#[test]
fn a_state_folder_that_others_write_to_is_refused() {
    let system = left(serving());
    let folder = system.path().join("state");
    for mode in [0o777, 0o720, 0o702] {
        let open = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&folder, open).expect("changed");
        let said = refused(&system);
        assert!(said.contains("chmod 700"), "{mode:o}: {said}");
    }
}

#[test]
fn what_lies_where_a_socket_or_spool_belongs_is_neither_followed_nor_replaced() {
    let system = left(serving());
    system.write("precious", "keep me");
    for name in ["workload.sock", "state/admin.sock", "state/evidence.spool"] {
        let path = system.path().join(name);
        drop(std::fs::remove_file(&path));
        for target in ["precious", "nowhere"] {
            let target = system.path().join(target);
            std::os::unix::fs::symlink(&target, &path).expect("a link");
            let said = refused(&system);
            assert!(said.contains("is there and is not a"), "{name}: {said}");
            assert!(path.is_symlink(), "{name}");
            std::fs::remove_file(&path).expect("removed");
        }
    }
    assert_eq!(system.read("precious"), "keep me");
    assert!(!system.path().join("nowhere").exists());
}
