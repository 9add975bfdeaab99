"""Reading the documents: their headings, tables, links, and the commands that they show."""

import functools
import pathlib
import re
import shlex

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", *DOCS, ROOT / "conf/examples/README.md"]

HEADING = re.compile(r"^#{1,6} (.+)$")
TICKED = re.compile(r"`([^`\n]+)`")
# A row of a reference that was made from the tables of the programs.
SETTING = re.compile(r"^\t*\*([a-z0-9_\\]+)\* = ")
# A command stands at the beginning of a line or behind a prompt, a pipe or a bracket.
CALL = re.compile(r"(?:^|[$|;&(])\s*linkspan\s+([a-z-].*)$")


@functools.cache
def settings():
    """The names of all settings, as the generated references have them."""
    lines = [line for file in (ROOT / "docs/man/generated").glob("*.scd")
             for line in file.read_text().splitlines()]
    return {match[1].replace("\\", "") for match in map(SETTING.match, lines) if match}


def without_code(text):
    """The lines of a document that are neither in a fence nor indented by it."""
    fenced = False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield line


def sections(text):
    """(heading, its text up to the next heading) for each heading."""
    found = []
    for line in without_code(text):
        heading = HEADING.match(line)
        if heading:
            found.append((heading[1].strip(), []))
        elif found:
            found[-1][1].append(line)
    return [(heading, "\n".join(lines)) for heading, lines in found]


def cells(line):
    """The cells of a row of a table; `\\|` is a bar in a cell."""
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def code_lines(text):
    """The lines of blocks of code, those that end in a backslash joined with the next."""
    fenced, code = False, []
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            code.append(line.strip())
    return "\n".join(code).replace("\\\n", " ").splitlines()


def calls(text):
    """The arguments of every `linkspan …` that a document shows, each as it was written."""
    prose = "\n".join(without_code(text))
    inline = [code for code in TICKED.findall(prose) if code.startswith("linkspan ")]
    for line in code_lines(text) + inline:
        match = CALL.search(line)
        if match:
            yield match[1]


def words(written):
    """The words of a call up to what is for the shell."""
    lexer = shlex.shlex(written, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found = []
    try:
        for word in lexer:
            if word[0] in "|&;()<>":
                break
            found.append(word)
    except ValueError:
        found = written.split()
    return found


class Commands:
    """The table of commands, as `linkspan help -o json` prints it."""

    def __init__(self, table):
        self.options = table["options"]
        self.rows = {row["name"]: row for row in table["items"]}

    def fault(self, written):
        """What is wrong with a call that a document shows, or None."""
        given = words(written)
        plain = self.arguments(given, self.options + [
            option for row in self.rows.values() for option in row["options"]])
        if not plain:
            return None
        row = self.rows.get(" ".join(plain[:2])) or self.rows.get(plain[0])
        if not row:
            return f"there is no command {' '.join(plain[:2])}"
        known = {name for option in self.options + row["options"]
                 for name in (f"--{option['name']}", f"-{option['letter']}") if option}
        unknown = [word for word in map(option_name, given) if word and word not in known]
        return f"{row['name']} has no {', '.join(unknown)}" if unknown else None

    @staticmethod
    def arguments(given, options):
        """What of a call is neither an option nor its value."""
        takes = {name for option in options if option["argument"]
                 for name in (f"--{option['name']}", f"-{option['letter']}")}
        plain, skip = [], False
        for word in given:
            if skip:
                skip = False
            elif option_name(word):
                skip = word in takes
            else:
                plain.append(word)
        return plain


def option_name(word):
    """`--since` of `--since=2h`, `-n` of `-n5`; None for what is no option."""
    if word.startswith("--") and len(word) > 2:
        return word.split("=")[0]
    return word[:2] if word.startswith("-") and word not in ("-", "--") else None
