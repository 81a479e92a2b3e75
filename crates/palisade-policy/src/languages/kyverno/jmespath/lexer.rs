//! Cuts a JMESPath expression into tokens.

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// `name` or `"name"`; the flag says whether it was quoted.
    Name(String, bool),
    /// A whole number.
    Number(i64),
    /// `'text'`.
    Raw(String),
    /// `` `json` ``.
    Json(String),
    /// Punctuation and operators.
    Sign(&'static str),
    /// The end.
    End,
}

const SIGNS: [&str; 27] = [
    "[?", "[]", "||", "&&", "==", "!=", "<=", ">=", ".", "*", ",", ":", "{", "}", "]", "(", ")",
    "@", "[", "|", "&", "<", ">", "!", "-", "$", "=",
];

/// The tokens of a text, each with its byte.
pub(crate) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, String> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let one = rest.chars().next().unwrap_or(' ');
        if one.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let (token, length) = token(rest, one)
            .map_err(|reason| format!("`{text}` is not JMESPath: {reason} at byte {at}"))?;
        found.push((token, at));
        at += length;
    }
    found.push((Token::End, text.len()));
    Ok(found)
}

fn token(rest: &str, one: char) -> Result<(Token, usize), String> {
    match one {
        'a'..='z' | 'A'..='Z' | '_' => {
            let end = rest
                .find(|one: char| !one.is_ascii_alphanumeric() && one != '_')
                .unwrap_or(rest.len());
            let name = rest.get(..end).unwrap_or("");
            Ok((Token::Name(name.to_owned(), false), end))
        }
        '0'..='9' => number(rest),
        '-' if rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit) => number(rest),
        '"' => {
            let (body, length) = delimited(rest, '"')?;
            let name = serde_json::from_str::<String>(&format!("\"{body}\""))
                .map_err(|_| "a quoted name has a bad escape".to_owned())?;
            Ok((Token::Name(name, true), length))
        }
        '\'' => {
            let (body, length) = delimited(rest, '\'')?;
            Ok((Token::Raw(body.replace("\\'", "'")), length))
        }
        '`' => {
            let (body, length) = delimited(rest, '`')?;
            Ok((Token::Json(body.replace("\\`", "`")), length))
        }
        _ => {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| format!("`{one}` has no meaning"))?;
            Ok((Token::Sign(sign), sign.len()))
        }
    }
}

fn number(rest: &str) -> Result<(Token, usize), String> {
    let skip = usize::from(rest.starts_with('-'));
    let digits = rest
        .bytes()
        .skip(skip)
        .take_while(u8::is_ascii_digit)
        .count();
    let end = skip + digits;
    let value = rest
        .get(..end)
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| "a number is too large".to_owned())?;
    Ok((Token::Number(value), end))
}

/// The text between two delimiters, with `\` before a delimiter kept, and the whole length.
fn delimited(rest: &str, delimiter: char) -> Result<(&str, usize), String> {
    let mut escaped = false;
    for (at, one) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if one == '\\' {
            escaped = true;
        } else if one == delimiter {
            return Ok((rest.get(1..at).unwrap_or(""), at + 1));
        }
    }
    Err(format!("`{delimiter}` is not closed"))
}
