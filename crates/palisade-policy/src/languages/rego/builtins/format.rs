//! `sprintf`: Go's verbs, with the marks that it leaves for values that are missing or wrong.

use bigdecimal::num_bigint::{BigInt, Sign};

use super::super::term::{Number, Term};
use super::super::world::{Fault, World};
use super::bounds::Growing;
use super::go_format as go;
use super::{Builtin, items_argument, text_argument};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("sprintf", 2, sprintf),
    Builtin::new("internal.sprintf", 2, sprintf),
];

/// Widest field, and most digits.
const MAX_WIDTH: usize = 1024;

/// A value as Go holds it.
enum Value {
    Text(String),
    Int(BigInt, bool),
    Float(f64),
}

impl Value {
    fn of(term: &Term) -> Self {
        match term {
            Term::Number(Number::Int(value)) => Self::Int(BigInt::from(*value), false),
            Term::Number(Number::Big(digits)) => {
                Self::Int(digits.parse().unwrap_or_default(), true)
            }
            Term::Number(Number::Float(value)) => Self::Float(*value),
            other => Self::Text(other.display()),
        }
    }

    fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "string",
            Self::Int(_, false) => "int64",
            Self::Int(_, true) => "*big.Int",
            Self::Float(_) => "float64",
        }
    }
}

/// A verb's flags, width and digits.
#[derive(Debug, Default)]
struct Verb {
    flags: String,
    width: Option<usize>,
    precision: Option<usize>,
}

/// What of a format is being read.
struct Reader<'f> {
    rest: &'f str,
    values: Vec<Value>,
    at: usize,
    /// Whether a verb says which value it takes.
    reordered: bool,
    /// Whether the verb that is read names a value that there is.
    is_good: bool,
    made: Growing<'static>,
}

fn sprintf(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let format = text_argument(arguments, 0)?;
    let values = items_argument(arguments, 1)?;
    let mut reader = Reader {
        rest: format,
        values: values.iter().map(Value::of).collect(),
        at: 0,
        reordered: false,
        is_good: true,
        made: Growing::new("sprintf"),
    };
    while let Some((before, after)) = reader.rest.split_once('%') {
        reader.made.push(before)?;
        reader.rest = after;
        reader.verb()?;
    }
    reader.made.push(reader.rest)?;
    if !reader.reordered && reader.at < reader.values.len() {
        let surplus = reader.values.iter().skip(reader.at);
        for (at, value) in surplus.enumerate() {
            let mark = if at == 0 { "%!(EXTRA " } else { ", " };
            reader.made.push(mark)?;
            reader.made.push(value.type_name())?;
            reader.made.push("=")?;
            reader.made.push(&Verb::default().format('v', value)?)?;
        }
        reader.made.push(")")?;
    }
    Ok(reader.made.into_term())
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let after = self.rest.strip_prefix(wanted);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// One verb, after its percent sign.
    fn verb(&mut self) -> Result<(), Fault> {
        let mut verb = Verb::default();
        self.is_good = true;
        while let Some(flag @ ('#' | '0' | '+' | '-' | ' ')) = self.peek() {
            self.take(flag);
            if !verb.has(flag) {
                verb.flags.push(flag);
            }
        }
        let mut after_index = self.index();
        if self.take('*') {
            verb.width = if let Some(width) = self.next_int() {
                if width < 0 {
                    verb.flags.retain(|flag| flag != '0');
                    verb.flags.push('-');
                }
                Some(bounded(width.unsigned_abs())?)
            } else {
                self.made.push("%!(BADWIDTH)")?;
                None
            };
            after_index = false;
        } else {
            verb.width = self.number()?;
            self.is_good &= !(after_index && verb.width.is_some());
        }
        if self.take('.') {
            self.is_good &= !after_index;
            after_index = self.index();
            if self.take('*') {
                let found = self.next_int();
                verb.precision = if let Some(Ok(precision)) = found.map(u64::try_from) {
                    Some(bounded(precision)?)
                } else {
                    self.made.push("%!(BADPREC)")?;
                    None
                };
                after_index = false;
            } else {
                verb.precision = Some(self.number()?.unwrap_or(0));
            }
        }
        if !after_index {
            self.index();
        }
        self.write(&verb)
    }

    fn write(&mut self, verb: &Verb) -> Result<(), Fault> {
        let Some(letter) = self.peek() else {
            return self.made.push("%!(NOVERB)");
        };
        self.take(letter);
        let mark = match self.values.get(self.at) {
            _ if letter == '%' => return self.made.push("%"),
            _ if !self.is_good => "(BADINDEX)",
            None => "(MISSING)",
            Some(value) => {
                let text = verb.format(letter, value)?;
                self.at += 1;
                return self.made.push(&text);
            }
        };
        self.made.push("%!")?;
        self.made.push_letter(letter)?;
        self.made.push(mark)
    }

    /// `[2]`: which value comes next.
    fn index(&mut self) -> bool {
        if !self.rest.starts_with('[') {
            return false;
        }
        self.reordered = true;
        let Some((inside, after)) = self.rest.split_once(']') else {
            self.take('[');
            self.is_good = false;
            return false;
        };
        self.rest = after;
        let digits = inside.trim_start_matches('[');
        let is_number = inside.len() == digits.len() + 1
            && !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number: Option<usize> = if is_number { digits.parse().ok() } else { None };
        match number.and_then(|number| number.checked_sub(1)) {
            Some(at) if at < self.values.len() => {
                self.at = at;
                true
            }
            _ => {
                self.is_good = false;
                is_number
            }
        }
    }

    /// The next value, if it is a width.
    fn next_int(&mut self) -> Option<i64> {
        let found = match self.values.get(self.at)? {
            Value::Int(value, false) => i64::try_from(value).ok(),
            _ => None,
        };
        self.at += 1;
        found
    }

    fn number(&mut self) -> Result<Option<usize>, Fault> {
        let mut found = None;
        while let Some(digit) = self.peek().and_then(|letter| letter.to_digit(10)) {
            self.rest = self.rest.get(1..).unwrap_or("");
            let value = found.unwrap_or(0_u64) * 10 + u64::from(digit);
            bounded(value)?;
            found = Some(value);
        }
        found.map(bounded).transpose()
    }
}

fn bounded(width: u64) -> Result<usize, Fault> {
    let width = usize::try_from(width).unwrap_or(usize::MAX);
    if width > MAX_WIDTH {
        return Err(Fault::halt(format!(
            "a field wider than {MAX_WIDTH} is asked for"
        )));
    }
    Ok(width)
}

impl Verb {
    fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }

    fn format(&self, letter: char, value: &Value) -> Result<String, Fault> {
        let made = match (letter, value) {
            ('T', value) => Some(self.text(value.type_name())),
            (_, Value::Text(text)) => self.of_text(letter, text),
            (_, Value::Int(value, is_big)) => self.of_int(letter, value, *is_big),
            (_, Value::Float(value)) => self.of_float(letter, *value)?,
        };
        if let Some(made) = made {
            return Ok(made);
        }
        let type_name = value.type_name().trim_start_matches('*');
        let plain = if let Value::Int(value, true) = value {
            value.to_string()
        } else {
            self.format('v', value)?
        };
        Ok(format!("%!{letter}({type_name}={plain})"))
    }

    fn of_text(&self, letter: char, text: &str) -> Option<String> {
        Some(match letter {
            'v' if self.has('#') => self.padded(go::quote(self.cut(text), false)),
            'v' | 's' => self.text(text),
            'q' => self.quoted(text),
            'x' | 'X' => self.hex(letter, text),
            _ => return None,
        })
    }

    /// The first letters of a text, as many as are asked for.
    fn cut<'t>(&self, text: &'t str) -> &'t str {
        let most = self.precision.unwrap_or(usize::MAX);
        match text.char_indices().nth(most) {
            Some((at, _)) => text.get(..at).unwrap_or(text),
            None => text,
        }
    }

    fn text(&self, text: &str) -> String {
        self.padded(self.cut(text).to_owned())
    }

    fn quoted(&self, text: &str) -> String {
        let text = self.cut(text);
        let is_raw = |letter: char| letter != '`' && (letter == '\t' || go::is_printable(letter));
        if self.has('#') && text.chars().all(is_raw) {
            return self.padded(format!("`{text}`"));
        }
        self.padded(go::quote(text, self.has('+')))
    }

    fn hex(&self, letter: char, text: &str) -> String {
        let most = self.precision.unwrap_or(usize::MAX);
        let mark = match (self.has('#'), letter) {
            (false, _) => "",
            (true, 'X') => "0X",
            (true, _) => "0x",
        };
        let mut made = String::with_capacity(text.len().saturating_mul(2));
        for (at, byte) in text.bytes().take(most).enumerate() {
            if at > 0 && self.has(' ') {
                made.push(' ');
            }
            if at == 0 || self.has(' ') {
                made.push_str(mark);
            }
            let [high, low] = if letter == 'X' {
                [byte >> 4, byte & 15].map(|half| {
                    char::from_digit(u32::from(half), 16)
                        .unwrap_or('0')
                        .to_ascii_uppercase()
                })
            } else {
                [byte >> 4, byte & 15]
                    .map(|half| char::from_digit(u32::from(half), 16).unwrap_or('0'))
            };
            made.extend([high, low]);
        }
        self.padded(made)
    }

    fn of_int(&self, letter: char, value: &BigInt, is_big: bool) -> Option<String> {
        let character = || {
            let code = u32::try_from(value).ok();
            code.and_then(char::from_u32).unwrap_or('\u{fffd}')
        };
        Some(match letter {
            'v' | 'd' | 'b' | 'o' | 'O' | 'x' | 'X' => self.whole(letter, value),
            's' if is_big => self.whole('d', value),
            'c' if !is_big => self.padded(character().to_string()),
            'q' if !is_big => self.padded(go::quote_letter(character(), self.has('+'))),
            'U' if !is_big => {
                let digits = self.precision.unwrap_or(4).max(4);
                let mut text = format!("U+{:0>digits$}", go::whole(value, 'X'));
                if self.has('#') && go::is_printable(character()) {
                    text.extend([" '", &character().to_string(), "'"]);
                }
                self.padded(text)
            }
            _ => return None,
        })
    }

    fn whole(&self, letter: char, value: &BigInt) -> String {
        let is_zero = value.sign() == Sign::NoSign;
        if self.precision == Some(0) && is_zero {
            return " ".repeat(self.width.unwrap_or(0));
        }
        let sign = if value.sign() == Sign::Minus {
            "-"
        } else if self.has('+') {
            "+"
        } else if self.has(' ') {
            " "
        } else {
            ""
        };
        let least = match (self.precision, self.width) {
            (Some(precision), _) => precision,
            (None, Some(width)) if self.has('0') && !self.has('-') => width - sign.len().min(width),
            _ => 0,
        };
        let mut digits = go::whole(value, letter);
        if digits.len() < least {
            digits.insert_str(0, &"0".repeat(least - digits.len()));
        }
        let mark = match (letter, self.has('#')) {
            ('O', _) => "0o",
            ('x', true) => "0x",
            ('X', true) => "0X",
            ('b', true) => "0b",
            ('o', true) if !digits.starts_with('0') => "0",
            _ => "",
        };
        let flags = self.flags.replace('0', "");
        let plain = Self {
            flags,
            width: self.width,
            precision: None,
        };
        plain.padded(format!("{sign}{mark}{digits}"))
    }

    fn of_float(&self, letter: char, value: f64) -> Result<Option<String>, Fault> {
        let (verb, default) = match letter {
            'v' | 'g' | 'G' => ('g', None),
            'b' => ('b', None),
            'x' | 'X' => ('x', None),
            'e' | 'E' => ('e', Some(6)),
            'f' | 'F' => ('f', Some(6)),
            _ => return Ok(None),
        };
        let made = go::fraction(value + 0.0, verb, self.precision.or(default));
        let made = made.filter(|_| !self.has('#') || letter == 'v');
        let Some(mut made) = made else {
            return Err(Fault::halt(format!(
                "the format `%{letter}` of a fraction is not supported with this flag or precision"
            )));
        };
        if letter.is_ascii_uppercase() && letter != 'F' {
            made.make_ascii_uppercase();
        }
        if !made.starts_with('-') {
            match (self.has('+'), self.has(' ')) {
                (true, _) => made.insert(0, '+'),
                (false, true) => made.insert(0, ' '),
                _ => {}
            }
        }
        let missing = self.width.unwrap_or(0).saturating_sub(made.len());
        if self.has('0') && !self.has('-') && missing > 0 {
            let at = usize::from(made.starts_with(['-', '+', ' ']));
            made.insert_str(at, &"0".repeat(missing));
        }
        Ok(Some(self.padded(made)))
    }

    fn padded(&self, text: String) -> String {
        let missing = self.width.unwrap_or(0).saturating_sub(text.chars().count());
        if missing == 0 {
            return text;
        }
        if self.has('-') {
            return text + &" ".repeat(missing);
        }
        let padding = if self.has('0') { "0" } else { " " };
        padding.repeat(missing) + &text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_too_wide_ends_the_evaluation() {
        for (format, values) in [
            ("%99999999d", vec![Term::int(1)]),
            ("%*d", vec![Term::int(i64::MIN), Term::int(1)]),
            ("%.99999999999999999999f", vec![Term::int(1)]),
        ] {
            let arguments = [Term::text(format), Term::Array(values)];
            let made = sprintf(&arguments, &mut World::default());
            assert!(matches!(made, Err(Fault::Halt(_))), "{format}");
        }
    }
}
