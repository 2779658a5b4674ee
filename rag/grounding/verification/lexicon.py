"""Word lists of claim verification for English, German, French, Spanish, Italian, Portuguese and Dutch.

The lists help and are no condition: other languages are compared without them. A word that is common in one of these
languages and means something else in another (`once`: English, and eleven in Spanish) is left out.
"""

_GERMAN_WORDS = """
der die das und ist nicht ein eine mit von zu den dem wird werden sind auf für
"""
GERMAN_WORDS = frozenset(_GERMAN_WORDS.split())
"""Words that identify German, which capitalises every noun, so that a capital does not mark a name."""

_NEGATIONS = """
not no never none neither nor without cannot nobody nothing nowhere nicht kein keine keiner keines keinem keinen nie
niemals niemand nichts ohne weder ne pas jamais aucun aucune sans nunca jamás ningún ninguno ninguna sin tampoco nadie
non nessun nessuno nessuna senza não sem nenhum nenhuma ninguém niet geen nooit niets zonder
"""
NEGATIONS = frozenset(_NEGATIONS.split())

_LINKING_VERBS = """
is was are were has had can will ist war sind hat wird est était sont es fue son fueron è fu sono é foi são
"""
LINKING_VERBS = frozenset(_LINKING_VERBS.split())
"""Auxiliary verbs whose two sides are compared for swapped words."""

_ANTONYMS = """
increase/decrease increases/decreases increased/decreased rise/fall rises/falls rose/fell grew/shrank before/after
above/below more/less more/fewer maximum/minimum highest/lowest largest/smallest longest/shortest oldest/youngest
first/last allowed/forbidden allowed/prohibited permitted/prohibited possible/impossible legal/illegal true/false
open/closed opened/closed start/end started/ended begins/ends began/ended won/lost win/lose north/south east/west
northern/southern eastern/western left/right male/female father/mother son/daughter brother/sister husband/wife
early/late earliest/latest include/exclude includes/excludes included/excluded accept/reject accepted/rejected
buy/sell bought/sold enabled/disabled enable/disable hot/cold always/never steigt/sinkt stieg/sank erhöht/gesenkt
erlaubt/verboten vor/nach mehr/weniger öffnet/schließt augmenté/diminué avant/après plus/moins autorisé/interdit
aumentó/disminuyó antes/después más/menos permitido/prohibido
"""
ANTONYMS = tuple(tuple(pair.split("/")) for pair in _ANTONYMS.split())
"""Pairs of antonyms."""

NUMBER_WORDS: dict[str, int] = {
    word: value
    for value, words in {
        2: "two zwei deux dos dois duas twee second zweite deuxième segundo secondo tweede",
        3: "three drei trois tres tre três drie third dritte troisième tercero terzo terceiro derde",
        4: "four vier quatre cuatro quattro quatro fourth vierte quatrième cuarto quarto vierde",
        5: "five fünf cinq cinco cinque vijf fifth fünfte cinquième quinto vijfde",
        6: "six sechs seis sixth sechste sixième sexto sesto zesde zes",
        7: "seven sieben siete sette sete zeven seventh siebte septième séptimo settimo sétimo zevende",
        8: "eight acht huit ocho otto oito eighth achte huitième octavo ottavo oitavo achtste",
        9: "nine neun neuf nueve nove negen ninth neunte neuvième noveno nono negende",
        10: "ten zehn dix diez dieci dez tien tenth zehnte dixième décimo decimo tiende",
        11: "eleven onze undici eleventh",
        12: "twelve zwölf douze doce dodici doze twaalf twelfth",
        13: "thirteen dreizehn treize trece tredici treze dertien",
        14: "fourteen vierzehn quatorze catorce quattordici veertien",
        15: "fifteen fünfzehn quinze quince quindici vijftien",
        16: "sixteen sechzehn dieciséis sedici dezesseis zestien",
        17: "seventeen siebzehn diecisiete diciassette dezessete zeventien",
        18: "eighteen achtzehn dieciocho diciotto dezoito achttien",
        19: "nineteen neunzehn diecinueve diciannove dezenove negentien",
        20: "twenty zwanzig vingt veinte venti vinte twintig twentieth",
        30: "thirty dreißig trente treinta trenta trinta dertig",
        40: "forty vierzig quarante cuarenta quaranta quarenta veertig",
        50: "fifty fünfzig cinquante cincuenta cinquanta cinquenta vijftig",
        60: "sixty sechzig soixante sesenta sessanta sessenta zestig",
        70: "seventy siebzig setenta settanta zeventig",
        80: "eighty achtzig ochenta ottanta oitenta tachtig",
        90: "ninety neunzig noventa novanta negentig",
        100: "hundred hundert cien cento cem honderd",
    }.items()
    for word in words.split()
}
"""Number words and ordinals. "One" is left out: in most of these languages it is the article."""

SCALES: dict[str, int] = {
    word: exponent
    for exponent, words in {
        3: "thousand tausend mille mil mila duizend",
        6: "million millions mio million millionen millón millones milione milioni milhão milhões miljoen",
        9: "billion billions bn mrd milliarde milliarden milliard milliards miliardo miliardi miljard",
        12: "trillion trillions",
    }.items()
    for word in words.split()
}

_UNIT_TABLE = """
mass 0.001 mg milligram milligrams
mass 1 g gram grams gramm gramme grammes gramo gramos grammo grammi
mass 1000 kg kilogram kilograms kilogramm kilogramme kilogrammes kilo kilos kilogramo kilogramos
mass 1000 chilo chili quilo quilos
mass 1000000 t ton tons tonne tonnes tonnen tonelada toneladas tonnellate
mass 453.59237 lb lbs
mass 28.349523125 oz ounce ounces
length 0.001 mm millimetre millimetres millimeter millimeters millimetern
length 0.01 cm centimetre centimetres centimeter centimeters zentimeter
length 0.0254 inch inches zoll
length 0.3048 ft foot feet
length 0.9144 yard yards
length 1 m metre metres meter meters metern mètre mètres metro metros metri
length 1000 km kilometre kilometres kilometer kilometers kilometern kilomètre kilomètres kilómetro kilómetros chilometri
length 1609.344 mi mile miles meile meilen
area 4046.8564224 acre acres
area 10000 ha hectare hectares hektar
volume 0.001 ml millilitre millilitres milliliter milliliters
volume 1 l litre litres liter liters litern litro litros litri
time 0.001 ms millisecond milliseconds
time 1 s sec second seconds sekunde sekunden seconde secondes segundo segundos secondi
time 60 min minute minutes minuten minuto minutos minuti
time 3600 h hour hours stunde stunden heure heures hora horas ora ore uur
time 86400 day days tag tage tagen jour jours día días dia dias giorno giorni dag dagen
time 604800 week weeks woche wochen semaine semaines semana semanas settimana settimane weken
months 1 month months monat monate monaten mois mes meses mese mesi mês maand maanden
months 12 year years yr yrs jahr jahre jahren ans année années año años anno anni ano anos jaar
months 120 decade decades
months 1200 century centuries jahrhundert jahrhunderte siècle siècles siglo siglos secolo secoli século séculos eeuw
percent 1 % percent prozent pourcent procent
euro 1 € eur euro euros
dollar 1 $ usd dollar dollars
sterling 1 £ gbp
franc 1 chf
yen 1 ¥ jpy yen
rupee 1 ₹ inr rupee rupees
celsius 1 °c
fahrenheit 1 °f
power 1 w watt watts
power 1000 kw kilowatt kilowatts
power 1000000 mw megawatt megawatts
energy 1 kwh
voltage 1 v volt volts
pressure 1 bar
pressure 0.001 mbar
frequency 1 hz hertz
frequency 1000 khz
frequency 1000000 mhz
frequency 1000000000 ghz
data 1 kb
data 1000 mb megabyte megabytes
data 1000000 gb gigabyte gigabytes
data 1000000000 tb terabyte terabytes
"""
UNITS: dict[str, tuple[str, str]] = {
    name: (dimension, factor)
    for dimension, factor, *names in (line.split() for line in _UNIT_TABLE.split("\n") if line)
    for name in names
}
"""The dimension of each spelling of a unit, and its factor to that dimension's base unit."""
