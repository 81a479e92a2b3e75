package guardrails.images_test

import data.guardrails.images
import rego.v1

pod(image) := {"kind": "Pod", "spec": {"containers": [{"name": "web", "image": image}]}}

test_exact_version_passes if {
	count(images.deny) == 0 with input as pod("registry.example.com/shop/web:1.4.2")
}

test_digest_passes if {
	digest := concat("", ["sha256:", "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"])
	count(images.deny) == 0 with input as pod(concat("@", ["ghcr.io/example/web", digest]))
}

test_latest_is_denied if {
	some result in images.deny with input as pod("registry.example.com/shop/web:latest")
	result.path == "spec.containers[0].image"
}

test_foreign_registry_is_denied if {
	count(images.deny) == 1 with input as pod("docker.io/library/web:1.4.2")
}
