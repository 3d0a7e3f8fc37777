"""`python -m kinora_train STAGE --config FILE --minutes N --out DIR`"""

import argparse

import torch

from .common import Config, pick_device


def main():
    parser = argparse.ArgumentParser(prog="kinora_train", description="Train kinora-mini, stage by stage.")
    parser.add_argument("stage", choices=["tokenizer", "autoencoder", "latents", "transformer", "turbo", "merge", "upscaler", "export", "import", "classifier", "evaluate", "cards", "smoke"])
    parser.add_argument("--config", default="configs/mini-cpu.toml")
    parser.add_argument("--minutes", type=float, default=10.0, help="time budget of this run of the stage")
    parser.add_argument("--out", default="out", help="folder of checkpoints")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fresh", action="store_true", help="start anew instead of resuming")
    parser.add_argument("--threads", type=int, default=0)
    args, extra = parser.parse_known_args()
    config = Config.load(args.config)
    if args.threads:
        torch.set_num_threads(args.threads)
    if args.stage == "smoke":
        from . import smoke

        smoke.run(config, args.seed)
    elif args.stage == "autoencoder":
        from . import autoencoder

        autoencoder.train(config, args.minutes, args.out, resume=not args.fresh, seed=args.seed)
    elif args.stage == "tokenizer":
        from . import text

        text.train_tokenizer(config, args.out)
    elif args.stage == "latents":
        from . import batches

        batches.cache_latents(config, args.minutes, args.out, pick_device(), seed=args.seed)
    elif args.stage == "transformer":
        from . import transformer

        transformer.train(config, args.minutes, args.out, resume=not args.fresh, seed=args.seed)
    elif args.stage == "turbo":
        from . import turbo

        turbo.train(config, args.minutes, args.out, extra, resume=not args.fresh, seed=args.seed)
    elif args.stage == "upscaler":
        from . import upscaler

        upscaler.train(config, args.minutes, args.out, resume=not args.fresh, seed=args.seed)
    elif args.stage == "merge":
        from . import merge

        merge.merge(args.out, extra)
    elif args.stage == "export":
        from . import export

        export.export(config, args.out, extra)
    elif args.stage == "import":
        from . import export

        export.import_model(config, args.out, extra)
    else:
        from . import evaluate

        evaluate.main(args.stage, config, args, extra)


main()
