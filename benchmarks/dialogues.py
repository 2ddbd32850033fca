"""Long dialogues with questions whose evidence is known: made for this project, the same for the same seed.

Two people talk in some thirty sessions over a year, most of it small talk about the same matters. In between each says
things about their life: in a sentence, or in answer to a question, and then the answer alone hardly tells what it's
about ("Oh, Lisbon, at last."). Some of it changes months later. What is asked about it:

* ``single``: what one of the two said once; ``far`` ones share no telling word with it.
* ``latest``: what holds now; the evidence is the later of two statements.
* ``temporal``: what was the case in a month, or before a change.
* ``multi``: two statements are needed, of both people or of one about two matters.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from doxa.memory import DialogueReader, Embedder, Library, Retriever, Weights, embedder, spoken
from doxa.memory.dialogue import MONTHS, in_context
from doxa.memory.embeddings import Vectors

START = datetime(2023, 1, 8, 18)  # noqa: DTZ001  a simulated clock
LENGTH = 18
PEOPLE = (("Maya", "Tom"), ("Ines", "Robert"), ("Carla", "Jon"), ("Priya", "Felix"), ("Nora", "Samuel"))


@dataclass(frozen=True)
class Turn:
    """Something that somebody said."""

    id: str
    session: int
    speaker: str
    text: str
    time: datetime | None


@dataclass(frozen=True)
class Asked:
    """A question, and the turns that answer it."""

    text: str
    kind: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Dialogue:
    """All that two people said, and what is asked about it."""

    turns: tuple[Turn, ...]
    questions: tuple[Asked, ...]


@dataclass(frozen=True)
class Matter:
    """What people say of one part of their life, with ``{v}`` for what it is, and how it's asked about.

    Attributes:
        name: In a question about two matters.
        values: What it can be.
        said: Whole statements.
        prompt: What the other one asks.
        short: Answers to that.
        changed: How a change is told.
        near: Questions in the words of the statements, ``{p}`` for the person.
        far: Questions in other words.
    """

    name: str
    values: tuple[str, ...]
    said: tuple[str, ...]
    prompt: tuple[str, ...]
    short: tuple[str, ...]
    changed: tuple[str, ...]
    near: tuple[str, ...]
    far: tuple[str, ...]


MATTERS = (
    Matter(
        "job",
        ("a nurse", "a baker", "a translator", "a carpenter", "a tax adviser", "a florist", "a welder", "a librarian"),
        ("I started working as {v} this week.", "My new job began on Monday, I am {v} now."),
        ("And work, how is that going?", "What do you do all day at the moment?"),
        ("I'm {v} these days, believe it or not.", "Well, I am {v} now."),
        ("I gave notice. From next month on I'm {v}.", "I've switched careers, now I'm {v}."),
        ("What does {p} work as?", "Which job did {p} start?"),
        ("How does {p} earn a living?", "What is {p}'s profession?"),
    ),
    Matter(
        "home",
        ("Lisbon", "Bergen", "Turin", "Ghent", "Leipzig", "Galway", "Malmo", "Basel"),
        ("I finally moved to {v}.", "The boxes are unpacked, I live in {v} now."),
        ("So where did you end up?", "Have you found a flat?"),
        ("Yes, {v}, third floor and no lift.", "It's {v}, and I love it already."),
        ("I'm moving again, to {v} this time.", "We left, and {v} is where I live from now on."),
        ("Where did {p} move to?", "In which city does {p} live?"),
        ("What is {p}'s place of residence?", "Where would one visit {p} at home?"),
    ),
    Matter(
        "pet",
        ("a parrot", "a greyhound", "two kittens", "a tortoise", "a hamster", "a beagle puppy", "a rabbit"),
        ("I adopted {v} from the shelter.", "There is a new pet at my place, {v}."),
        ("What is that noise in the background?", "Who is that in the picture?"),
        ("Oh, that's {v}. It moved in last week.", "Ha, {v}. Eats more than I do."),
        ("The old one went to my aunt, now I have {v}.", "I have {v} now, the other one lives with my aunt."),
        ("Which pet did {p} adopt?", "What did {p} get from the shelter?"),
        ("What animal keeps {p} company?", "Which creature shares a household with {p}?"),
    ),
    Matter(
        "sport",
        ("rowing", "fencing", "judo", "climbing", "archery", "badminton", "swimming", "table tennis"),
        ("I took up {v} on Tuesdays.", "I joined a club and train {v} twice a week."),
        ("Why are you so tired?", "You look fit, what happened?"),
        ("It's {v}, I can hardly lift my arms.", "{v}, every Tuesday, it's killing me."),
        ("My knee is bad, so I changed to {v}.", "I stopped the old training and do {v} instead."),
        ("Which sport did {p} take up?", "What does {p} train at the club?"),
        ("What physical exercise does {p} do?", "How does {p} stay in shape?"),
    ),
    Matter(
        "instrument",
        ("the cello", "the banjo", "the accordion", "the flute", "the harp", "the trumpet", "the oboe"),
        ("I am learning to play {v}.", "I bought {v} second-hand and take lessons."),
        ("What were you doing last night?", "Was that you, upstairs?"),
        ("Practising {v}. Sorry about that.", "Yes, {v}. The neighbours hate me."),
        ("I sold it and started with {v}.", "My teacher left, so I have taken up {v} now."),
        ("Which instrument is {p} learning to play?", "What did {p} buy second-hand to take lessons?"),
        ("What kind of music does {p} make?", "With what could {p} join an orchestra?"),
    ),
    Matter(
        "food",
        ("peanuts", "shellfish", "milk", "strawberries", "gluten", "eggs", "kiwi"),
        ("The doctor says I am allergic to {v}.", "I had a rash, and the test says it's {v}."),
        ("Shall I bake something for you?", "Can you eat anything?"),
        ("Anything but {v}, or I end up in hospital.", "Please no {v}, I can't breathe then."),
        ("A second test says that it was {v} all the time.", "They were wrong, I have to leave out {v} instead."),
        ("What is {p} allergic to?", "What did the doctor's test say about {p}?"),
        ("What should never be served to {p}?", "Which ingredient is dangerous for {p}?"),
    ),
    Matter(
        "journey",
        ("Iceland", "Peru", "Japan", "Morocco", "Scotland", "Georgia", "Vietnam", "Norway"),
        ("I booked a trip to {v} for the holidays.", "The tickets are here, I'm travelling to {v}."),
        ("Any plans for the summer?", "What are you saving for?"),
        ("{v}! Three weeks, with a tent.", "For {v}, I've wanted to see it since school."),
        ("The airline went bust, so it's {v} instead.", "Change of plans, we fly to {v}."),
        ("Where did {p} book a trip to?", "To which country is {p} travelling?"),
        ("What is {p}'s vacation destination?", "Which part of the world will {p} explore?"),
    ),
    Matter(
        "vehicle",
        ("a cargo bike", "an old van", "a scooter", "an electric car", "a tandem", "a motorbike"),
        ("I bought {v} from a colleague.", "I drive {v} now, it was a bargain."),
        ("How did you get here so fast?", "Is that yours, in front of the house?"),
        ("With {v}! It's mine since Friday.", "Yes, {v}. Don't laugh."),
        ("It broke down for good, so I got {v}.", "I traded it in for {v}."),
        ("What did {p} buy from a colleague?", "What does {p} drive?"),
        ("What means of transport does {p} own?", "How does {p} get around?"),
    ),
    Matter(
        "course",
        ("pottery", "Italian", "first aid", "beekeeping", "calligraphy", "astronomy", "sign language"),
        ("I signed up for an evening class in {v}.", "My course in {v} has started."),
        ("What are those papers?", "Why can't you come on Thursdays?"),
        ("Homework, for {v}.", "Because of {v}, until ten at night."),
        ("That class was full, so I take {v}.", "I dropped out and do {v} now."),
        ("Which evening class did {p} sign up for?", "What course did {p} start?"),
        ("What new skill is {p} acquiring after hours?", "What is {p} studying?"),
    ),
    Matter(
        "family",
        ("a daughter called Lena", "twins", "a son called Milo", "a girl called Ada", "a boy called Otto"),
        ("My sister had {v}.", "I am an uncle or aunt at last, my sister got {v}."),
        ("Why did you leave so suddenly?", "You are smiling all the time, what is it?"),
        ("It's {v}! Everybody is well.", "{v}, born this morning, my sister is asleep."),
        ("And now my sister has {v}, too.", "My sister got another child, {v} this time."),
        ("What did {p}'s sister have?", "Whom did {p}'s sister get?"),
        ("Which niece or nephew does {p} have?", "Who is the baby in {p}'s family?"),
    ),
    Matter(
        "worry",
        ("the roof leaks", "the boiler is broken", "there is mould in the kitchen", "the landlord wants to sell"),
        ("I can't sleep, {v}.", "Bad news from my flat, {v}."),
        ("You sound upset, what's wrong?", "What was the letter about?"),
        ("Oh, {v}. It will cost a fortune.", "Just that {v}."),
        ("That is repaired, but now {v}.", "As soon as one thing is settled, {v}."),
        ("What bad news did {p} have from the flat?", "Why can't {p} sleep?"),
        ("Which housing problem does {p} face?", "What needs fixing at {p}'s?"),
    ),
    Matter(
        "book",
        ("a biography of Curie", "a Russian novel", "a history of salt", "poems by Rilke", "a thriller set in Oslo"),
        ("I am reading {v} at the moment.", "I can't put it down, it's {v}."),
        ("What is that in your bag?", "What kept you awake?"),
        ("That is {v}, six hundred pages.", "Just {v}. One more chapter, I thought."),
        ("I gave up on it and read {v} now.", "I finished it, next is {v}."),
        ("What is {p} reading?", "Which book can't {p} put down?"),
        ("What literature is {p} into?", "Which text occupies {p}'s evenings?"),
    ),
)

WHO = (
    "my cousin",
    "a colleague",
    "the woman next door",
    "an old schoolmate",
    "my brother-in-law",
    "the man from the bakery",
    "a girl from the choir",
    "my godfather",
    "the new intern",
    "somebody on the radio",
    "the couple upstairs",
    "my dentist",
)
DID = (
    "lost the keys again",
    "thinks about moving to the coast",
    "complains about the trains",
    "wants to learn an instrument",
    "got a parking ticket",
    "painted the fence green",
    "talks about nothing but a trip to the mountains",
    "looks for a job in a museum",
    "broke an arm on the stairs",
    "has a dog that barks all night",
    "can't stand the heat",
    "collects stamps with ships on them",
    "was stuck in the lift for an hour",
    "won a basket of fruit in a raffle",
    "sold the car to a student",
    "started jogging and gave up",
    "read the same book three times",
    "burnt the soup for the whole party",
    "quarrels with the bank about a fee",
    "cut the hedge far too short",
    "forgot the wedding day",
    "is getting married in a castle",
    "had a baby and never sleeps",
    "saw a fox in the yard",
    "repaired the radio with a spoon",
    "ordered a sofa that doesn't fit through the door",
    "takes a course on how to be on time",
    "is allergic to perfume",
    "plays chess by post",
    "watched the match without the sound",
    "planted tomatoes on the balcony",
    "paid twice for the same concert",
    "dreams of a house by a lake",
    "keeps a diary about the weather",
    "was on television for ten seconds",
    "baked bread like a brick",
    "lost a bet about the election",
    "can't find the charger",
    "sings in the stairwell",
    "believes in horoscopes",
)
VERB = (
    "lost",
    "sold",
    "found",
    "repaired",
    "dropped",
    "borrowed",
    "photographed",
    "painted",
    "ordered",
    "returned",
    "cleaned",
    "gave away",
    "asked for",
    "laughed at",
    "paid for",
    "forgot",
)
THING = (
    "the lamp",
    "a ladder",
    "the curtains",
    "an umbrella",
    "the invitation",
    "a box of candles",
    "the bill",
    "a pair of boots",
    "the garden hose",
    "a painting of a ship",
    "the coffee machine",
    "a suitcase",
    "the birthday cake",
    "a winter coat",
    "the remote control",
    "a bag of chestnuts",
    "the front door",
    "a postcard",
    "the washing machine",
    "a jar of honey",
    "the blue vase",
    "a deck chair",
    "the calendar",
    "a broken clock",
)
WHEN = (
    "of all days on a Sunday",
    "and laughed about it",
    "as I heard yesterday",
    "or so they say",
    "which I find funny",
    "just like last year",
    "and nobody knows why",
    "I wouldn't have the nerve",
    "can you imagine",
    "that's what I was told",
)
REPLY = (
    "Ha, {0}, I knew it.",
    "Oh no, {0}?",
    "That is so typical, {0}.",
    "You told me about {0} before.",
    "I should call {0} some day.",
    "Tell {0} I said hello.",
)


@dataclass(frozen=True)
class _Fact:
    plan: _Plan
    turn: Turn


def dialogue(seed: int, *, sessions: int = 30) -> Dialogue:
    """One dialogue, twelve days from session to session, each of some twenty turns."""
    rng = random.Random(seed)  # noqa: S311  a simulation, not a secret
    people = PEOPLE[seed % len(PEOPLE)]
    planned = _planned(rng, people, sessions)
    turns: list[Turn] = []
    facts: list[_Fact] = []
    done = rng.sample([f"{verb} {thing}" for verb in VERB for thing in THING] + 2 * list(DID), 450)
    chat = [f"{rng.choice(WHO)} {did}, {rng.choice(WHEN)}." for did in done]
    for session in range(sessions):
        time = START + timedelta(days=12 * session, minutes=rng.randrange(120))
        _session(rng, people, session, time, planned.get(session, []), chat, turns, facts)
    return Dialogue(tuple(turns), tuple(_questions(rng, facts)))


@dataclass(frozen=True)
class _Plan:
    matter: Matter
    person: str
    value: str
    change: bool


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[0].upper() + text[1:]


def _planned(rng: random.Random, people: Sequence[str], sessions: int) -> dict[int, list[_Plan]]:
    """What is told in which session: every matter once by each, and for half of them a change months later."""
    planned: dict[int, list[_Plan]] = {}
    for person in people:
        for matter in MATTERS:
            first, second = rng.sample(matter.values, 2)
            early = rng.randrange(sessions // 2)
            planned.setdefault(early, []).append(_Plan(matter, person, first, change=False))
            if rng.random() < 0.5:
                planned.setdefault(rng.randrange(early + 5, sessions), []).append(
                    _Plan(matter, person, second, change=True)
                )
    return planned


def _session(
    rng: random.Random,
    people: Sequence[str],
    session: int,
    time: datetime,
    planned: Sequence[_Plan],
    chat: list[str],
    turns: list[Turn],
    facts: list[_Fact],
) -> None:
    told = list(planned)
    places = sorted(rng.sample(range(2, LENGTH), len(told)))
    number = 0

    def say(speaker: str, text: str) -> Turn:
        nonlocal number
        number += 1
        turns.append(Turn(f"D{session + 1}:{number}", session, speaker, text, time + timedelta(minutes=number)))
        return turns[-1]

    for place in range(LENGTH):
        if not places or place != places[0]:
            speaker = people[place % 2]
            about = rng.choice(WHO)
            say(speaker, rng.choice(REPLY).format(about) if rng.random() < 0.3 or not chat else capital(chat.pop()))
            continue
        places.pop(0)
        plan = told.pop(0)
        matter, person = plan.matter, plan.person
        other = people[1 - people.index(person)]
        if plan.change:
            text = rng.choice(matter.changed)
        elif rng.random() < 0.5:
            text = rng.choice(matter.said)
        else:
            say(other, rng.choice(matter.prompt))
            text = rng.choice(matter.short)
        made = text.format(v=plan.value)
        facts.append(_Fact(plan, say(person, capital(made))))


def _questions(rng: random.Random, facts: Sequence[_Fact]) -> list[Asked]:
    first = {(f.plan.person, f.plan.matter.name): f for f in facts if not f.plan.change}
    later = {(f.plan.person, f.plan.matter.name): f for f in facts if f.plan.change}
    asked: list[Asked] = []
    for place, fact in first.items():
        new, near, far = later.get(place), rng.choice(fact.plan.matter.near), rng.choice(fact.plan.matter.far)
        said = fact.turn.time
        assert said is not None, "every turn of these dialogues has a time"
        month = MONTHS[said.month - 1]
        if new is None:
            asked.append(Asked(near.format(p=fact.plan.person), "single", (fact.turn.id,)))
            asked.append(Asked(far.format(p=fact.plan.person), "single, far", (fact.turn.id,)))
        else:
            now = rng.choice((near, far)).format(p=fact.plan.person)
            asked.append(Asked(f"{now[:-1]} now?", "latest", (new.turn.id,)))
            asked.append(Asked(f"Back in {month}: {near.format(p=fact.plan.person)}", "temporal", (fact.turn.id,)))
    asked += _multiple(rng, first)
    return asked


def _multiple(rng: random.Random, first: dict[tuple[str, str], _Fact]) -> list[Asked]:
    people = sorted({person for person, _ in first})
    asked = []
    for matter in MATTERS:
        both = [first[person, matter.name] for person in people]
        question = rng.choice(matter.near).format(p=" and ".join(people))
        asked.append(Asked(question, "multi", tuple(f.turn.id for f in both)))
    for person in people:
        for one, other in zip(MATTERS[::2], MATTERS[1::2], strict=True):
            pair = (first[person, one.name], first[person, other.name])
            parts = [rng.choice(f.plan.matter.near).format(p=person) for f in pair]
            text = f"{parts[0][:-1]}, and {parts[1][0].lower()}{parts[1][1:]}"
            asked.append(Asked(text, "multi", tuple(f.turn.id for f in pair)))
    return asked


# -- measuring --------------------------------------------------------------------------------------------------------

K = 10
DIALOGUE = Weights(dense=0.7, lexical=0.3, recency=0.0)


class Memories:
    """A dialogue in everything that is compared."""

    def __init__(self, turns: Sequence[Turn], embedder: Embedder) -> None:
        self.embed = cache(embedder)
        passages = [spoken(t.id, t.speaker, t.text, t.time) for t in turns]
        self.library = Library.temporary(embedder.name, embedder.dimension)
        vectors = self.embed([p.text for p in passages])
        first = [i == 0 or turns[i - 1].session != turn.session for i, turn in enumerate(turns)]
        self.library.put(passages, vectors)
        self.contextual = Library.temporary(embedder.name, embedder.dimension)
        self.contextual.put(passages, in_context(vectors, first))
        self.reader = DialogueReader(tuple(sorted({t.speaker for t in turns})))
        import chromadb
        from chromadb.config import Settings

        client = chromadb.EphemeralClient(Settings(anonymized_telemetry=False))
        self.chroma = client.create_collection(
            f"turns-{id(self)}", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )
        self.chroma.add([t.id for t in turns], vectors, documents=[t.text for t in turns])

    def found(self, question: str) -> dict[str, list[str]]:
        """The ten best by each way."""
        dense, lexical = (
            self._by(question, weights, 100) for weights in (Weights(lexical=0, recency=0), Weights(dense=0, recency=0))
        )
        ranks: dict[str, float] = {}
        for leg in (dense, lexical):
            for rank, name in enumerate(leg):
                ranks[name] = ranks.get(name, 0.0) + 1 / (60 + rank)
        answer = self.chroma.query(query_embeddings=self.embed([question]), n_results=K, include=[])
        ours = Retriever(self.contextual, self.embed, DIALOGUE, reader=self.reader)
        return {
            "Chroma": answer["ids"][0],
            "dense": dense[:K],
            "lexical": lexical[:K],
            "RRF": sorted(ranks, key=lambda name: (-ranks[name], name))[:K],
            "doxa, as it stands": self._by(question, DIALOGUE, K),
            "doxa": [hit.id for hit in ours.search(question, K)],
        }

    def _by(self, question: str, weights: Weights, k: int) -> list[str]:
        return [hit.id for hit in Retriever(self.library, self.embed, weights).search(question, k)]

    def close(self) -> None:
        """Let go of it all."""
        self.library.close()
        self.contextual.close()


def cache(embedder: Embedder) -> Callable[[Sequence[str]], Vectors]:
    """The embedder, with what it has embedded kept."""
    known: dict[str, Vectors] = {}

    def embed(texts: Sequence[str]) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, embedder.embed(new), strict=True))
        return np.stack([known[text] for text in texts])

    return embed


def measure(dialogues: Iterable[Dialogue], embedder: Embedder) -> None:
    """Print which share of the evidence is among the ten best, by way and kind of question."""
    recalled: dict[str, dict[str, list[float]]] = {}
    turns = questions = 0
    for talk in dialogues:
        turns, questions = turns + len(talk.turns), questions + len(talk.questions)
        with closing(Memories(talk.turns, embedder)) as memories:
            for asked in talk.questions:
                for way, found in memories.found(asked.text).items():
                    share = len({*found} & {*asked.evidence}) / len(asked.evidence)
                    recalled.setdefault(way, {}).setdefault(asked.kind, []).append(share)
    print(f"evidence recall@{K} over {questions} questions on {turns} turns; {embedder.name}")
    kinds = sorted({kind for by_kind in recalled.values() for kind in by_kind})
    print(f"{'':<20}" + "".join(f"{kind:>14}" for kind in kinds) + f"{'all':>8}")
    for way, by_kind in recalled.items():
        everything = [share for shares in by_kind.values() for share in shares]
        cells = "".join(f"{np.mean(by_kind[kind]):>14.3f}" for kind in kinds)
        print(f"{way:<20}{cells}{np.mean(everything):>8.3f}", flush=True)


def locomo(path: Path) -> Iterator[Dialogue]:
    """The dialogues of a file in LoCoMo's format; questions without evidence in the dialogue are left out."""
    for sample in json.loads(path.read_text(encoding="utf-8")):
        talk = sample["conversation"]
        turns = []
        for name, said in talk.items():
            if isinstance(said, list) and (number := re.fullmatch(r"session_(\d+)", name)):
                time = _time(talk.get(f"{name}_date_time", ""))
                turns += [Turn(t["dia_id"], int(number[1]), t["speaker"], t["text"], time) for t in said]
        known = {turn.id for turn in turns}
        asked = [
            Asked(q["question"], f"category {q.get('category', '?')}", tuple(sorted({*q.get("evidence", ())} & known)))
            for q in sample["qa"]
        ]
        yield Dialogue(tuple(turns), tuple(q for q in asked if q.evidence))


def _time(text: str) -> datetime | None:
    """``1:56 pm on 8 May, 2023`` as a time; ``None`` for anything else."""
    try:
        return datetime.strptime(text.strip(), "%I:%M %p on %d %B, %Y")  # noqa: DTZ007  a simulated clock
    except ValueError:
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedder", help="hashing, onnx:FOLDER, ...")
    parser.add_argument("--seeds", type=int, nargs="+", default=[10, 11, 12, 13, 14], help="0 to 3 were developed on")
    parser.add_argument("--locomo", type=Path, help="a set in LoCoMo's format instead")
    given = parser.parse_args()
    if given.locomo and not given.locomo.is_file():
        parser.error(f"--locomo {given.locomo}: there is no such file; get LoCoMo's JSON file and name its path")
    dialogues = locomo(given.locomo) if given.locomo else map(dialogue, given.seeds)
    measure(dialogues, embedder(given.embedder))


if __name__ == "__main__":
    main()
