//! Functions over bytes: encodings, digests, certificates, chance.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest as _;

use crate::languages::kyverno::scalars::build;

use super::functions::{Function, Given, Kind, failure, text};
use super::interpret::{Argument, Interpreter};

const TEXT: &[Kind] = &[Kind::Text];

/// The functions.
pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("base64_decode", &[TEXT], base64_decode),
    Function::new("base64_encode", &[TEXT], base64_encode),
    Function::new("sha256", &[TEXT], sha256),
    Function::new("sha1", &[TEXT], sha1),
    Function::new("md5", &[TEXT], md5),
    Function::new("random", &[TEXT], random),
];

fn base64_decode<'a>(
    interpreter: Interpreter<'_, 'a>,
    arguments: &[Argument<'_, 'a>],
) -> Given<'a> {
    let text: String = text(arguments, 0)
        .chars()
        .filter(|one| !matches!(one, '\n' | '\r'))
        .collect();
    match STANDARD.decode(text) {
        Ok(bytes) => Ok(build::text(
            interpreter.context.arena,
            &String::from_utf8_lossy(&bytes),
        )),
        Err(error) => failure("base64_decode", error),
    }
}

fn base64_encode<'a>(
    interpreter: Interpreter<'_, 'a>,
    arguments: &[Argument<'_, 'a>],
) -> Given<'a> {
    let encoded = STANDARD.encode(text(arguments, 0));
    Ok(build::text(interpreter.context.arena, &encoded))
}

fn hex<'a>(interpreter: Interpreter<'_, 'a>, bytes: &[u8]) -> Given<'a> {
    let mut written = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(written, "{byte:02x}").unwrap_or_default();
    }
    Ok(build::text(interpreter.context.arena, &written))
}

fn sha256<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    hex(interpreter, &sha2::Sha256::digest(text(arguments, 0)))
}

fn sha1<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    hex(interpreter, &sha1::Sha1::digest(text(arguments, 0)))
}

fn md5<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    hex(interpreter, &md5::Md5::digest(text(arguments, 0)))
}

/// Most characters of a random text.
const MOST_RANDOM: usize = 4096;

/// A random text that fits a simple pattern: characters, classes and counts.
fn random<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let pattern = text(arguments, 0);
    let Some(chance) = interpreter.context.effects.random else {
        return failure("random", "chance was not handed in");
    };
    let mut made = String::new();
    let mut rest = pattern;
    while !rest.is_empty() {
        let Some((choices, after)) = choices(rest) else {
            return failure(
                "random",
                format!("`{pattern}` is no pattern of classes and counts"),
            );
        };
        let Some((least, most, after)) = count(after) else {
            return failure("random", format!("`{pattern}` has a bad count"));
        };
        let spread = u64::try_from(most.saturating_sub(least)).unwrap_or(0) + 1;
        let times = least + usize::try_from(chance() % spread).unwrap_or(0);
        if made.len() + times > MOST_RANDOM {
            return failure(
                "random",
                format!("it is longer than {MOST_RANDOM} characters"),
            );
        }
        for _ in 0..times {
            let at = usize::try_from(chance() % choices.len() as u64).unwrap_or(0);
            made.extend(choices.get(at));
        }
        rest = after;
    }
    Ok(build::text(interpreter.context.arena, &made))
}

/// The characters that may stand next, and the rest of the pattern.
fn choices(pattern: &str) -> Option<(Vec<char>, &str)> {
    let mut signs = pattern.chars();
    let digits = || ('0'..='9').collect::<Vec<_>>();
    let word = || {
        let letters = ('a'..='z').chain('A'..='Z').chain('0'..='9');
        letters.chain(std::iter::once('_')).collect::<Vec<_>>()
    };
    let found = match signs.next()? {
        '[' => {
            let (inner, after) = signs.as_str().split_once(']')?;
            return Some((class(inner)?, after));
        }
        '\\' => match signs.next()? {
            'd' => digits(),
            'w' => word(),
            other => vec![other],
        },
        '.' => word(),
        '(' | ')' | '|' | '*' | '+' | '?' | '{' | '^' | '$' => return None,
        one => vec![one],
    };
    Some((found, signs.as_str()))
}

fn class(inner: &str) -> Option<Vec<char>> {
    let signs: Vec<char> = inner.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(one) = signs.get(at) {
        match (signs.get(at + 1), signs.get(at + 2)) {
            (Some('-'), Some(last))
                if u32::from(*last) - u32::from(*one).min(u32::from(*last)) < 256 =>
            {
                found.extend(*one..=*last);
                at += 3;
            }
            _ => {
                found.push(*one);
                at += 1;
            }
        }
    }
    (!found.is_empty() && !inner.starts_with('^')).then_some(found)
}

/// How often the last choice is made, and the rest of the pattern.
fn count(pattern: &str) -> Option<(usize, usize, &str)> {
    match pattern.chars().next() {
        Some('{') => {
            let (inner, after) = pattern.get(1..)?.split_once('}')?;
            let (least, most) = inner.split_once(',').unwrap_or((inner, inner));
            let least = least.trim().parse().ok()?;
            let most = most.trim().parse().ok()?;
            (least <= most).then_some((least, most, after))
        }
        Some('?') => Some((0, 1, pattern.get(1..)?)),
        Some('+') => Some((1, 16, pattern.get(1..)?)),
        Some('*') => Some((0, 16, pattern.get(1..)?)),
        _ => Some((1, 1, pattern)),
    }
}
