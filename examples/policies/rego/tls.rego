# METADATA
# title: Every entry point speaks TLS
# custom:
#   severity: high
package guardrails.tls

import rego.v1

deny contains result if {
	input.kind == "Ingress"
	some index, rule in input.spec.rules
	not covered(rule.host)
	result := {
		"msg": sprintf("host `%s` is served without TLS", [rule.host]),
		"path": sprintf("spec.rules[%d].host", [index]),
	}
}

deny contains result if {
	input.kind == "Gateway"
	startswith(input.apiVersion, "gateway.networking.k8s.io/")
	some index, listener in input.spec.listeners
	not listener.protocol in {"HTTPS", "TLS"}
	not redirects(listener)
	result := {
		"msg": sprintf("listener `%s` accepts plain %s", [listener.name, listener.protocol]),
		"path": sprintf("spec.listeners[%d].protocol", [index]),
	}
}

covered(host) if {
	some tls in input.spec.tls
	host in tls.hosts
}

# A listener that is there for redirects only says so.
redirects(listener) if listener.name == "redirect"
