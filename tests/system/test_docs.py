"""The documents against the programs: what they name is there, and they answer what was asked."""

import hashlib
import json
import re
import subprocess

import pytest

from documents import (DOCS, HEADING, PAGES, ROOT, TICKED, Commands, calls, cells, sections,
                       settings, without_code)

TABLE = ROOT / "docs/source-page.md"

# The digest of the page that docs/source-page.md takes line by line: its lines, without blank ones,
# without a label that says nothing by itself, and without what repeats the line before.
PAGE_LINES = 265
PAGE_DIGEST = "45a9aeff790db99c0ad38a40ca72a19acafd086091dcfdc3dbe7cbfd67ca444d"
LABELS = {"Example Value:", "- Example:"}

# What a row may say in the place of a test.
TO_COME = {"webhook in full", "flows and jobs", "console"}

TROUBLESHOOTING = {
    "Webhook 4xx Error": ["URL and HTTP Method", "Header Check", "Payload Format"],
    "Test Connection Failed and Returns 5xx": [
        "Service Health", "Certificate Verification", "Rate Limit"],
    "Connection Timeout": ["Network Check", "System Health", "Timeout Settings", "Log Review"],
    "Authentication Failed": [
        "Credentials", "User Status", "Permission Check", "Certificate Check"],
    "Pool Exhausted": ["Pool Size", "Connection Check", "Idle Timeout", "Metric Monitoring"],
    "Connection Test Successful But Integration Flow Gives Error": [
        "Enable Toggle", "Connection Selection", "Connection Deploy", "Flow/Job Deploy",
        "Log Check"],
    "Frequently Asked Questions (FAQ)": [
        "Can I use the same webhook connection for both Slack and Teams?",
        "Why does Name field give error before saving?",
        "How many rows can I add to Header table?",
        "What unit does Timeout field work in?",
        "In which environment does Test Connection run?",
        "Can I use the same connection in multiple Integration Flows?",
        "Is using Connection pool mandatory?",
        "Should I create different connections for Test and Production?",
        "Test Connection is successful but not working in Integration Flow, why?"],
}
BEST_PRACTICES = {
    "Things to Do and Best Practices": [
        "HTTP Method Management", "URL Versioning", "Header Security", "Deployment Management",
        "Environment Management", "Connection Test"],
    "Security Best Practices": [
        "API Key Management", "Header Masking", "Authorization Level", "Credential Management",
        "SSL/TLS Usage", "Access Control"],
    "Things to Avoid": [
        "Using Fixed Token", "Sending Over HTTP", "Header Conflicts",
        "Using Production Connection in Test Environment", "Very Low Timeout Values",
        "Not Using Connection Pool"],
    "Performance Tips": [
        "Payload Size", "Parallel Call Management", "Retry Strategy",
        "Connection Pool Optimization", "Timeout Values Optimization", "Connection Monitoring"],
}
ANSWERS = [(page, chapter, heading)
           for page, chapters in (("troubleshooting.md", TROUBLESHOOTING),
                                  ("best-practices.md", BEST_PRACTICES))
           for chapter, headings in chapters.items() for heading in headings]


@pytest.fixture(scope="module")
def commands(prefix):
    done = subprocess.run([prefix / "bin/linkspan", "help", "-o", "json"], capture_output=True,
                          text=True, check=True)
    return Commands(json.loads(done.stdout))


@pytest.fixture(scope="module")
def routes(prefix):
    """"METHOD PATTERN" of each route of the API, its parameters without their names."""
    done = subprocess.run([prefix / "sbin/linkspand", "--routes"], capture_output=True, text=True,
                          check=True)
    return {f"{row['method']} {nameless(row['pattern'])}" for row in json.loads(done.stdout)}


def nameless(pattern):
    return re.sub(r"\{[^}]*\}", "{}", pattern)


def rows_of(page):
    """The rows of the tables of a document, without their headings and the lines below these."""
    lines = list(without_code(page.read_text()))
    for number, line in enumerate(lines):
        rule = [set(cell) <= set("-: ") for cell in cells(line)] if line.startswith("|") else []
        head = number + 1 < len(lines) and lines[number + 1].startswith("| ---")
        if rule and not all(rule) and not head:
            yield cells(line)


def table_lines():
    """The page as the table has it: its headings and the first cell of each row, in order."""
    for line in list(without_code(TABLE.read_text()))[1:]:
        heading = HEADING.match(line)
        if heading:
            yield heading[1]
        elif line.startswith("|") and cells(line)[0] not in ("the page says", "---"):
            yield cells(line)[0]


ROWS = [row for row in rows_of(TABLE) if len(row) == 4]


def to_come(row):
    """What a row says is still to come."""
    return {what for cell in row[1:] for what in re.findall(r"to come: ([a-z ]+)", cell)}


def test_every_line_of_the_page_is_in_the_table():
    lines = [line for line in table_lines() if line not in LABELS]
    assert len(lines) == PAGE_LINES
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == PAGE_DIGEST


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_names_what_shows_it(row, commands, routes):
    _, command, api, shown = row
    coming = to_come(row)
    assert coming <= TO_COME
    named = TICKED.findall(shown)
    assert named or coming, "neither a test nor what is to come"
    assert TICKED.findall(command) or coming, "no command and no setting"
    for test in named:
        file, _, function = test.partition("::")
        assert (ROOT / file).is_file(), f"{file} is not there"
        assert f"def {function}(" in (ROOT / file).read_text() or not function, test
    for route in TICKED.findall(api):
        method, path = route.split(" ", 1)
        pattern = nameless(path.split("?")[0])
        assert routes & {f"{method} {pattern}", f"{method} /api/v1{pattern}"}, f"no route {route}"
    faults = [commands.fault(call) for call in calls(command)]
    assert not any(faults), faults
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", command))
    assert named <= settings(), f"no setting {named - settings()}"


@pytest.mark.parametrize("page, chapter, heading", ANSWERS, ids=lambda part: part)
def test_every_heading_is_answered(page, chapter, heading, commands):
    found = sections((ROOT / "docs" / page).read_text())
    names = [name for name, _ in found]
    assert chapter in names, f"{page} has no chapter {chapter}"
    begin = names.index(chapter)
    assert heading in names[begin:], f"{page} has no {heading} below {chapter}"
    text = found[begin + names[begin:].index(heading)][1]
    sentences = re.findall(r"[^.!?:]{12,}?[.!?:](?=\s|$)", TICKED.sub("code", text))
    assert len(sentences) >= 2, "an answer has a few sentences"
    known = [call for call in calls(text) if not commands.fault(call)] + [
        code for code in TICKED.findall(text) if re.split(r"[ =.]", code)[0] in settings()]
    assert known, "an answer names a command or a setting"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_document_shows_is_one(page, commands):
    faults = {call: commands.fault(call) for call in calls(page.read_text())}
    assert not {call: fault for call, fault in faults.items() if fault}


def test_a_command_that_is_none_would_be_found(commands):
    text = ("`linkspan send Orders -d x` and `linkspan sent Orders`, `linkspan send Orders --nil`\n"
            "\n    $ tail -F x | linkspan pipe Orders --no-such\n")
    assert [commands.fault(call) for call in calls(text)] == [
        "pipe has no --no-such", None, "there is no command sent Orders", "send has no --nil"]


def anchor(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    text = "\n".join(without_code(page.read_text()))
    for link in re.findall(r"\]\(([^)]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, part = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{link} leads nowhere"
        if part:
            assert part in [anchor(name) for name, _ in sections(target.read_text())], link


def test_every_document_is_named_in_the_readme_or_beside():
    named = "\n".join(page.read_text() for page in PAGES)
    for page in DOCS:
        assert f"{page.name})" in named, f"nothing leads to {page.name}"
