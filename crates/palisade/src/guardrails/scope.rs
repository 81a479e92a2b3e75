//! Which documents a Rego rule is for. The other languages say so themselves; Rego does not, and a
//! rule about manifests that is asked about a build file answers nonsense.

use palisade_policy::{Answer, Subject};
use palisade_report::Texts;

use crate::policies::PolicySet;

/// How files of Rego end; Gatekeeper's templates are manifests.
const RULES: &str = ".rego";
/// Words in the path or package of a rule that name what it is for; manifests otherwise.
const WORDS: [(&str, Subject); 10] = [
    ("docker", Subject::Dockerfile),
    ("dockerfile", Subject::Dockerfile),
    ("dockerfiles", Subject::Dockerfile),
    ("terraform", Subject::TerraformPlan),
    ("tfplan", Subject::TerraformPlan),
    ("sbom", Subject::Sbom),
    ("workflow", Subject::Workflow),
    ("workflows", Subject::Workflow),
    ("actions", Subject::Workflow),
    ("github", Subject::Workflow),
];

/// Whether an answer counts that a rule gave about a document of this kind.
pub(super) fn holds(answer: &Answer, set: &PolicySet, subject: Subject, texts: &Texts) -> bool {
    if set.language.name != "rego" {
        return true;
    }
    let file = answer.defined_at.as_ref().map(|origin| &*origin.file);
    // A constraint says itself what it is for.
    if file.is_some_and(|file| !file.ends_with(RULES)) {
        return subject == Subject::KubernetesObject;
    }
    let text = file
        .and_then(|file| texts.get(file))
        .map(|file| file.text());
    if let Some(text) = text
        && text.contains("data.palisade")
        && !mentions(text, "input")
    {
        return subject == Subject::System;
    }
    subject == wanted(file.unwrap_or_default(), &answer.policy)
}

fn wanted(file: &str, package: &str) -> Subject {
    let mut words = file.split(['/', '.']).chain(package.split('.'));
    let named = words.find_map(|word| WORDS.iter().find(|(known, _)| *known == word));
    named.map_or(Subject::KubernetesObject, |(_, subject)| *subject)
}

/// Whether a word stands in a text, comments aside.
fn mentions(text: &str, word: &str) -> bool {
    text.lines().any(|line| {
        let code = line.split('#').next().unwrap_or_default();
        code.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .any(|part| part == word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_for_what_its_path_or_package_names() {
        assert_eq!(
            wanted("policy/labels.rego", "main"),
            Subject::KubernetesObject
        );
        assert_eq!(wanted("policy/docker/a.rego", "main"), Subject::Dockerfile);
        assert_eq!(
            wanted("policy/a.rego", "terraform.buckets"),
            Subject::TerraformPlan
        );
        assert_eq!(
            wanted("policy/dockerless.rego", "main"),
            Subject::KubernetesObject
        );
    }

    #[test]
    fn a_comment_mentions_nothing() {
        assert!(mentions("x := input.kind", "input"));
        assert!(!mentions("x := 1 # not input", "input"));
        assert!(!mentions("x := inputs", "input"));
    }
}
