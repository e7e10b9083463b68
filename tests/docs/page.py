"""
Runs the examples of one Markdown page, as a reader would who types them into one program in an empty folder.

    python tests/docs/page.py docs/tutorial/first-steps.md

- ```python is executed. All blocks of a page are one program and share its names; `await` may stand at the top.
- ```text right after a ```python block is what that block prints.
- ```toml must be valid TOML.
- A ```python, ```toml or ```ini block whose first line is a comment with a file name, as `# shop/handlers.py`, becomes
  that file and is not executed by itself: something else on the page must name it.
- A ```json or ```text block, which could have no such line, becomes the file that the line before it ends with, as in
  "The event, `order.json`:".
- ```console holds commands, each after `$ `, and below each what it prints, errors included. A command whose output is
  not shown must succeed.
- In what is printed, `...` stands for anything.
- ```sh and all others are left alone. `<!-- skip: next -->` leaves out the next block.

The comments for skipping, and those for blocks that the reader does not see, are Sybil's for MyST.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import json
import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path
from types import ModuleType

from sybil import Document
from sybil.parsers.myst import ClearNamespaceParser, CodeBlockParser, SkipParser


FILE_NAME = re.compile(r"# ?([\w./-]+\.\w+)\n")
FILE_BEFORE = re.compile(r"`([\w./-]+\.\w+)`:\s*\Z")


class Page:
    """The examples of one page and the state in which they run."""

    def __init__(self, path, runner):
        evaluators = {
            "python": self.python,
            "text": self.text,
            "toml": self.toml,
            "ini": self.becomes_file,
            "json": self.json,
            "console": self.console,
        }
        blocks = [CodeBlockParser(language, evaluator) for language, evaluator in evaluators.items()]
        self.document = Document.parse(str(path), *blocks, SkipParser(), ClearNamespaceParser())
        self.runner = runner
        # One for all blocks: a log handler of one block writes where the next one's output is looked for.
        self.stdout = io.StringIO()
        self.printed = ""
        self.printed_by = None
        # The page takes the place of the program, so that classes defined on it are found where their module says.
        program = ModuleType("__main__")
        sys.modules["__main__"] = program
        self.document.namespace = vars(program)

    def run(self):
        for example in self.document.examples():
            example.evaluate()

    def python(self, example):
        if FILE_NAME.match(example.parsed):
            self.becomes_file(example)
            return self.unless_named(example)
        line = example.line + example.parsed.line_offset
        source = "\n" * line + example.parsed
        code = compile(source, example.path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        self.stdout.seek(0)
        self.stdout.truncate()
        with contextlib.redirect_stdout(self.stdout):
            outcome = eval(code, example.namespace)
            if inspect.iscoroutine(outcome):
                self.runner.run(outcome)
        self.printed, self.printed_by = self.stdout.getvalue(), example
        return None

    def text(self, example):
        if self.file_before(example):
            return None
        before = self.printed_by
        if before is None or self.document.text[before.end : example.start].strip():
            return None
        return unlike(example.parsed, self.printed)

    def toml(self, example):
        tomllib.loads(example.parsed)
        self.becomes_file(example)

    def json(self, example):
        json.loads(example.parsed)
        self.file_before(example)

    def console(self, example):
        for command, expected in commands(example.parsed):
            finished = subprocess.run(
                command, shell=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            if expected.strip():
                problem = unlike(expected, finished.stdout)
            else:
                problem = f"exit code {finished.returncode}\n{finished.stdout}" if finished.returncode else None
            if problem:
                return f"$ {command}\n{problem}"
        return None

    def becomes_file(self, example):
        """Write the block to the file that its first line names, if it names one."""
        named = FILE_NAME.match(example.parsed)
        if named:
            path = Path(named[1])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(example.parsed, encoding="utf-8")

    def file_before(self, example):
        """Write the block to the file that the text before it names at its end, if it does."""
        named = FILE_BEFORE.search(self.document.text[: example.start])
        if named:
            Path(named[1]).write_text(example.parsed, encoding="utf-8")
        return named

    def unless_named(self, example):
        """Complain of a file of Python that nothing else on the page runs or imports."""
        path = Path(FILE_NAME.match(example.parsed)[1])
        module = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        others = [region.parsed for _, region in self.document.regions if region.parsed is not example.parsed]
        if any(str(path) in str(other) or module in str(other) for other in others):
            return None
        return f"no other block on this page names {path} or {module}, so nothing runs it"


def commands(block):
    """Each command of a console block with what it shall print."""
    joined = re.sub(r"\\\n(> )?", "", block)
    for part in re.split(r"^\$ ", joined, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield command, expected


def unlike(expected, printed):
    """What to say if text that was printed is not as the page shows it, `...` standing for anything."""
    wanted, got = ("\n".join(line.rstrip() for line in text.strip().splitlines()) for text in (expected, printed))
    if re.fullmatch(re.escape(wanted).replace(r"\.\.\.", ".*"), got, re.DOTALL):
        return None
    return f"the page shows\n{textwrap.indent(wanted, '    ')}\nbut it prints\n{textwrap.indent(got, '    ')}"


def main():
    sys.path[0] = str(Path.cwd())
    with asyncio.Runner() as runner:
        Page(Path(sys.argv[1]), runner).run()


if __name__ == "__main__":
    main()
