"""Given names of old Quebec stock, by sex and generation, most frequent first."""

from __future__ import annotations

from dataclasses import dataclass

from dsn_deploy.population.lot import Lot, ranked

_WOMEN_OLD = """
Marie Jeanne Thérèse Rita Cécile Lucille Jeannine Yvette Gisèle Claire Denise Lise Louise Monique
Nicole Huguette Pierrette Madeleine Françoise Micheline Ginette Diane Francine Danielle Suzanne Hélène
Carole Céline Colette Johanne Jocelyne Réjeanne Fernande Simone Germaine Marguerite Gabrielle
Solange Ghislaine Raymonde Claudette Rollande Rolande Georgette Aline Noëlla Lorraine Marcelle Andrée
Paulette Lucie Yolande Murielle Laurette Irène Estelle Aurore Blanche Bernadette Gilberte Jacqueline
Pauline Rose Alice Anita Olivette Marthe Liliane Hermance Léona Adrienne Gemma Antoinette Mariette
"""
_WOMEN_MIDDLE = """
Sylvie Nathalie Isabelle Julie Chantal Josée Manon Sophie Caroline Martine Annie Mélanie Stéphanie
Karine Geneviève Marie-Claude Véronique Marie-Josée Linda Line Patricia Christine Brigitte Guylaine
Nancy Lyne Marie-Ève Catherine Valérie Anne-Marie Amélie Émilie Audrey Jessica Vanessa Cynthia
Marie-France Dominique Nadine Marie-Pier Marie-Hélène Anick France Maryse Sonia Lucie Joanne Kathleen
Andréanne Marie-Andrée Mylène Lisa Kim Katy Édith Myriam Virginie Pascale Marylène Michelle Michèle
Christiane Marjolaine Élise Mireille Élisabeth Marie-Lou Sabrina Mélissa Roxanne Anne Claudia
Ève Sarah Joëlle Maude Renée Rachel Claudine Marianne Anne-Sophie Sandra Hélène Diane Carole Francine
"""
_WOMEN_YOUNG = """
Léa Emma Florence Alice Olivia Charlotte Rosalie Zoé Juliette Béatrice Jade Livia Chloé Camille Noémie
Mégane Sarah Laurence Gabrielle Maéva Ariane Coralie Océane Élodie Justine Anaïs Léanne Mia Clara
Sofia Victoria Romy Éva Flavie Mila Rose Jeanne Élizabeth Maélie Marilou Raphaëlle Simone Billie
Lily-Rose Frédérique Audrey-Anne Laurie Annabelle Delphine Mathilde Daphnée Amélia Ophélie Alexia
Arianne Alyssa Éloïse Maïka Marianne Marguerite Margot Adèle Agathe Anna Arielle Aurélie Naomie Élisa
Emy Eva-Rose Évelyne Jasmine Julia Julianne Kelly-Ann Kim Léonie Lou Lyanna Magalie Maxim Megan Nora
Rosemarie Sara-Maude Sandrine Stella Thalie Victoire Abigaëlle Alicia Ève Charlie Sam Anne-Sophie
"""
_MEN_OLD = """
Jean André Gérard Marcel Roger Paul Raymond Maurice Roland Fernand Lucien Claude Pierre Michel
Jacques Réjean Guy Yvon Gilles Denis Robert Normand Jean-Paul Jean-Guy Jean-Claude Gaston Laurent
Léo Henri Georges Marc-Aurèle Émile Albert René Yves Serge Richard Bernard Rosaire Adrien Armand
Donat Gérald Clément Conrad Benoît Léopold Philippe Rolland Benoit Jean-Marie Gaétan Rénald
Ghislain Réal Réginald Raoul Viateur Aimé Alphonse Hervé Jean-Louis Jean-Yves Jean-Pierre Fernando
Louis-Philippe Arthur Ernest Antonio Eugène Alcide Wilfrid Omer Oscar Origène Ovila Lionel Julien
"""
_MEN_MIDDLE = """
Michel Sylvain Daniel Alain Martin Stéphane Éric Mario François Luc Yves Marc Patrick Pierre Benoît
Steve Dominic Jean-François Christian Simon Sébastien Mathieu Jonathan David Alexandre Maxime
Nicolas Guillaume Philippe Jean-Philippe Marc-André Pascal Frédéric Carl Dany Robert Richard Serge Bruno
Yannick Vincent Hugo Francis Jean-Sébastien Pierre-Luc Louis Jérôme Danny Réjean Normand André Gilles
Charles Claude Denis Donald Gaétan Jacques Jocelyn Pierre-Olivier Étienne Kevin Michaël Olivier Samuel
Antoine Marco Stéphan Jean-Pierre Jean-Marc Jean-Luc Ghislain Rémi Rock Roch Régis Guy Sylvain Steeve
Dave Mike Paul Bernard Jules Gabriel Cédric Joël Karl Éric-Olivier Ludovic Charles-Étienne Sonny
"""
_MEN_YOUNG = """
William Liam Thomas Félix Noah Nathan Logan Samuel Léo Alexis Olivier Gabriel Édouard Jacob Antoine
Raphaël Louis Émile Zachary Arthur Benjamin Xavier Charles Adam Jérémy Tristan Anthony Nicolas Mathis
Alexandre Justin Simon Lucas Théo Elliot Henri Nathaniel Jules Loïc Philippe Vincent Maxime Hubert
Jayden Eliott Victor Mathéo Zack Isaac Malik Laurent Mathieu Guillaume Étienne Charles-Antoine Marc-Antoine
Louis-Philippe Pierre-Antoine Jean-Christophe Ludovic Hugo Cédric Dylan Alex Thomas-Olivier Mikaël Édouard
Tommy Emrick Noé James Axel Milan Florent Renaud Rémi Lambert Léonard Albert Wyatt Ethan Tyler
Christophe David Derek Jonathan Kevin Michaël Sébastien Francis Étienne Zachari Zacharie Mathias Matthew
"""

#: Falling of frequency with the rank: the first of 80 names has about 6 %.
_FALL = 0.55
#: Birth years from which a generation's names are given: some before, more and more later.
_MIDDLE_FROM = 1950
_YOUNG_FROM = 1990
#: Years that it takes until everybody follows.
_SHIFT_YEARS = 20


@dataclass(frozen=True, slots=True)
class Generations:
    """Given names of one sex, old, middle and young."""

    old: Lot[str]
    middle: Lot[str]
    young: Lot[str]

    def of(self, year: int, chance: float) -> Lot[str]:
        """The names of a generation; ``chance`` (0 to 1) decides in the years of the shift."""
        if year >= _YOUNG_FROM + chance * _SHIFT_YEARS:
            return self.young
        return self.middle if year >= _MIDDLE_FROM + chance * _SHIFT_YEARS else self.old


def women() -> Generations:
    """Women's."""
    return _generations(_WOMEN_OLD, _WOMEN_MIDDLE, _WOMEN_YOUNG)


def men() -> Generations:
    """Men's."""
    return _generations(_MEN_OLD, _MEN_MIDDLE, _MEN_YOUNG)


def _generations(*texts: str) -> Generations:
    old, middle, young = (Lot(ranked(dict.fromkeys(text.split()), _FALL)) for text in texts)
    return Generations(old, middle, young)
