//! Whether two simple patterns have a text in common.

use super::super::term::Term;
use super::super::world::{Fault, World};
use super::{Builtin, text_argument};

pub(super) const TABLE: &[Builtin] = &[Builtin::new("regex.globs_match", 2, matches)];

/// Longest pattern, in letters.
const MAX_LETTERS: usize = 1000;

/// A letter of a pattern: ranges that it may be, and how often it stands.
struct Piece {
    ranges: Vec<(char, char)>,
    /// Whether it may be left out.
    optional: bool,
    /// Whether it may be repeated.
    repeated: bool,
}

fn matches(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let left = pieces(text_argument(arguments, 0)?)?;
    let right = pieces(text_argument(arguments, 1)?)?;
    Ok(Term::Bool(meet(&left, &right)))
}

fn pieces(pattern: &str) -> Result<Vec<Piece>, Fault> {
    let broken = |message: &str| {
        Fault::undefined(format!(
            "input:{pattern}, {message}: the input provided is invalid"
        ))
    };
    if pattern.len() > MAX_LETTERS {
        return Err(Fault::halt(format!(
            "a pattern longer than {MAX_LETTERS} letters"
        )));
    }
    let mut found: Vec<Piece> = Vec::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        let ranges = match letter {
            '*' | '+' => {
                let last = found
                    .last_mut()
                    .ok_or_else(|| broken("nothing is repeated"))?;
                last.repeated = true;
                last.optional = letter == '*';
                continue;
            }
            '.' => vec![('\0', char::MAX)],
            '\\' => {
                let escaped = letters.next().ok_or_else(|| broken("nothing is escaped"))?;
                vec![(escaped, escaped)]
            }
            ']' => return Err(broken("set-close ']' with no preceding '['")),
            '[' => set(&mut letters).ok_or_else(|| broken("a set is not closed"))?,
            letter => vec![(letter, letter)],
        };
        found.push(Piece {
            ranges,
            optional: false,
            repeated: false,
        });
    }
    Ok(found)
}

/// The ranges up to `]`.
fn set(letters: &mut std::str::Chars<'_>) -> Option<Vec<(char, char)>> {
    let mut ranges = Vec::new();
    loop {
        let mut letter = letters.next()?;
        if letter == ']' {
            return (!ranges.is_empty()).then_some(ranges);
        }
        if letter == '\\' {
            letter = letters.next()?;
        }
        let mut ahead = letters.clone();
        let to = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(to)) if to != ']' => {
                *letters = ahead;
                to
            }
            _ => letter,
        };
        ranges.push((letter, to));
    }
}

/// Walks both patterns at once over all pairs of positions.
fn meet(left: &[Piece], right: &[Piece]) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    let mut open = vec![(0usize, 0usize, false, false)];
    while let Some(state @ (l, r, l_used, r_used)) = open.pop() {
        if !seen.insert(state) {
            continue;
        }
        let (here, there) = (left.get(l), right.get(r));
        if here.is_none() && there.is_none() {
            return true;
        }
        // A piece that was used, or may be left out, can be passed.
        if here.is_some_and(|piece| piece.optional || l_used) {
            open.push((l + 1, r, false, r_used));
        }
        if there.is_some_and(|piece| piece.optional || r_used) {
            open.push((l, r + 1, l_used, false));
        }
        let (Some(here), Some(there)) = (here, there) else {
            continue;
        };
        let fresh = (!l_used || here.repeated) && (!r_used || there.repeated);
        if fresh && overlap(here, there) {
            open.push((l, r, true, true));
        }
    }
    false
}

fn overlap(left: &Piece, right: &Piece) -> bool {
    left.ranges
        .iter()
        .any(|a| right.ranges.iter().any(|b| a.0 <= b.1 && b.0 <= a.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_meet_where_a_text_fits_both() {
        let both = |left, right| meet(&pieces(left).unwrap(), &pieces(right).unwrap());
        assert!(both("a[0-9]+", "[a-c]7*"));
        assert!(both("x.*", ".*y"));
        assert!(!both("a+", "b*"));
        assert!(!both("[a-z]", "[0-9]"));
        assert!(pieces("a]").is_err() && pieces("[a").is_err() && pieces("*").is_err());
    }
}
