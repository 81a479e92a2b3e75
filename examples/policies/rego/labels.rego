# METADATA
# title: Namespaces and workloads say who owns them
# custom:
#   severity: medium
package guardrails.labels

import rego.v1

wanted := ["owner", "team"]

kinds := {"Namespace", "Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"}

deny contains result if {
	input.kind in kinds
	some label in wanted
	object.get(input, ["metadata", "labels", label], "") == ""
	result := {
		"msg": sprintf("%s `%s` has no label `%s`", [input.kind, input.metadata.name, label]),
		"path": "metadata",
	}
}
