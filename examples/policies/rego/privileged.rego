# METADATA
# title: No container is privileged or shares a namespace of the host
# custom:
#   severity: critical
package guardrails.privileged

import data.lib.workloads
import rego.v1

deny contains result if {
	some entry in workloads.containers
	entry.container.securityContext.privileged == true
	result := {
		"msg": sprintf("container `%s` is privileged", [entry.container.name]),
		"path": sprintf("%s.securityContext.privileged", [entry.path]),
	}
}

deny contains result if {
	some field in ["hostNetwork", "hostPID", "hostIPC"]
	workloads.pod[field] == true
	result := {
		"msg": sprintf("the pod shares the host's namespace (`%s`)", [field]),
		"path": sprintf("%s.%s", [workloads.prefix, field]),
	}
}
