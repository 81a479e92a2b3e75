//! The handbook, carried in the binary: one page per pattern, one section per check.

use palisade_model::{CheckId, PatternId};

/// Pages of `docs/patterns`, in order.
const PAGES: &[&str] = include!(concat!(env!("OUT_DIR"), "/handbook.rs"));

/// What stands before the first check on a pattern's page, without the title.
pub(crate) fn introduction(pattern: PatternId) -> Option<&'static str> {
    let title = format!("# {}. {}", pattern.number(), pattern.slug());
    let page = PAGES
        .iter()
        .find(|page| page.lines().next() == Some(&title))?;
    let body = page.split_once('\n')?.1;
    let end = body.find("\n## ").unwrap_or(body.len());
    body.get(..end).map(str::trim)
}

/// The section of a check, without its title.
pub(crate) fn section(check: CheckId) -> Option<&'static str> {
    let title = format!("\n## {check} ");
    PAGES.iter().find_map(|page| {
        let (_, rest) = page.split_once(&title)?;
        let body = rest.split_once('\n')?.1;
        let end = body.find("\n## ").unwrap_or(body.len());
        body.get(..end).map(str::trim)
    })
}
