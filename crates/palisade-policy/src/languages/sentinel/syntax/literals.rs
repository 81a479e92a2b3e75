//! Numbers and texts as they are written.

/// A whole number in decimal, octal (`0…`) or hexadecimal (`0x…`); `None` if it does not fit.
pub(in super::super) fn whole_number(text: &str) -> Option<i64> {
    let digits = |digits: &str, radix| {
        if digits.starts_with(['+', '-']) {
            return None;
        }
        i64::from_str_radix(digits, radix).ok()
    };
    if let Some(rest) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return digits(rest, 16);
    }
    match text.strip_prefix('0') {
        Some(rest) if !rest.is_empty() => digits(rest, 8),
        _ => digits(text, 10),
    }
}

/// The text between quotation marks with its escapes replaced; the error is a sentence.
pub(super) fn unescape(inner: &str, out: &mut String) -> Result<(), String> {
    let mut bytes: Vec<u8> = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(rest.get(..at).unwrap_or_default().as_bytes());
        rest = rest.get(at + 1..).unwrap_or_default();
        rest = escape(rest, &mut bytes)?;
    }
    bytes.extend_from_slice(rest.as_bytes());
    let text = String::from_utf8(bytes)
        .map_err(|_| "the escapes of this text make bytes that are not UTF-8".to_owned())?;
    out.push_str(&text);
    Ok(())
}

/// Reads the escape at the start of a text, behind its backslash; the text after it.
fn escape<'t>(rest: &'t str, bytes: &mut Vec<u8>) -> Result<&'t str, String> {
    let letter = rest.chars().next().unwrap_or_default();
    let after = rest.get(letter.len_utf8()..).unwrap_or_default();
    let byte = match letter {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' => b'\\',
        '"' => b'"',
        'x' => return numbered(after, 2, 16, bytes),
        '0'..='7' => return numbered(rest, 3, 8, bytes),
        'u' => return scalar(after, 4, bytes),
        'U' => return scalar(after, 8, bytes),
        other => return Err(format!("`\\{}` is no escape", other.escape_debug())),
    };
    bytes.push(byte);
    Ok(after)
}

fn numbered<'t>(
    rest: &'t str,
    digits: usize,
    radix: u32,
    bytes: &mut Vec<u8>,
) -> Result<&'t str, String> {
    let number = rest
        .get(..digits)
        .filter(|number| number.chars().all(|digit| digit.is_digit(radix)))
        .and_then(|number| u8::from_str_radix(number, radix).ok())
        .ok_or_else(|| format!("an escape here needs {digits} digits that make one byte"))?;
    bytes.push(number);
    Ok(rest.get(digits..).unwrap_or_default())
}

fn scalar<'t>(rest: &'t str, digits: usize, bytes: &mut Vec<u8>) -> Result<&'t str, String> {
    let letter = rest
        .get(..digits)
        .filter(|number| number.chars().all(|digit| digit.is_ascii_hexdigit()))
        .and_then(|number| u32::from_str_radix(number, 16).ok())
        .and_then(char::from_u32)
        .ok_or_else(|| {
            format!("an escape here needs {digits} hexadecimal digits that make a character")
        })?;
    bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    Ok(rest.get(digits..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inner: &str) -> Result<String, String> {
        let mut out = String::new();
        unescape(inner, &mut out).map(|()| out)
    }

    #[test]
    fn escapes_make_bytes_and_characters() {
        assert_eq!(read(r#"a\n\"\\b"#).unwrap(), "a\n\"\\b");
        assert_eq!(read(r"\u65e5\U00008a9e\xc3\xbf\101").unwrap(), "日語ÿA");
        for wrong in [r"\q", r"\ud800", r"\U00110000", r"\x4", r"\xff", r"\400"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn whole_numbers_have_three_bases() {
        assert_eq!(whole_number("42"), Some(42));
        assert_eq!(whole_number("0600"), Some(0o600));
        assert_eq!(whole_number("0xBadFace"), Some(0x0BAD_FACE));
        assert_eq!(whole_number("0"), Some(0));
        assert_eq!(whole_number("08"), None);
        assert_eq!(
            whole_number("170141183460469231731687303715884105727"),
            None
        );
    }
}
