"""Writes what the proofs found into docs/reliability.md, between two marks: figures are never typed by hand."""

from prove.circumstances import REPOSITORY, circumstances, machine

PAGE = REPOSITORY / "docs" / "reliability.md"
BEGIN, END = "<!-- figures: begin -->\n", "<!-- figures: end -->\n"


def record(results, full, page=PAGE):
    """`results` of all claims that were tried, in their order."""
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no place for figures")
    page.write_text(before + begin + table(results, full) + end + after, encoding="utf-8")
    print(f"written: {page.relative_to(REPOSITORY)}")


def table(results, full):
    amounts = "Full amounts" if full else "**A tenth of the full amounts**, as by default"
    lines = ["", f"{amounts}: {circumstances()}, on {machine()}, debug build.", "",
             "| claim | verdict | figures | saboteurs seen | seconds |", "| --- | --- | --- | --- | --- |"]
    for name, result in results.items():
        said = result.said.replace("|", "\\|")
        lines.append(f"| `{name}` | {result.verdict.lower()} | {said} | {result.sabotages} | {result.seconds:.0f} |")
    return "\n".join([*lines, "", ""])
