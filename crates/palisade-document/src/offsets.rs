//! Turns places counted in characters, as the YAML engines give them, into bytes.

/// A cursor over a text; places near the last one are found by walking.
#[derive(Debug)]
pub(crate) struct Offsets<'t> {
    text: &'t str,
    ascii: bool,
    /// The byte of every [`STRIDE`]th character.
    marks: Vec<usize>,
    /// The last answer: character and byte.
    last: (usize, usize),
}

const STRIDE: usize = 256;

impl<'t> Offsets<'t> {
    /// Prepares a text; one pass unless all of it is ASCII.
    pub(crate) fn new(text: &'t str) -> Self {
        let ascii = text.is_ascii();
        let marks = if ascii {
            Vec::new()
        } else {
            text.char_indices()
                .step_by(STRIDE)
                .map(|(at, _)| at)
                .collect()
        };
        Self {
            text,
            ascii,
            marks,
            last: (0, 0),
        }
    }

    /// The text.
    pub(crate) fn text(&self) -> &'t str {
        self.text
    }

    /// The byte where a character begins; the end of the text for any character beyond it.
    pub(crate) fn byte(&mut self, character: usize) -> usize {
        if self.ascii {
            return character.min(self.text.len());
        }
        let (from_character, from_byte) = self.nearest(character);
        let rest = self.text.get(from_byte..).unwrap_or("");
        let byte = rest
            .char_indices()
            .nth(character - from_character)
            .map_or(self.text.len(), |(at, _)| from_byte + at);
        self.last = (character, byte);
        byte
    }

    fn nearest(&self, character: usize) -> (usize, usize) {
        let stride = (character / STRIDE).min(self.marks.len().saturating_sub(1));
        let mark = (
            stride * STRIDE,
            self.marks.get(stride).copied().unwrap_or(0),
        );
        let near = self.last.0 <= character && self.last.0 > mark.0;
        if near { self.last } else { mark }
    }
}

#[cfg(test)]
mod tests {
    use super::Offsets;

    #[test]
    fn every_character_is_found_in_any_order() {
        let text = "aé€😀\n".repeat(400);
        let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let mut offsets = Offsets::new(&text);
        for (character, byte) in starts.iter().enumerate() {
            assert_eq!(offsets.byte(character), *byte);
        }
        for (character, byte) in starts.iter().enumerate().rev() {
            assert_eq!(offsets.byte(character), *byte);
        }
        assert_eq!(offsets.byte(starts.len() + 700), text.len());
    }
}
