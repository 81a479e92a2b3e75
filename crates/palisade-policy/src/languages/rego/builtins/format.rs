//! `sprintf`, with the marks that the language leaves for values that are missing or too many.

use super::super::term::{Number, Term};
use super::super::world::{Fault, World};
use super::{Builtin, items_argument, text_argument};

pub(super) const TABLE: &[Builtin] = &[Builtin::new("internal.sprintf", 2, sprintf)];

/// Widest field, and most digits after the point.
const MAX_WIDTH: usize = 1024;

/// A verb with its flags.
#[derive(Debug, Default)]
struct Verb {
    /// The flags among `-+0# ` that stand before the width.
    flags: String,
    width: usize,
    precision: Option<usize>,
}

fn sprintf(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let format = text_argument(arguments, 0)?;
    let mut values = items_argument(arguments, 1)?.iter();
    let mut made = String::new();
    let mut letters = format.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            made.push(letter);
            continue;
        }
        let mut verb = Verb::default();
        while let Some(flag) =
            letters.next_if(|letter| matches!(letter, '-' | '+' | '0' | '#' | ' '))
        {
            verb.flags.push(flag);
        }
        verb.width = number(&mut letters)?.unwrap_or(0);
        if letters.next_if_eq(&'.').is_some() {
            verb.precision = Some(number(&mut letters)?.unwrap_or(0));
        }
        match letters.next() {
            None => made.push_str("%!(NOVERB)"),
            Some('%') => made.push('%'),
            Some(letter) => match values.next() {
                Some(value) => made.push_str(&verb.padded(verb.format(letter, value), value)),
                None => made.extend(["%!", &letter.to_string(), "(MISSING)"]),
            },
        }
    }
    let extra: Vec<_> = values
        .map(|value| format!("{}={}", go_type(value), value.display()))
        .collect();
    if !extra.is_empty() {
        made.extend(["%!(EXTRA ", &extra.join(", "), ")"]);
    }
    Ok(Term::Text(made))
}

fn number(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Option<usize>, Fault> {
    let mut found = None;
    while let Some(digit) = letters.next_if(char::is_ascii_digit) {
        let digit = digit.to_digit(10).unwrap_or(0) as usize;
        let value = found.unwrap_or(0usize) * 10 + digit;
        if value > MAX_WIDTH {
            return Err(Fault::halt(format!(
                "a field wider than {MAX_WIDTH} is asked for"
            )));
        }
        found = Some(value);
    }
    Ok(found)
}

/// The type as the language's first implementation names it in its marks.
fn go_type(value: &Term) -> &'static str {
    match value {
        Term::Number(Number::Float(_)) => "float64",
        Term::Number(_) => "int",
        _ => "string",
    }
}

impl Verb {
    fn format(&self, letter: char, value: &Term) -> String {
        match (letter, value) {
            ('v', value) => value.display(),
            ('s', Term::Number(_)) => format!("%!s({}={})", go_type(value), value.display()),
            ('s', value) => {
                let text = value.display();
                match self.precision {
                    Some(most) => text.chars().take(most).collect(),
                    None => text,
                }
            }
            ('q', Term::Text(text)) => serde_json::Value::from(text.as_str()).to_string(),
            ('q', value) if !matches!(value, Term::Number(_)) => {
                serde_json::Value::from(value.display()).to_string()
            }
            ('d', Term::Number(Number::Int(value))) => self.signed(value.to_string()),
            ('d', Term::Number(Number::Big(digits))) => self.signed(digits.clone()),
            ('f' | 'F', Term::Number(number)) => {
                let precision = self.precision.unwrap_or(6);
                self.signed(format!("{:.precision$}", number.as_f64()))
            }
            ('e', Term::Number(number)) => self.signed(exponent(number.as_f64(), self.precision)),
            ('g', Term::Number(number)) => self.signed(Term::Number(number.clone()).display()),
            ('t', Term::Bool(value)) => value.to_string(),
            ('x' | 'X' | 'o' | 'b', Term::Number(Number::Int(value))) => self.radix(letter, *value),
            ('x', Term::Text(text)) => super::bytes::hex(text.as_bytes()),
            ('X', Term::Text(text)) => super::bytes::hex(text.as_bytes()).to_uppercase(),
            ('c', Term::Number(Number::Int(value))) => u32::try_from(*value)
                .ok()
                .and_then(char::from_u32)
                .unwrap_or('\u{fffd}')
                .to_string(),
            (letter, value) => format!("%!{letter}({}={})", go_type(value), value.display()),
        }
    }

    fn signed(&self, digits: String) -> String {
        match (
            digits.starts_with('-'),
            self.flags.contains('+'),
            self.flags.contains(' '),
        ) {
            (false, true, _) => format!("+{digits}"),
            (false, false, true) => format!(" {digits}"),
            _ => digits,
        }
    }

    fn radix(&self, letter: char, value: i64) -> String {
        let (prefix, digits) = match letter {
            'x' => ("0x", format!("{:x}", value.unsigned_abs())),
            'X' => ("0X", format!("{:X}", value.unsigned_abs())),
            'o' => ("0", format!("{:o}", value.unsigned_abs())),
            _ => ("0b", format!("{:b}", value.unsigned_abs())),
        };
        let sign = if value < 0 { "-" } else { "" };
        let prefix = if self.flags.contains('#') { prefix } else { "" };
        self.signed(format!("{sign}{prefix}{digits}"))
    }

    fn padded(&self, text: String, value: &Term) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        if missing == 0 {
            return text;
        }
        if self.flags.contains('-') {
            return text + &" ".repeat(missing);
        }
        if self.flags.contains('0') && matches!(value, Term::Number(_)) {
            let at = usize::from(text.starts_with(['-', '+', ' ']));
            let (sign, digits) = text.split_at(at);
            return format!("{sign}{}{digits}", "0".repeat(missing));
        }
        " ".repeat(missing) + &text
    }
}

/// `1.5e+06`, with at least two digits of exponent.
fn exponent(value: f64, precision: Option<usize>) -> String {
    let text = format!("{value:.*e}", precision.unwrap_or(6));
    match text.split_once('e') {
        Some((digits, power)) => {
            let (sign, power) = match power.strip_prefix('-') {
                Some(power) => ('-', power),
                None => ('+', power),
            };
            format!("{digits}e{sign}{power:0>2}")
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(format: &str, values: &[Term]) -> String {
        let arguments = [Term::text(format), Term::Array(values.to_vec())];
        let made = sprintf(&arguments, &mut World::default()).unwrap();
        made.display()
    }

    #[test]
    fn values_that_are_missing_or_too_many_leave_marks() {
        assert_eq!(format("%v-%v", &[Term::int(1)]), "1-%!v(MISSING)");
        assert_eq!(
            format("%v", &[Term::int(1), Term::int(2)]),
            "1%!(EXTRA int=2)"
        );
    }

    #[test]
    fn flags_and_widths_are_kept() {
        assert_eq!(
            format(
                "%05d|%-4s|%+d|%x",
                &[
                    Term::int(-42),
                    Term::text("ab"),
                    Term::int(7),
                    Term::int(255)
                ]
            ),
            "-0042|ab  |+7|ff"
        );
        assert_eq!(
            format(
                "%.2f %e",
                &[Term::Number(Number::Float(1.5)), Term::int(1500)]
            ),
            "1.50 1.500000e+03"
        );
    }

    #[test]
    fn a_field_that_is_too_wide_ends_the_evaluation() {
        let arguments = [Term::text("%99999999d"), Term::Array(vec![Term::int(1)])];
        assert!(matches!(
            sprintf(&arguments, &mut World::default()),
            Err(Fault::Halt(_))
        ));
    }
}
