//! Turns places as the YAML engines count them, in characters or in bytes, into bytes.

/// A cursor over a text; places near the last one are found by walking.
#[derive(Debug)]
pub(crate) struct Offsets<'t> {
    text: &'t str,
    /// Whether a count is a byte: the text is ASCII, or the engine counts bytes.
    in_bytes: bool,
    /// The byte of every [`STRIDE`]th character.
    marks: Vec<usize>,
    /// The last answer: character and byte.
    last: (usize, usize),
}

const STRIDE: usize = 256;

impl<'t> Offsets<'t> {
    /// Prepares a text whose places are counted in characters.
    pub(crate) fn in_characters(text: &'t str) -> Self {
        let in_bytes = text.is_ascii();
        let marks = if in_bytes {
            Vec::new()
        } else {
            text.char_indices()
                .step_by(STRIDE)
                .map(|(at, _)| at)
                .collect()
        };
        Self {
            text,
            in_bytes,
            marks,
            last: (0, 0),
        }
    }

    /// Prepares a text whose places are counted in bytes.
    pub(crate) fn in_bytes(text: &'t str) -> Self {
        Self {
            text,
            in_bytes: true,
            marks: Vec::new(),
            last: (0, 0),
        }
    }

    /// The text.
    pub(crate) fn text(&self) -> &'t str {
        self.text
    }

    /// The byte of a count; the end of the text for any count beyond it.
    pub(crate) fn byte(&mut self, character: usize) -> usize {
        if self.in_bytes {
            return self.text.floor_char_boundary(character);
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
        let mut offsets = Offsets::in_characters(&text);
        for (character, byte) in starts.iter().enumerate() {
            assert_eq!(offsets.byte(character), *byte);
        }
        for (character, byte) in starts.iter().enumerate().rev() {
            assert_eq!(offsets.byte(character), *byte);
        }
        assert_eq!(offsets.byte(starts.len() + 700), text.len());
    }
}
