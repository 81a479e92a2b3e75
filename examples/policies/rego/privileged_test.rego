package guardrails.privileged_test

import data.guardrails.privileged
import rego.v1

test_plain_container_passes if {
	count(privileged.deny) == 0 with input as {"kind": "Pod", "spec": {"containers": [{"name": "web"}]}}
}

test_privileged_container_is_denied if {
	some result in privileged.deny with input as {
		"kind": "Deployment",
		"spec": {"template": {"spec": {"containers": [{"name": "web", "securityContext": {"privileged": true}}]}}},
	}
	result.path == "spec.template.spec.containers[0].securityContext.privileged"
}

test_host_network_is_denied if {
	count(privileged.deny) == 1 with input as {"kind": "Pod", "spec": {"hostNetwork": true, "containers": []}}
}
