//! What rules make, against the budgets of a gate.

use std::time::{Duration, Instant};

use palisade_policy::Budget;
use serde_json::json;

use crate::gate::{gate_within, pod, review_at};

/// Rules of a package of their own each: a thousand million numbers, and ten million bytes of messages.
const DEAR: [(&str, &str); 2] = [
    (
        "package numbers_made\n\ndeny contains \"many\" if {\n  ns := numbers.range(1, 1000)\n  made := [v | x := ns[_]; y := ns[_]; z := ns[_]; v := x * y + z]\n  count(made) == 0\n}\n",
        "the policy took longer than 500 ms",
    ),
    (
        "package messages_made\n\ndeny contains sprintf(\"%0200d\", [x]) if {\n  some x in numbers.range(1, 50000)\n}\n",
        "the policy wrote more than 4194304 bytes",
    ),
];

#[test]
fn what_a_rule_makes_ends_in_its_budget() {
    let budget = Budget {
        time: Duration::from_millis(500),
        ..Budget::default()
    };
    for (rule, wanted) in DEAR {
        let budget = Budget {
            time: if wanted.contains("500 ms") {
                budget.time
            } else {
                Duration::from_mins(1)
            },
            ..budget
        };
        let gate = gate_within(budget, &[("a.rego", rule)], "").expect("it loads");
        let started = Instant::now();
        let decision = review_at(&gate, &pod(&json!({"containers": []})), 0);
        assert!(!decision.allowed);
        let said: Vec<_> = decision
            .answers
            .iter()
            .map(|one| one.message.as_str())
            .collect();
        assert_eq!(said, [wanted], "{rule}");
        assert!(started.elapsed() < Duration::from_secs(55), "{rule}");
    }
    // Other tests of the process hold memory as well.
    assert!(resident_bytes() < 2 << 30, "{}", resident_bytes());
}

/// The memory of this process; nothing where the system does not tell.
fn resident_bytes() -> u64 {
    let told = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = told.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0_u64) * 4096
}
