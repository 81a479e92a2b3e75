//! The bounds that keep hostile input from costing more than a located error.

/// Bounds on one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest text that is read, in bytes.
    pub max_bytes: usize,
    /// Deepest nesting of arrays and objects.
    pub max_depth: usize,
    /// Most values in one text, counting every value that an alias repeats.
    pub max_nodes: usize,
    /// Most values that aliases may add, so that a small text cannot grow large.
    pub max_alias_nodes: usize,
}

impl Default for Limits {
    /// 32 MiB (twenty times the largest manifest in the systems that we tried), depth 128 (YAML in
    /// use is below 30), four million values, 100,000 of them through aliases.
    fn default() -> Self {
        Self {
            max_bytes: 32 << 20,
            max_depth: 128,
            max_nodes: 4_000_000,
            max_alias_nodes: 100_000,
        }
    }
}
