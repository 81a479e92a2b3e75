//! Applies computed edits to texts: a finding's edits all together, or none of them.

mod additions;
#[cfg(test)]
mod layouts;
mod style;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use palisade_document::{Document, Limits, SourceFile, Syntax, SyntaxError};
use palisade_model::{Addition, Finding, Patch};
use palisade_report::Texts;

use self::additions::{Additions, Spot};

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

/// Writes out what is to be added to sources as edits of each finding by itself. A finding of which
/// some part cannot be written keeps none.
pub(crate) fn write_out(findings: &mut [Finding], texts: &Texts) {
    let documents = documents(findings.iter(), texts);
    for finding in findings.iter_mut().filter(|it| !it.additions.is_empty()) {
        let mut plans = Plans::to(&documents);
        if plans.spots(&finding.additions).is_some() {
            plans.take(&finding.additions);
            finding.patches.extend(plans.patches());
        } else {
            finding.patches.clear();
        }
        finding.additions.clear();
    }
}

/// The files that something is to be added to.
fn documents<'a>(
    findings: impl Iterator<Item = &'a Finding>,
    texts: &Texts,
) -> BTreeMap<String, Document> {
    let mut documents = BTreeMap::new();
    for addition in findings.flat_map(|finding| &finding.additions) {
        let path: &str = &addition.mapping.file;
        if let (false, Some(file)) = (documents.contains_key(path), texts.get(path)) {
            let (document, _) = read(Arc::clone(file));
            documents.insert(path.to_owned(), document);
        }
    }
    documents
}

/// What is to be added to several files.
struct Plans<'d> {
    by_file: BTreeMap<&'d str, Additions<'d>>,
}

impl<'d> Plans<'d> {
    fn to(documents: &'d BTreeMap<String, Document>) -> Self {
        let by_file = documents
            .iter()
            .map(|(path, document)| (path.as_str(), Additions::to(document)))
            .collect();
        Self { by_file }
    }

    /// Where additions go; `None` where one of them cannot be made.
    fn spots<'a>(&self, additions: &'a [Addition]) -> Option<Vec<(&'a str, Spot)>> {
        let spot = |addition: &'a Addition| {
            let path: &str = &addition.mapping.file;
            Some((path, self.by_file.get(path)?.spot(addition)?))
        };
        additions.iter().map(spot).collect()
    }

    fn take(&mut self, additions: &[Addition]) {
        for addition in additions {
            if let Some(plan) = self.by_file.get_mut(&*addition.mapping.file) {
                plan.take(addition);
            }
        }
    }

    fn patches(&self) -> Vec<Patch> {
        self.by_file.values().flat_map(Additions::patches).collect()
    }
}

impl Edits {
    /// Takes the edits of findings in their order; edits that overlap earlier ones are refused.
    pub(crate) fn of<'a>(findings: impl Iterator<Item = &'a Finding>, texts: &Texts) -> Self {
        let findings: Vec<&Finding> = findings.filter(|finding| finding.is_fixable()).collect();
        let documents = documents(findings.iter().copied(), texts);
        let mut plans = Plans::to(&documents);
        let mut edits = Self::default();
        let mut taken: Vec<(&str, Spot)> = Vec::new();
        for finding in findings {
            let new: Vec<&Patch> = finding
                .patches
                .iter()
                .filter(|patch| !edits.has(patch))
                .collect();
            let spots = plans.spots(&finding.additions);
            let free = spots.as_ref().is_some_and(|spots| {
                let on_spot = |patch: &&Patch| taken.iter().any(|spot| cuts(patch, *spot));
                !spots.iter().any(|spot| edits.holds(*spot)) && !new.iter().any(on_spot)
            });
            let (Some(spots), true) = (spots, free && !new.iter().any(|it| edits.overlaps(it)))
            else {
                let refused = format!("{} at {}", finding.check, finding.origin);
                edits.refused.push(refused);
                continue;
            };
            for patch in new {
                let patches = edits.by_file.entry(patch.file.clone()).or_default();
                patches.push(patch.clone());
            }
            taken.extend(spots);
            plans.take(&finding.additions);
            edits.fixed += 1;
        }
        for patch in plans.patches() {
            edits
                .by_file
                .entry(patch.file.clone())
                .or_default()
                .push(patch);
        }
        edits
    }

    fn has(&self, patch: &Patch) -> bool {
        self.by_file
            .get(&patch.file)
            .is_some_and(|patches| patches.contains(patch))
    }

    /// Whether an edit that is in is also one of this spot.
    fn holds(&self, spot: (&str, Spot)) -> bool {
        let of_file = self.by_file.get(spot.0);
        of_file.into_iter().flatten().any(|patch| cuts(patch, spot))
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

/// Whether an edit and what is added at a spot touch the same bytes; an insertion at either end of
/// an edit does not.
fn cuts(patch: &Patch, (file, spot): (&str, Spot)) -> bool {
    let touches = if spot.start == spot.end {
        patch.start < spot.start && spot.start < patch.end
    } else {
        patch.start < spot.end && spot.start < patch.end
    };
    patch.file == file && touches
}

fn read(file: Arc<SourceFile>) -> (Document, Vec<SyntaxError>) {
    let is_json = file.path().to_ascii_lowercase().ends_with("json");
    let syntax = if is_json { Syntax::Json } else { Syntax::Yaml };
    palisade_document::parse(file, syntax, &Limits::default())
}

/// What a reader would say is wrong with a text.
fn errors(path: &str, text: &str) -> BTreeSet<String> {
    if !matches!(path.rsplit_once('.'), Some((_, "yaml" | "yml" | "json"))) {
        return BTreeSet::new();
    }
    let (_, errors) = read(Arc::new(SourceFile::new(path, text)));
    errors.iter().map(|error| error.message.clone()).collect()
}

#[cfg(test)]
mod overlaps {
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
            additions: Vec::new(),
            content: String::new(),
        }
    }

    fn applied(text: &str, patches: &[&[(u32, u32, &str)]]) -> (Result<String, String>, usize) {
        let file = Arc::new(SourceFile::new("a.txt", text));
        let findings: Vec<Finding> = patches
            .iter()
            .map(|patches| finding(&file, patches))
            .collect();
        let texts = Texts::from([(Arc::clone(file.path()), file)]);
        let edits = Edits::of(findings.iter(), &texts);
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
