"""Words that mean the same or the opposite: what advice is usually made of, in English.

Written from general vocabulary, not from any set of beliefs. ``ACTS`` are opposites of doing, ``STATES`` of being;
within a side the words count as the same. ``GROUPS`` have no opposite. Words stand in their base form.
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
begin commence | conclude terminate
believe assume | suspect question
bend fold | straighten unfold flatten
build construct | demolish destroy dismantle wreck
cheer applaud | boo jeer
compress shorten condense | decompress lengthen elaborate
deposit | withdraw
dress | undress
earn | spend
emphasise emphasize stress highlight | downplay understate
exhale | inhale
export | import
fatten | slim
float | sink
forgive pardon excuse | punish condemn
freeze | thaw melt
grant | revoke
harden stiffen | soften
hire recruit employ appoint | fire dismiss
honour honor respect obey | violate break disobey
import | export
inflate | deflate
inform notify tell warn | conceal
insert | extract
lift hoist | lower
love like enjoy | hate dislike
mix blend | separate
obey comply | disobey violate
occupy | vacate
overestimate | underestimate
pack wrap | unpack unwrap
park | drive
pass | fail
pay | owe
plug | unplug
promote | demote
pump | drain
remember memorise memorize | forget
repair mend fix restore | damage break
resist oppose | yield surrender submit
reward | punish penalise penalize
scale zoom | crop
shout | whisper
sit | stand
speed accelerate | slow brake decelerate
stretch | contract
submit | withdraw
succeed | fail
tense | relax
unite | divide
wake | sleep
"""

STATES = """
rise climb grow rally up upward increase gain recover higher
| fall drop decline down downward dip decrease lower slide sink
more over above exceed longer larger bigger greater extra wide many additional most atleast
| less fewer below under shorter smaller narrow few atmost least limit cap
early first start begin soon prior ahead | late later last afterwards end finally
right correct good useful true valid right accurate | wrong bad useless false invalid inaccurate incorrect
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
public | private
rare seldom | often frequent usual
necessary needed required need | unnecessary needless
above | below beneath
absent missing lacking | present
active busy | idle inactive passive
advanced expert experienced senior | beginner novice inexperienced junior
alive | dead
ancient old outdated stale obsolete | modern recent fresh current
asleep | awake
automatic automated | manual
available | unavailable
beneficial helpful healthy | harmful damaging unhealthy detrimental
best better superior | worst worse inferior
blunt dull | sharp
brave bold aggressive | cowardly timid cautious defensive
bright light | dark dim
clean | dirty
clear obvious | vague obscure ambiguous unclear
closed shut | open
common typical | uncommon unusual exceptional
complete entire whole | incomplete partial
concrete specific precise exact | abstract general approximate rough
connected online | disconnected offline
constant steady stable | variable fluctuating unstable
deep | shallow
dense crowded thick | sparse thin
direct | indirect
downstream | upstream
efficient | inefficient
external outer exterior | internal inner interior
familiar | unfamiliar strange
fair just | unfair unjust
fertile | barren
first foremost | last final
fixed | flexible adjustable
formal | informal casual
forward forwards | backward backwards
free | occupied
frequent regular | infrequent irregular
fresh | rotten spoiled
friendly polite courteous kind | hostile rude unkind impolite
global | local
happy glad | sad unhappy
hard | soft
heavy | light
horizontal | vertical
legal lawful allowed permitted | illegal unlawful forbidden prohibited
likely probable | unlikely improbable
literal | figurative
loose slack | tight
loud noisy | silent quiet
major | minor
mature ripe | immature unripe
maximum maximal | minimum minimal
mild gentle moderate | severe harsh extreme intense
mobile | stationary
natural organic | artificial synthetic
neat tidy orderly | messy untidy
normal | abnormal
objective | subjective
optional voluntary | mandatory compulsory obligatory
original | copied
parallel | serial sequential
patient | impatient
perfect | flawed
permanent lasting | temporary
possible feasible | impossible infeasible
powerful | powerless
predictable | unpredictable
pure | impure mixed
raw | cooked
real genuine authentic | fake counterfeit
rich wealthy | poor
rough | smooth
sane sensible wise clever smart | insane foolish unwise stupid
simple plain | complicated elaborate
single | multiple several
smooth | bumpy
sober | drunk
solid | liquid
sooner | later
sour bitter | sweet
strict | lenient
superficial | thorough
tall | short
temporary | permanent
theoretical | practical
tired | rested
transparent | opaque
tropical | polar
urban | rural
urgent | unhurried
vertical | horizontal
visible | invisible hidden
willing | unwilling
young | old
"""

GROUPS = """
side direction way
choose decide pick select
month monthly
reason ground cause
tell say report state mention speak
find discover detect spot locate
see watch look observe view
test check verify examine inspect
measure time gauge
fix mend repair solve correct
write compose draft
sort order rank
apologise apologize apology sorry
brief briefly short concise brevity
request ask question enquire query
ambiguous ambiguity unclear vague
customer client user guest
human person people agent staff
transfer hand pass escalate forward
order reorder buy
deliver delivery shipment
storm thunder
cloud overcast
umbrella raincoat
temperature degree warm
pause wait delay backoff
fail failure failed
retry repeat again
stale outdated old
profit gain return
share stock equity
position holding stake
loss lose
price quote
market exchange
company firm corporation
yearly annual year
weekly week
daily day
hour hourly
headline news story article
outlook guidance forecast prediction
manager management executive
risk danger hazard
cash money capital
reserve buffer cushion
duplicate double
missing null absent
match fit correspond
row record entry
table relation
index indexes indexing
error bug defect fault
early beginning opening
end ending finish
attempt try
push put place move
opponent rival adversary
try pull sample explore
walk go march move
upgrade improve enhance
build construct erect
late last
angry anger furious upset
first before
point score
make earn
drift trend
expect anticipate mean predict
protect safe safety secure
plan schedule
work job task
dip drop fall
limit cap bound
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


METHODS = (
    _words("measure count compare average check review estimate calculate compute recompute read correct calibrate"),
    _words("record log note write report mark photograph document list"),
)
"""What a sentence can ask for that is about method, not about what to trust or to do: to measure, to keep records."""
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
