//! Reads fields of a document and says what is wrong at its place.

use std::fmt::Display;
use std::sync::Arc;

use palisade_document::{Kind, SourceFile, Span, Value};
use palisade_model::{Diagnostic, DiagnosticLevel, Origin};

/// How alike two words are to be meant for each other.
const ALIKE: f64 = 0.8;
/// The most diagnostics about one file; what comes after is not said.
const MOST_DIAGNOSTICS: usize = 200;

/// One file being read.
pub(crate) struct Fields {
    pub(crate) file: Arc<SourceFile>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Fields {
    pub(crate) fn new(file: Arc<SourceFile>) -> Self {
        Self {
            file,
            diagnostics: Vec::new(),
        }
    }

    /// The place of a span.
    pub(crate) fn origin(&self, span: Span) -> Origin {
        Origin::new(&self.file, span)
    }

    /// Says what is wrong, and perhaps the way out.
    pub(crate) fn wrong(&mut self, span: Span, message: impl Display, help: Option<String>) {
        if self.diagnostics.len() < MOST_DIAGNOSTICS {
            let origin = Some(self.origin(span));
            self.diagnostics.push(Diagnostic {
                level: DiagnosticLevel::Error,
                message: message.to_string(),
                origin,
                help,
            });
        }
    }

    /// Whether a value is a mapping with these keys only.
    pub(crate) fn mapping(&mut self, value: Value<'_>, what: &str, known: &[&str]) -> bool {
        if !value.is_object() {
            let help = format!("its keys are {}", listed(known));
            self.wrong(value.span(), format!("{what} is a mapping"), Some(help));
            return false;
        }
        let unknown = value
            .entries()
            .filter(|entry| !known.contains(&entry.key))
            .collect::<Vec<_>>();
        for entry in &unknown {
            let help = nearest(entry.key, known).map_or_else(
                || format!("the keys here are {}", listed(known)),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("{what} has no key `{}`", cut(entry.key));
            self.wrong(entry.key_span, message, Some(help));
        }
        unknown.is_empty()
    }

    /// A text; numbers count as texts where they are written as texts would be.
    pub(crate) fn text(&mut self, value: Value<'_>, key: &str) -> Option<String> {
        let written = self.file.slice(value.span()).to_owned();
        let help = match value.kind() {
            Kind::String(text) => return Some(text.to_owned()),
            Kind::Int(number) if number.to_string() == written => return Some(written),
            Kind::Int(_) | Kind::Float(_) | Kind::Bool(_) => {
                format!("write it in quotes: `{key}: \"{}\"`", cut(&written))
            }
            Kind::Null | Kind::Array | Kind::Object => format!("write `{key}: …` with one value"),
        };
        self.wrong(value.span(), format!("`{key}` is a text"), Some(help));
        None
    }

    /// A text that is read further.
    pub(crate) fn parsed<T, E: Display>(
        &mut self,
        value: Value<'_>,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(value, key)?;
        match parse(&text) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.wrong(value.span(), error, None);
                None
            }
        }
    }

    /// A list of texts, or one; each is read further. `None` if anything is wrong.
    pub(crate) fn list<T, E: Display>(
        &mut self,
        value: Value<'_>,
        (key, most): (&str, usize),
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        if !value.is_array() {
            return self.parsed(value, key, parse).map(|one| vec![one]);
        }
        let found = value.items().len();
        if found > most {
            let message = format!("`{key}` holds {found} items, and at most {most} are taken");
            self.wrong(value.span(), message, None);
            return None;
        }
        let items: Vec<Option<T>> = value
            .items()
            .map(|item| self.parsed(item, key, &parse))
            .collect();
        items.into_iter().collect()
    }
}

/// The known word that is most like a wrong one, if one is like it at all.
fn nearest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    if wrong.len() > 80 {
        return None;
    }
    let alike = |word: &&'a str| (strsim::jaro_winkler(wrong, word), *word);
    let scored = known.iter().map(alike).filter(|(score, _)| *score > ALIKE);
    let best = scored.reduce(|best, other| if other.0 > best.0 { other } else { best });
    best.map(|(_, word)| word)
}

/// Words as they are told: `` `a`, `b` ``.
fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

/// The beginning of a text that somebody else wrote.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}
