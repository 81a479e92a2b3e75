//! Configurations as they are found in published policy sets.

use palisade_policy::{Effects, Enforcement, Folder, Settings, Status};

use super::{compile, judge, language};

const LIMIT: (&str, &str) = (
    "limit.sentinel",
    "param limit\nmain = rule { limit is 24 }\n",
);

#[test]
fn the_last_of_two_equal_keys_of_an_object_counts() {
    let set = compile(&[
        (
            "sentinel.hcl",
            "policy \"limit\" {\n  source = \"limit.sentinel\"\n  params = {\n    a = 1\n    limit = 12\n    limit = 24\n    \"a\" = 2\n    a = 3\n    a = 4\n  }\n}\n",
        ),
        LIMIT,
    ])
    .unwrap();
    let answers = judge(set.as_ref(), "{}", Effects::default());
    assert_eq!(answers[0].status, Status::Pass);
    let set = compile(&[
        (
            "sentinel.hcl",
            "policy \"limit\" {\n  source = \"limit.sentinel\"\n  params = { \"limit\" = 24, \"limit\" = 12 }\n}\n",
        ),
        LIMIT,
    ])
    .unwrap();
    let answers = judge(set.as_ref(), "{}", Effects::default());
    assert_eq!(answers[0].status, Status::Fail);
}

#[test]
fn an_attribute_that_stands_twice_is_a_mistake() {
    let mistakes = compile(&[
        (
            "sentinel.hcl",
            "policy \"limit\" {\n  source = \"limit.sentinel\"\n  source = \"other.sentinel\"\n}\n",
        ),
        LIMIT,
    ])
    .unwrap_err();
    let place = mistakes[0].origin.clone().unwrap();
    assert_eq!(place.start.line, 3, "{mistakes:?}");
}

#[test]
fn override_files_take_the_place_of_what_they_name() {
    let place = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(place.path().join(name), text).unwrap();
    write(
        "sentinel.hcl",
        "policy \"limit\" {\n  source = \"limit.sentinel\"\n  enforcement_level = \"advisory\"\n  params = { limit = 24 }\n}\n",
    );
    write(LIMIT.0, LIMIT.1);
    write("strict.sentinel", "main = rule { false }\n");
    write(
        "a_override.hcl",
        "policy \"limit\" {\n  enforcement_level = \"hard-mandatory\"\n}\n",
    );
    write(
        "override.json",
        "{\"policy\": {\"limit\": {\"source\": \"strict.sentinel\"}}}",
    );
    let folder = Folder::new(place.path(), "set");
    let answers = || {
        let bundles = (language().discover)(&folder).unwrap();
        let set = (language().compile)(&bundles[0], &Settings::default()).unwrap();
        judge(set.as_ref(), "{}", Effects::default())
    };
    let found = answers();
    assert_eq!(found[0].enforcement, Enforcement::Deny);
    assert_eq!(found[0].status, Status::Fail);
    std::fs::remove_file(place.path().join("override.json")).unwrap();
    assert_eq!(answers()[0].status, Status::Pass);
    write("z_override.hcl", "policy \"other\" {}\n");
    let bundles = (language().discover)(&folder).unwrap();
    let mistakes = (language().compile)(&bundles[0], &Settings::default()).unwrap_err();
    assert!(
        mistakes[0].message.contains("overrides nothing"),
        "{mistakes:?}"
    );
}
