"""Where people live: households at a postal code, villages, shelters and residences.

Municipalities are real, addresses are not. Telephone numbers are in the range 555-xxxx, which is
too small for a province, so that the area code is followed by any exchange that begins with 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from dsn_deploy.population.lot import Lot, ranked

#: People for each postal code in use: a code has about twenty households.
PEOPLE_PER_CODE = 45
#: People who live at one shelter or residence.
PEOPLE_PER_SHELTER = 200

#: Municipality, region, area code, first three characters of its postal codes, relative size.
CITIES = (
    ("Montréal", 0, "514", "H2X H3A H1M H4N H2J H3W H1G H4A H3H H2R H1K H8N", 1760),
    ("Laval", 0, "450", "H7N H7T H7W H7M", 440),
    ("Longueuil", 1, "450", "J4K J4H J4M J4N", 255),
    ("Brossard", 1, "450", "J4W J4Y", 92),
    ("Saint-Jean-sur-Richelieu", 1, "450", "J3B J2X", 99),
    ("Salaberry-de-Valleyfield", 1, "450", "J6T J6S", 43),
    ("Terrebonne", 2, "450", "J6W J6X J6Y", 120),
    ("Saint-Jérôme", 2, "450", "J7Z J7Y", 81),
    ("Joliette", 2, "450", "J6E", 48),
    ("Québec", 3, "418", "G1V G1K G1J G2B G3K G1C", 550),
    ("Lévis", 3, "418", "G6V G6W G6Z", 150),
    ("Sainte-Marie", 3, "418", "G6E", 14),
    ("Saguenay", 4, "418", "G7H G7X G7B", 145),
    ("Alma", 4, "418", "G8B", 30),
    ("Rimouski", 4, "418", "G5L G5M", 50),
    ("Sept-Îles", 4, "418", "G4R", 25),
    ("Gaspé", 4, "418", "G4X", 15),
    ("Trois-Rivières", 5, "819", "G9A G8Z G8Y", 140),
    ("Shawinigan", 5, "819", "G9N G9P", 49),
    ("Drummondville", 5, "819", "J2B J2C", 80),
    ("Sherbrooke", 5, "819", "J1H J1L J1K", 173),
    ("Granby", 5, "450", "J2G J2H", 69),
    ("Gatineau", 6, "819", "J8X J8T J9A J8P", 291),
    ("Rouyn-Noranda", 6, "819", "J9X", 42),
    ("Val-d'Or", 6, "819", "J9P", 33),
)
REGIONS = 7

#: Villages of one postal code each.
VILLAGES = {
    "Kuujjuaq": ("J0M 1C0", "819", 6),
    "Puvirnituq": ("J0M 1P0", "819", 6),
    "Inukjuak": ("J0M 1M0", "819", 6),
    "Salluit": ("J0M 1S0", "819", 6),
    "Kangiqsualujjuaq": ("J0M 1N0", "819", 6),
    "Kuujjuarapik": ("J0M 1G0", "819", 6),
    "Uashat": ("G4R 4L9", "418", 4),
    "Pessamit": ("G0H 1B0", "418", 4),
    "Mashteuiatsh": ("G0W 2H0", "418", 4),
    "Natashquan": ("G0G 2E0", "418", 4),
    "Chisasibi": ("J0M 1E0", "819", 6),
    "Mistissini": ("G0W 1C0", "418", 4),
    "Waskaganish": ("J0M 1R0", "819", 6),
    "Waswanipi": ("J0Y 3C0", "819", 6),
    "Manawan": ("J0K 1M0", "819", 2),
    "Wemotaci": ("G0X 3R0", "819", 5),
    "Opitciwan": ("G0W 3B0", "819", 4),
    "Lac-Simon": ("J0Y 3M0", "819", 6),
    "Kahnawake": ("J0L 1B0", "450", 1),
    "Kanesatake": ("J0N 1E0", "450", 2),
    "Listuguj": ("G0C 2R0", "418", 4),
    "Gesgapegiag": ("G0C 1Y0", "418", 4),
}

_STREETS = """
rue_Saint-Jean boulevard_Laurier rue_de_l'Église chemin_Sainte-Foy avenue_Cartier rue_des_Érables
rue_Notre-Dame_Ouest avenue_du_Mont-Royal_Est boulevard_René-Lévesque rue_Principale rue_Sherbrooke_Est
rue_des_Pins rue_Saint-Joseph rue_du_Parc avenue_Royale rue_King_Ouest boulevard_Taschereau rue_Racine
rue_Sainte-Catherine_Est 1re_Avenue 2e_Rue rang_Saint-Antoine montée_des_Sources rue_Papineau rue_Dubois
rue_des_Bouleaux rue_Champlain rue_Cartier rue_Saint-Louis avenue_des_Peupliers côte_du_Palais rue_Maisonneuve
"""
_STREETS_ALL = tuple(name.replace("_", " ") for name in _STREETS.split())
_LETTERS = "ABCEGHJKLMNPRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Home:
    """An address with its telephone."""

    street: str
    city: str
    #: ``ANA NAN``.
    postal_code: str
    phone: str
    #: Which sites are near, 0 to ``REGIONS`` - 1.
    region: int


class Places:
    """Every address of a population of ``people``; as dense as the province whatever the size."""

    def __init__(self, people: int, random: Random) -> None:
        self._cities = Lot((city, float(city[4])) for city in CITIES)
        self._streets = Lot(ranked(_STREETS_ALL, 0.4))
        size = sum(city[4] for city in CITIES)
        self._codes = {
            city[0]: self._made(city, max(2, people * city[4] // (size * PEOPLE_PER_CODE)), random)
            for city in CITIES
        }
        shelters = 1 + people // (PEOPLE_PER_SHELTER * 900)
        residences = 1 + people // (PEOPLE_PER_SHELTER * 72)
        self._shelters = [self.home(random) for _ in range(shelters)]
        self._residences = [self.home(random) for _ in range(residences)]

    def home(self, random: Random) -> Home:
        """Somewhere to live."""
        city = self._cities.draw(random)
        codes = self._codes[city[0]]
        code = codes[int(random.random() * len(codes))]
        street = f"{int(random.random() * 4000) + 1}, {self._streets.draw(random)}"
        if random.random() < 0.3:
            street += f", app. {int(random.random() * 40) + 1}"
        return Home(street, city[0], code, phone(city[2], random), city[1])

    def village(self, names: tuple[str, ...], random: Random) -> Home:
        """A house in one of these villages: a box number, one postal code for everybody."""
        name = names[int(random.random() * len(names))]
        code, area, region = VILLAGES[name]
        street = f"C.P. {int(random.random() * 900) + 1}"
        return Home(street, name, code, phone(area, random), region)

    def shelter(self, random: Random) -> Home:
        """One of the shelters: the address and the telephone of two hundred people."""
        return self._shelters[int(random.random() * len(self._shelters))]

    def residence(self, random: Random) -> Home:
        """One of the residences for the old."""
        return self._residences[int(random.random() * len(self._residences))]

    def _made(self, city: tuple[str, int, str, str, int], count: int, random: Random) -> list[str]:
        heads = city[3].split()
        return [
            f"{random.choice(heads)} {random.randrange(10)}{random.choice(_LETTERS)}"
            f"{random.randrange(10)}"
            for _ in range(count)
        ]


def phone(area: str, random: Random) -> str:
    """A number of that area."""
    return f"{area} 5{int(random.random() * 100):02d}-{int(random.random() * 10_000):04d}"
