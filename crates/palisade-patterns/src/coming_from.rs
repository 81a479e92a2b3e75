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

const TOOLS: [(Tool, &str); 5] = [
    (Tool::Checkov, "Checkov"),
    (Tool::Trivy, "Trivy"),
    (Tool::Kubescape, "Kubescape"),
    (Tool::KubeLinter, "kube-linter"),
    (Tool::Hadolint, "hadolint"),
];

/// The guide `docs/guides/coming-from.md`: per tool a table from its ids to our checks.
pub fn coming_from() -> String {
    let mut page = HEAD.to_owned();
    for (tool, name) in TOOLS {
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
