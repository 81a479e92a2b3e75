//! Regular expressions in RE2's syntax, as Go reads it, on an engine whose time is linear.
//!
//! A pattern is read whole and written anew in the engine's syntax, so that what Go refuses is
//! refused, and what both take means the same: classes are those of ASCII, brackets neither nest
//! nor subtract, a brace that is no repetition is a letter.

mod letters;
#[cfg(test)]
mod tests;

use regex::{Regex, RegexBuilder};

use self::letters::{category, counts, is_octal, is_posix, push_literal, push_range};

/// Largest compiled pattern.
const MAX_COMPILED_BYTES: usize = 1 << 20;
/// Longest pattern.
const MAX_PATTERN_BYTES: usize = 16 << 10;
/// Deepest groups.
const MAX_DEPTH: usize = 100;
/// Levels of the engine's tree per group.
const LEVELS_PER_GROUP: u32 = 5;
/// Most repetitions, also of repetitions within each other.
const MAX_REPEAT: u32 = 1000;
/// A class without letters.
const NOTHING: &str = "[a&&b]";

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    pub(crate) regex: Regex,
    /// The names of its groups, the whole match first.
    pub(crate) names: Vec<String>,
}

/// Why there is no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PatternError {
    /// RE2 does not take it either.
    Wrong(String),
    /// It is beyond a bound.
    Beyond(String),
}

impl PatternError {
    /// The reason, as the end of a sentence.
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Wrong(reason) | Self::Beyond(reason) => reason,
        }
    }

    fn wrong(reason: impl Into<String>) -> Self {
        Self::Wrong(reason.into())
    }
}

/// Compiles a pattern as RE2 reads it.
pub(crate) fn compile(pattern: &str) -> Result<Pattern, PatternError> {
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(PatternError::Beyond(format!(
            "it is longer than {MAX_PATTERN_BYTES} bytes"
        )));
    }
    let mut reader = Reader {
        rest: pattern,
        text: String::with_capacity(pattern.len() + 16),
        groups: vec![Group::default()],
        names: vec![String::new()],
    };
    reader.read()?;
    let levels = u32::try_from(MAX_DEPTH).unwrap_or(u32::MAX);
    let regex = RegexBuilder::new(&reader.text)
        .size_limit(MAX_COMPILED_BYTES)
        .dfa_size_limit(MAX_COMPILED_BYTES)
        .nest_limit(levels.saturating_mul(LEVELS_PER_GROUP))
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                PatternError::Beyond("it is too big when compiled".to_owned())
            }
            other => {
                let text = other.to_string();
                let last = text.lines().last().unwrap_or("").trim();
                PatternError::wrong(last.trim_start_matches("error: "))
            }
        })?;
    Ok(Pattern {
        regex,
        names: reader.names,
    })
}

/// A group that is being read.
#[derive(Debug, Default)]
struct Group {
    /// What a repetition would repeat: how often it repeats itself inside at most.
    last: Option<u32>,
    /// Whether the last piece is a repetition.
    is_repeated: bool,
    /// Whether flags stand after the last piece.
    is_flagged: bool,
    /// The highest number of repetitions inside.
    inside: u32,
}

struct Reader<'p> {
    rest: &'p str,
    text: String,
    groups: Vec<Group>,
    names: Vec<String>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.rest = self.rest.get(letter.len_utf8()..).unwrap_or("");
        Some(letter)
    }

    fn take(&mut self, start: &str) -> bool {
        let after = self.rest.strip_prefix(start);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn group(&mut self) -> &mut Group {
        if self.groups.is_empty() {
            self.groups.push(Group::default());
        }
        let last = self.groups.len() - 1;
        // INVARIANT: there is one, as the line above holds.
        &mut self.groups[last]
    }

    /// Says that a piece was written.
    fn piece(&mut self, repeats: u32) {
        let group = self.group();
        group.last = Some(repeats);
        group.is_repeated = false;
        group.is_flagged = false;
        group.inside = group.inside.max(repeats);
    }

    fn read(&mut self) -> Result<(), PatternError> {
        while let Some(letter) = self.next() {
            match letter {
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => {
                    self.text.push('|');
                    let group = self.group();
                    group.last = None;
                    group.is_repeated = false;
                }
                '*' => self.repeat("*", 1)?,
                '+' => self.repeat("+", 1)?,
                '?' => self.repeat("?", 1)?,
                '{' => match counts(self.rest) {
                    Some((least, most, after)) => {
                        self.rest = after;
                        self.repeat_counted(least, most)?;
                    }
                    None => self.letter('{'),
                },
                '[' => {
                    self.class()?;
                    self.piece(1);
                }
                '\\' => self.escape()?,
                '.' | '^' | '$' => {
                    self.text.push(letter);
                    self.piece(1);
                }
                letter => self.letter(letter),
            }
        }
        if self.groups.len() > 1 {
            return Err(PatternError::wrong("unclosed group"));
        }
        Ok(())
    }

    fn letter(&mut self, letter: char) {
        push_literal(&mut self.text, letter);
        self.piece(1);
    }

    fn open(&mut self) -> Result<(), PatternError> {
        if self.groups.len() > MAX_DEPTH {
            return Err(PatternError::Beyond(format!(
                "its groups nest deeper than {MAX_DEPTH}"
            )));
        }
        if self.take("?P<") || self.take("?<") {
            let (name, after) = self
                .rest
                .split_once('>')
                .ok_or_else(|| PatternError::wrong("invalid named capture"))?;
            let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            if name.is_empty() || !name.chars().all(is_name) {
                return Err(PatternError::wrong("invalid named capture"));
            }
            self.rest = after;
            self.names.push(name.to_owned());
            self.text.push('(');
        } else if self.take("?") {
            if self.rest.starts_with(['=', '!']) || self.rest.starts_with('<') {
                return Err(PatternError::wrong(
                    "look-around, including look-ahead and look-behind, is not supported",
                ));
            }
            return self.flags();
        } else {
            self.names.push(String::new());
            self.text.push('(');
        }
        self.groups.push(Group::default());
        Ok(())
    }

    /// `?i)`, `?i-s:` and their like.
    fn flags(&mut self) -> Result<(), PatternError> {
        let (mut on, mut off) = (String::new(), String::new());
        let mut is_off = false;
        loop {
            let letter = self.next();
            match letter {
                Some(flag @ ('i' | 'm' | 's' | 'U')) => {
                    let flags = if is_off { &mut off } else { &mut on };
                    if !flags.contains(flag) {
                        flags.push(flag);
                    }
                }
                Some('-') if !is_off => is_off = true,
                Some(':' | ')') if !is_off || !off.is_empty() => {
                    on.retain(|flag| !off.contains(flag));
                    let minus = if off.is_empty() { "" } else { "-" };
                    let is_empty = on.is_empty() && off.is_empty();
                    if letter == Some(':') {
                        self.text.extend(["(?", &on, minus, &off, ":"]);
                        self.groups.push(Group::default());
                    } else if !is_empty {
                        self.text.extend(["(?", &on, minus, &off, ")"]);
                        self.group().is_flagged = true;
                    }
                    return Ok(());
                }
                _ => return Err(PatternError::wrong("invalid or unsupported Perl syntax")),
            }
        }
    }

    fn close(&mut self) -> Result<(), PatternError> {
        if self.groups.len() < 2 {
            return Err(PatternError::wrong("unexpected )"));
        }
        let inside = self.groups.pop().map_or(1, |group| group.inside.max(1));
        self.text.push(')');
        self.piece(inside);
        Ok(())
    }

    fn repeat_counted(&mut self, least: u32, most: Option<u32>) -> Result<(), PatternError> {
        let times = most.unwrap_or(least);
        if least > MAX_REPEAT || times > MAX_REPEAT || times < least {
            return Err(PatternError::wrong("invalid repeat count"));
        }
        let written = match most {
            Some(most) if most == least => format!("{{{least}}}"),
            Some(most) => format!("{{{least},{most}}}"),
            None => format!("{{{least},}}"),
        };
        self.repeat(&written, times)
    }

    fn repeat(&mut self, written: &str, times: u32) -> Result<(), PatternError> {
        let group = self.group();
        let Some(last) = group.last else {
            return Err(PatternError::wrong(
                "missing argument to repetition operator",
            ));
        };
        if group.is_repeated {
            return Err(PatternError::wrong("invalid nested repetition operator"));
        }
        if group.is_flagged {
            return Err(PatternError::Beyond(
                "flags stand between a piece and its repetition".to_owned(),
            ));
        }
        let times = last.saturating_mul(times.max(1));
        if times > MAX_REPEAT {
            return Err(PatternError::wrong("invalid repeat count"));
        }
        self.text.push_str(written);
        if self.take("?") {
            self.text.push('?');
        }
        self.piece(times);
        self.group().is_repeated = true;
        Ok(())
    }

    fn escape(&mut self) -> Result<(), PatternError> {
        if self.take("Q") {
            let (literal, after) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
            self.rest = after;
            for letter in literal.chars() {
                self.letter(letter);
            }
            return Ok(());
        }
        let written = match self.peek() {
            Some('A') => r"\A",
            Some('z') => r"\z",
            Some('b') => r"(?-u:\b)",
            Some('B') => r"(?-u:\B)",
            _ => "",
        };
        if !written.is_empty() {
            self.next();
            self.text.push_str(written);
        } else if let Some(class) = self.named_class()? {
            self.text.extend(["[", &class, "]"]);
        } else {
            match char::from_u32(self.escaped()?) {
                Some(letter) => push_literal(&mut self.text, letter),
                None => self.text.push_str(NOTHING),
            }
        }
        self.piece(1);
        Ok(())
    }

    /// `\d` and its like after the backslash, written as part of a class.
    fn named_class(&mut self) -> Result<Option<String>, PatternError> {
        let class = match self.peek() {
            Some('d') => "0-9",
            Some('D') => "[^0-9]",
            Some('w') => "0-9A-Za-z_",
            Some('W') => "[^0-9A-Za-z_]",
            Some('s') => r"\t\n\f\r ",
            Some('S') => r"[^\t\n\f\r ]",
            Some('p' | 'P') => return self.property().map(Some),
            _ => return Ok(None),
        };
        self.next();
        Ok(Some(class.to_owned()))
    }

    fn property(&mut self) -> Result<String, PatternError> {
        let wrong = || PatternError::wrong("invalid character class range");
        let mut is_negated = self.next() == Some('P');
        let name = match self.next().ok_or_else(wrong)? {
            '{' => {
                let (name, after) = self.rest.split_once('}').ok_or_else(wrong)?;
                self.rest = after;
                name
            }
            letter if letter.is_ascii_alphabetic() => {
                // One letter names a category.
                return category(&letter.to_string(), is_negated).ok_or_else(wrong);
            }
            _ => return Err(wrong()),
        };
        let name = name.strip_prefix('^').map_or(name, |name| {
            is_negated = !is_negated;
            name
        });
        category(name, is_negated).ok_or_else(wrong)
    }

    /// The letter that an escape stands for.
    fn escaped(&mut self) -> Result<u32, PatternError> {
        let wrong = || PatternError::wrong("invalid escape sequence");
        let letter = self
            .next()
            .ok_or_else(|| PatternError::wrong("trailing backslash at end of expression"))?;
        Ok(match letter {
            '1'..='7' if !self.peek().is_some_and(is_octal) => return Err(wrong()),
            '0'..='7' => {
                let mut value = letter.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let Some(digit) = self.peek().filter(|letter| is_octal(*letter)) else {
                        break;
                    };
                    self.next();
                    value = value * 8 + digit.to_digit(8).unwrap_or(0);
                }
                value
            }
            'x' => self.hexadecimal().ok_or_else(wrong)?,
            'a' => 0x07,
            'f' => 0x0c,
            'n' => 0x0a,
            'r' => 0x0d,
            't' => 0x09,
            'v' => 0x0b,
            letter if letter.is_ascii() && !letter.is_ascii_alphanumeric() => u32::from(letter),
            _ => return Err(wrong()),
        })
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        let digits = if self.take("{") {
            let (digits, after) = self.rest.split_once('}')?;
            self.rest = after;
            digits
        } else {
            let (digits, after) = self.rest.split_at_checked(2)?;
            self.rest = after;
            digits
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let value = u32::from_str_radix(digits.trim_start_matches('0'), 16);
        let value = if digits.bytes().all(|byte| byte == b'0') {
            0
        } else {
            value.ok()?
        };
        (value <= u32::from(char::MAX)).then_some(value)
    }

    /// A class, after its bracket.
    fn class(&mut self) -> Result<(), PatternError> {
        let missing = || PatternError::wrong("missing closing ]");
        let mut class = String::new();
        let is_negated = self.take("^");
        let mut is_first = true;
        loop {
            let letter = self.peek().ok_or_else(missing)?;
            if letter == ']' && !is_first {
                self.next();
                break;
            }
            is_first = false;
            if self.rest.starts_with("[:")
                && let Some(end) = self.rest.get(2..).and_then(|rest| rest.find(":]"))
            {
                let named = self.rest.get(..end + 4).unwrap_or("");
                if !is_posix(named) {
                    return Err(PatternError::wrong("invalid character class range"));
                }
                class.push_str(named);
                self.rest = self.rest.get(end + 4..).unwrap_or("");
                continue;
            }
            if letter == '\\' {
                let before = self.rest;
                self.next();
                if let Some(named) = self.named_class()? {
                    class.push_str(&named);
                    continue;
                }
                self.rest = before;
            }
            let from = self.class_letter()?;
            let mut to = from;
            if self.rest.starts_with('-') && !self.rest.starts_with("-]") && self.rest.len() > 1 {
                self.next();
                to = self.class_letter()?;
                if to < from {
                    return Err(PatternError::wrong("invalid character class range"));
                }
            }
            push_range(&mut class, from, to);
        }
        match (class.is_empty(), is_negated) {
            (true, false) => self.text.push_str(NOTHING),
            (true, true) => self.text.push_str(r"[\x{0}-\x{10ffff}]"),
            (false, is_negated) => {
                let mark = if is_negated { "[^" } else { "[" };
                self.text.extend([mark, &class, "]"]);
            }
        }
        Ok(())
    }

    fn class_letter(&mut self) -> Result<u32, PatternError> {
        match self.next() {
            Some('\\') => self.escaped(),
            Some(letter) => Ok(u32::from(letter)),
            None => Err(PatternError::wrong("missing closing ]")),
        }
    }
}
