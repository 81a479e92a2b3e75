//! Results of policy tests as `JUnit` XML: one suite per file or folder of tests.

use palisade_policy::{CaseResult, SuiteReport, Verdict};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::formats::one_line;

pub(super) fn render(suites: &[SuiteReport]) -> String {
    let mut report = Report::new("palisade policy test");
    for suite in suites {
        let mut out = TestSuite::new(suite.name.as_str());
        out.add_property(("runner", suite.runner));
        for case in &suite.cases {
            out.add_test_case(test_case(case, suite));
        }
        report.add_test_suite(out);
    }
    let mut text = report.to_string().unwrap_or_default();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn test_case(case: &CaseResult, suite: &SuiteReport) -> TestCase {
    let status = match &case.verdict {
        Verdict::Passed => TestCaseStatus::success(),
        Verdict::Failed(why) => non_success(NonSuccessKind::Failure, why),
        Verdict::Error(why) => non_success(NonSuccessKind::Error, why),
        Verdict::Skipped(why) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(one_line(why));
            status
        }
    };
    let mut out = TestCase::new(one_line(&case.name), status);
    out.set_classname(suite.language);
    out.set_time(case.duration);
    if !case.prints.is_empty() {
        out.set_system_out(case.prints.join("\n"));
    }
    out
}

fn non_success(kind: NonSuccessKind, why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(one_line(why));
    status.set_description(why);
    status
}
