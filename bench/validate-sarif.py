#!/usr/bin/env python3
"""Holds SARIF results against the schema of OASIS, and against the limits of code scanning.

    pip install jsonschema
    bench/validate-sarif.py sarif-schema-2.1.0.json result.sarif...

The schema stands at docs.oasis-open.org/sarif/sarif/v2.1.0 and is not copied here.
"""

import json
import sys

import jsonschema


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def limits(result):
    for run in result["runs"]:
        if len(run["results"]) > 25_000:
            yield f"{len(run['results'])} results"
        for rule in run["tool"]["driver"]["rules"]:
            if len(rule.get("properties", {}).get("tags", [])) > 20:
                yield f"{rule['id']} has more than 20 tags"
        for found in run["results"]:
            for place in found["locations"]:
                where = place["physicalLocation"]
                if where["artifactLocation"]["uri"].startswith("/"):
                    yield f"{where['artifactLocation']['uri']} is not relative"
            if "primaryLocationLineHash" not in found["partialFingerprints"]:
                yield f"a result of {found['ruleId']} has no fingerprint"


def main():
    schema = load(sys.argv[1])
    validator = jsonschema.validators.validator_for(schema)(schema)
    wrong = 0
    for path in sys.argv[2:]:
        result = load(path)
        faults = [fault.message for fault in validator.iter_errors(result)] + list(limits(result))
        wrong += len(faults)
        print(f"{path}: {len(faults)} faults")
        for fault in faults[:20]:
            print(f"  {fault[:200]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
