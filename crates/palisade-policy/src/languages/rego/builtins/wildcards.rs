//! Globs, by the grammar of the language's first implementation, as patterns of linear time.

use super::super::term::Term;
use super::super::world::{Fault, World};
use super::bounds::Growing;
use super::patterns::pattern;
use super::{Builtin, argument, text_argument, wrong_type};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("glob.match", 3, matches),
    Builtin::new("glob.quote_meta", 1, quote),
];

/// Any letter.
const ANY: &str = "(?s:.)";

fn matches(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let (glob, text) = (text_argument(arguments, 0)?, text_argument(arguments, 2)?);
    let separators = separators(argument(arguments, 1)?)?;
    // The first implementation lets the one mark stand for nothing too, if it stands alone.
    if glob == "?" && text.is_empty() {
        return Ok(Term::Bool(true));
    }
    let made = Reader::new(glob, &separators).read()?;
    Ok(Term::Bool(pattern(&made)?.regex.is_match(text)))
}

/// The letters that a star does not pass: a point where none are named, none where it is null.
fn separators(found: &Term) -> Result<Vec<char>, Fault> {
    let items = match found {
        Term::Null => return Ok(Vec::new()),
        Term::Array(items) if items.is_empty() => return Ok(vec!['.']),
        Term::Array(items) => items,
        other => return Err(wrong_type(1, "array", other)),
    };
    let letter = |item: &Term| {
        let mut letters = item.as_text()?.chars();
        letters.next().filter(|_| letters.next().is_none())
    };
    items
        .iter()
        .map(|item| letter(item).ok_or_else(|| wrong_type(1, "array of runes", item)))
        .collect()
}

struct Reader<'g> {
    rest: std::str::Chars<'g>,
    /// Any letter but the separators.
    inner: String,
    made: String,
    /// Lists of alternatives that are open.
    open: usize,
}

impl<'g> Reader<'g> {
    fn new(glob: &'g str, separators: &[char]) -> Self {
        let mut inner = String::from("[^");
        for letter in separators {
            push_letter(&mut inner, *letter);
        }
        inner.push(']');
        Self {
            rest: glob.chars(),
            inner: if separators.is_empty() {
                ANY.to_owned()
            } else {
                inner
            },
            made: String::from(r"\A"),
            open: 0,
        }
    }

    fn read(mut self) -> Result<String, Fault> {
        while let Some(letter) = self.rest.next() {
            match letter {
                '{' => {
                    self.open += 1;
                    self.made.push_str("(?:");
                }
                ',' if self.open > 0 => self.made.push('|'),
                '}' if self.open > 0 => {
                    self.open -= 1;
                    self.made.push(')');
                }
                '[' => self.range()?,
                '?' => self.made.push_str(&self.inner),
                '*' if self.rest.as_str().starts_with('*') => {
                    self.rest.next();
                    self.made.extend([ANY, "*"]);
                }
                '*' => self.made.extend([&self.inner, "*"]),
                '\\' => {
                    if let Some(letter) = self.rest.next() {
                        push_letter(&mut self.made, letter);
                    }
                }
                letter => push_letter(&mut self.made, letter),
            }
        }
        // A list that is not closed ends with the glob.
        self.made.push_str(&")".repeat(self.open));
        self.made.push_str(r"\z");
        Ok(self.made)
    }

    fn next(&mut self) -> Result<char, Fault> {
        self.rest
            .next()
            .ok_or_else(|| Fault::undefined("glob.match: unexpected end of input"))
    }

    /// `[a-z]` or `[abc]`, either with `!` before it.
    fn range(&mut self) -> Result<(), Fault> {
        let is_negated = self.rest.as_str().starts_with('!');
        if is_negated {
            self.rest.next();
        }
        self.made.push_str(if is_negated { "[^" } else { "[" });
        let mut ahead = self.rest.clone();
        if let (Some(from), Some('-')) = (ahead.next(), ahead.next()) {
            self.rest = ahead;
            let to = self.next()?;
            if self.next()? != ']' {
                return Err(Fault::undefined(
                    "glob.match: expected close range character",
                ));
            }
            if to < from {
                return Err(Fault::undefined("glob.match: the range runs backwards"));
            }
            push_letter(&mut self.made, from);
            self.made.push('-');
            push_letter(&mut self.made, to);
            self.made.push(']');
            return Ok(());
        }
        let mut is_empty = true;
        loop {
            let mut letter = self.next()?;
            if letter == ']' {
                break;
            }
            if letter == '\\' {
                letter = self.next()?;
            }
            push_letter(&mut self.made, letter);
            is_empty = false;
        }
        if is_empty {
            return Err(Fault::undefined("glob.match: could not parse range"));
        }
        self.made.push(']');
        Ok(())
    }
}

fn push_letter(made: &mut String, letter: char) {
    if letter.is_ascii_alphanumeric() || !letter.is_ascii() {
        made.push(letter);
    } else {
        made.extend(["\\x", &format!("{:02x}", u32::from(letter))]);
    }
}

fn quote(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let mut made = Growing::new("glob.quote_meta");
    for letter in text_argument(arguments, 0)?.chars() {
        if matches!(letter, '*' | '?' | '\\' | '[' | ']' | '{' | '}') {
            made.push("\\")?;
        }
        made.push_letter(letter)?;
    }
    Ok(made.into_term())
}
