//! Reads protobuf's text format, as far as the suite of the language's specification uses it.

/// A message: fields in order; a repeated field stands several times.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Block {
    pub(super) fields: Vec<(String, Field)>,
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Field {
    /// A number, an enum's name, `true` or `inf`, as written.
    Word(String),
    /// A string or bytes.
    Text(Vec<u8>),
    Block(Block),
}

impl Block {
    /// The first value of a field.
    pub(super) fn get(&self, name: &str) -> Option<&Field> {
        self.all(name).next()
    }

    /// All values of a field.
    pub(super) fn all<'b>(&'b self, name: &str) -> impl Iterator<Item = &'b Field> {
        let name = name.to_owned();
        let fields = self.fields.iter();
        fields
            .filter(move |(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// The messages of a field.
    pub(super) fn blocks<'b>(&'b self, name: &str) -> impl Iterator<Item = &'b Block> {
        self.all(name).filter_map(|field| match field {
            Field::Block(block) => Some(block),
            _ => None,
        })
    }

    /// The text of a field; empty if there is none.
    pub(super) fn text(&self, name: &str) -> String {
        match self.get(name) {
            Some(Field::Text(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
            Some(Field::Word(word)) => word.clone(),
            _ => String::new(),
        }
    }
}

/// Reads a file.
pub(super) fn parse(text: &str) -> Result<Block, String> {
    let mut reader = Reader { text, at: 0 };
    let block = reader.block(None, 0)?;
    Ok(block)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn blanks(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with('#') {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn take(&mut self, sign: char) -> bool {
        self.blanks();
        let found = self.rest().starts_with(sign);
        self.at += usize::from(found);
        found
    }

    fn wrong(&self, wanted: &str) -> String {
        let line = self.text.get(..self.at).unwrap_or("").lines().count();
        format!("expected {wanted} in line {line}")
    }

    fn block(&mut self, end: Option<char>, depth: usize) -> Result<Block, String> {
        if depth > 100 {
            return Err(self.wrong("fewer levels"));
        }
        let mut block = Block::default();
        loop {
            self.blanks();
            if self.rest().is_empty() {
                return match end {
                    None => Ok(block),
                    Some(_) => Err(self.wrong("the end of a message")),
                };
            }
            if let Some(end) = end
                && self.take(end)
            {
                return Ok(block);
            }
            let name = self.name()?;
            let colon = self.take(':');
            if self.take('[') {
                while !self.take(']') {
                    let value = self.value(colon, depth)?;
                    block.fields.push((name.clone(), value));
                    self.take(',');
                }
            } else {
                let value = self.value(colon, depth)?;
                block.fields.push((name, value));
            }
            if !self.take(',') {
                self.take(';');
            }
        }
    }

    fn name(&mut self) -> Result<String, String> {
        self.blanks();
        let bracketed = self.take('[');
        let rest = self.rest();
        let legal = |c: char| c.is_ascii_alphanumeric() || "_./".contains(c);
        let end = rest.find(|c| !legal(c)).unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or("");
        if name.is_empty() {
            return Err(self.wrong("a field name"));
        }
        self.at += end;
        if bracketed && !self.take(']') {
            return Err(self.wrong("`]`"));
        }
        Ok(name.to_owned())
    }

    fn value(&mut self, colon: bool, depth: usize) -> Result<Field, String> {
        for (open, close) in [('{', '}'), ('<', '>')] {
            if self.take(open) {
                return self.block(Some(close), depth + 1).map(Field::Block);
            }
        }
        if !colon {
            return Err(self.wrong("`:` or `{`"));
        }
        if self.rest().starts_with(['"', '\'']) {
            let mut bytes = Vec::new();
            while self.rest().starts_with(['"', '\'']) {
                bytes.extend(self.quoted()?);
                self.blanks();
            }
            return Ok(Field::Text(bytes));
        }
        let rest = self.rest();
        let legal = |c: char| c.is_ascii_alphanumeric() || "_.+-".contains(c);
        let end = rest.find(|c| !legal(c)).unwrap_or(rest.len());
        if end == 0 {
            return Err(self.wrong("a value"));
        }
        self.at += end;
        Ok(Field::Word(rest.get(..end).unwrap_or("").to_owned()))
    }

    fn quoted(&mut self) -> Result<Vec<u8>, String> {
        let rest = self.rest();
        let quote = rest.chars().next().unwrap_or('"');
        let mut bytes = Vec::new();
        let mut letters = rest.char_indices().skip(1).peekable();
        while let Some((at, letter)) = letters.next() {
            if letter == quote {
                self.at += at + 1;
                return Ok(bytes);
            }
            if letter != '\\' {
                bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            let (_, escaped) = letters.next().ok_or_else(|| self.wrong("an escape"))?;
            let digits = match escaped {
                'x' | 'X' => 2,
                'u' => 4,
                'U' => 8,
                '0'..='7' => 3,
                _ => 0,
            };
            let radix = if ('0'..='7').contains(&escaped) {
                8
            } else {
                16
            };
            let mut number = String::new();
            if radix == 8 {
                number.push(escaped);
            }
            while number.len() < digits
                && let Some((_, digit)) = letters.next_if(|(_, c)| c.is_digit(radix))
            {
                number.push(digit);
            }
            if digits > 0 {
                let value = u32::from_str_radix(&number, radix);
                let value = value.map_err(|_| self.wrong("an escape"))?;
                match (digits, u8::try_from(value), char::from_u32(value)) {
                    (2 | 3, Ok(byte), _) => bytes.push(byte),
                    (_, _, Some(point)) => {
                        bytes.extend_from_slice(point.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                    _ => return Err(self.wrong("a character")),
                }
                continue;
            }
            bytes.push(match escaped {
                'a' => 7,
                'b' => 8,
                'f' => 12,
                'n' => b'\n',
                'r' => b'\r',
                't' => b'\t',
                'v' => 11,
                other => u8::try_from(other).map_err(|_| self.wrong("an escape"))?,
            });
        }
        Err(self.wrong("the end of a string"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_lists_and_strings_are_read() {
        let text =
            "# note\nname: 'a' \"b\\x41\\n\"\nsub { n: -1.5e3 flag: true }\nsub: < list: [1, 2] >";
        let block = parse(text).unwrap();
        assert_eq!(block.text("name"), "abA\n");
        let subs: Vec<_> = block.blocks("sub").collect();
        assert_eq!(subs[0].get("n"), Some(&Field::Word("-1.5e3".into())));
        assert_eq!(subs[1].all("list").count(), 2);
        assert!(parse("sub {").is_err() && parse("x").is_err());
    }
}
