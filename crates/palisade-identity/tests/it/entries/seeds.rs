//! The texts that fuzzing starts from, and texts made from them, as ordinary tests.

use std::path::Path;
use std::sync::Arc;

use palisade_document::SourceFile;
use palisade_identity::entries::{NoFacts, Pattern, compile};
use palisade_identity::explain::explain;
use palisade_identity::{Attributes, read_attributes};

use super::own;

/// Every seed with its file's name, in order.
fn seeds() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/entries");
    let mut seeds = Vec::new();
    for seed in std::fs::read_dir(folder).expect("the seeds are committed") {
        let path = seed.expect("a seed can be listed").path();
        let text = std::fs::read_to_string(&path).expect("a seed is a text");
        seeds.push((path.display().to_string(), text));
    }
    seeds.sort();
    seeds
}

/// Reads a text as entries, and uses what is read; whether it had no mistake.
fn check(name: &str, text: &str) -> bool {
    let file = Arc::new(SourceFile::new("identity/seed.yaml", text));
    let read = read_attributes(Arc::clone(&file)).err();
    let compiled = compile([file], Some(&own()));
    for diagnostic in read.iter().flatten().chain(&compiled.diagnostics) {
        let span = diagnostic.origin.as_ref().expect("a place").span;
        let part = text.get(span.start as usize..span.end as usize);
        assert!(part.is_some(), "{name}: {span:?} of {text:?}");
    }
    if compiled.has_errors() {
        return false;
    }
    let entries = compiled
        .entries(own())
        .expect("what has no mistake is taken");
    for entry in entries.all() {
        let mut caller = Attributes::default();
        for (attribute, patterns) in &entry.matches {
            let value = match patterns.first() {
                Some(Pattern::Exact(value)) => value.to_string(),
                Some(Pattern::Wildcard { before, after }) => format!("{before}x{after}"),
                Some(Pattern::Any) | None => "x".to_owned(),
            };
            caller.add(attribute.as_str(), value).ok();
        }
        let fast: Vec<_> = entries.matching(&caller).collect();
        let slow = entries.all().iter().filter(|entry| entry.matches(&caller));
        assert_eq!(fast, slow.collect::<Vec<_>>(), "{name}: {text:?}");
        for grant in entries.resolve(&caller, &NoFacts).grants {
            assert!(grant.id.is_in(entries.trust_domain()));
            let permitted = entries.rules().permit_id(&grant.entry, &grant.id);
            assert!(permitted.is_ok(), "{name}: {text:?}");
        }
        explain(&entries, &caller, &NoFacts);
    }
    true
}

#[test]
fn every_seed_ends_in_entries_or_in_a_mistake_with_a_place() {
    let (right, wrong): (Vec<bool>, Vec<bool>) = seeds()
        .iter()
        .map(|(name, text)| check(name, text))
        .partition(|right| *right);
    let (right, wrong) = (right.len(), wrong.len());
    assert!(right >= 4 && wrong >= 10, "{right} right, {wrong} wrong");
}

/// Numbers without a pattern, the same in every run.
struct Numbers(u64);

impl Numbers {
    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).expect("small")).expect("small")
    }

    /// A place between characters.
    fn place(&mut self, text: &str) -> usize {
        let mut place = self.below(text.len() + 1);
        while !text.is_char_boundary(place) {
            place -= 1;
        }
        place
    }
}

/// What is put into texts.
const PIECES: [&str; 20] = [
    "*",
    "/",
    "{",
    "}",
    "..",
    "\n",
    "  ",
    "- ",
    ": ",
    "'",
    "\"",
    "é",
    "&a ",
    "*a",
    "[",
    "]",
    "{unix.uid}",
    "spiffe://",
    "\u{0}",
    "~",
];

#[test]
fn texts_made_from_the_seeds_end_in_entries_or_in_a_mistake_with_a_place() {
    let seeds = seeds();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut right = 0;
    for _ in 0..3000 {
        let (name, text) = &seeds[numbers.below(seeds.len())];
        let mut text = text.clone();
        for _ in 0..=numbers.below(3) {
            let (from, to) = (numbers.place(&text), numbers.place(&text));
            let part = text[from.min(to)..from.max(to)].to_owned();
            match numbers.below(4) {
                0 if part.len() < 40 => text.replace_range(from.min(to)..from.max(to), ""),
                1 => text.insert_str(from, &part),
                _ => text.insert_str(from, PIECES[numbers.below(PIECES.len())]),
            }
        }
        right += usize::from(check(name, &text));
    }
    assert!(right > 50, "only {right} texts had no mistake");
}
