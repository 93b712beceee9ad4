"""The pages over real rows: what is found, what is shown, what is refused, and what leaks nowhere."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from importlib.resources import files

import psycopg
import pytest
import structlog
from page_checks import problems
from pages_sample import BABY, ELOISE, ELOISE_OLD, HOSTILE, MAXIME, MOVING, NAM, NOW
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from dsn_consumers.alarms import asking
from dsn_consumers.alarms.facts import Facts, SourceFacts, Thresholds
from dsn_consumers.alarms.rules import raised
from dsn_consumers.web.app import create_app
from dsn_consumers.web.errors import TraceRefused, Unavailable
from dsn_consumers.web.postgres import PostgresReader
from dsn_deploy.stack import EmbeddedStack
from dsn_schemas.keys import person_id, record_key


def at(record: tuple[str, str]) -> str:
    """The address of the person a record founded."""
    return f"/personne/{person_id(record_key(*record))}"


@pytest.fixture
def client(app: ASGIApp) -> Iterator[TestClient]:
    """The pages without a network."""
    with TestClient(app, base_url="http://127.0.0.1") as found:
        yield found


def accesses(conninfo: str) -> list[tuple[str, str, str, list[str]]]:
    """The access log."""
    with psycopg.connect(conninfo) as connection:
        query = "SELECT action, person_id, outcome, sections FROM dsn.access ORDER BY number"
        return connection.execute(query).fetchall()


def find(client: TestClient, query: str = "/", **fields: str) -> str:
    """The page that answers a search."""
    return client.post(query, data=fields).text


def test_a_health_number_finds_its_person(client: TestClient) -> None:
    """Typed as on the card, with spaces and small letters."""
    text = find(client, nam=f"{NAM[:4].lower()} {NAM[4:8]} {NAM[8:]}")

    assert f"/personne/{ELOISE}" in text
    assert text.count("/personne/") == 1


def test_a_record_number_finds_its_person(client: TestClient) -> None:
    """The local number leads to the same chart."""
    assert f"/personne/{ELOISE}" in find(client, nam="A-20931")


@pytest.mark.parametrize("name", ["eloise trem", "GAGNON éloïse", "tremblay gagnon", "trembl"])
def test_a_name_is_found_without_its_accents(client: TestClient, name: str) -> None:
    """Order, accents, hyphens and endings do not matter."""
    assert f"/personne/{ELOISE}" in find(client, name=name)


def test_a_birth_date_narrows(client: TestClient) -> None:
    """A date of another day excludes; a year alone, or a record that knows less, does not."""
    assert f"/personne/{ELOISE}" in find(client, name="eloise", birth="1982-04")
    assert "/personne/" not in find(client, name="eloise", birth="1983-04-04")
    assert at(MAXIME) in find(client, name="cote", birth="1951-07-14")


def test_nobody_found_is_said(client: TestClient) -> None:
    """An empty answer is words, not an empty page."""
    assert "Aucune personne trouvée" in find(client, name="zzyzx")


def test_controls_in_a_form_are_survived(client: TestClient) -> None:
    """NUL and quotes are a search like another."""
    for typed in ("\x00eloise", "'; DROP TABLE x; --", "%_\\", "\ud7ff" * 50):
        answer = client.post("/", data={"name": typed})

        assert answer.status_code in (200, 422), typed


def test_a_form_that_is_none_is_refused(client: TestClient) -> None:
    """Too long, not text, or sent by another site's page."""
    assert client.post("/", content=b"x" * 5000).status_code == 413
    assert client.post("/", content=b"name=\xff").status_code == 400
    foreign = client.post("/", data={"name": "roy"}, headers={"sec-fetch-site": "cross-site"})
    assert foreign.status_code == 403


def test_the_chart_shows_who_said_what(client: TestClient) -> None:
    """Identity, sections, statuses in words, sources and how far they are."""
    text = client.get(f"/personne/{ELOISE}").text

    for words in (
        "TREMBLAY-GAGNON, Éloïse Marie", "1982-04-04", "44 ans", f"{NAM[:4]} {NAM[4:8]}",
        "Pénicilline", "Anaphylaxie", "élevée", "Metformine", "cessé", "critique, très élevé",
        "Niveau d’intervention médicale", "hospitalisation", "chul-labo est en retard",
        "hdl-adt est silencieuse depuis 5 h", "complet jusqu’au n° 297",
    ):  # fmt: skip
        assert words in text, words


def test_a_contradiction_lists_both_sides(client: TestClient) -> None:
    """A disputed entry opens on every side of the dispute."""
    text = client.get(f"/personne/{ELOISE}").text
    dispute = text[text.index("Arachide") :]
    dispute = dispute[dispute.index('class="conflict"') : dispute.index("</dl>\n</div>")]

    for words in ("statut", "hdl-adt", "actif", "chul-adt", "résolu", "criticité", "faible"):
        assert words in dispute, words
    assert dispute.count("élevée") == 1
    assert dispute.count("retenu ici") == 2  # one of each


def test_a_disputed_birth_date_is_seen_at_once(client: TestClient) -> None:
    """The banner marks it, the identity gives both dates and who says each."""
    text = client.get(f"/personne/{ELOISE}").text
    banner = text[text.index('class="banner"') : text.index("</section>")]
    sides = text[text.index('class="identity"') :]
    sides = sides[sides.index('class="sides"') : sides.index("</ul>")]

    assert "Contradiction" in banner
    kept, other = sides.split("</li>")[:2]
    assert "1982-04-04" in kept
    assert "retenu ici" in kept
    assert "chul-adt" in kept
    assert "1982-04-14" in other
    assert "retenu ici" not in other
    assert "hdl-adt" in other


def test_none_known_is_not_nothing_received(client: TestClient) -> None:
    """« Aucun connu » says who and when; « rien reçu » says that nobody spoke."""
    known, silent = client.get(f"/personne/{ELOISE}").text, client.get(at(BABY)).text

    assert "Aucun connu" in known
    assert "dit par Dr Karim Haddad, le 2026-11-20" in known
    assert "Rien reçu" in silent
    assert "Aucun connu" not in silent
    assert 'class="state nothing"' in silent
    assert 'class="state nothing"' not in known  # a source is behind: less is certain
    assert "Peut-être incomplet" in known


def test_none_known_beside_an_allergy_is_a_contradiction(client: TestClient) -> None:
    """Both are shown, and the section says that they contradict."""
    text = client.get(at(MAXIME)).text

    for words in ("Latex", "Aucune connue", "Contradiction", "les deux", "<dd>2026-10-02</dd>"):
        assert words.lower() in text.lower(), words


def test_a_moving_record_is_said(client: TestClient) -> None:
    """While entries change charts the page says that part is on its way."""
    assert "HDL A-40000 vient d’être rattaché" in client.get(at(MOVING)).text


def test_an_old_id_leads_to_the_person(client: TestClient) -> None:
    """An id once given out resolves for ever, in the reader's language."""
    moved = client.get(f"/personne/{ELOISE_OLD}?lang=en", follow_redirects=False)

    assert moved.status_code == 303
    assert moved.headers["location"] == f"/personne/{ELOISE}?lang=en"


@pytest.mark.parametrize("person", ["a" * 26, "A" * 26, "x", "1' OR 1=1", "%00"])
def test_an_unknown_person_is_not_found(client: TestClient, person: str) -> None:
    """Whatever stands in the address."""
    assert client.get(f"/personne/{person}").status_code == 404


def test_markup_in_data_stays_text(client: TestClient) -> None:
    """A name, a status or a note that is markup is shown letter for letter."""
    for text in (client.get(at(HOSTILE)).text, find(client, name="zoe")):
        assert "&lt;" in text
        assert "<script" not in text.lower()
        assert "<img" not in text
        assert text.lower().count("</style>") == text.count("<style nonce")


def test_english_comes_first_on_request(client: TestClient) -> None:
    """The switch turns every label, the language of the page and the links."""
    french, english = (client.get(f"/personne/{ELOISE}{q}").text for q in ("", "?lang=en"))

    assert '<html lang="fr">' in french
    assert '<html lang="en">' in english
    assert (
        '<span lang="en">Medications</span> <span class="second" lang="fr">Médicaments' in english
    )
    assert '<span lang="fr">Médicaments</span> <span class="second" lang="en">Medications' in french
    assert 'href="/etat?lang=en"' in english
    assert client.get("/?lang=xx").text == client.get("/").text


def test_the_status_page_balances(client: TestClient) -> None:
    """Counts in the words of integration engineers, and the ledger line."""
    text = client.get("/etat").text

    for words in ("Reçus", "Received", "En file", "Queued", "Envoyés", "Sent", "En erreur",
                  "Errored", "En quarantaine", "équilibré", "En retard", "Silencieuse"):  # fmt: skip
        assert words in text, words
    assert "Toutes les sources sont à jour" not in text


def test_the_quarantine_is_masked(client: TestClient) -> None:
    """Reason, detail and next step, never the payload."""
    text = client.get("/quarantaine").text

    assert "unknown-message-type" in text
    for words in ("Pas encore pris en charge", "relancer après la mise à jour", "À traiter",
                  "Le fournisseur du produit", "Responsable", "La plus ancienne depuis"):  # fmt: skip
        assert words in text, words
    assert "PID" not in text
    assert NAM not in text


def test_one_thing_in_quarantine_shows_its_shape(client: TestClient) -> None:
    """Reached from the list, and nothing of its bytes is in it."""
    listed = client.get("/quarantaine").text
    (path, *_) = re.findall(r'href="(/quarantaine/[^"]+)"', listed)
    text = client.get(path).text

    assert "bytes of no known format" in text
    assert problems(text) == []
    assert "TREE" not in text and NAM not in text
    assert client.get("/quarantaine/dsn.changes.none/0/1").status_code == 404


def test_the_status_page_shows_what_the_watch_raised(client: TestClient, charts: str) -> None:
    """Consequence, next step and runbook, French first; an old look says that it is old."""
    assert "La vigie n’a pas encore regardé." in client.get("/etat").text
    silent = SourceFacts(source="chum-adt", heard_at=NOW - timedelta(hours=3))
    found = raised(Facts(now=NOW, sources=(silent,), away=("kafka",)), Thresholds())
    with psycopg.connect(charts, autocommit=True) as connection:
        asking.write(connection, found)
        assert asking.written(connection)[0] == found
        for age, is_old in (("1 minute", False), ("1 hour", True)):
            connection.execute(
                "UPDATE dsn_store.alarms_looked SET at = %s - %s::interval", [NOW, age]
            )
            text = client.get("/etat").text
            assert ("La vigie ne regarde plus" in text) is is_old
        asking.write(connection, [])
        connection.execute("UPDATE dsn_store.alarms_looked SET at = %s", [NOW])
        assert "Aucune alarme." in client.get("/etat").text
        connection.execute("DELETE FROM dsn_store.alarms_looked")

    for words in ("Source silencieuse", "Source silent", "chum-adt", "depuis 3 h 00",
                  "Vérifier le poste de l’établissement", "deploy/runbooks/kafka-down.md"):  # fmt: skip
        assert words in text, words
    assert problems(text) == []


@pytest.mark.parametrize("lang", ["", "?lang=en"])
def test_every_page_is_well_made(client: TestClient, lang: str) -> None:
    """Unique ids, labels, scopes, one h1, headings in order, no script, no inline style."""
    people = (BABY, MAXIME, HOSTILE, MOVING)
    paths = ["/", "/etat", "/quarantaine", f"/personne/{ELOISE}", "/nulle-part", *map(at, people)]
    pages = {path: client.get(path + lang).text for path in paths}
    pages |= {f"search {name}": find(client, f"/{lang}", name=name) for name in ("co", "zz", "")}

    assert {path: found for path, text in pages.items() if (found := problems(text))} == {}


def test_headers_are_strict(client: TestClient) -> None:
    """Every answer forbids scripts, frames, referrers and caches, errors included."""
    for path in ("/", f"/personne/{ELOISE}", "/nulle-part", "/static/style.css", "/livez"):
        headers = client.get(path).headers

        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert headers["content-security-policy"].startswith(
            "default-src 'self'; script-src 'none'"
        )
        assert "unsafe" not in headers["content-security-policy"]
        assert "set-cookie" not in headers


def test_a_nonce_is_used_once(client: TestClient) -> None:
    """The printed header's style is allowed by a nonce that no other answer has."""
    policies = {client.get(f"/personne/{ELOISE}").headers["content-security-policy"] for _ in "ab"}

    assert len(policies) == 2


def test_another_name_for_this_machine_is_refused(client: TestClient) -> None:
    """A foreign site that leads its own name here reads nothing."""
    answer = client.get(f"/personne/{ELOISE}", headers={"host": "example.org"})

    assert answer.status_code == 400
    assert "TREMBLAY" not in answer.text


def test_every_read_leaves_its_trace(client: TestClient, charts: str) -> None:
    """One line per person listed, one per chart, and one for nobody."""
    before = len(accesses(charts))
    find(client, name="e")  # refused: nothing is read
    find(client, name="zzyzx")
    find(client, nam=NAM)
    client.get(f"/personne/{ELOISE}")
    client.get(f"/personne/{'a' * 26}")
    lines = accesses(charts)[before:]

    assert [line[:3] for line in lines] == [
        ("search", "", "shown"),
        ("search", ELOISE, "shown"),
        ("read", ELOISE, "shown"),
        ("read", "", "refused"),
    ]
    assert "allergies" in lines[2][3]


def test_several_people_listed_are_several_lines(client: TestClient, charts: str) -> None:
    """A list of people is a read of each of them."""
    before = len(accesses(charts))
    text = find(client, name="la")  # Lavoie ; birth names that begin alike

    assert text.count("/personne/") == len(accesses(charts)) - before >= 1


def test_no_read_without_its_trace(client: TestClient, charts: str) -> None:
    """While the access log takes no line, charts and lists are refused in words."""
    with psycopg.connect(charts, autocommit=True) as connection:
        connection.execute("ALTER TABLE dsn_store.access_log RENAME TO away")
        try:
            answers = [client.get(f"/personne/{ELOISE}"), client.post("/", data={"nam": NAM})]
        finally:
            connection.execute("ALTER TABLE dsn_store.away RENAME TO access_log")

    for answer in answers:
        assert answer.status_code == 503
        assert "registre des accès" in answer.text
        assert "TREMBLAY" not in answer.text
    assert client.get(f"/personne/{ELOISE}").status_code == 200


def test_nothing_a_person_typed_or_read_is_logged(client: TestClient) -> None:
    """No name, number, id, path or query in any line."""
    with structlog.testing.capture_logs() as lines:
        find(client, nam=NAM)
        find(client, name="éloïse")
        client.get(f"/personne/{ELOISE}?lang=en&x={NAM}")
        client.get(f"/{NAM}")
    text = json.dumps(lines, ensure_ascii=False)

    assert len(lines) >= 4
    for secret in (NAM, ELOISE, "loïse", "TREMBLAY", "lang"):
        assert secret not in text
    assert "/personne/{person}" in text


def test_ready_names_each_dependency(client: TestClient) -> None:
    """JSON per dependency; live asks nothing."""
    checks = client.get("/readyz").json()["checks"]

    assert checks.keys() == {"database", "views", "access_log"}
    assert all(check["ok"] for check in checks.values())
    assert client.get("/livez").json() == {"status": "ok"}


def test_without_a_database_the_pages_say_so() -> None:
    """Charts are refused in words, the status page shows no figure and no green."""
    reader = PostgresReader("host=127.0.0.1 port=1 dbname=dsn user=dsn")
    with TestClient(create_app(reader, lambda: NOW), base_url="http://127.0.0.1") as client:
        chart, status = client.get(f"/personne/{ELOISE}"), client.get("/etat")
        ready = client.get("/readyz")
    reader.close()

    assert chart.status_code == status.status_code == ready.status_code == 503
    assert "ne répond pas" in chart.text
    assert "ne répond pas" in status.text
    assert 'class="panel good"' not in status.text
    assert problems(status.text) == problems(chart.text) == []
    assert not any(check["ok"] for check in ready.json()["checks"].values())


def test_the_pages_come_back_with_the_database(stack: EmbeddedStack, client: TestClient) -> None:
    """After the database died, charts are refused in words, and shown again without a restart."""
    stack.postgres.kill()
    try:
        assert client.get(f"/personne/{ELOISE}").status_code == 503
        assert client.get("/etat").status_code == 503
    finally:
        stack.postgres.start()
        stack.postgres.wait_ready(60)
    deadline = time.monotonic() + 60  # the pool asks at growing intervals
    while client.get(f"/personne/{ELOISE}").status_code != 200:
        assert time.monotonic() < deadline, "the pages did not find the database again"
        time.sleep(0.1)


class BrokenReader(PostgresReader):
    """A reader with an error of ours in it, which quotes a patient."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def people(self, *_: object) -> list[object]:  # type: ignore[override]  # raises only
        raise self._error


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError(NAM), 500), (Unavailable("x"), 503), (TraceRefused("x"), 503)],
)
def test_an_error_is_a_page_that_quotes_nothing(error: Exception, status: int) -> None:
    """Our own errors are named in the log by class and place, and quoted nowhere."""
    app = create_app(BrokenReader(error), lambda: NOW)
    with (
        TestClient(app, base_url="http://127.0.0.1") as client,
        structlog.testing.capture_logs() as lines,
    ):
        answer = client.post("/", data={"name": "roy"})

    assert answer.status_code == status
    assert problems(answer.text) == []
    assert NAM not in answer.text + json.dumps(lines)
    assert any(line.get("error") == "ValueError" for line in lines) == (status == 500)


def test_text_stands_out_from_its_ground() -> None:
    """WCAG 2.1 AA: 4.5 to 1 for every pair of colours the sheet uses for text."""
    css = (files("dsn_consumers.web") / "static" / "style.css").read_text(encoding="utf-8")
    named = dict(
        part.split(": ") for part in css.split("{", 2)[1].split("}")[0].split(";") if "--" in part
    )
    colour = {name.strip(): value for name, value in named.items()}
    pairs = [
        ("--quiet", "--paper"), ("--quiet", "--ground"), ("--accent", "--accent-soft"),
        ("--bad", "--bad-soft"), ("--warn", "--warn-soft"), ("--good", "--paper"),
        ("#d4e6ea", "--accent"), ("#4d5a62", "--bad-soft"), ("#fbe3e3", "--bad"),
        ("#47555e", "--accent-soft"), ("#4d5a62", "--warn-soft"), ("--accent", "--ground"),
    ]  # fmt: skip

    for one, other in pairs:
        assert _contrast(colour.get(one, one), colour.get(other, other)) >= 4.5, (one, other)


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
