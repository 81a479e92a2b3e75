package a.if
with.foo := 1
p contains x if { walk(input, [x, _]) }
