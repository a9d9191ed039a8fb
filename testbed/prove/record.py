"""Writes what full runs found into docs: figures are never typed by hand. Each claim keeps the line of its last full run,
with its commit; lines of claims that are no more go."""

import re

from prove.circumstances import REPOSITORY, commit, machine, today

PROOFS = REPOSITORY / "docs" / "proofs.md"
RELIABILITY = REPOSITORY / "docs" / "reliability.md"
BEGIN, END = "<!-- figures: begin -->\n", "<!-- figures: end -->\n"
HEAD = ["| claim | verdict | figures | saboteurs seen | seconds | day, commit, machine |", "| --- | --- | --- | --- | --- | --- |"]
ROW = re.compile(r"\| `([^`]+)` \|")


def record(results, known, full, page):
    """`results` of the claims that were tried, into `page`; `known` are all claims, in their order."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    old, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no place for figures")
    page.write_text(before + begin + table(old, results, known, full) + end + after, encoding="utf-8")
    print(f"written: {page.relative_to(REPOSITORY)}")


def table(old, results, known, full):
    amounts = "Full amounts" if full else "**A tenth of the full amounts**, as by default"
    title = f"{amounts}; debug build."
    # figures of other amounts are not mixed with these
    rows = {found[1]: line for line in old.splitlines() if (found := ROW.match(line))} if title in old else {}
    for name, result in results.items():
        said = result.said.replace("|", "\\|")
        rows[name] = (f"| `{name}` | {result.verdict.lower()} | {said} | {result.sabotages} | {result.seconds:.0f} "
                      f"| {today()}, {commit()}, {machine()} |")
    missing = [name for name in known if name not in rows]
    lines = ["", title, "", *HEAD, *[rows[name] for name in known if name in rows], ""]
    if missing:
        lines += [f"Not tried: {', '.join(f'`{name}`' for name in missing)}.", ""]
    return "\n".join([*lines, ""])
