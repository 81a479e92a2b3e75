//! Applies computed edits to texts: a finding's edits all together, or none of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use palisade_document::{Limits, SourceFile, Syntax};
use palisade_model::{Finding, Patch};
use palisade_report::Texts;

/// Edits that can be made together.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    by_file: BTreeMap<String, Vec<Patch>>,
    /// Findings whose edits are in.
    pub(crate) fixed: usize,
    /// Findings whose edits overlap others; they can be made after those.
    pub(crate) refused: Vec<String>,
}

/// A text before and after.
#[derive(Debug)]
pub(crate) struct Edited {
    /// The text as it was read.
    pub(crate) before: Arc<SourceFile>,
    /// The text with the edits.
    pub(crate) after: String,
}

impl Edits {
    /// Takes the edits of findings in their order; edits that overlap earlier ones are refused.
    pub(crate) fn of<'a>(findings: impl Iterator<Item = &'a Finding>) -> Self {
        let mut edits = Self::default();
        for finding in findings.filter(|finding| !finding.patches.is_empty()) {
            let new: Vec<&Patch> = finding
                .patches
                .iter()
                .filter(|patch| !edits.has(patch))
                .collect();
            if new.iter().any(|patch| edits.overlaps(patch)) {
                edits
                    .refused
                    .push(format!("{} at {}", finding.check, finding.origin));
                continue;
            }
            for patch in new {
                edits
                    .by_file
                    .entry(patch.file.clone())
                    .or_default()
                    .push(patch.clone());
            }
            edits.fixed += 1;
        }
        edits
    }

    fn has(&self, patch: &Patch) -> bool {
        self.by_file
            .get(&patch.file)
            .is_some_and(|patches| patches.contains(patch))
    }

    /// Two insertions at one place overlap too: their order would be chance.
    fn overlaps(&self, patch: &Patch) -> bool {
        let of_file = self.by_file.get(&patch.file);
        of_file.into_iter().flatten().any(|other| {
            patch.start == other.start || (patch.start < other.end && other.start < patch.end)
        })
    }

    /// The texts with the edits, or one sentence on why not.
    pub(crate) fn apply(&self, texts: &Texts) -> Result<Vec<Edited>, String> {
        self.by_file
            .iter()
            .map(|(path, patches)| {
                let before = texts
                    .get(path.as_str())
                    .ok_or_else(|| format!("the text of `{path}` is not at hand"))?;
                let after = edited(before, patches)?;
                Ok(Edited {
                    before: Arc::clone(before),
                    after,
                })
            })
            .collect()
    }
}

fn edited(before: &Arc<SourceFile>, patches: &[Patch]) -> Result<String, String> {
    let path = before.path();
    let mut patches: Vec<&Patch> = patches.iter().collect();
    patches.sort_by_key(|patch| (patch.start, patch.end));
    let mut after = String::with_capacity(before.text().len());
    let mut at = 0;
    for patch in patches {
        let kept = before.text().get(at..patch.start as usize);
        after.push_str(kept.ok_or_else(|| format!("an edit does not fit `{path}`"))?);
        after.push_str(&patch.replacement);
        at = patch.end as usize;
    }
    let rest = before.text().get(at..);
    after.push_str(rest.ok_or_else(|| format!("an edit does not fit `{path}`"))?);
    let new = errors(path, &after);
    if new.is_subset(&errors(path, before.text())) {
        Ok(after)
    } else {
        Err(format!("the edits of `{path}` would make it unreadable"))
    }
}

/// What a reader would say is wrong with a text.
fn errors(path: &str, text: &str) -> BTreeSet<String> {
    let syntax = match path.rsplit_once('.') {
        Some((_, "yaml" | "yml")) => Syntax::Yaml,
        Some((_, "json")) => Syntax::Json,
        _ => return BTreeSet::new(),
    };
    let file = Arc::new(SourceFile::new(path, text));
    let (_, errors) = palisade_document::parse(file, syntax, &Limits::default());
    errors.iter().map(|error| error.message.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_document::Span;
    use palisade_model::{CheckId, Confidence, NodeId, NodeKind, Origin, Severity};

    fn finding(file: &SourceFile, patches: &[(u32, u32, &str)]) -> Finding {
        let patch = |(start, end, replacement): &(u32, u32, &str)| Patch {
            file: file.path().to_string(),
            start: *start,
            end: *end,
            replacement: (*replacement).to_owned(),
        };
        Finding {
            id: String::new(),
            check: CheckId::new(8, 1),
            slug: String::new(),
            severity: Severity::High,
            confidence: Confidence::High,
            message: String::new(),
            subject: NodeId::new(NodeKind::Workload, "a"),
            part: String::new(),
            label: String::new(),
            origin: Origin::new(file, Span::new(0, 1)),
            related: Vec::new(),
            also: Vec::new(),
            lets: String::new(),
            fix: String::new(),
            patches: patches.iter().map(patch).collect(),
            content: String::new(),
        }
    }

    fn applied(text: &str, patches: &[&[(u32, u32, &str)]]) -> (Result<String, String>, usize) {
        let file = Arc::new(SourceFile::new("a.txt", text));
        let findings: Vec<Finding> = patches
            .iter()
            .map(|patches| finding(&file, patches))
            .collect();
        let edits = Edits::of(findings.iter());
        let texts = Texts::from([(Arc::clone(file.path()), file)]);
        let after = edits.apply(&texts).map(|mut all| all.remove(0).after);
        (after, edits.refused.len())
    }

    #[test]
    fn edits_are_made_from_the_end_of_the_text_or_in_order_alike() {
        let (after, refused) = applied("one two three", &[&[(8, 13, "3")], &[(0, 3, "1")]]);
        assert_eq!((after, refused), (Ok("1 two 3".to_owned()), 0));
    }

    #[test]
    fn an_overlapping_edit_is_refused_and_the_same_edit_is_made_once() {
        let (after, refused) =
            applied("one two", &[&[(0, 3, "1")], &[(2, 5, "x")], &[(0, 3, "1")]]);
        assert_eq!((after, refused), (Ok("1 two".to_owned()), 1));
    }

    #[test]
    fn edits_outside_the_text_or_inside_a_character_are_refused() {
        assert!(applied("short", &[&[(3, 99, "")]]).0.is_err());
        assert!(applied("ä", &[&[(1, 2, "")]]).0.is_err());
    }
}
