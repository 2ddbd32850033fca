"""Words that are opposites, and words that turn others round: what advice is usually made of, in English.

Written from general vocabulary, not from any set of beliefs. ``ACTS`` are opposites of doing, ``STATES`` of being;
within a side the words count as the same. Words stand in their base form. Longer lists, and lists of words that
mean the same, were tried and told nothing more about lessons from domains that they weren't written for.
"""

from __future__ import annotations

ACTS = """
trust rely follow heed believe listen obey confident reliable dependable trustworthy attention weight credible realistic
| ignore disregard distrust disbelieve discount doubt mistrust fade sceptical skeptical unreliable mislead dismiss
buy purchase long accumulate acquire | sell short dump offload divest unload
keep hold retain save preserve maintain | sell exit close drop discard abandon liquidate spend reduce trim cut
enter open | exit close leave quit
take bring carry use employ | leave omit forgo skip
accept approve allow admit permit welcome tolerate | reject refuse decline deny forbid ban veto
add include insert create install append | remove exclude delete drop omit strip
start begin launch initiate | stop cease halt quit end
raise increase extend widen expand enlarge loosen boost | reduce decrease limit restrict tighten trim shrink cut lower
cover protect shield | uncover expose
spread diversify distribute | concentrate cluster
attack advance charge | defend retreat withdraw
enable activate | disable deactivate
encourage promote support favour favor prefer recommend | discourage oppose
show reveal disclose publish | hide conceal withhold
commit settle | explore try sample experiment
continue proceed persist go | interrupt pause recall return
hurry rush | wait delay postpone
agree confirm | disagree contradict
lock fasten tie | unlock unfasten untie
fill load | empty unload
connect join merge combine | disconnect split separate divide
praise thank | blame criticise criticize
lend give offer | borrow withhold
appear arrive emerge | disappear vanish depart
ascend mount | descend dismount
assemble gather collect | disassemble scatter disperse
attach bind glue | detach unbind
attract invite | repel deter
"""

STATES = """
rise climb grow rally up upward increase gain recover higher
| fall drop decline down downward dip decrease lower slide sink
more over above exceed longer larger bigger greater extra wide many additional most atleast
| less fewer below under shorter smaller narrow few atmost least limit cap
early first start begin soon prior ahead | late later last afterwards end finally
right correct good useful true valid right accurate
| wrong bad useless false invalid inaccurate incorrect mistake mistaken error harmful hurt harm
wise sensible worth worthwhile | unwise foolish pointless backfire misplaced
left | right
long | short brief briefly concise
high | low
strong | weak
fast quick rapid | slow sluggish
dry | wet rain rainy humid
warm hot | cold cool
calm quiet stable | volatile turbulent stormy hectic
large big | small little tiny
inside indoor indoors within | outside outdoor outdoors
lead | lag
stay open widen | close reverse revert
safe safer | dangerous risky unsafe exposed
win profit gain | lose loss
positive bullish bull optimistic | negative bearish bear pessimistic
easy simple | hard difficult complex
cheap | expensive costly
full | empty
front | back rear
top | bottom
east easterly | west westerly
north northerly | south southerly
day daytime | night
old existing | new another other
same equal | different
ascending | descending
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NEGATORS = _words("not no never without nothing neither nor hardly avoid refrain resist stop cease instead nobody none")
"""What turns the word after it round."""
CARRIERS = _words("take use put make apply have give play write want set")
"""Verbs that hand a negation on to what they are about: "don't use an index"."""
FUNCTION = _words(
    """a an the this that these those it its they them their there he she his her you your we our i my one ones of to by
    and or so too also than is are was were be been being am do does did have has had having will would can could
    may might must shall should who whom whose which what how why all any each every both some such very just only
    even still already yet ever always usually mostly often really here out off into onto upon through per toward
    towards about against between among hence thus as at for from in on with get gets got getting let lets make makes
    made become becomes own much go goes going percent s t"""
)
"""What carries no meaning of its own."""
NUMBERS = {
    "zero": "0",
    **{word: str(n) for n, word in enumerate(("two", "three", "four", "five", "six", "seven", "eight", "nine"), 2)},
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
    "twenty": "20",
    "thirty": "30",
    "fifty": "50",
    "hundred": "100",
    "thousand": "1000",
    "half": "0.5",
    "tenth": "10",
}
