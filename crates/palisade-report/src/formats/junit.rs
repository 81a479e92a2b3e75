//! `JUnit` XML: one suite per pattern, one case per check and place.

use palisade_model::{Finding, PatternId};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::assessment::{Assessment, PatternLine};
use crate::formats::snippet::one_line;
use crate::verdict::Verdict;

pub(super) fn render(assessment: &Assessment) -> String {
    let mut report = Report::new("palisade");
    report.add_test_suite(run(assessment));
    for pattern in &assessment.patterns {
        report.add_test_suite(suite(pattern, assessment));
    }
    let mut text = report.to_string().unwrap_or_default();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// The run itself is a case, so that one that could not finish never reads as a success.
fn run(assessment: &Assessment) -> TestSuite {
    let mut suite = TestSuite::new("run");
    let status = match &assessment.verdict {
        Verdict::Incomplete { reason } => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(reason);
            status
        }
        Verdict::NothingToCheck => {
            let mut status = TestCaseStatus::skipped();
            status.set_message("nothing to check");
            status
        }
        Verdict::Passes | Verdict::Fails { .. } => TestCaseStatus::success(),
    };
    suite.add_test_case(TestCase::new("reading", status));
    suite
}

fn suite(pattern: &PatternLine, assessment: &Assessment) -> TestSuite {
    let mut suite = TestSuite::new(format!("{:02} {}", pattern.pattern.number(), pattern.slug));
    for finding in of(pattern.pattern, &assessment.findings) {
        suite.add_test_case(failure(finding, assessment));
    }
    for excepted in &assessment.excepted {
        if excepted.finding.check.pattern() == Some(pattern.pattern) {
            let mut status = TestCaseStatus::skipped();
            status.set_message(one_line(&format!(
                "excepted until {} by {}: {}",
                excepted.exception.expires, excepted.exception.owner, excepted.exception.reason
            )));
            suite.add_test_case(TestCase::new(name(&excepted.finding), status));
        }
    }
    if suite.test_cases.is_empty() {
        suite.add_test_case(TestCase::new("no findings", TestCaseStatus::success()));
    }
    suite
}

fn of(pattern: PatternId, findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings
        .iter()
        .filter(move |finding| finding.check.pattern() == Some(pattern))
}

/// Findings below the severity that fails a run are cases that pass, with their words as output.
fn failure(finding: &Finding, assessment: &Assessment) -> TestCase {
    let words = format!(
        "{}: {}\nlets: {}\nfix: {}\nsee: palisade explain {}",
        finding.origin, finding.message, finding.lets, finding.fix, finding.check
    );
    if finding.severity < assessment.fail_on {
        let mut case = TestCase::new(name(finding), TestCaseStatus::success());
        case.set_system_out(words);
        return case;
    }
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(finding.severity.word());
    status.set_message(one_line(&finding.message));
    status.set_description(words);
    let mut case = TestCase::new(name(finding), status);
    case.set_classname(finding.check.to_string());
    case
}

fn name(finding: &Finding) -> String {
    let place = one_line(finding.subject.as_str());
    match finding.part.as_str() {
        "" => format!("{} {place}", finding.check),
        part => format!("{} {place} {}", finding.check, one_line(part)),
    }
}
