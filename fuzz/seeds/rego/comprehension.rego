package a
p := {x: y | some x, y in input} if { every z in input.a { z != 1 } } else := 2
