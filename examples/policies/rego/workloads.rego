# What the guardrails share: the pod of a workload, and its containers.
package lib.workloads

import rego.v1

# The pod specification of an object, where it has one.
pod := input.spec if input.kind == "Pod"

pod := input.spec.template.spec if {
	input.kind in {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"}
}

pod := input.spec.jobTemplate.spec.template.spec if input.kind == "CronJob"

# Every container of the pod, with the path that leads to it.
containers contains {"path": path, "container": container} if {
	some field in ["containers", "initContainers", "ephemeralContainers"]
	some index, container in pod[field]
	path := sprintf("%s.%s[%d]", [prefix, field, index])
}

# Where the pod stands in the object.
prefix := "spec" if input.kind == "Pod"

prefix := "spec.jobTemplate.spec.template.spec" if input.kind == "CronJob"

prefix := "spec.template.spec" if not input.kind in {"Pod", "CronJob"}
