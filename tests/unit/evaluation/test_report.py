"""The page of a run."""

import ast
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from evaluation import report, run_folder
from evaluation.records import SampleRecord

VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """Checks that tags nest, and keeps what the tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture
def run(make_run):
    return make_run()


def test_the_page_shows_what_the_run_recorded(run):
    text = Page(report.render(run)).text
    assert "Held-out parameters: pass@10 20.0% → 100.0%" in text
    assert "Held-out families: pass@10 0.0% → 60.0%" in text
    assert "280 learner steps in 9.3 minutes" in text
    assert "A Processor, 2 cores" in text
    for caption in ("Mean reward", "Policy lag (versions)", "Learner idle", "q halt", "Verdicts"):
        assert caption in text


def test_the_page_tells_a_search_from_samples(make_run):
    plain, searched = make_run("plain"), make_run("searched")
    last = searched.evals[-1]
    how = replace(last.result, search="mcts", max_edits=4, search_nodes=32)
    run_folder.append(searched.folder, replace(last, result=how))
    searched = run_folder.read_run(searched.folder)
    told = "search=mcts, up to 4 edits, at most 32 programs a task"
    text = Page(report.render(searched, plain)).text
    assert f"programs sampled: {told})" in text
    assert "(each program sampled on its own)" in text
    assert "search=" not in Page(report.render(plain)).text
    assert f"({told})" in Page(report.render(plain, searched)).text


def test_the_page_needs_nothing_from_elsewhere(run):
    page = Page(report.render(run))
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
    for _, attributes in page.tags:
        assert not {"src", "href", "onload", "onclick"} & set(attributes)
    assert "url(" not in report.render(run)


def test_what_programs_and_descriptions_hold_stays_text(run):
    html = report.render(run)
    assert "<script>" not in html
    assert "alert(1)" in html
    assert "Write divide & <be> brief." in Page(html).text


def test_every_drawing_says_what_it_is(run):
    page = Page(report.render(run))
    drawings = [attributes for tag, attributes in page.tags if tag == "svg"]
    titles = [tag for tag, _ in page.tags].count("title") - 1
    assert len(drawings) >= 20
    assert all(attributes["role"] == "img" for attributes in drawings)
    assert titles >= len(drawings)
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    for _, attributes in page.tags:
        assert attributes.get("aria-labelledby") in ids | {None}


def test_ten_samples_are_drawn_whatever_their_verdict(run):
    assert len(run.samples) == 15
    shown = report.chosen(run.samples)
    assert len(shown) == 10
    assert len({sample.task_id for sample in shown}) == 5
    assert len({sample.verdict for sample in shown}) > 1
    assert report.render(run).count('class="ast"') == 10


def test_only_the_last_steps_samples_are_chosen():
    def sample(step):
        return SampleRecord(step, "t", "s", "d", "x", "PASSED", 1, 1)

    assert report.chosen([sample(1), sample(9), sample(9)]) == [sample(9), sample(9)]
    assert report.chosen([]) == []


def test_a_program_that_does_not_parse_is_shown_without_a_tree(run):
    broken = SampleRecord(281, "t", "s", "d", "def f(:", "COMPILE_ERROR", 0, 4)
    run_folder.append(run.folder, broken)
    html = report.render(run_folder.read_run(run.folder))
    assert "can't be parsed" in html.replace("&#39;", "'")
    assert "def f(:" in html


def test_a_second_run_is_laid_over(run, make_run):
    other = make_run("supervised-only", strength=0.5)
    page = report.write_report(run.folder, beside=other.folder)
    assert page == run.folder / "report.html"
    html = page.read_text(encoding="utf-8")
    text = Page(html).text
    assert "supervised-only: 60.0%" in text
    assert "pass@10, supervised-only" in text
    assert html.count("c1 other") >= 10
    assert "supervised-only" not in report.render(run)


def test_passwords_in_urls_do_not_reach_the_page(run):
    html = report.render(run)
    assert "secret" not in html
    assert "redis://…@redis:6379/0" in html


def test_a_run_that_has_just_started_has_a_page(tmp_path):
    (tmp_path / run_folder.METRICS_FILE).write_text("")
    text = Page(report.render(run_folder.read_run(tmp_path))).text
    assert tmp_path.name in text
    assert "recorded no evaluation yet" in text


def test_a_run_that_was_stopped_shows_its_last_evaluation(run):
    metrics = run.folder / run_folder.METRICS_FILE
    lines = metrics.read_text().splitlines(keepends=True)
    metrics.write_text("".join(line for line in lines if '"phase": "after"' not in line))
    stopped = run_folder.read_run(run.folder)
    assert "Before and during training" in Page(report.render(stopped)).text


def test_a_lone_surrogate_does_not_stop_the_page(run):
    sample = SampleRecord(281, "t", "s", "odd \ud800", "return '\\ud800'", "PASSED", 4, 4)
    run_folder.append(run.folder, sample)
    assert "odd \\ud800" in report.write_report(run.folder).read_text(encoding="utf-8")
    assert ast.parse(sample.program)
