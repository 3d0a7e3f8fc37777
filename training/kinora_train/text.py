"""The bilingual tokenizer (Unigram, T5's layout of special tokens) and the text encoder that trains with the transformer."""

import json
from pathlib import Path

import numpy as np
import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import T5Config, T5EncoderModel

from . import world
from .common import write_json

PAD, EOS, UNK = "<pad>", "</s>", "<unk>"
UNK_ID = 2


def train_tokenizer(config, out, scenes=20_000):
    """Learn the pieces from captions of small stills; each Chinese character and mark stands alone."""

    everything = type(config)({**config["world"], "actors": 9999, "places": 9999})  # the pieces outlast a growing cast

    def lines():
        for scene in world.stream(everything, width=16, height=16, frames=1, seed=7, count=scenes):
            yield from scene.captions["en"]
            yield from scene.captions["zh"]

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(), pre_tokenizers.Split(Regex(r"[\p{Han}\p{P}]"), "isolated")]
    )
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=config.text.vocabulary,
        special_tokens=[PAD, EOS, UNK],
        unk_token=UNK,
        initial_alphabet=list("abcdefghijklmnopqrstuvwxyz0123456789▁,.-"),
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines(), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {EOS}", special_tokens=[(EOS, tokenizer.token_to_id(EOS))]
    )
    folder = Path(out) / "tokenizer"
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    print(f"{tokenizer.get_vocab_size()} pieces in {folder}")


def learn_characters(path, words):
    """Give the tokenizer at `path` a piece for each Chinese character of `words` that it lacks; how many came in."""
    layout = json.loads(path.read_text())
    pieces = layout["model"]["vocab"]
    known = {piece for piece, _ in pieces}
    missing = sorted({c for word in words for c in word if "一" <= c <= "鿿"} - known)
    rarest = min(score for _, score in pieces)
    pieces += [[character, rarest] for character in missing]
    write_json(path, layout)
    return len(missing)


class Captions:
    """Turns captions into padded ids and a mask."""

    def __init__(self, out, max_length):
        self.tokenizer = Tokenizer.from_file(str(Path(out) / "tokenizer" / "tokenizer.json"))
        self.max_length = max_length

    def __call__(self, captions, device):
        rows = [e.ids[: self.max_length] for e in self.tokenizer.encode_batch(captions)]
        longest = -(-max(map(len, rows)) // 8) * 8
        ids = np.zeros((len(rows), longest), np.int64)
        mask = np.zeros((len(rows), longest), np.int64)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = row
            mask[i, : len(row)] = 1
        return torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device)

    @property
    def size(self):
        return self.tokenizer.get_vocab_size()


def build_encoder(table, vocabulary):
    config = T5Config(
        vocab_size=vocabulary,
        d_model=table.d_model,
        d_kv=table.d_model // table.heads,
        d_ff=table.d_ff,
        num_layers=table.layers,
        num_heads=table.heads,
        dropout_rate=0.0,
        feed_forward_proj="gated-gelu",
        is_encoder_decoder=False,
        use_cache=False,
        tie_word_embeddings=False,
    )
    return T5EncoderModel(config)
