//! How much an analysis may cost. It is counted, not timed: the same model gives the same answer.

/// Words that may be looked at while rows are built, and again while they are joined: some seconds.
const WORK: u64 = 1 << 30;

/// What any operation costs, however small its sets are, in words.
const EACH: u64 = 64;

/// Words that rows may keep: 64 MiB.
const KEPT: u64 = 1 << 23;

/// What is left of an analysis' means.
#[derive(Debug)]
pub(super) struct Budget {
    work: u64,
    kept: u64,
}

impl Budget {
    /// All of it.
    pub(super) const fn new() -> Self {
        Self {
            work: WORK,
            kept: KEPT,
        }
    }

    /// An operation looks at some words.
    pub(super) const fn spend(&mut self, words: u64) {
        self.work = self.work.saturating_sub(words.saturating_add(EACH));
    }

    /// Words are kept.
    pub(super) const fn keep(&mut self, words: u64) {
        self.kept = self.kept.saturating_sub(words.saturating_add(EACH / 4));
    }

    /// Whether nothing is left.
    pub(super) const fn is_spent(&self) -> bool {
        self.work == 0 || self.kept == 0
    }
}
