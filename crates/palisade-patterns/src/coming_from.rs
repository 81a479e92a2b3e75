//! The page that leads from other tools' ids to our checks.

use std::collections::BTreeMap;

use palisade_model::{Check, Tool};

use crate::registry::patterns;

const HEAD: &str = "# Coming from another tool

Find the id that you know, and the check that asks the same question here. Where one of our checks
covers several ids, fixing its finding answers all of them; where an id has several checks, ours
tell apart what the other tool reports as one. `palisade explain` and exceptions take the other
tool's id as well.
";

const TOOLS: [Tool; 5] = [
    Tool::Checkov,
    Tool::Trivy,
    Tool::Kubescape,
    Tool::KubeLinter,
    Tool::Hadolint,
];

/// Ids that have no check here, and why.
const LEFT_OUT: [(&str, &str); 12] = [
    (
        "CKV_DOCKER_2, DS-0026, DL3057",
        "Kubernetes ignores `HEALTHCHECK`; probes are PAL0819",
    ),
    (
        "CKV_DOCKER_4, DL3020 for local files",
        "`ADD` of a local file copies it; remote content is PAL0708",
    ),
    ("CKV_DOCKER_5, DS-0017", "a matter of the build cache"),
    ("CKV_DOCKER_6, DL4000, DS-0022", "a matter of taste"),
    (
        "CKV_DOCKER_9, DL3027",
        "`apt` and `apt-get` install the same packages",
    ),
    (
        "CKV_K8S_1 to CKV_K8S_7, CKV_K8S_24, CKV_K8S_32, CKV_K8S_36",
        "PodSecurityPolicy was removed in Kubernetes 1.25; PAL0604 asks for its successor",
    ),
    (
        "CKV_K8S_15 for fixed tags",
        "a node may keep an image that cannot change; moving tags are PAL0711",
    ),
    (
        "CKV_K8S_34, CKV_K8S_44, CKV_K8S_45, KSV-0102",
        "Tiller is gone since Helm 3",
    ),
    (
        "CKV_K8S_68 to CKV_K8S_151, KCV-0001 to KCV-0092",
        "flags of the control plane and of kubelets are not in the code of a system",
    ),
    (
        "DL3003, DL3009, DL3015, DL3025, DL3042, DL3059, DL4006",
        "about size and style of images, not about security",
    ),
    (
        "KSV-0039, KSV-0040",
        "LimitRange and ResourceQuota are one way of several; limits of containers are PAL0809",
    ),
    (
        "required-annotation-email, required-label-owner",
        "conventions of one organisation",
    ),
];

/// The guide `docs/guides/coming-from.md`: per tool a table from its ids to our checks.
pub fn coming_from() -> String {
    let mut page = HEAD.to_owned();
    for tool in TOOLS {
        let name = tool.name();
        let head = [
            "\n## ",
            name,
            "\n\n| ",
            name,
            " | check | flags |\n|---|---|---|\n",
        ];
        page.extend(head);
        for (id, checks) in checks_by_id(tool) {
            for check in checks {
                page.push_str(&row(id, check));
            }
        }
    }
    page.push_str("\n## Left out on purpose\n\n| id | why |\n|---|---|\n");
    for (ids, why) in LEFT_OUT {
        page.extend(["| ", ids, " | ", why, " |\n"]);
    }
    page
}

fn checks_by_id(tool: Tool) -> BTreeMap<&'static str, Vec<&'static Check>> {
    let mut found: BTreeMap<&str, Vec<&Check>> = BTreeMap::new();
    for unit in patterns().iter().flat_map(|pattern| pattern.units) {
        let equivalents = unit.check.equivalents.iter();
        for other in equivalents.filter(|other| other.tool == tool) {
            found.entry(other.id).or_default().push(&unit.check);
        }
    }
    found
}

fn row(id: &str, check: &Check) -> String {
    let pattern = check.id.pattern();
    let page = pattern.map_or_else(String::new, |pattern| {
        format!("../patterns/p{:02}-{}.md", pattern.number(), pattern.slug())
    });
    let anchor = format!("{}-{}", check.id.to_string().to_lowercase(), check.slug);
    let name = format!("{} {}", check.id, check.slug);
    format!("| {id} | [{name}]({page}#{anchor}) | {} |\n", check.title)
}
