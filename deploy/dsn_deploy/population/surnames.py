"""Surnames of old Quebec stock, with frequencies set by hand.

The shares of the fifteen most frequent ones are those that the statistical office of Quebec
publishes; the others follow in about their order, falling with the rank so that the first hundred
make a quarter of the population. The long tail is composed from parts that French surnames are
made of: it only has to be as varied as the real one.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsn_deploy.population.lot import Lot

#: Share of this stock's bearers, in per cent of the whole population.
_FIRST = {
    "Tremblay": 1.08,
    "Gagnon": 0.79,
    "Roy": 0.75,
    "Côté": 0.69,
    "Bouchard": 0.53,
    "Gauthier": 0.52,
    "Morin": 0.50,
    "Lavoie": 0.46,
    "Fortin": 0.45,
    "Gagné": 0.45,
    "Ouellet": 0.42,
    "Pelletier": 0.42,
    "Bélanger": 0.41,
    "Lévesque": 0.40,
    "Bergeron": 0.39,
}

_NEXT = """
Leblanc Paquette Girard Simard Boucher Caron Beaulieu Cloutier Dubé Poirier Fournier Lapointe Leclerc
Lefebvre Poulin Thibault St-Pierre Nadeau Martin Landry Martel Bédard Grenier Lessard Bernier Richard
Michaud Hébert Desjardins Couture Turcotte Lachance Parent Blais Gosselin Savard Proulx Beaudoin Demers
Perreault Boudreau Lemieux Cyr Perron Dufour Dion Mercier Bolduc Bérubé Boisvert Langlois Ménard
Therrien Plante Bilodeau Blanchette Dubois Champagne Paradis Fortier Arsenault Dupuis Gaudreault Hamel
Houle Villeneuve Rousseau Gravel Thériault Lemay Robert Allard Deschênes Giroux Guay Leduc Boivin
Charbonneau Lambert Raymond Vachon Gilbert Audet Jean Larouche Legault Trudel Fontaine Picard Labelle
Lacroix Jacques Moreau Carrier Bernard Desrosiers Goulet Renaud Dionne Lapierre Vaillancourt Fillion
Lalonde Tessier Bertrand Tardif Lepage Gingras Benoit Rioux Giguère Drouin Harvey Lauzon
Gendron Boutin Laflamme Vallée Dumont Breton Paré Paquin Robitaille Gélinas Duchesne Lussier Séguin
Veilleux Potvin Gervais Pépin Laroche Morissette Charron Lavallée Laplante Chabot Brunet Vézina
Desrochers Labrecque Coulombe Tanguay Chouinard Noël Pouliot Lacasse Daigle Marcoux Lamontagne Turgeon
Larocque Roberge Auger Masse Pilon Racine Dallaire Émond Grégoire Beauregard Denis Lebel Blouin
Martineau Labbé Beauchamp Saint-Onge Charette Dupont Létourneau Rodrigue Cormier Rivard Mathieu
Asselin Saint-Jean Plourde Thibodeau Bélisle Saint-Laurent Godbout Desbiens Lavigne Doucet Labonté
Marchand Brassard Forget Marquis Guérin Riendeau Trépanier Bourgeois Vincent Lafontaine
Cantin Ross Saint-Germain Corbeil Archambault Taillon Beaudry Duval Pineault Bourque
Maltais Chamberland Deslauriers Raby Simoneau Latulippe Bibeau Jobin Lavergne Bellemare Lampron
Dufresne Brochu Mailhot Massé Comeau Quirion Gaudet Rochon Cadieux Provost Imbeault Guimond Aubin
Blackburn Lortie Bureau Mongeau Filion Ferland Saint-Louis Dubuc Tousignant Rancourt Boily Jutras
Léger Lalancette Belley Bisson Piché Doyon Desmarais Bastien Leroux Bissonnette Beauchemin Auclair
Sirois Ducharme Tétreault Huot Arcand Dagenais Lanctôt Chartrand Cournoyer Veillette Grondin
Chevalier Daoust Gariépy Marleau Castonguay Nolet Levasseur Beaupré Hudon Gobeil Sauvé Fleury Pagé
Provencher Rochette Trottier Bourassa Lemire Normandin Migneault Laverdière Gignac Hardy Brault Lajoie
Bouffard Lafrance Ayotte Lafrenière Michel Verreault Ladouceur Laurin Beaumont Godin Crête Guénette
Barrette Aubé Pellerin Chénier Hétu Barbeau Faucher Petit Desgagné Boulanger Cardinal Lafleur Monette
Valiquette Bordeleau Saint-Amand Lauzier Soucy Hamelin Gamache Blanchet Rheault Carbonneau
Dumas Toupin Viens Lizotte Bernatchez Francoeur Charest Murray Pinard Choquette Dugas Lecavalier Collin
Saucier Nault Lamoureux Bellerose Bouthillier Dussault Legendre Rouleau Vigneault Pichette Dubreuil
Comtois Bellavance D'Amours Raîche Gladu Duguay Mainville Pronovost Turbide Bujold Dubord Frenette
Chrétien D'Astous Lepire Riopel Bégin Ruel Binette Bigras L'Heureux L'Écuyer Malenfant Vermette
Marois Laliberté Lapalme Desautels Brousseau Hallé Pomerleau Royer Jalbert
"""

_HEADS = """
Beau Belle Bon Bois Haut Mont Vau Clair Grand Franc Roche Val Font Char Mar Lan Bar Cour Dor Far
Gal Har Jol Laf Lam Mal Nor Pel Qué Rob Sal Tal Ver Vil Zé Bru Cham Del Dar Gou Mou Per Pru Rich
Sou Thi Tru Vau Bro Cré Fré Gri Pla Pré Sé Blan Bour Cas Des Dou Fer Gar
"""

_TAILS = """
champ lieu mont vais ville voir fleur rivage pré cour doin lard nard bert gnier chette reau rand din
quette ssard tier lot nault zet ral vert chon beau guay rier tel not sseau tin rolle main geois nelle
gnac vin dry let sonneuve chemin nière ron mette gard ban zon seuil cault veau gneau rousse bray lon
"""

#: Exponent with which frequency falls behind the fifteen first.
_FALL = 0.6
#: Per cent that the composed tail has.
_TAIL_PER_CENT = 24.0


def old_stock() -> Lot[str]:
    """Surnames with their frequencies."""
    return Lot(_weighted())


def _weighted() -> Iterator[tuple[str, float]]:
    yield from _FIRST.items()
    first = len(_FIRST) + 1
    last = _FIRST["Bergeron"] * 0.93
    for rank, name in enumerate(dict.fromkeys(_NEXT.split()), first):
        yield name, last * (first / rank) ** _FALL
    composed = list(
        dict.fromkeys(head + tail for head in _HEADS.split() for tail in _TAILS.split())
    )
    for rank, name in enumerate(composed, 1):
        yield name, _TAIL_PER_CENT / len(composed) * _bend(rank, len(composed))


def _bend(rank: int, size: int) -> float:
    """Within the tail the first names are three times as frequent as the last."""
    return 1.5 - rank / size
