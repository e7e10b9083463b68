from __future__ import annotations

from statistics import median


def line_count(module):
    return len(module.path.read_text(encoding="utf-8").splitlines())


def test_no_source_file_is_longer_than_400_lines(modules):
    too_long = {module.name: line_count(module) for module in modules if line_count(module) > 400}
    assert not too_long


def test_half_of_the_source_files_have_150_lines_or_fewer(modules):
    assert median(line_count(module) for module in modules) <= 150
