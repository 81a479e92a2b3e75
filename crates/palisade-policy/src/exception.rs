//! Reviewed exceptions in the ecosystems' own forms: who answers for them, and when they end.
//!
//! Kyverno's `PolicyException` says so in annotations or labels (`palisade.dev/owner`,
//! `palisade.dev/until`, `palisade.dev/reason`), an `exception` rule of conftest in its
//! `# METADATA` (`custom.owner`, `custom.until`, `custom.reason`).

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use palisade_model::Origin;

use crate::datum::Datum;

/// When an exception ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It does not say.
    Missing,
    /// It says something that is no day.
    Unreadable(String),
    /// The first day on which it no longer holds.
    On(Date),
}

/// An exception from policies, as its ecosystem writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyException {
    /// What a person calls it.
    pub name: String,
    /// Where it stands.
    pub origin: Origin,
    /// Who answers for it.
    pub owner: Option<String>,
    /// When it ends.
    pub end: End,
    /// Why it is there.
    pub reason: Option<String>,
}

impl PolicyException {
    /// An exception that says these things of itself, by their short names.
    pub(crate) fn new(
        name: impl Into<String>,
        origin: Origin,
        said: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let said = |key| {
            let text = said(key)?.trim().to_owned();
            (!text.is_empty()).then_some(text)
        };
        Self {
            name: name.into(),
            origin,
            owner: said("owner"),
            end: match said("until") {
                None => End::Missing,
                Some(text) => match text.parse() {
                    Ok(day) => End::On(day),
                    Err(_) => End::Unreadable(text),
                },
            },
            reason: said("reason"),
        }
    }

    /// An exception that is a Kubernetes object; annotations go before labels.
    pub(crate) fn of_object(name: impl Into<String>, origin: Origin, object: Datum<'_>) -> Self {
        let metadata = object.get("metadata").unwrap_or(Datum::Null);
        Self::new(name, origin, |key| {
            let key = format!("palisade.dev/{key}");
            let on = |part: &str| metadata.get(part)?.get(&key)?.as_text().map(str::to_owned);
            on("annotations").or_else(|| on("labels"))
        })
    }

    /// Whether it holds at a moment, in nanoseconds since 1970. One with an end holds only where
    /// the time is known and the end is a day that lies ahead.
    pub fn holds(&self, now_ns: Option<i64>) -> bool {
        match &self.end {
            End::Missing => true,
            End::Unreadable(_) => false,
            End::On(day) => now_ns
                .and_then(|now| Timestamp::from_nanosecond(i128::from(now)).ok())
                .is_some_and(|now| TimeZone::UTC.to_datetime(now).date() < *day),
        }
    }
}

#[cfg(test)]
mod tests {
    use palisade_document::{SourceFile, Span};

    use super::*;

    const DAY_NS: i64 = 86_400_000_000_000;

    fn exception(until: Option<&str>) -> PolicyException {
        let origin = Origin::new(&SourceFile::new("a", "b"), Span::default());
        PolicyException::new("e", origin, |key| {
            until.filter(|_| key == "until").map(str::to_owned)
        })
    }

    #[test]
    fn an_exception_holds_before_its_end_and_not_from_that_day_on() {
        let ends = exception(Some(" 1970-01-03 "));
        assert!(ends.holds(Some(2 * DAY_NS - 1)));
        assert!(!ends.holds(Some(2 * DAY_NS)));
        assert!(!ends.holds(None));
        assert!(exception(None).holds(None));
        assert!(!exception(Some("soon")).holds(Some(0)));
    }
}
