//! Numbers and texts as Go writes them.

use bigdecimal::num_bigint::BigInt;

/// Bits of a fraction's digits.
const MANTISSA_BITS: i32 = 52;

/// A letter that is shown as it is.
pub(super) fn is_printable(letter: char) -> bool {
    if letter.is_ascii() {
        return matches!(letter, ' '..='~');
    }
    // A mark that joins the letter before it is shown only behind one.
    let alone: String = ['a', letter].iter().collect();
    !letter.is_whitespace() && alone.escape_debug().eq(alone.chars())
}

/// A text in double quotes; `ascii` escapes all other letters.
pub(in super::super) fn quote(text: &str, ascii: bool) -> String {
    let mut made = String::with_capacity(text.len() + 2);
    made.push('"');
    for letter in text.chars() {
        push_quoted(&mut made, letter, '"', ascii);
    }
    made.push('"');
    made
}

/// A letter in single quotes.
pub(super) fn quote_letter(letter: char, ascii: bool) -> String {
    let mut made = String::from("'");
    push_quoted(&mut made, letter, '\'', ascii);
    made.push('\'');
    made
}

fn push_quoted(made: &mut String, letter: char, mark: char, ascii: bool) {
    match letter {
        '\\' => made.push_str("\\\\"),
        '\u{7}' => made.push_str("\\a"),
        '\u{8}' => made.push_str("\\b"),
        '\u{c}' => made.push_str("\\f"),
        '\n' => made.push_str("\\n"),
        '\r' => made.push_str("\\r"),
        '\t' => made.push_str("\\t"),
        '\u{b}' => made.push_str("\\v"),
        letter if letter == mark => made.extend(['\\', letter]),
        letter if is_printable(letter) && (letter.is_ascii() || !ascii) => made.push(letter),
        letter => {
            let value = u32::from(letter);
            let escaped = match value {
                0..=0x7f => format!("\\x{value:02x}"),
                0x80..=0xffff => format!("\\u{value:04x}"),
                _ => format!("\\U{value:08x}"),
            };
            made.push_str(&escaped);
        }
    }
}

/// A fraction by a verb (`b`, `e`, `f`, `g`, `x`), with as many digits as asked or as it needs; `None`
/// for what is not supported.
pub(super) fn fraction(value: f64, verb: char, precision: Option<usize>) -> Option<String> {
    Some(match verb {
        'e' => exponent(value, precision),
        'f' => match precision {
            Some(precision) => format!("{value:.precision$}"),
            None => format!("{value}"),
        },
        'g' => general(value, precision),
        'b' => {
            let (mantissa, power) = parts(value);
            let sign = if value.is_sign_negative() { "-" } else { "" };
            format!("{sign}{mantissa}p{power:+}")
        }
        'x' if precision.is_none() => hexadecimal(value),
        _ => return None,
    })
}

/// `1.5e+06`, with at least two digits of exponent.
fn exponent(value: f64, precision: Option<usize>) -> String {
    let text = match precision {
        Some(precision) => format!("{value:.precision$e}"),
        None => format!("{value:e}"),
    };
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, power) = match power.strip_prefix('-') {
        Some(power) => ('-', power),
        None => ('+', power),
    };
    format!("{digits}e{sign}{power:0>2}")
}

fn general(value: f64, precision: Option<usize>) -> String {
    let precision = precision.map(|precision| precision.max(1));
    let written = exponent(value, precision.map(|precision| precision - 1));
    let (digits, power) = written.split_once('e').unwrap_or((&written, "0"));
    let power: i64 = power.parse().unwrap_or(0);
    let most = precision.map_or(6, |precision| i64::try_from(precision).unwrap_or(i64::MAX));
    let trimmed = |digits: &str| match digits.split_once('.') {
        Some((whole, fraction)) => {
            let fraction = fraction.trim_end_matches('0');
            if fraction.is_empty() {
                whole.to_owned()
            } else {
                format!("{whole}.{fraction}")
            }
        }
        None => digits.to_owned(),
    };
    if power < -4 || power >= most {
        let (_, end) = written.split_once('e').unwrap_or(("", "+00"));
        return format!("{}e{end}", trimmed(digits));
    }
    match precision {
        None => format!("{value}"),
        Some(precision) => {
            let places = i64::try_from(precision).unwrap_or(0) - 1 - power;
            let places = usize::try_from(places).unwrap_or(0);
            trimmed(&format!("{value:.places$}"))
        }
    }
}

/// Digits and power of two.
fn parts(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let stored = i32::try_from(bits >> MANTISSA_BITS & 0x7ff).unwrap_or(0);
    let digits = bits & ((1 << MANTISSA_BITS) - 1);
    if stored == 0 {
        (digits, -1074)
    } else {
        (digits | 1 << MANTISSA_BITS, stored - 1075)
    }
}

fn hexadecimal(value: f64) -> String {
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let (mut digits, mut power) = parts(value);
    if digits == 0 {
        return format!("{sign}0x0p+00");
    }
    while digits >> MANTISSA_BITS == 0 {
        digits <<= 1;
        power -= 1;
    }
    let fraction = format!("{:013x}", digits & ((1 << MANTISSA_BITS) - 1));
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    let power = power + MANTISSA_BITS;
    let mark = if power < 0 { '-' } else { '+' };
    format!("{sign}0x1{point}{fraction}p{mark}{:02}", power.abs())
}

/// A whole number in the base of a verb, without sign.
pub(super) fn whole(value: &BigInt, verb: char) -> String {
    let base = match verb {
        'b' => 2,
        'o' | 'O' => 8,
        'x' | 'X' => 16,
        _ => 10,
    };
    let text = value.magnitude().to_str_radix(base);
    if verb == 'X' {
        text.to_uppercase()
    } else {
        text
    }
}

/// A fraction as JSON: short, and with an exponent where it is very large or small.
pub(super) fn json_fraction(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        exponent(value, None)
    } else {
        format!("{}", value + 0.0)
    }
}
