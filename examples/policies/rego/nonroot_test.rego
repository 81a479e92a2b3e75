package guardrails.nonroot_test

import data.guardrails.nonroot
import rego.v1

pod(context) := {"kind": "Pod", "spec": {"containers": [{"name": "web", "securityContext": context}]}}

test_restricted_container_passes if {
	count(nonroot.deny) == 0 with input as pod({"runAsNonRoot": true, "capabilities": {"drop": ["ALL"]}})
}

test_setting_of_the_pod_holds if {
	count(nonroot.deny) == 0 with input as {"kind": "Pod", "spec": {
		"securityContext": {"runAsNonRoot": true},
		"containers": [{"name": "web", "securityContext": {"capabilities": {"drop": ["ALL"]}}}],
	}}
}

test_setting_of_the_container_wins if {
	count(nonroot.deny) == 1 with input as {"kind": "Pod", "spec": {
		"securityContext": {"runAsNonRoot": true},
		"containers": [{"name": "web", "securityContext": {"runAsNonRoot": false, "capabilities": {"drop": ["ALL"]}}}],
	}}
}

test_nothing_said_is_denied_twice if {
	count(nonroot.deny) == 2 with input as {"kind": "Pod", "spec": {"containers": [{"name": "web"}]}}
}
