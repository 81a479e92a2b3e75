package a
import rego.v1
deny contains msg if {
	some k, v in input
	not f(k, v.b)
	msg := $"key {k} has {v}"
}
f(x, y) if x == y
