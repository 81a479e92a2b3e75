//! What a walk takes, and what it says of the rest.

use std::collections::BTreeMap;
use std::path::Path;

use palisade_model::Outcome;
use palisade_sources::{Options, read};

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n";

fn write(root: &Path, name: &str, bytes: &[u8]) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn told(root: &Path, options: &Options) -> BTreeMap<String, String> {
    let reading = read(root, &[root.to_path_buf()], options);
    reading
        .accounts
        .into_iter()
        .map(|account| {
            let words = match account.outcome {
                Outcome::Read { format, resources } => format!("read {format} {resources}"),
                Outcome::Partial { format, .. } => format!("partial {format}"),
                Outcome::NotApplicable { reason } => format!("not applicable: {reason}"),
                Outcome::Unread { reason } => format!("unread: {reason}"),
            };
            (account.path.to_string(), words)
        })
        .collect()
}

#[test]
fn every_file_is_accounted_for_whatever_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, ".github/app.yaml", SERVICE.as_bytes());
    write(root, ".git/config.yaml", SERVICE.as_bytes());
    write(root, ".gitignore", b"build/\n");
    write(root, "build/out.yaml", SERVICE.as_bytes());
    write(root, "binary.yaml", b"a\0b");
    write(root, "latin.yaml", b"a: \xe9\n");
    write(root, "large.yaml", &[b'#'; 2000]);
    write(root, "broken.yaml", b"apiVersion: v1\nkind: [\n");
    write(root, "skipped/a.yaml", SERVICE.as_bytes());
    let mut options = Options {
        exclude: vec!["skipped/**".to_owned()],
        ..Options::default()
    };
    options.limits.max_bytes = 1000;
    let told = told(root, &options);
    let of = |name: &str| told.get(name).map_or("absent", String::as_str);
    assert_eq!(of(".github/app.yaml"), "read kubernetes 1");
    assert_eq!(
        of("binary.yaml"),
        "unread: binary, although its name is that of a text"
    );
    assert_eq!(of("latin.yaml"), "unread: not UTF-8");
    assert_eq!(of("large.yaml"), "unread: larger than 1000 bytes");
    assert!(
        of("broken.yaml").starts_with("unread: "),
        "{}",
        of("broken.yaml")
    );
    for absent in [".git/config.yaml", "build/out.yaml", "skipped/a.yaml"] {
        assert_eq!(of(absent), "absent", "{absent}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_told_and_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "a.yaml", SERVICE.as_bytes());
    std::os::unix::fs::symlink("a.yaml", root.join("inside.yaml")).unwrap();
    std::os::unix::fs::symlink(".", root.join("loop")).unwrap();
    std::os::unix::fs::symlink("/nowhere", root.join("lost.yaml")).unwrap();
    let told = told(root, &Options::default());
    assert!(told["inside.yaml"].starts_with("not applicable: a symbolic link"));
    assert!(told["loop"].starts_with("not applicable: a symbolic link"));
    assert!(told["lost.yaml"].starts_with("unread: a symbolic link"));
    assert_eq!(told["a.yaml"], "read kubernetes 1");
    assert_eq!(told.len(), 4);
}

#[test]
fn what_git_tracks_is_read_whatever_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "k8s/a.yaml", SERVICE.as_bytes());
    write(root, "k8s/deep/b.yaml", SERVICE.as_bytes());
    write(root, "build/out.yaml", SERVICE.as_bytes());
    write(root, "left/c.yaml", SERVICE.as_bytes());
    write(root, ".ignore", b"k8s/\n");
    let options = Options {
        exclude: vec!["left".to_owned()],
        ..Options::default()
    };
    // Without a repository there is nothing that git would not track.
    write(root, ".gitignore", b"build/\n");
    let of = |name: &str| told(root, &options).get(name).cloned();
    let read = Some("read kubernetes 1".to_owned());
    assert_eq!(of("k8s/a.yaml"), read);
    assert_eq!(of("build/out.yaml"), read);

    let git = |arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.current_dir(root).args(arguments);
        assert!(command.output().expect("git runs").status.success());
    };
    git(&["init", "-q"]);
    git(&["add", "k8s", "left"]);
    write(root, ".gitignore", b"build/\nk8s/\nleft/\n");
    for version in ["2", "4"] {
        git(&["update-index", "--index-version", version]);
        assert_eq!(of("k8s/a.yaml"), read, "version {version}");
        assert_eq!(of("k8s/deep/b.yaml"), read, "version {version}");
        assert_eq!(of("build/out.yaml"), None);
        assert_eq!(of("left/c.yaml"), None);
    }
    write(root, ".git/index", b"DIRC nothing that is known");
    let reading = palisade_sources::read(root, &[root.to_path_buf()], &options);
    let said = |text: &str| {
        reading
            .diagnostics
            .iter()
            .any(|one| one.message.contains(text))
    };
    assert!(said("the index of git cannot be read"));
}
