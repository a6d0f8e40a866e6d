"""Renders the narration (assets/languages/{fr,en}/narration.ftl) to assets/sounds/{fr,en}/KEY.ogg and listens to it again.

    VESTIBULE_KOKORO=FOLDER VESTIBULE_SPEECH_MODEL=ggml-base-q5_0.bin python tools/voices/render.py [fr|en|KEY...] [--check|--heard|--retake]

Needs numpy, onnxruntime, pywhispercpp (PyPI), espeak-ng and ffmpeg (Debian); kokoro.py says what lies in FOLDER.
Only what changed is rendered: assets/sounds/voices.json keeps a hash of what was said and how. A file that is not the one
recorded there is somebody's own voice and is left alone. `--check` renders nothing and fails (exit 1) when a passage is
missing, stale, at the wrong level or not understood. `--heard` listens again to everything. `--retake` speaks what was not understood again, faster, slower or with other pauses.

A passage is right when the recogniser's words differ from ours by at most 10 % (WER), its loudness is -23 +- 1 LUFS
and its peak at most -6 dBFS. Words that sound the same (*serrer*, *serré*) are the same word to an ear: a word that differs
only in spelling, by espeak-ng's phonemes, is no error in `wer`; `wer_spelling` counts it.
overrides.json holds other spellings or another speed for what the voice would stumble over; captions keep the text of the .ftl file.
"""
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import unicodedata

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / 'assets/sounds'
INDEX = OUT / 'voices.json'
OVERRIDES = json.loads((pathlib.Path(__file__).parent / 'overrides.json').read_text())
# espeak language, Kokoro style, speed; about 115 words a minute with the pauses
VOICES = {'fr': ('fr-fr', 'ff_siwis', .90), 'en': ('en-gb', 'bf_emma', .90)}
# what is tried when the first take is not understood: speed, and the signs that become a full stop
TAKES = [(.84, ''), (.96, ''), (.90, ':,'), (.80, ':,'), (1.02, '')]
PAUSE_S = .55
LUFS, PEAK_DB, WER = -23.0, -6.0, .10


def texts(language):
    """Key -> text of every `say-` line."""
    out, key = {}, None
    for line in (ROOT / f'assets/languages/{language}/narration.ftl').read_text().splitlines():
        m = re.match(r'(say-[\w-]+)\s*=\s*(.*)', line)
        if m:
            key = m[1]
            out[key] = m[2]
        elif key and line[:1] in ' \t' and line.strip():
            out[key] = f'{out[key]} {line.strip()}'.strip()
        else:
            key = None
    return out


def ffmpeg(*args, stdin=None):
    return subprocess.run(['ffmpeg', '-hide_banner', '-nostdin' if stdin is None else '-y', *args], input=stdin,
                          capture_output=True, check=True)


def level(path):
    """(integrated LUFS, sample peak dBFS) of a file."""
    log = ffmpeg('-i', str(path), '-af', 'aresample=48000,aformat=channel_layouts=mono,ebur128=peak=sample', '-f', 'null', '-').stderr.decode()
    tail = log[log.rindex('Summary:'):]
    return float(re.search(r'I:\s+(-?[\d.]+) LUFS', tail)[1]), float(re.search(r'Peak:\s+(-?[\d.]+) dBFS', tail)[1])


def write(audio, path, title):
    """Encodes to Ogg Vorbis q2 at -23 LUFS, peaks held under -6 dBFS."""
    gain, limit = 0.0, 0.43
    for _ in range(6):
        raw = (audio * 10 ** (gain / 20)).astype('<f4').tobytes()
        ffmpeg('-f', 'f32le', '-ar', '24000', '-ac', '1', '-i', 'pipe:0', '-af',
               f'alimiter=limit={limit:.3f}:attack=3:release=60:level=disabled', '-ar', '24000', '-c:a', 'libvorbis', '-q:a', '2',
               '-fflags', '+bitexact', '-flags:a', '+bitexact', '-serial_offset', '1', '-metadata', f'title={title}',
               '-f', 'ogg', str(path), stdin=raw)
        lufs, peak = level(path)
        if abs(lufs - LUFS) < .3 and peak <= PEAK_DB - .2:
            break
        gain += LUFS - lufs
        # the encoder overshoots what the limiter held
        limit *= .93 if peak > PEAK_DB - .2 else 1
    return lufs, peak


ONES = {'fr': 'zéro un deux trois quatre cinq six sept huit neuf dix'.split(),
        'en': 'zero one two three four five six seven eight nine ten'.split()}


# one sound, two spellings, that espeak-ng keeps apart
SAME = {'en': {'center': 'centre', 'iso centre': 'isocentre', 'millimeters': 'millimetres', 'color': 'colour'}, 'fr': {}}


def words(text, language):
    text = unicodedata.normalize('NFC', text.lower()).replace('’', "'").replace('œ', 'oe')
    text = re.sub(r'\[[^\]]*\]|\([^)]*\)', ' ', text)
    text = re.sub(r'\b(\d+)\b', lambda m: ONES[language][int(m[1])] if int(m[1]) <= 10 else m[1], text)
    text = re.sub(r"['-]", ' ', text)
    for a, b in SAME[language].items():
        text = re.sub(rf'\b{a}\b', b, text)
    return re.findall(r'\w+', text)


_sounds = {}


def sound(word, language):
    """How a run of words sounds: phonemes without stress, length or word gaps."""
    if (word, language) not in _sounds:
        p = subprocess.run(['espeak-ng', '-v', VOICES[language][0], '-q', '--ipa', '--stdin'], input=word, text=True,
                           capture_output=True, check=True).stdout
        _sounds[word, language] = re.sub(r'[\sˈˌː‿\-]|\([a-z-]+\)', '', p)
    return _sounds[word, language]


def errors(ours, theirs, same):
    """Fewest word substitutions, insertions and deletions; up to 3 words may match up to 3 others that sound the same."""
    n, m = len(ours), len(theirs)
    d = np.full((n + 1, m + 1), 10 ** 6)
    d[0, :], d[:, 0] = np.arange(m + 1), np.arange(n + 1)
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            best = min(d[i - 1, j] + 1, d[i, j - 1] + 1, d[i - 1, j - 1] + (ours[i - 1] != theirs[j - 1]))
            if same:
                for a in range(1, min(3, i) + 1):
                    for b in range(1, min(3, j) + 1):
                        if d[i - a, j - b] < best and same(ours[i - a:i], theirs[j - b:j]):
                            best = d[i - a, j - b]
            d[i, j] = best
    return int(d[n, m])


def listen(model, path, text, language):
    pcm = ffmpeg('-i', str(path), '-ar', '16000', '-ac', '1', '-f', 'f32le', '-').stdout
    pcm = np.frombuffer(pcm, np.float32)
    pcm = np.concatenate([np.zeros(3200, np.float32), pcm, np.zeros(12800, np.float32)])
    heard = ' '.join(s.text.strip() for s in model.transcribe(pcm, language=language, print_progress=False))
    ours, theirs = words(text, language), words(heard, language)
    same = lambda a, b: sound(' '.join(a), language) == sound(' '.join(b), language)
    return {'heard': heard, 'wer': round(errors(ours, theirs, same) / len(ours), 3),
            'wer_spelling': round(errors(ours, theirs, None) / len(ours), 3)}


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def save(index):
    INDEX.write_text(json.dumps(dict(sorted(index.items())), ensure_ascii=False, indent=1) + '\n')


def as_spoken(language, key, text):
    """The spelling for the voice and its speed: as overrides.json has them (a spelling, or its `text` and `speed`)."""
    own = OVERRIDES[language].get(key, {})
    own = {'text': own} if isinstance(own, str) else own
    spoken = own.get('text', text)
    for a, b in OVERRIDES[language].get('*', {}).items():
        spoken = spoken.replace(a, b)
    return spoken, own.get('speed', VOICES[language][2])


def render(wanted, index, check, faults):
    """Renders what is new or changed; gives back the names that are ours."""
    kokoro, ours = None, []
    for (language, key), text in wanted.items():
        espeak, voice, _ = VOICES[language]
        name, path = f'{language}/{key}', OUT / language / f'{key}.ogg'
        spoken, speed = as_spoken(language, key, text)
        said = digest(json.dumps([spoken, voice, speed, PAUSE_S]).encode())
        entry = index.get(name, {})
        if path.exists() and entry and digest(path.read_bytes()) != entry['file']:
            print(f'{name}: not our recording, left alone')
            continue
        if not path.exists() or entry.get('said') != said or entry['peak_dbfs'] > PEAK_DB:
            if check:
                faults.append(f'{name}: missing or stale')
                continue
            if kokoro is None:
                from kokoro import Kokoro
                kokoro = Kokoro(os.environ['VESTIBULE_KOKORO'])
            audio = kokoro.say(spoken, espeak, voice, speed, PAUSE_S)
            lufs, peak = write(audio, path, key)
            index[name] = {'text': text, 'said': said, 'file': digest(path.read_bytes()),
                           'duration_s': round(len(audio) / 24000, 2), 'lufs': lufs, 'peak_dbfs': peak}
            save(index)
            print(f'{name}: {len(audio) / 24000:.1f} s', flush=True)
        ours.append((language, name, path, text))
    return ours


_kokoro = []


def retake(entry, language, name, path, text, model):
    """Speaks a passage again in other ways and keeps the take that is understood best."""
    if not _kokoro:
        from kokoro import Kokoro
        _kokoro.append(Kokoro(os.environ['VESTIBULE_KOKORO']))
    espeak, voice, _ = VOICES[language]
    best, kept = entry['wer'], path.read_bytes()
    for speed, stops in TAKES:
        spoken, _ = as_spoken(language, path.stem, text)
        for sign in stops:
            spoken = spoken.replace(' ' + sign, sign).replace(sign, '.')
        spoken = re.sub(r'\. (\w)', lambda m: '. ' + m[1].upper(), spoken)
        audio = _kokoro[0].say(spoken, espeak, voice, speed, PAUSE_S if not stops else .35)
        lufs, peak = write(audio, path, name.split('/')[1])
        heard = listen(model, path, text, language)
        if heard['wer'] < best and peak <= PEAK_DB:
            best, kept = heard['wer'], path.read_bytes()
            entry.update(heard, file=digest(kept), duration_s=round(len(audio) / 24000, 2), lufs=lufs, peak_dbfs=peak, take=[speed, stops])
        if best <= WER:
            break
    path.write_bytes(kept)


def main():
    args = [a for a in sys.argv[1:] if not a.startswith('--')]
    check, again = '--check' in sys.argv, '--heard' in sys.argv
    index = json.loads(INDEX.read_text()) if INDEX.exists() else {}
    every = {(language, key): text for language in VOICES for key, text in texts(language).items()}
    if not check and not args:
        for name in [n for n in index if tuple(n.split('/')) not in every]:
            (OUT / f'{name}.ogg').unlink(missing_ok=True)
            del index[name]
    for language in VOICES:
        (OUT / language).mkdir(parents=True, exist_ok=True)
    faults, model = [], None
    for language, name, path, text in render(
            {k: t for k, t in every.items() if not args or k[0] in args or k[1] in args}, index, check, faults):
        entry = index[name]
        if again or 'wer' not in entry or (entry['wer'] > WER and '--retake' in sys.argv):
            if model is None:
                from pywhispercpp.model import Model
                model = Model(os.environ['VESTIBULE_SPEECH_MODEL'], n_threads=1, redirect_whispercpp_logs_to=None,
                              audio_ctx=768)  # 15 s: every passage is shorter, and it halves the work
            entry.update(listen(model, path, text, language))
            if not check:
                save(index)
        if entry['wer'] > WER and '--retake' in sys.argv:
            retake(entry, language, name, path, text, model)
            save(index)
        wrong = [w for w, bad in (('not understood', entry['wer'] > WER), ('level', abs(entry['lufs'] - LUFS) > 1),
                                  ('peak', entry['peak_dbfs'] > PEAK_DB)) if bad]
        if wrong:
            faults.append(f'{name}: {", ".join(wrong)}: {entry}')
        print(f'{name}: {entry["duration_s"]} s, {entry["lufs"]} LUFS, {entry["peak_dbfs"]} dBFS, '
              f'WER {entry["wer"]:.1%} {" ".join(wrong)}', flush=True)
    print(*faults, f'{len(faults)} faults', sep='\n')
    sys.exit(bool(faults))


if __name__ == '__main__':
    main()
