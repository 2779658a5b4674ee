"""The frame of the scorecard: what is held, what a page keeps, and how a run of some checks ends."""

from pathlib import Path

import pytest

from tests.scorecard.__main__ import choose, main
from tests.scorecard.check import CannotRunError, Check, Measured
from tests.scorecard.page import read_rows, render, write_page
from tests.scorecard.registry import CHECKS
from tests.scorecard.runner import Row, run_here, summaries

IDS = [
    f"{letter}{number}"
    for letter, count in (("L", 10), ("F", 14), ("B", 9), ("D", 13))
    for number in range(1, count + 1)
]


def test_all_46_checks_are_there_in_their_order() -> None:
    assert [check.id for check in CHECKS] == IDS


@pytest.mark.parametrize(
    ("measured", "result"),
    [
        (Measured("9 of 9"), "held"),
        (Measured("9 of 9", unmeasured="the browser"), "partly"),
        (Measured("8 of 9", ["one is lost"]), "failed"),
        (Measured("8 of 9", ["one is lost"], "the browser"), "failed"),
    ],
)
def test_only_what_was_measured_without_a_problem_is_held(measured: Measured, result: str) -> None:
    assert measured.result == result


def test_a_check_that_cannot_run_says_why() -> None:
    def run(_: Path) -> Measured:
        raise CannotRunError("there is no root here")

    assert run_here(Check("F6", "Full", run)) == Row("F6", "Full", "not run", "there is no root here")


def test_a_share_of_a_long_check_is_only_partly_held(tmp_path: Path) -> None:
    def part(_: Path, share: float) -> Measured:
        return Measured(f"{200 * share:.0f} kills")

    check = Check("F2", "Kills", lambda _: Measured("200 kills"), 1, part)
    assert check.measure(tmp_path).result == "held"
    assert check.measure(tmp_path, 0.1) == Measured("20 kills", (), "the whole size (10% of it was run)")
    assert check.measure(tmp_path, 0.1).result == "partly"


def test_the_folder_of_a_check_is_gone_when_it_ends() -> None:
    seen: list[Path] = []

    def run(folder: Path) -> Measured:
        seen.append(folder)
        (folder / "left").write_text("x")
        return Measured("done")

    run_here(Check("F6", "Full", run))
    assert not seen[0].exists()


def test_a_run_of_one_check_replaces_its_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "scorecard.md"
    first = [Row(id_, id_, "held", f"{id_} | all <b>", "today") for id_ in IDS]
    write_page(first, CHECKS, path)
    write_page([Row("L2", "x", "failed", "**two resets**", "later")], CHECKS, path)
    rows = read_rows(path)
    assert list(rows) == IDS
    assert (rows["L2"].result, rows["L2"].figure, rows["L2"].conditions) == ("failed", "**two resets**", "later")
    assert rows["L3"].figure == "L3 | all &lt;b>"
    assert path.read_text("utf-8") == render(rows, CHECKS)
    assert "## Load held 9/10" in path.read_text("utf-8")


def test_a_group_is_counted_of_all_its_checks() -> None:
    assert list(summaries([Row("B4", "", "held", ""), Row("B5", "", "partly", "")], CHECKS)) == ["bad inputs tried 1/9"]


def test_ids_and_groups_are_chosen_in_the_order_of_the_scorecard() -> None:
    assert [check.id for check in choose(["D1", "L"], ["L9"])] == [*(f"L{n}" for n in range(1, 9)), "L10", "D1"]
    assert len(choose([], [])) == len(IDS)
    with pytest.raises(ValueError, match="no check is called X1"):
        choose(["X1"], [])


def test_a_check_in_a_process_of_its_own_prints_a_line_and_a_closing_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["D11", "--no-page"]) == 0
    line, closing = capsys.readouterr().out.splitlines()
    assert line.startswith("D11  held     ")
    assert closing == "doors closed 1/13"


def test_a_command_line_that_names_nothing_known_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["Z9"])
    assert ended.value.code == 2
    assert "no check is called Z9" in capsys.readouterr().err
