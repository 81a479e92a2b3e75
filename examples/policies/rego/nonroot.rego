# METADATA
# title: Containers run as a user without special rights
# custom:
#   severity: high
package guardrails.nonroot

import data.lib.workloads
import rego.v1

deny contains result if {
	some entry in workloads.containers
	not runs_as_non_root(entry.container)
	result := {
		"msg": sprintf("container `%s` may run as root", [entry.container.name]),
		"path": entry.path,
	}
}

deny contains result if {
	some entry in workloads.containers
	not drops_all(entry.container)
	result := {
		"msg": sprintf("container `%s` keeps capabilities", [entry.container.name]),
		"path": entry.path,
	}
}

runs_as_non_root(container) if container.securityContext.runAsNonRoot == true

runs_as_non_root(container) if {
	not has_own_setting(container)
	workloads.pod.securityContext.runAsNonRoot == true
}

has_own_setting(container) if is_boolean(container.securityContext.runAsNonRoot)

drops_all(container) if "ALL" in container.securityContext.capabilities.drop
