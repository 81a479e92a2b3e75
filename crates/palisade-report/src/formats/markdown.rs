//! A pull-request comment: the verdict, the patterns, and the findings behind a fold.

use std::fmt::Write as _;

use palisade_model::{Finding, Severity, Status};

use crate::assessment::Assessment;
use crate::formats::human;
use crate::verdict::Verdict;

/// GitHub refuses comments above 65,536 characters; what does not fit is counted instead.
const MAX_CHARACTERS: usize = 60_000;

pub(super) fn render(assessment: &Assessment) -> String {
    let mark = match assessment.verdict {
        Verdict::Passes => "✅",
        Verdict::Fails { .. } => "❌",
        Verdict::Incomplete { .. } | Verdict::NothingToCheck => "⚠️",
    };
    let mut out = format!(
        "### {mark} Palisade\n\n{}\n\n",
        escape(&human::verdict_words(assessment))
    );
    if let Some(outcomes) = &assessment.outcomes {
        let _infallible = writeln!(out, "**Outcomes**: {}\n", human::outcome_words(outcomes));
    }
    patterns(&mut out, assessment);
    for severity in [
        Severity::Critical,
        Severity::High,
        Severity::Medium,
        Severity::Low,
    ] {
        section(&mut out, assessment, severity);
    }
    out
}

fn patterns(out: &mut String, assessment: &Assessment) {
    out.push_str("| # | pattern | guarded | status | checks |\n|--:|---|---|---|---|\n");
    for pattern in &assessment.patterns {
        let counts = match pattern.status {
            Status::NotApplicable => String::new(),
            _ => format!(
                "{}/{} {}",
                pattern.coverage.guarded,
                pattern.coverage.applicable,
                pattern.pattern.unit_for(pattern.coverage.applicable)
            ),
        };
        let _infallible = writeln!(
            out,
            "| {} | {} | {counts} | {} | {} |",
            pattern.pattern.number(),
            pattern.pattern.title(),
            pattern.status.words(),
            pattern.checks.join(" ")
        );
    }
    out.push('\n');
}

fn section(out: &mut String, assessment: &Assessment, severity: Severity) {
    let findings: Vec<&Finding> = assessment
        .findings
        .iter()
        .filter(|finding| finding.severity == severity)
        .collect();
    if findings.is_empty() {
        return;
    }
    let _infallible = writeln!(
        out,
        "<details><summary>{} {}</summary>\n",
        findings.len(),
        severity.word()
    );
    for (index, finding) in findings.iter().enumerate() {
        if out.len() > MAX_CHARACTERS {
            let _infallible = writeln!(out, "- and {} more", findings.len() - index);
            break;
        }
        let _infallible = writeln!(
            out,
            "- **{}** {} (`{}`)<br>lets: {}<br>fix: {}",
            finding.check,
            escape(&finding.message),
            finding.origin.to_string().replace('`', "'"),
            escape(&finding.lets),
            escape(&finding.fix)
        );
    }
    out.push_str("\n</details>\n\n");
}

/// Names come from the code under judgement: they must not become markup, links or mentions.
/// Backticks stay: they mark names, and what stands between them is shown as it is.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut code = false;
    let balanced = text.matches('`').count().is_multiple_of(2);
    for character in text.chars() {
        match character {
            '`' if balanced => {
                code = !code;
                escaped.push('`');
            }
            '\n' | '\r' => escaped.push(' '),
            _ if code => escaped.push(character),
            '`' | '*' | '_' | '[' | ']' | '|' | '\\' | '#' | '~' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '@' => escaped.push_str("&#64;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn names_do_not_become_markup() {
        assert_eq!(
            escape("<b> @team [x](y) a_b"),
            "&lt;b&gt; &#64;team \\[x\\](y) a\\_b"
        );
        assert_eq!(escape("`a_b <c>` is"), "`a_b <c>` is");
        assert_eq!(escape("one ` alone"), "one \\` alone");
    }
}
