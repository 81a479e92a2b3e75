//! For a person at a terminal: the system, the twelve patterns, what is wrong, and the verdict.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use palisade_analysis::outcomes::Outcomes;
use palisade_model::{DiagnosticLevel, Finding, Outcome, Severity, Status};

use crate::Texts;
use crate::assessment::{Assessment, PatternLine};
use crate::formats::snippet::Notes;
use crate::formats::{Detail, snippet};
use crate::verdict::Verdict;

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const RESET: &str = "\u{1b}[0m";

/// Width of the column of figures, so that the duration stands apart.
const FIGURES_WIDTH: usize = 76;
/// Width of the longest status, and a space.
const STATUS_WIDTH: usize = 15;
/// Check ids on a pattern's line.
const CHECKS_SHOWN: usize = 4;
/// Cells of a pattern's bar.
const BAR_CELLS: u32 = 10;

pub(super) fn render(assessment: &Assessment, texts: &Texts, detail: Detail) -> String {
    let mut out = String::new();
    if detail > Detail::Quiet && assessment.verdict != Verdict::NothingToCheck {
        summary(&mut out, assessment);
    }
    diagnostics(&mut out, assessment, texts, detail);
    findings(&mut out, assessment, texts, detail);
    unread(&mut out, assessment);
    if detail == Detail::Verbose {
        excepted(&mut out, assessment);
        accounts(&mut out, assessment);
    }
    for exception in assessment
        .ending_soon
        .iter()
        .filter(|_| detail > Detail::Quiet)
    {
        line(
            &mut out,
            &format!(
                "{YELLOW}ends soon{RESET} exception for {} on {} ends on {} ({}, {})",
                exception.scope.check,
                snippet::one_line(&exception.scope.resource),
                exception.expires,
                snippet::one_line(&exception.owner),
                exception.origin
            ),
        );
    }
    last_line(&mut out, assessment);
    if let Some(next) = assessment.next.as_ref().filter(|_| detail > Detail::Quiet) {
        line(&mut out, &format!("{DIM}next: {next}{RESET}"));
    }
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

fn summary(out: &mut String, assessment: &Assessment) {
    let estate = assessment.estate;
    let figures = [
        counted(estate.files, "file", "files"),
        counted(estate.workloads, "workload", "workloads"),
        counted(estate.entry_points, "entry point", "entry points"),
        counted(estate.datasets, "dataset", "datasets"),
        counted(estate.identities, "identity", "identities"),
    ];
    let figures = figures.join(" · ");
    let figures = match assessment.elapsed_ms {
        Some(elapsed) => format!("{figures:FIGURES_WIDTH$}{DIM}{}{RESET}", seconds(elapsed)),
        None => figures,
    };
    line(out, &format!("  {BOLD}estate{RESET}    {figures}"));
    if let Some(outcomes) = &assessment.outcomes {
        line(
            out,
            &format!("  {BOLD}outcomes{RESET}  {}", outcome_words(outcomes)),
        );
    }
    out.push('\n');
    for pattern in &assessment.patterns {
        line(out, &pattern_line(pattern));
    }
    out.push('\n');
}

fn seconds(elapsed_ms: u64) -> String {
    let hundredths = elapsed_ms.saturating_add(5) / 10;
    format!("{}.{:02} s", hundredths / 100, hundredths % 100)
}

fn counted(count: u32, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The four outcomes in words.
pub(super) fn outcome_words(outcomes: &Outcomes) -> String {
    format!(
        "reachable paths {} ({} exposed) · standing privilege {} ({} administrative) · static secrets {} · rollback {}/{}",
        outcomes.reachable_paths,
        outcomes.exposed_paths,
        outcomes.standing_privilege,
        outcomes.administrative,
        outcomes.static_secrets,
        outcomes.rollback_ready,
        outcomes.deployables,
    )
}

fn pattern_line(pattern: &PatternLine) -> String {
    let coverage = pattern.coverage;
    let counts = match pattern.status {
        Status::NotApplicable => format!("no {}", pattern.unit),
        _ => format!(
            "{}/{} {}",
            coverage.guarded,
            coverage.applicable,
            pattern.pattern.unit_for(coverage.applicable)
        ),
    };
    let colour = match pattern.status {
        Status::Met => GREEN,
        Status::Partial => YELLOW,
        Status::Missing => RED,
        Status::NotApplicable => DIM,
    };
    let named = pattern.checks.iter().take(CHECKS_SHOWN);
    let mut checks = named.cloned().collect::<Vec<_>>().join(" ");
    let rest = pattern.checks.len().saturating_sub(CHECKS_SHOWN);
    if rest > 0 {
        let _infallible = write!(checks, " +{rest}");
    }
    let width = if checks.is_empty() { 0 } else { STATUS_WIDTH };
    format!(
        "  {:2} {:24} {colour}{}{RESET}  {counts:21} {colour}{:width$}{RESET} {checks}",
        pattern.pattern.number(),
        pattern.pattern.title(),
        bar(pattern),
        pattern.status.words(),
    )
}

/// Filled cells never round up to full, nor down to empty, as long as the counts differ.
fn bar(pattern: &PatternLine) -> String {
    let coverage = pattern.coverage;
    let filled = match pattern.status {
        Status::NotApplicable => return "·".repeat(BAR_CELLS as usize),
        Status::Met => BAR_CELLS,
        Status::Missing => 0,
        Status::Partial => {
            let share = u64::from(coverage.guarded) * u64::from(BAR_CELLS)
                / u64::from(coverage.applicable.max(1));
            u32::try_from(share)
                .unwrap_or(BAR_CELLS)
                .clamp(1, BAR_CELLS - 1)
        }
    };
    let (full, empty) = (filled as usize, BAR_CELLS.saturating_sub(filled) as usize);
    format!("{}{}", "█".repeat(full), "░".repeat(empty))
}

fn diagnostics(out: &mut String, assessment: &Assessment, texts: &Texts, detail: Detail) {
    const SHOWN: usize = 20;
    let worth = |level: DiagnosticLevel| match detail {
        Detail::Quiet => level == DiagnosticLevel::Error,
        Detail::Normal => level != DiagnosticLevel::Note,
        Detail::Verbose => true,
    };
    let shown: Vec<_> = assessment
        .diagnostics
        .iter()
        .filter(|diagnostic| worth(diagnostic.level))
        .collect();
    let limit = if detail == Detail::Verbose {
        usize::MAX
    } else {
        SHOWN
    };
    for diagnostic in shown.iter().take(limit) {
        line(out, &snippet::diagnostic(diagnostic, texts));
        out.push('\n');
    }
    let rest = shown.len().saturating_sub(limit);
    if rest > 0 {
        line(
            out,
            &format!("{DIM}and {rest} more about the texts themselves (-v shows them){RESET}\n"),
        );
        out.push('\n');
    }
}

fn findings(out: &mut String, assessment: &Assessment, texts: &Texts, detail: Detail) {
    let full = |finding: &&Finding| match detail {
        Detail::Quiet => finding.severity >= assessment.fail_on,
        Detail::Normal => finding.severity >= Severity::High,
        Detail::Verbose => true,
    };
    let shown: Vec<&Finding> = assessment.findings.iter().filter(full).collect();
    for same in shown.chunk_by(|a, b| a.check == b.check && a.severity == b.severity) {
        in_full(out, same, (assessment, texts), detail);
    }
    if detail != Detail::Normal {
        return;
    }
    let folded: Vec<&Finding> = assessment
        .findings
        .iter()
        .filter(|finding| !full(finding))
        .collect();
    let mut rest = folded.as_slice();
    while let Some(first) = rest.first() {
        let same =
            |finding: &&Finding| finding.check == first.check && finding.severity == first.severity;
        let count = rest.iter().take_while(|finding| same(finding)).count();
        line(out, &folded_line(first, count, assessment));
        rest = rest.get(count..).unwrap_or(&[]);
    }
    if !folded.is_empty() {
        line(
            out,
            &format!("{DIM}-v shows these {} in full{RESET}", folded.len()),
        );
        out.push('\n');
    }
}

/// Findings of one check: the first says what it means, a few more show their lines, and the rest
/// are named.
fn in_full(
    out: &mut String,
    same: &[&Finding],
    (assessment, texts): (&Assessment, &Texts),
    detail: Detail,
) {
    const WITH_SOURCE: usize = 4;
    for (at, finding) in same.iter().enumerate() {
        let notes = match (detail, at) {
            (Detail::Verbose, _) => Notes::All,
            (_, 0) => Notes::Some,
            _ => Notes::None,
        };
        if detail == Detail::Verbose || at < WITH_SOURCE {
            line(out, &snippet::finding(finding, assessment, texts, notes));
            out.push('\n');
            continue;
        }
        let message = snippet::one_line(&finding.message);
        let (word, colour) = heading(finding.severity);
        line(
            out,
            &format!(
                "{BOLD}{colour}{word}[{}]{RESET}{BOLD}: {message}{RESET} {DIM}({}){RESET}",
                finding.check, finding.origin
            ),
        );
    }
    if detail != Detail::Verbose && same.len() > WITH_SOURCE {
        out.push('\n');
    }
}

/// The word and colour that a severity reads as.
const fn heading(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Critical | Severity::High => ("error", RED),
        Severity::Medium => ("warning", YELLOW),
        Severity::Low => ("note", GREEN),
    }
}

fn folded_line(first: &Finding, count: usize, assessment: &Assessment) -> String {
    let (word, colour) = heading(first.severity);
    let id = first.check.to_string();
    let title = assessment
        .checks
        .get(&id)
        .map_or(first.slug.as_str(), |check| &check.title);
    let head = format!("{colour}{word}[{id}]{RESET}");
    let pad = " ".repeat(7_usize.saturating_sub(word.len()));
    let place = if count == 1 {
        first.origin.to_string()
    } else {
        format!("first at {}", first.origin)
    };
    format!(
        "{head}{pad} {count:4} × {} {DIM}({place}){RESET}",
        snippet::one_line(title)
    )
}

/// Files that were not read, by reason: a chart of many files is one line.
fn unread(out: &mut String, assessment: &Assessment) {
    let mut groups: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for account in &assessment.accounts {
        let (word, reason) = match &account.outcome {
            Outcome::Unread { reason } => ("not read", reason),
            Outcome::Partial { reason, .. } => ("read in part", reason),
            Outcome::Read { .. } | Outcome::NotApplicable { .. } => continue,
        };
        groups
            .entry((word, reason))
            .or_default()
            .push(&account.path);
    }
    for ((word, reason), paths) in &groups {
        let first = paths.first().copied().unwrap_or_default();
        let rest = paths.len().saturating_sub(1);
        let more = if rest == 0 {
            String::new()
        } else {
            format!(" and {rest} more")
        };
        let reason = snippet::one_line(reason);
        line(
            out,
            &format!(
                "{YELLOW}{word}{RESET} {}{more}: {reason}",
                snippet::one_line(first)
            ),
        );
    }
    if !groups.is_empty() {
        out.push('\n');
    }
}

fn excepted(out: &mut String, assessment: &Assessment) {
    for excepted in &assessment.excepted {
        let finding = &excepted.finding;
        line(
            out,
            &format!(
                "excepted {} {} until {} ({}): {}",
                finding.check,
                finding.origin,
                excepted.exception.expires,
                snippet::one_line(&excepted.exception.owner),
                snippet::one_line(&excepted.exception.reason)
            ),
        );
    }
}

fn accounts(out: &mut String, assessment: &Assessment) {
    for account in &assessment.accounts {
        match &account.outcome {
            Outcome::Read { format, resources } => {
                let resources = counted(*resources, "resource", "resources");
                line(
                    out,
                    &format!("{DIM}read{RESET} {} ({format}, {resources})", account.path),
                );
            }
            Outcome::NotApplicable { reason } => {
                line(
                    out,
                    &format!("{DIM}not applicable{RESET} {} ({reason})", account.path),
                );
            }
            Outcome::Partial { .. } | Outcome::Unread { .. } => {}
        }
    }
}

fn last_line(out: &mut String, assessment: &Assessment) {
    let colour = match &assessment.verdict {
        Verdict::Passes => GREEN,
        Verdict::Fails { .. } | Verdict::Incomplete { .. } => RED,
        Verdict::NothingToCheck => YELLOW,
    };
    let words = verdict_words(assessment);
    let coloured = ["fails", "passes", "could not finish", "nothing to check"]
        .into_iter()
        .find_map(|word| {
            words
                .rsplit_once(word)
                .map(|(before, after)| (before, word, after))
        });
    match coloured {
        Some((before, word, after)) => line(out, &format!("{before}{colour}{word}{RESET}{after}")),
        None => line(out, &words),
    }
}

/// The verdict in one line, the same in every format.
pub(super) fn verdict_words(assessment: &Assessment) -> String {
    let fail_on = assessment.fail_on.word();
    match &assessment.verdict {
        Verdict::NothingToCheck => "nothing to check: no file here is for Palisade".to_owned(),
        Verdict::Incomplete { reason } => format!("could not finish: {reason}, so nothing is said"),
        Verdict::Fails { findings } => {
            let failing = counted(*findings, "finding", "findings");
            format!(
                "{} · fails: {failing} at or above {fail_on}",
                tally(assessment)
            )
        }
        Verdict::Passes => format!(
            "{} · passes: nothing at or above {fail_on}",
            tally(assessment)
        ),
    }
}

/// `3 critical, 7 high · 2 excepted (1 ends within 14 days) · incomplete: 1 file not read`.
fn tally(assessment: &Assessment) -> String {
    let severities = [
        Severity::Critical,
        Severity::High,
        Severity::Medium,
        Severity::Low,
    ];
    let counts: Vec<String> = severities
        .into_iter()
        .map(|severity| (assessment.count(severity), severity.word()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let mut parts = vec![if counts.is_empty() {
        "no findings".to_owned()
    } else {
        counts.join(", ")
    }];
    if !assessment.excepted.is_empty() {
        let ending = match assessment.ending_soon.len() {
            0 => String::new(),
            1 => " (1 ends within 14 days)".to_owned(),
            many => format!(" ({many} end within 14 days)"),
        };
        parts.push(format!("{} excepted{ending}", assessment.excepted.len()));
    }
    let missing = assessment
        .accounts
        .iter()
        .filter(|account| {
            matches!(
                account.outcome,
                Outcome::Unread { .. } | Outcome::Partial { .. }
            )
        })
        .count();
    if missing > 0 {
        let files = counted(u32::try_from(missing).unwrap_or(u32::MAX), "file", "files");
        let which = if missing == 1 { "it" } else { "them" };
        parts.push(format!(
            "incomplete: {files} not read in full (--strict fails on {which})"
        ));
    }
    parts.join(" · ")
}
