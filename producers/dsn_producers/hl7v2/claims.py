"""Merges, links, unlinks and moves: what a source says about which records are one person.

A claim is an item of the record that goes on (the surviving one of a merge); its name holds the
other record. An unlink has the name of the link it undoes, so that the last word of a source about
two records is the one that counts.

A43, A44 and A45 move something from one person to another, who stay two people: the claim says so
and joins nobody. The visit or account that moved is deleted at the record it came from (A44, A45)
and stands at the one it went to as the same message says; results sent under the old record stay
there until their system sends them again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dsn_producers.hl7v2.group import Group
from dsn_producers.hl7v2.message import Segment
from dsn_producers.hl7v2.record import NO_RECORD, prior_numbers
from dsn_producers.mapping import Item, Unmappable
from dsn_schemas.decisions import PROPOSAL
from dsn_schemas.keys import record_key
from dsn_schemas.records import Actor, IdentityClaim

#: PID-3 goes on, MRG-1 ends: merges of every version, and a number that was changed.
MERGES = frozenset({"A18", "A30", "A34", "A36", "A39", "A40", "A46", "A47"})
#: Something of the record in MRG-1 belongs to the one in PID-3; the people stay two.
MOVES = frozenset({"A43", "A44", "A45"})
#: Two PID.
LINKS = {"A24": "link", "A37": "unlink"}
#: A visit or an account took another number, or went into another one.
_RENUMBERED = frozenset({"A35", "A36", "A41", "A42", "A49", "A50"})


def claims(group: Group) -> Iterator[Item]:
    """Claims of one patient group: merges and moves (MRG), and visits that lost their number."""
    if group.kind != "ADT":
        return
    merged = group.first("MRG")
    if group.event in MERGES | MOVES:
        if merged is None:
            raise Unmappable(NO_RECORD, f"{group.event} without MRG: it names no other record")
        yield from _from_prior(group, merged)
    elif merged is not None and group.event in _RENUMBERED:
        yield from _old_visits(group, merged)


def links(groups: list[Group]) -> Iterator[Item]:
    """The claim of A24 or A37 about its two patients, made by the smaller record key."""
    if not groups or groups[0].kind != "ADT" or groups[0].event not in LINKS:
        return
    if len(groups) != 2:
        raise Unmappable(NO_RECORD, f"{groups[0].event} needs two PID, it has {len(groups)}")
    first, second = sorted(groups, key=lambda group: record_key(group.authority, group.number))
    other = record_key(second.authority, second.number)
    if first.number == second.number and first.authority == second.authority:
        raise Unmappable(NO_RECORD, f"both PID-3 of {first.event} name the same record")
    claim = IdentityClaim(
        kind=LINKS[first.event],
        other_authority=second.authority,
        other_number=second.number,
        actor=_operator(first),
        reason=first.event,
    )
    yield first.item("claims", f"link|{other}", claim)


def _from_prior(group: Group, merged: Segment) -> Iterator[Item]:
    priors = prior_numbers(merged.values(1), group.source)
    priors = priors or prior_numbers(merged.values(4), group.source)
    others = [prior for prior in priors if prior != (group.authority, group.number)]
    if not others:
        raise Unmappable(
            NO_RECORD, f"MRG-1 of {group.event} holds no record number other than that of PID-3"
        )
    for authority, number in others:
        yield _claim(group, _kind(group, authority), authority, number)
    if group.event in ("A44", "A45"):
        yield from _moved_visits(group, merged, others)
    elif group.event in _RENUMBERED:
        yield from _old_visits(group, merged)


def _kind(group: Group, authority: str) -> str:
    """What the claim is. Whose records a source may merge is for its settings to say: a merge of
    somebody else's record proposes, and a steward answers."""
    if group.event in MOVES:
        return "move"
    source = group.source
    own = authority == source.authority or authority in source.authorities.values()
    return "merge" if own else PROPOSAL


def _claim(group: Group, kind: str, authority: str, number: str) -> Item:
    claim = IdentityClaim(
        kind=kind,
        other_authority=authority,
        other_number=number,
        actor=_operator(group),
        reason=group.event,
    )
    return group.item("claims", f"{kind}|{record_key(authority, number)}", claim)


def _operator(group: Group) -> Actor | None:
    """EVN-5, who entered it."""
    value = group.event_segment.value(5) if group.event_segment else None
    if not value:
        return None
    name = " ".join(part for part in (value.sub(3), value.sub(2)) if part)
    return Actor(name=name, identifier=value.sub(1), role="operator")


def _moved_visits(group: Group, merged: Segment, others: list[tuple[str, str]]) -> Iterator[Item]:
    """The visit (MRG-5) or account (MRG-3) is no longer on the record it came from."""
    for authority, number in others:
        for item in _visit_numbers(merged):
            gone = group.item("encounters", item, None, op="delete")
            yield replace(gone, authority=authority, number=number)


def _old_visits(group: Group, merged: Segment) -> Iterator[Item]:
    kept = {group.pid.text(18), *(s.text(19) for s in group if s.name == "PV1")}
    for item in _visit_numbers(merged):
        if item not in kept:
            yield group.item("encounters", item, None, op="delete")


def _visit_numbers(merged: Segment) -> list[str]:
    numbers = (merged.text(5), merged.text(3))
    return list(dict.fromkeys(number for number in numbers if number))
