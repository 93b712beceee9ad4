"""``dsn identity``: measure, try and train who-is-who on records in files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dsn_deploy.errors import FAILED, CommandError

if TYPE_CHECKING:
    from dsn_deploy.identity.evaluate import Figures
    from dsn_streams.matching.weights import Weights

AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]
WeightsName = Annotated[
    str, typer.Option("--weights", help="Shipped weights by name, or a .json file.")
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Measure, try and train who-is-who.", no_args_is_help=True)
    group.command("evaluate")(evaluate)
    group.command("compare")(compare)
    group.command("train")(train)
    app.add_typer(group, name="identity")


def evaluate(
    dataset: Annotated[Path, typer.Argument(help="Labelled records, .csv or .csv.gz.")],
    mapping: Annotated[Path, typer.Option("--mapping", help="Which column is which field.")],
    weights: WeightsName = "default",
    as_json: AsJson = False,
) -> None:
    """Group labelled records as in production, and compare with their truth."""
    from dsn_deploy.identity import evaluate as measuring
    from dsn_deploy.identity.mapping import read_mapping, read_records

    records = list(read_records(dataset, read_mapping(mapping)))
    figures, _ = measuring.evaluate(records, _weights(weights))
    if as_json:
        typer.echo(json.dumps(figures.as_dict()))
    else:
        _show(figures)


def compare(
    pairs: Annotated[Path, typer.Argument(help='JSON lines: {"a": {...}, "b": {...}}.')],
    weights: WeightsName = "default",
) -> None:
    """Decide on pairs of records; one JSON object per line. Exit code 1: some line is no pair."""
    from dsn_deploy.identity.pairs import answers

    bad = 0
    try:
        with pairs.open("rb") as file:
            for answer in answers(file, _weights(weights)):
                if "error" in answer:
                    bad += 1
                    print(f"dsn: {pairs} line {answer['line']}: {answer['error']}", file=sys.stderr)
                typer.echo(json.dumps(answer, ensure_ascii=False))
    except OSError as error:
        raise CommandError(f"{pairs}: {error.strerror}") from None
    if bad:
        raise typer.Exit(FAILED)


def train(
    dataset: Annotated[Path, typer.Argument(help="Records, .csv or .csv.gz; labels are not read.")],
    mapping: Annotated[Path, typer.Option("--mapping", help="Which column is which field.")],
    output: Annotated[Path, typer.Option("--output", help="The .json to write.")],
    families: Annotated[
        bool,
        typer.Option(
            "--families/--no-families",
            help="--no-families: a list of unrelated people; gates do not hold. Never for patients.",
        ),
    ] = True,
    weights: WeightsName = "default",
) -> None:
    """Learn weights from records without labels, offline."""
    from dsn_deploy.identity import train as training
    from dsn_deploy.identity.mapping import read_mapping, read_records
    from dsn_streams.matching.features import features_of
    from dsn_streams.matching.weights import parsed

    base = _weights(weights)
    records = read_records(dataset, read_mapping(mapping))
    features = {one.id: features_of(one.demographics, base) for one in records}
    file = training.train(features, base, output.stem, families)
    data = json.dumps(file, ensure_ascii=False, indent=1).encode()
    version = parsed(data).version
    try:
        output.write_bytes(data)
    except OSError as error:
        raise CommandError(f"{output}: {error.strerror}") from None
    typer.echo(f"weights {version} in {output}")


def _weights(name: str) -> Weights:
    from dsn_streams.matching.weights import UnknownWeights, load

    try:
        return load(name)
    except UnknownWeights as error:
        raise CommandError(str(error)) from None


def _show(figures: Figures) -> None:
    """The figures for people."""
    typer.echo(f"weights {figures.weights}")
    typer.echo(
        f"{figures.records} records of {figures.people} people, {figures.true_pairs} true pairs; "
        f"{figures.compared} pairs compared, {figures.blocking_recall:.4f} of the true ones, "
        f"longest block {figures.longest_block}, crowded {figures.crowded_blocks}"
    )
    for name, pairs in (("automatic", figures.automatic), ("with review", figures.with_review)):
        typer.echo(
            f"{name}: precision {pairs.precision:.4f} recall {pairs.recall:.4f} f1 {pairs.f1:.4f} "
            f"({pairs.false} false, {pairs.missed} missed)"
        )
    typer.echo(
        f"{figures.groups} groups, {figures.exact_groups} exactly one person's, "
        f"{figures.impure_groups} impure"
    )
    typer.echo(
        f"{figures.review_pairs} pairs to review ({figures.review_rate:.2f} per 100 records), "
        f"{figures.review_true} of them one person"
    )
