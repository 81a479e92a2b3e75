package a
import rego.v1
s := `interface N { id: ID! } type Q implements N { id: ID! q(in: [I!] = [{a: 1.5e3}]): U } union U = Q input I @oneOf { a: Float b: I }
schema { query: Q } directive @d(x: String = """ block \""" """) repeatable on FIELD extend type Q @deprecated { z: Int }`
q := `query A($v: I! = {b: {a: -0}}) { q(in: [$v]) @d @d(x: "\u00e9") { ...F ... on N { id } } } fragment F on Q { x: q { __typename } }`
p contains graphql.is_valid(q, s)
p contains graphql.is_valid(graphql.parse_query(q), graphql.parse_schema(s))
p contains graphql.parse_and_verify(input, s)[0]
p contains graphql.schema_is_valid({"Definitions": [{"Kind": "ENUM", "Name": "E", "EnumValues": [{"Name": null}]}]})
