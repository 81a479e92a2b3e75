package guardrails.tls_test

import data.guardrails.tls
import rego.v1

test_covered_host_passes if {
	count(tls.deny) == 0 with input as {"kind": "Ingress", "spec": {
		"rules": [{"host": "shop.example.com"}],
		"tls": [{"hosts": ["shop.example.com"]}],
	}}
}

test_uncovered_host_is_denied if {
	count(tls.deny) == 1 with input as {"kind": "Ingress", "spec": {
		"rules": [{"host": "shop.example.com"}, {"host": "old.example.com"}],
		"tls": [{"hosts": ["shop.example.com"]}],
	}}
}

gateway(listener) := {
	"apiVersion": "gateway.networking.k8s.io/v1",
	"kind": "Gateway",
	"spec": {"listeners": [listener]},
}

test_plain_listener_is_denied if {
	count(tls.deny) == 1 with input as gateway({"name": "web", "protocol": "HTTP"})
}

test_redirect_and_tls_listeners_pass if {
	count(tls.deny) == 0 with input as gateway({"name": "redirect", "protocol": "HTTP"})
	count(tls.deny) == 0 with input as gateway({"name": "web", "protocol": "HTTPS"})
}
