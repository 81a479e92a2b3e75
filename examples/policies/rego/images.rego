# METADATA
# title: Images are pinned and come from an allowed registry
# custom:
#   severity: high
package guardrails.images

import data.lib.workloads
import rego.v1

# Registries that images may come from.
allowed := ["registry.example.com/", "ghcr.io/example/"]

deny contains result if {
	some entry in workloads.containers
	image := entry.container.image
	not from_allowed_registry(image)
	result := {
		"msg": sprintf("image `%s` does not come from an allowed registry", [image]),
		"path": sprintf("%s.image", [entry.path]),
	}
}

deny contains result if {
	some entry in workloads.containers
	image := entry.container.image
	not pinned(image)
	result := {
		"msg": sprintf("image `%s` has neither a digest nor an exact version", [image]),
		"path": sprintf("%s.image", [entry.path]),
	}
}

from_allowed_registry(image) if {
	some registry in allowed
	startswith(image, registry)
}

pinned(image) if regex.match(`@sha256:[0-9a-f]{64}$`, image)

pinned(image) if regex.match(`:v?[0-9]+\.[0-9]+\.[0-9]+$`, image)
