//! How deep and how high expressions may be: whoever walks them recurses.

use super::Mistake;
use super::expression::Parser;

/// Deepest nesting of expressions and queries.
const MAX_DEPTH: usize = 64;
/// Highest tree of one expression: operators and keys in a row are nested too.
const MAX_HEIGHT: usize = 256;

impl Parser<'_> {
    pub(super) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Mistake>,
    ) -> Result<T, Mistake> {
        if self.depth >= MAX_DEPTH {
            return Err(Mistake::new(
                self.token().span,
                format!("expressions are nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        self.depth += 1;
        let outer = std::mem::take(&mut self.height);
        let result = read(self).and_then(|read| self.higher().map(|()| read));
        self.height = self.height.max(outer);
        self.depth -= 1;
        result
    }

    /// What was read stands one level higher.
    pub(super) fn higher(&mut self) -> Result<(), Mistake> {
        self.height += 1;
        if self.height > MAX_HEIGHT {
            return Err(Mistake::new(
                self.token().span,
                format!(
                    "an expression of more than {MAX_HEIGHT} operators or keys in a row; give its parts names"
                ),
            ));
        }
        Ok(())
    }
}
