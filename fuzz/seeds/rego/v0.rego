package a
deny[msg] { x := input.a[_]; x.b == "c"; msg := sprintf("%v", [x]) } { msg := "b"; input.a }
