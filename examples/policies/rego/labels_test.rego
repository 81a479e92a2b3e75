package guardrails.labels_test

import data.guardrails.labels
import rego.v1

namespace(labels) := {"kind": "Namespace", "metadata": {"name": "shop", "labels": labels}}

test_labelled_namespace_passes if {
	count(labels.deny) == 0 with input as namespace({"owner": "shop@example.com", "team": "shop"})
}

test_missing_label_is_denied if {
	count(labels.deny) == 1 with input as namespace({"owner": "shop@example.com"})
}

test_no_labels_at_all_are_denied_twice if {
	count(labels.deny) == 2 with input as {"kind": "Deployment", "metadata": {"name": "web"}}
}

test_other_kinds_pass if {
	count(labels.deny) == 0 with input as {"kind": "ConfigMap", "metadata": {"name": "web"}}
}
