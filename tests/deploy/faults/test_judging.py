"""The checks of a run can fail: each is shown something wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dsn_deploy.faults import acklog, reads, witnesses
from dsn_deploy.faults.acklog import AckLog, Sent
from dsn_deploy.faults.hospital import Told
from dsn_deploy.faults.recovery import Look, recovered_s
from dsn_deploy.faults.verdict import Tally, Verdict

GROUPS = {"NORD|1": "a", "NORD|2": "a", "NORD|3": "b"}


def told(number: int = 0, kind: str = "update") -> Told:
    witness = f"TEMOIN-nord-{number}" if kind == "update" else ""
    data = f"MSH-{number}".encode()
    return Told(
        source="nord", number=number, kind=kind, record="NORD|1", witness=witness, data=data
    )


def chart(
    words: str = "témoin NORD|1",
    mark: str = "TEMOIN-nord-0",
    records: tuple[str, ...] = ("NORD|1",),
    linked: tuple[str, ...] = ("NORD|1",),
    server: int = 1,
) -> reads.Chart:
    entry = reads.Entry(
        section="allergies", entry="x", marks=(mark,), words=(words,), records=records
    )
    return reads.Chart(at=1.0, server=server, person="p", records=linked, entries=(entry,))


def state(version: int, server: int = 1) -> reads.Chart:
    return chart(words=f"état {version} NORD|1", mark="ETAT-NORD-1", server=server)


def test_a_right_chart() -> None:
    """Its own items, of records that may be one."""
    judge = reads.Judge()

    assert judge.wrong([chart(linked=("NORD|1", "NORD|2"))], GROUPS) == []
    assert judge.charts == 1


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (chart(records=("NORD|2",), words="témoin NORD|2"), "not linked"),
        (chart(linked=("NORD|1", "NORD|3")), "2 people's records"),
        (chart(words="témoin NORD|2"), "and is of"),
    ],
)
def test_a_wrong_chart(wrong: reads.Chart, why: str) -> None:
    """An item of a record that is not linked, two people in one, words of another record."""
    found = reads.Judge().wrong([wrong], GROUPS)

    assert len(found) == 1
    assert why in found[0]


def test_a_reader_taken_back_in_time() -> None:
    """Is noticed, unless another database answers, which may lag."""
    judge = reads.Judge()

    assert judge.wrong([state(1), state(3), state(3)], GROUPS) == []
    assert "back from state 3 to 2" in judge.wrong([state(2)], GROUPS)[0]
    assert judge.wrong([state(1, server=2)], GROUPS) == []


def test_reads_are_read_to_the_last_whole_line(tmp_path: Path) -> None:
    """What is being written is read the next time."""
    path = tmp_path / "reads.jsonl"
    line = json.dumps({"at": 1.0, "server": 1, "person": "p", "records": [], "entries": []}) + "\n"
    path.write_text(line + line[:20])
    charts, place = reads.read(path)
    assert len(charts) == 1
    path.write_text(line + line)

    assert len(reads.read(path, place)[0]) == 1


def stored(*people: str, payloads: tuple[bytes, ...] = ()) -> witnesses.Stored:
    found = [witnesses.Found(person=one, records=("NORD|1",)) for one in people]
    return witnesses.Stored(witnesses={"TEMOIN-nord-0": found}, payloads=frozenset(payloads))


def test_what_was_accepted_is_there_once() -> None:
    """Right; lost; twice; never sent; sent without an answer is right both ways."""
    accepted = [Sent(told=told(), code="AA", text="")]
    unknown = [Sent(told=told(), code="", text="")]
    nothing = witnesses.Stored(witnesses={}, payloads=frozenset())

    assert witnesses.compare(accepted, stored("p")) == witnesses.Compared(
        lost=[], doubled=[], invented=[]
    )
    assert len(witnesses.compare(accepted, nothing).lost) == 1
    assert len(witnesses.compare(accepted, stored("p", "q")).doubled) == 1
    assert len(witnesses.compare([], stored("p")).invented) == 1
    assert not witnesses.compare(unknown, nothing).lost
    assert not witnesses.compare(unknown, stored("p")).lost


def test_what_was_refused_is_in_quarantine_byte_for_byte() -> None:
    """Unless its sender heard that the edge kept nothing."""
    poison = told(kind="poison")
    unusable = [Sent(told=poison, code="AR", text="unknown-message-type: ZZZ")]
    full = [Sent(told=poison, code="AE", text="outbox-full: no room")]

    assert not witnesses.compare(unusable, stored("p", payloads=(poison.data,))).lost
    assert len(witnesses.compare(unusable, stored("p", payloads=(poison.data[:-1],))).lost) == 1
    assert not witnesses.compare(full, stored("p")).lost


def test_the_log_of_acknowledgements_comes_back(tmp_path: Path) -> None:
    """Every message with its last answer; the unanswered without one."""
    log = AckLog(tmp_path / "log")
    for one in (told(0), told(1, "poison"), told(2)):
        log.intend(one)
    log.answered(told(0), "AA", "")
    log.answered(told(1, "poison"), "AR", "why")
    log.close()

    assert acklog.read(tmp_path / "log") == [
        Sent(told=told(0), code="AA", text=""),
        Sent(told=told(1, "poison"), code="AR", text="why"),
        Sent(told=told(2), code="", text=""),
    ]


def test_recovery_is_the_first_look_that_has_everything() -> None:
    """Not one before the fault ended, nor one that is behind."""
    looks = [Look(at=at, complete=complete) for at, complete in [(9, 11), (11, 9), (12, 10.5)]]

    assert recovered_s(looks, 10.0) == 2.0
    assert recovered_s(looks, 11.0) is None


def test_a_tally_names_what_was_wrong() -> None:
    """Counts add up, and the round is named."""
    tally = Tally(seed=1)
    tally.add(4, Verdict())
    tally.add(5, Verdict(lost=["a"], wrong_reads=["b", "c"]))
    figures = tally.figures()

    assert (figures["rounds"], figures["lost"], figures["wrong_reads"]) == (2, 1, 2)
    assert figures["failed_rounds"] == [5]
    assert Verdict(lost=["a"]).lines() == ["lost: a"]
