"""Reads the reports of the fuzzing client and says what they come to; runs on Python 2.7 and 3.

Usage: report.py EXPECTED_CASES INDEX_JSON...   Exit code 0 only if every expected case ran and passed.
"""

from __future__ import print_function

import json
import sys

# NON-STRICT: correct, but not as early as the suite would like. It passes and is listed.
PASSES = {"OK", "INFORMATIONAL", "NON-STRICT"}


def read_results(paths):
    """All results by case, of all agents (there is one)."""
    results = {}
    for path in paths:
        with open(path) as report:
            for cases in json.load(report).values():
                results.update(cases)
    return results


def in_order(case):
    return [int(part) for part in case.split(".")]


def main(expected, paths):
    results = read_results(paths)
    failed = 0
    for case in sorted(results, key=in_order):
        behaviors = (results[case]["behavior"], results[case]["behaviorClose"])
        if not PASSES.issuperset(behaviors):
            failed += 1
            print("autobahn: case %s failed: %s, closing %s" % ((case,) + behaviors))
        elif "NON-STRICT" in behaviors:
            print("autobahn: case %s passed non-strictly: %s, closing %s" % ((case,) + behaviors))
    missing = expected - len(results)
    if missing:
        print("autobahn: %d of %d expected cases did not run" % (missing, expected))
    print("autobahn: %d cases, %d passed, %d failed" % (len(results), len(results) - failed, failed))
    return 1 if failed or missing else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
