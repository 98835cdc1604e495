"""How long a site takes to build, beside what other generators take for the same texts.

    apt-get install hugo                                                  # Debian's
    .venv/bin/python benchmarks/builds.py [10 100 1000 agency languages] [--peers mkdocs,pelican,eleventy] [--runs 3]

The corpus is made from the shipped policy: each version is the one before with one to three seeded edits, now and then
a paragraph or a section elsewhere, put in or left out. All texts are the same for everybody, in one paired run, each
build a process of its own. A peer renders one page for each version; ours also makes redlines, what changed since a
choice, the page of any two, feeds, copies, and the banner. Every line of every text must be on the page of its version.

Wall and processor time are the best of `--runs`; memory is the highest of a process. Peers other than Hugo are put into
.cache/builds/ when they are asked for.
"""

from __future__ import annotations

import argparse
import html
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from generator.history import Register, Release, Translated, Version, digest

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".cache/builds"
SEED = (ROOT / "content/privacy-policy/releases/1.1.md").read_text()
WORDS = sorted(set(re.findall(r"[a-z]{5,}", SEED)))
FIRST = date(1900, 1, 1)
DAY = "1893456000"  # SOURCE_DATE_EPOCH: after every release of the corpus
Texts = dict[str, list[str]]  # of each policy the versions, oldest first


# The corpus.


def versions(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    head, *sections = re.split(r"(?m)^(?=## )", SEED)
    made = [SEED]
    while len(made) < count:
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(sections))
            sections[at] = _edited(sections[at], chance)
        if chance.random() < 0.04:  # which renumbers what is between
            sections.insert(chance.randrange(len(sections)), sections.pop(chance.randrange(len(sections))))
        made.append(head + "".join(sections))
    return made


def _edited(section: str, chance: random.Random) -> str:
    blocks = section.strip("\n").split("\n\n")
    at = chance.randrange(1, len(blocks)) if len(blocks) > 1 else 0
    if at and not blocks[at].startswith("#"):
        kind = chance.random()
        if kind < 0.7:
            blocks[at] = _reworded(blocks[at], chance)
        elif kind < 0.85 or len(blocks) < 4:
            blocks.insert(at, " ".join(chance.choices(WORDS, k=12)).capitalize() + ".")
        else:
            blocks.pop(at)
    return "\n\n".join(blocks) + "\n\n"


def _reworded(block: str, chance: random.Random) -> str:
    words = [*re.finditer(r"\b[a-z]{5,}\b", block)]
    if not words:
        return block
    word = chance.choice(words)
    return f"{block[: word.start()]}{chance.choice(WORDS)}{block[word.end() :]}"


def spoken(text: str, language: str) -> str:
    """A text of the same length and shape in what stands for another language."""
    head, mark, body = text.partition("\n---\n")
    head = re.sub(r"language: \w+", f"language: {language}", head)
    other = re.sub(r"(?<![#{.=\w-])[a-z]{4,}(?![\w}=])", lambda word: str(word[0])[::-1], body)
    return head + mark + other


def ours(folder: Path, texts: Texts, languages: Sequence[str] = ()) -> list[str]:
    """A site of ours with the shipped notice. With drafts, or the edit of a working text would change no page."""
    named = "".join(f"  - {name}\n" for name in texts)
    site = (ROOT / "site.yaml").read_text().replace("  - privacy-policy\n", named)
    site = site.replace("policy: privacy-policy", f"policy: {next(iter(texts))}")
    (folder / "site.yaml").write_text(site)
    shutil.copytree(ROOT / "content/notice", folder / "content/notice")
    for name, made in texts.items():
        home = folder / "content" / name
        (home / "releases").mkdir(parents=True)
        rows: list[Release] = []
        for at, text in enumerate(made):
            release = _release(rows, at, text)
            others = {language: spoken(text, language) for language in languages}
            for language, other in others.items():
                (home / f"releases/{release.version}.{language}.md").write_text(other)
            held = {language: Translated(digest(other.encode())) for language, other in others.items()}
            rows.append(replace(release, translations=held))
            (home / f"releases/{release.version}.md").write_text(text)
        (home / "releases.yaml").write_text(Register("", tuple(rows)).text)
        (home / "policy.md").write_text(made[-1])
        for language in languages:
            words = folder / f"templates/words/{language}.yaml"  # one that is not shipped speaks English here
            words.parent.mkdir(parents=True, exist_ok=True)
            shipped = ROOT / f"templates/words/{language}.yaml"
            shutil.copy(shipped if shipped.exists() else ROOT / "templates/words/en.yaml", words)
            (home / f"policy.{language}.md").write_text(spoken(made[-1], language))
            (home / f"policy.{language}.source.md").write_text(made[-1])
    return [str(Path(sys.executable).parent / "policy"), "build", "--drafts"]


def _release(rows: Sequence[Release], at: int, text: str) -> Release:
    version, day = Version(1 + at // 25, at % 25), FIRST + timedelta(weeks=at // 2)
    kind, before = "editorial" if at % 25 else "material", rows[-1].row_hash if rows else None
    return Release(version, day, day, kind, f"Version {at}.", digest(text.encode()), before)  # type: ignore[arg-type]


def labels(texts: Texts) -> Iterator[tuple[str, str, str]]:
    """Policy, version and text of everything that has a page."""
    for name, made in texts.items():
        for at, text in enumerate(made):
            yield name, f"{1 + at // 25}.{at % 25}", text


# What builds it. Each takes the folder of its sources, and builds into its folder dist/.

FRAME = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<link rel="stylesheet" href="/style.css"></head><body><header><a href="/">Policies</a></header>
<main><h1>{title}</h1>{contents}{content}</main><footer><p>ITSTHS PVT LTD</p></footer></body></html>"""


def plain_sources(folder: Path, texts: Texts, extra: str = "") -> None:
    """A Markdown file for each version, with ids as everybody reads them."""
    for name, label, text in labels(texts):
        path = folder / name / f"{label.replace('.', '-')}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        body = re.sub(r"\{(#[\w-]+)[^}\n]*\}", r"{\1}", text.partition("\n---\n")[2])
        path.write_text(f"---\ntitle: Privacy Policy {label}\n{extra}---\n{body}")


def hugo(folder: Path, texts: Texts) -> list[str]:
    plain_sources(folder / "content", texts)
    (folder / "layouts/_default").mkdir(parents=True)
    page = FRAME.format(title="{{ .Title }}", contents="{{ .TableOfContents }}", content="{{ .Content }}")
    (folder / "layouts/_default/single.html").write_text(page)
    listed = '{{ range .Pages }}<a href="{{ .RelPermalink }}">{{ .Title }}</a>{{ end }}'
    (folder / "layouts/_default/list.html").write_text(page.replace("{{ .TableOfContents }}", listed))
    (folder / "config.toml").write_text('baseURL = "https://example.com/"\ntitle = "Policies"\n')
    return ["hugo", "--quiet", "-d", "dist"]


def mkdocs(folder: Path, texts: Texts) -> list[str]:
    plain_sources(folder / "docs", texts)
    (folder / "theme").mkdir()
    page = FRAME.format(title="{{ page.title }}", contents="{{ page.toc }}", content="{{ page.content }}")
    (folder / "theme/main.html").write_text(page)
    settings = "site_name: Policies\ntheme: {name: null, custom_dir: theme}\nsite_dir: dist\nplugins: []\n"
    (folder / "mkdocs.yml").write_text(settings + "markdown_extensions: [attr_list, sane_lists, tables]\n")
    return [_python_tool("mkdocs"), "build", "--quiet"]


def pelican(folder: Path, texts: Texts) -> list[str]:
    plain_sources(folder / "content", texts)
    for path in (folder / "content").rglob("*.md"):
        front, body = path.read_text().removeprefix("---\n").split("---\n", 1)
        path.write_text(f"{front}slug: {path.parent.name}-{path.stem}\ndate: 2020-01-01\n\n{body}")
    (folder / "theme/templates").mkdir(parents=True)
    page = FRAME.format(title="{{ article.title }}", contents="", content="{{ article.content }}")
    (folder / "theme/templates/article.html").write_text(page)
    (folder / "theme/templates/index.html").write_text("{% for a in articles %}{{ a.title }}{% endfor %}")
    off = "".join(f"{name}_SAVE_AS = ''\n" for name in ("AUTHORS", "ARCHIVES", "CATEGORIES", "CATEGORY", "TAGS", "TAG"))
    extensions = (
        "{'extension_configs': {'markdown.extensions.' + n: {} for n in ('attr_list', 'sane_lists', 'tables')}}"
    )
    settings = f"DIRECT_TEMPLATES = ['index']\n{off}AUTHOR_SAVE_AS = ''\nFEED_ALL_ATOM = CATEGORY_FEED_ATOM = None\n"
    (folder / "pelicanconf.py").write_text(f"{settings}MARKDOWN = {extensions}\nTIMEZONE = 'UTC'\nTHEME = 'theme'\n")
    return [_python_tool("pelican"), "content", "-o", "dist", "-s", "pelicanconf.py", "-q"]


def eleventy(folder: Path, texts: Texts) -> list[str]:
    if not (TOOLS / "node_modules/@11ty").is_dir():
        TOOLS.mkdir(parents=True, exist_ok=True)
        names = ["@11ty/eleventy@3", "markdown-it-attrs@4"]
        subprocess.run(["npm", "install", "--silent", "--prefix", str(TOOLS), *names], check=True)
    plain_sources(folder / "content", texts, "layout: page.html\n")
    (folder / "_includes").mkdir()
    page = FRAME.format(title="{{ title }}", contents="", content="{{ content }}")
    (folder / "_includes/page.html").write_text(page)
    modules = TOOLS / "node_modules"
    (folder / "eleventy.config.cjs").write_text(
        f"module.exports = c => {{ c.amendLibrary('md', m => m.use(require('{modules}/markdown-it-attrs'))); "
        "return { dir: { input: '.', output: 'dist' }, markdownTemplateEngine: false }; };"
    )
    return ["node", str(modules / "@11ty/eleventy/cmd.cjs"), "--config=eleventy.config.cjs", "--quiet"]


def _python_tool(name: str) -> str:
    program = TOOLS / "venv/bin" / name
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", TOOLS / "venv"], check=True)
        pip = [str(TOOLS / "venv/bin/pip"), "install", "--quiet", "mkdocs", "pelican[markdown]"]
        subprocess.run(pip, check=True)
    return str(program)


PEERS: dict[str, Callable[[Path, Texts], list[str]]] = {
    "hugo": hugo,
    "mkdocs": mkdocs,
    "pelican": pelican,
    "eleventy": eleventy,
}


# What is measured.


@dataclass(frozen=True, slots=True)
class Cost:
    wall: float
    processor: float
    memory: float  # MB


def run(command: Sequence[str], folder: Path) -> Cost:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": DAY}
    started = time.perf_counter()
    done = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert done.stderr
    said = done.stderr.read()
    _, status, used = os.wait4(done.pid, 0)
    done.returncode = os.waitstatus_to_exitcode(status)
    if done.returncode:
        raise SystemExit(f"{command} failed in {folder}:\n{said.decode()}")
    wall = time.perf_counter() - started
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def best(costs: Sequence[Cost]) -> Cost:
    return Cost(min(cost.wall for cost in costs), min(cost.processor for cost in costs), max(c.memory for c in costs))


def said(text: str) -> list[str]:
    """The words of each line, without marks."""
    lines = re.sub(r"(?m)\{[^{}\n]*\}$", "", text.partition("\n---\n")[2]).splitlines()
    return [words for line in lines if (words := " ".join(re.findall(r"\w+", line)))]


def check(folder: Path, texts: Texts) -> None:
    """Every line is on the page of its version, whoever built it."""
    for name, label, text in labels(texts):
        flat = label.replace(".", "-")
        places = (
            f"{name}/{label}/index.html",
            f"{name}/{flat}/index.html",
            f"{name}-{flat}.html",
            f"content/{name}/{flat}/index.html",
        )
        path = next((folder / "dist" / place for place in places if (folder / "dist" / place).exists()), None)
        if not path:
            raise SystemExit(f"{folder} has no page of {name} {label}")
        words = re.findall(r"\w+", html.unescape(re.sub(r"<[^>]+>", "", path.read_text())))
        page = f" {' '.join(words)} "
        missing = [line for line in said(text) if f" {line} " not in page]
        if missing:
            raise SystemExit(f"{path} does not hold: {missing[0]}")


def edit(folder: Path, at: int) -> None:
    """One word of the newest text of the first policy: a working text of ours, a page of the peer's."""
    drafts = sorted(folder.glob("content/*/policy.md"))
    path = drafts[0] if drafts else max(folder.glob("content/*/*.md"), key=lambda path: path.name)
    text = path.read_text()
    edited = re.sub(r"(?m)^(We \w+) \w+", rf"\1 word{at}", text, count=1)
    assert edited != text
    path.write_text(edited)


def measure(texts: Texts, languages: Sequence[str], peers: Sequence[str], runs: int, where: Path) -> None:
    contenders: dict[str, tuple[Path, list[str]]] = {}
    for name in ("ours", *peers):
        folder = where / name
        folder.mkdir(parents=True)
        contenders[name] = (folder, PEERS[name](folder, texts) if name in PEERS else ours(folder, texts, languages))
    stages: dict[str, dict[str, list[Cost]]] = {}
    for at in range(runs):
        for name, (folder, command) in contenders.items():
            shutil.rmtree(folder / "dist", ignore_errors=True)
            shutil.rmtree(folder / ".cache", ignore_errors=True)
            costs = stages.setdefault(name, {"cold": [], "same": [], "edited": []})
            costs["cold"].append(run(command, folder))
            if at == 0:
                check(folder, texts)
            costs["same"].append(run(command, folder))
            edit(folder, at)
            costs["edited"].append(run(command, folder))
    reference = {stage: best(costs) for stage, costs in stages.get("hugo", {}).items()}
    for name, all_costs in stages.items():
        files = sum(1 for path in (contenders[name][0] / "dist").rglob("*") if path.is_file())
        for stage, found in all_costs.items():
            cost, other = best(found), reference.get(stage)
            ratios = (
                (cost.wall / other.wall, cost.processor / other.processor, cost.memory / other.memory) if other else ()
            )
            figures = f"{cost.wall:8.2f} s {cost.processor:8.2f} s {cost.memory:7.0f} MB"
            print(
                f"{name:9} {stage:7} {figures} {''.join(f'{ratio:8.2f}' for ratio in ratios)} {files:7} files",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", default=["10", "100", "1000", "agency", "languages"])
    parser.add_argument("--peers", default="", help="beside Hugo, separated by commas; - for nobody at all")
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    peers = [] if asked.peers == "-" else ["hugo", *filter(None, asked.peers.split(","))]
    for size in asked.sizes:
        count, companies = {"agency": (10, 100), "languages": (100, 1)}.get(size) or (int(size), 1)
        texts = {f"policy-{at}": versions(count, at) for at in range(companies)}
        print(f"\n{size}: build, wall, processor, memory; ratios to Hugo of wall, processor, memory", flush=True)
        with tempfile.TemporaryDirectory(prefix="builds-") as folder:
            languages = ("ar", "de") if size == "languages" else ()
            measure(texts, languages, peers, asked.runs, Path(folder))


if __name__ == "__main__":
    main()
