"""The README shows no figure that was not measured: each stands in benches/RESULTS.md under the same date and commit."""

import re

from prove.circumstances import REPOSITORY
from prove.claim import ensure


def figures_are_measured(work):
    readme = (REPOSITORY / "README.md").read_text()
    results = (REPOSITORY / "benches" / "RESULTS.md").read_text()
    shown = all_measured(readme, results)
    section = shown_section(readme)
    digits = re.search(r"\| (\d+\.\d) s \|", section)[1]
    work.sabotage("a figure that nobody measured", all_measured,
                  readme.replace(f"| {digits} s |", f"| {float(digits) / 2:.2f} s |"), results)
    work.sabotage("figures without their commit", all_measured, re.sub(r"commit [0-9a-f]{12}", "", readme), results)
    work.sabotage("figures of another day", all_measured, re.sub(r"\d{4}-\d\d-\d\d", "2001-01-01", readme), results)
    return f"{shown} figures of the README stand in benches/RESULTS.md under their date, machine and commit"


def all_measured(readme, results):
    """Returns how many figures are shown; each is one of the section with the README's date and commit."""
    shown = shown_section(readme)
    date, commit = re.search(r"\d{4}-\d\d-\d\d", shown), re.search(r"commit ([0-9a-f]{12})", shown)
    ensure(date and commit, "the README's figures have no date or no commit")
    sections = re.findall(rf"(?ms)^## {date[0]} \d\d:\d\d UTC, commit {commit[1]}$(.*?)(?=^## |\Z)", results)
    ensure(sections, f"nothing was measured on {date[0]} at commit {commit[1]}")
    for section in sections:
        cores = re.search(r"on (\d+ cores \(.+?\), \d+ GB)", section)
        ensure(cores and cores[1] in " ".join(shown.split()),
               "the README's figures do not name the machine that measured them")
    rows = [line for line in shown.splitlines() if re.match(r"\| (PostgreSQL|MariaDB) ", line)]
    ensure(rows, "the README shows no figures")
    count = 0
    for row in rows:
        server = re.match(r"\| (\S+ [\d.]+)", row)[1]
        # A bench of some works alone has headings of their own.
        of_server = [found[0] for section in sections
                     for found in re.finditer(rf"(?ms)^### {re.escape(server)}.*?(?=^### |\Z)", section)]
        ensure(of_server, f"nothing was measured with {server}")
        known = set(re.findall(r"(?<=\| )[\d.]+(?= \|)", "\n".join(of_server).replace(" | ", " |  | ")))
        for figure in re.findall(r"([\d.,]+) (?:s|MB)\b", row):
            ensure(figure.replace(",", "") in known, f"{server}: {figure} was not measured")
            count += 1
    return count


def shown_section(readme):
    found = re.search(r"(?ms)^## Figures$(.*?)(?=^## )", readme)
    ensure(found, "the README has no section of figures")
    return found[1]
