#!/usr/bin/env python3
"""Compares what Palisade and Checkov find on one system, finding by finding.

    palisade check DIR --format json --output palisade.json
    checkov -d DIR --framework kubernetes dockerfile secrets --compact --quiet -o json > checkov.json
    bench/compare-checkov.py palisade.json checkov.json

A finding of Checkov is answered when a finding of Palisade that names its id stands in the same
object (`same place`), or names the cause that both share: the namespace, the image or another
declaration of the same resource (`one cause`). What is left is listed. Checks that Palisade leaves
out on purpose are named with the reason.
"""

import collections
import json
import os
import sys

LEFT_OUT = {
    "CKV_DOCKER_2": "Kubernetes ignores HEALTHCHECK; probes are PAL0819",
    "CKV_DOCKER_4": "ADD of a local file copies it; ADD of remote content is PAL0708",
    "CKV_K8S_15": "a node may keep an image with a fixed tag; moving tags are PAL0711",
    "CKV_DOCKER_5": "a matter of layer caching",
    "CKV_DOCKER_6": "a matter of taste",
    "CKV_DOCKER_9": "apt and apt-get install the same packages",
}


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def tail(path):
    """Checkov names files from its root with a leading slash."""
    return path.replace("\\", "/").lstrip("/")


def places(finding):
    yield finding["origin"]
    yield from finding.get("also", [])
    for place in finding.get("related", []):
        yield place["origin"]


def same_file(ours, theirs):
    ours, theirs = tail(ours), tail(theirs)
    return ours == theirs or ours.endswith("/" + theirs) or theirs.endswith("/" + ours)


def theirs(report):
    reports = report if isinstance(report, list) else [report]
    for part in reports:
        for failed in part.get("results", {}).get("failed_checks", []):
            yield failed


def answered(failed, candidates):
    first, last = failed["file_line_range"]
    for finding in candidates:
        for place in places(finding):
            if same_file(place["file"], failed["file_path"]) and first <= place["start"]["line"] <= last:
                return "same place"
    name = failed["resource"].split(".")[-1].split(" ")[0]
    for finding in candidates:
        subject = finding["subject"]
        kind = subject.split(":", 1)[0]
        if kind in ("zone", "image") or name in subject:
            return "one cause"
        # A role and its bindings, an object and its second container.
        if same_file(finding["origin"]["file"], failed["file_path"]):
            return "one cause"
    return None


def main():
    ours, checkov = load(sys.argv[1]), load(sys.argv[2])
    by_id = collections.defaultdict(list)
    for finding in ours["findings"] + [each["finding"] for each in ours["excepted"]]:
        for other in ours["checks"][str(finding["check"])]["equivalents"]:
            if other["tool"] == "checkov":
                by_id[other["id"]].append(finding)
    counts = collections.Counter()
    missed = collections.defaultdict(list)
    matched = set()
    for failed in theirs(checkov):
        check = failed["check_id"]
        how = answered(failed, by_id[check])
        if how:
            matched.update(id(finding) for finding in by_id[check])
        elif check in LEFT_OUT:
            how = "left out"
        else:
            how = "missed"
            missed[check].append(failed)
        counts[how] += 1
    print(f"Checkov reports {sum(counts.values())}: " + ", ".join(f"{n} {how}" for how, n in counts.most_common()))
    for check in sorted(missed):
        for failed in missed[check]:
            line = failed["file_line_range"][0]
            print(f"  missed {check} {failed['file_path']}:{line} {failed['resource']}: {failed['check_name']}")
    alone = collections.Counter()
    for finding in ours["findings"]:
        if id(finding) not in matched:
            alone[(finding["check"], finding["slug"])] += 1
    print(f"Palisade reports {len(ours['findings'])}, {sum(alone.values())} of them with no match in Checkov")
    for (check, slug), count in sorted(alone.items()):
        print(f"  {count:4} {check} {slug}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(f"usage: {os.path.basename(sys.argv[0])} palisade.json checkov.json")
    sys.exit(main())
