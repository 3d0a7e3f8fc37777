"""The training stages of kinora-mini: world -> autoencoder -> transformer -> export -> evaluation.

Each stage is a command with a time budget that always leaves a usable checkpoint:

    python -m kinora_train autoencoder --config configs/mini-cpu.toml --minutes 20

Networks are diffusers' and transformers' own classes, so that what is trained is what is loaded.
"""
