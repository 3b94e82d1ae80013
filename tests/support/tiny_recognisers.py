"""Tiny speech recognisers with random weights, saved as their makers would, for the code that loads real ones."""

import json
from pathlib import Path

LETTERS = "abcdefghij"
WHISPER_WORDS = ("<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|ko|>", "<|transcribe|>", "<|notimestamps|>")


def write_ctc(folder: Path) -> Path:
    """Write a wav2vec 2.0 with a head of 13 letters; return its folder."""
    import torch
    from transformers import (
        Wav2Vec2Config,
        Wav2Vec2CTCTokenizer,
        Wav2Vec2FeatureExtractor,
        Wav2Vec2ForCTC,
        Wav2Vec2Processor,
    )

    vocabulary = {token: place for place, token in enumerate(["<pad>", "<unk>", "|", *LETTERS])}
    (folder / "letters.json").write_text(json.dumps(vocabulary))
    tokenizer = Wav2Vec2CTCTokenizer(str(folder / "letters.json"), pad_token="<pad>", unk_token="<unk>")
    Wav2Vec2Processor(Wav2Vec2FeatureExtractor(), tokenizer).save_pretrained(folder)
    config = Wav2Vec2Config(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(8, 8),
        conv_stride=(10, 16),
        conv_kernel=(10, 16),
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=2,
    )
    torch.manual_seed(0)
    Wav2Vec2ForCTC(config).save_pretrained(folder)
    return folder


def write_whisper(folder: Path) -> Path:
    """Write a multilingual Whisper of two layers; return its folder."""
    import torch
    from transformers import (
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperProcessor,
        WhisperTokenizer,
    )

    vocabulary = {token: place for place, token in enumerate([*LETTERS, "Ġ", *WHISPER_WORDS])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = WhisperTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
    WhisperProcessor(WhisperFeatureExtractor(feature_size=8), tokenizer).save_pretrained(folder)
    end, start, english, korean, transcribe, untimed = (vocabulary[word] for word in WHISPER_WORDS)
    config = WhisperConfig(
        vocab_size=len(tokenizer),
        num_mel_bins=8,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        decoder_start_token_id=start,
        eos_token_id=end,
        pad_token_id=end,
        bos_token_id=end,
    )
    torch.manual_seed(0)
    model = WhisperForConditionalGeneration(config)
    said = model.generation_config
    said.is_multilingual, said.no_timestamps_token_id = True, untimed
    said.lang_to_id, said.task_to_id = {"<|en|>": english, "<|ko|>": korean}, {"transcribe": transcribe}
    model.save_pretrained(folder)
    return folder
