"""Fail on a known vulnerability: read the output of `pip-audit --format json` from standard input.

If the advisories can't be reached, that is printed and nothing fails, because it says nothing about
this repository. `python -m tests.tools.audit`.
"""

import json
import sys


def judge(report: str) -> tuple[int, list[str]]:
    """Return the exit status, and the message."""
    try:
        audited = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return 0, ["NOT AUDITED: pip-audit didn't reach its advisories"]
    known = [
        f"{package['name']} {package['version']}: {found['id']}, mended in "
        + (", ".join(found["fix_versions"]) or "no version yet")
        for package in audited
        for found in package.get("vulns", [])
    ]
    skipped = sum("skip_reason" in package for package in audited)
    looked_up = len(audited) - skipped
    figures = f"{looked_up} packages audited, {skipped} not found, {len(known)} vulnerabilities"
    return bool(known), [*known, figures if looked_up else f"NOT AUDITED: {figures}"]


if __name__ == "__main__":
    status, said = judge(sys.stdin.read())
    sys.stderr.write("\n".join(["pip-audit", *said, ""]))
    sys.exit(status)
