"""Synthesises the room's sounds: assets/sounds/room/NAME.ogg. Nothing is sampled, so nothing is licensed.

    python tools/sounds/make.py [NAME...]          (numpy; ffmpeg with libvorbis)

Each function gives mono samples at 44.1 kHz, or at 24 kHz where there is nothing high to hear. Loops are built on a circle
(noise by inverse FFT, tones of whole periods), so that their end meets their beginning. Peaks are at most -6 dBFS; `LEVEL`
says how loud each is meant to be beside a voice at -23 LUFS (the room's tone far below it, a clip just above).
"""
import json
import pathlib
import subprocess
import sys

import numpy as np

OUT = pathlib.Path(__file__).resolve().parents[2] / 'assets/sounds/room'
RATE = 24000
rng = np.random.default_rng(11)


def clock(seconds):
    return np.arange(int(seconds * RATE)) / RATE


def air(seconds, shape, seed=0):
    """Noise whose spectrum is `shape(hz)`, periodic over its length, rms 1."""
    n = int(seconds * RATE)
    r = np.random.default_rng(seed)
    f = np.fft.rfftfreq(n, 1 / RATE)
    x = np.fft.irfft(shape(np.maximum(f, 1)) * np.exp(2j * np.pi * r.random(len(f))), n)
    return x / np.sqrt((x ** 2).mean())


def band(low, high, slope=1.0):
    return lambda f: 1 / (1 + (low / f) ** 4) / (1 + (f / high) ** 4) * f ** (-slope / 2)


def tone(seconds, hz, loop=True, phase=0.0):
    """A sine, its frequency nudged to whole periods for a loop."""
    if loop:
        hz = round(hz * seconds) / seconds
    return np.sin(2 * np.pi * hz * clock(seconds) + phase)


def wobble(seconds, hz, depth, seed=0):
    """Slow change around 1, periodic."""
    out = np.zeros(int(seconds * RATE))
    r = np.random.default_rng(seed)
    for k in (1, 2, 3):
        out += tone(seconds, hz * k, True, r.random() * 6) / k
    return 1 + depth * out


def fade(x, start=.01, end=.05):
    a, b = int(start * RATE), int(end * RATE)
    x = x.copy()
    x[:a] *= .5 - .5 * np.cos(np.linspace(0, np.pi, a))
    x[len(x) - b:] *= .5 + .5 * np.cos(np.linspace(0, np.pi, b))
    return x


def ring(seconds, parts, decay):
    """Struck body: (hz, amount) partials, the higher the faster gone."""
    t = clock(seconds)
    return sum(a * np.sin(2 * np.pi * f * t) * np.exp(-t / decay * (f / parts[0][0]) ** .7) for f, a in parts)


def hall(x, seconds=.5, amount=.25, seed=3, dull=2600):
    """A tiled room around it."""
    n = int(seconds * RATE)
    tail = air(seconds, band(120, dull), seed) * np.exp(-clock(seconds) / (seconds / 5)) / np.sqrt(n) * 3
    wet = np.convolve(x, tail)
    return np.concatenate([x, np.zeros(n - 1)]) + amount * wet


def room_tone():
    s = 8.0
    return air(s, band(60, 900, 1.6), 1) * wobble(s, .25, .05, 2) + .16 * tone(s, 100) + .05 * tone(s, 200) + .10 * air(s, band(1500, 5000, 1), 4)


def corridor_tone():
    s = 8.0
    return air(s, band(90, 600, 1.3), 5) * wobble(s, .25, .09, 6) + .12 * air(s, band(700, 2600, 1), 7) * wobble(s, .375, .4, 8)


def control_tone():
    s = 6.0
    return air(s, band(120, 1800, 1.2), 9) + .14 * tone(s, 120) + .07 * tone(s, 240) + .03 * tone(s, 1180) * wobble(s, .5, .3, 1)


def gantry():
    """A big slow motor: hum of the drive, the bearing's soft rumble, a gear's breath."""
    s = 6.0
    x = air(s, band(35, 260, 1.4), 10) * wobble(s, .5, .16, 3)
    for k, a in ((1, .30), (2, .34), (3, .16), (4, .12), (6, .05), (8, .03)):
        x += a * tone(s, 46 * k, True, k) * wobble(s, 1.0, .05, k)
    return x + .20 * air(s, band(500, 1500, 1), 12) * wobble(s, 3.0, .22, 5)


def ramp(loop, seconds, up, shift=.45):
    """The run of a motor, speeding up from rest or slowing down to it."""
    n = int(seconds * RATE)
    t = np.linspace(0, 1, n)
    speed = shift + (1 - shift) * (t * t * (3 - 2 * t))
    if not up:
        speed = speed[::-1]
    at = np.cumsum(speed) % len(loop)
    x = np.interp(at, np.arange(len(loop)), loop, period=len(loop))
    gain = np.clip(t / .85, 0, 1) ** 1.5
    return x * (gain if up else gain[::-1])


def gantry_start():
    x = ramp(gantry(), 1.6, True)
    k = hall(fade(ring(.12, [(95, 1), (180, .6), (310, .3)], .03), .001, .02), .3, .2)
    x[:len(k)] += 1.2 * k[:len(x)]
    return fade(x, .004, .004)


def gantry_stop():
    x = ramp(gantry(), 1.8, False)
    k = hall(fade(ring(.14, [(82, 1), (150, .6), (260, .25)], .035), .001, .02), .35, .2)
    a = int(1.55 * RATE)
    x = np.concatenate([x, np.zeros(int(.35 * RATE))])
    x[a:a + len(k)] += (1.3 * k)[:len(x) - a]
    return fade(x, .004, .05)


def couch():
    s = 4.0
    x = .5 * air(s, band(70, 500, 1.2), 14) * wobble(s, .75, .08, 5)
    for k, a in ((1, .22), (2, .26), (3, .10), (5, .05)):
        x += a * tone(s, 118 * k, True, k * 2) * wobble(s, 1.5, .04, k)
    return x + .07 * tone(s, 1420) * wobble(s, 2.0, .3, 9) + .12 * air(s, band(900, 2400, 1), 15)


def imagers():
    s = 3.0
    x = .35 * air(s, band(200, 1400, 1), 16)
    for k, a in ((1, .30), (2, .18), (3, .16), (4, .05)):
        x += a * tone(s, 236 * k, True, k) * wobble(s, 2.0, .05, k)
    return x + .05 * tone(s, 2100) * wobble(s, 4.0, .4, 2)


def door():
    """A heavy door on its track: release, roll, and the soft meeting with its seal."""
    s = 5.2
    t = clock(s)
    roll = air(s, band(40, 320, 1.3), 18) * (1 + .25 * np.sin(2 * np.pi * 3.1 * t)) + .25 * air(s, band(500, 1600, 1), 19)
    hum = sum(a * np.sin(2 * np.pi * 62 * k * t) for k, a in ((1, .4), (2, .3), (3, .12)))
    env = np.clip(t / .5, 0, 1) * np.clip((4.6 - t) / .6, 0, 1)
    x = (roll + .6 * hum) * env
    latch = hall(fade(ring(.1, [(420, .5), (910, .35), (1530, .2)], .015), .001, .02), .4, .35)
    thud = hall(fade(ring(.3, [(52, 1), (88, .7), (140, .3)], .07) + .2 * air(.3, band(80, 700), 20) * np.exp(-clock(.3) / .03), .001, .08), .6, .35)
    x[:len(latch)] += 1.6 * latch[:len(x)]
    a = int(4.45 * RATE)
    x = np.concatenate([x, np.zeros(int(.6 * RATE))])
    x[a:a + len(thud)] += (3.2 * thud)[:len(x) - a]
    return fade(x, .003, .15)


def clip():
    """A mask clip: two plastic snaps 35 ms apart."""
    def snap(seed, hz):
        return fade(ring(.07, [(hz, .8), (hz * 1.72, .5), (hz * 2.63, .3), (hz * 3.9, .15)], .010) + .55 * air(.07, band(900, 6000, .5), seed) * np.exp(-clock(.07) / .005), .0004, .02)
    x = np.zeros(int(.22 * RATE))
    for at, seed, hz, g in ((.0, 21, 780, .45), (.036, 22, 1120, 1.0)):
        q = snap(seed, hz)
        a = int(at * RATE)
        x[a:a + len(q)] += g * q
    return fade(hall(x, .25, .18), .0003, .05)


def intercom():
    """The click of the intercom and half a breath of line noise."""
    k = fade(ring(.03, [(1500, .6), (2600, .4), (640, .5)], .006), .0004, .01)
    x = np.zeros(int(.42 * RATE))
    x[:len(k)] += k
    hiss = .10 * air(.42, band(400, 3200, .6), 24) * np.clip(clock(.42) / .03, 0, 1) * np.clip((.42 - clock(.42)) / .25, 0, 1)
    return fade(x + hiss, .0004, .05)


def beam():
    """Beam on: a soft warm hum that breathes four times a second. The real beam is silent: this is what the room tells."""
    s = 4.0
    t = clock(s)
    pulse = .62 + .38 * (.5 + .5 * np.sin(2 * np.pi * 4 * t)) ** 1.5
    x = .7 * tone(s, 174.5) + .35 * tone(s, 261.75) + .22 * tone(s, 349) + .06 * tone(s, 698)
    return x * pulse + .10 * air(s, band(300, 1400, 1), 26) * pulse


def layer():
    """A layer ends, the next begins: the hum lets go for a moment and a soft wooden tick marks it."""
    x = ring(.35, [(523.25, .6), (1046.5, .16), (1569, .05)], .07) + .12 * air(.35, band(600, 2500), 28) * np.exp(-clock(.35) / .008)
    return fade(hall(x, .4, .2), .002, .1)


def xray():
    """An image is taken: relay, a short soft buzz, relay."""
    s = .62
    t = clock(s)
    buzz = sum(a * np.sin(2 * np.pi * 100 * k * t) for k, a in ((1, .2), (2, .5), (3, .2), (4, .3), (6, .12))) * np.clip((t - .06) / .03, 0, 1) * np.clip((.42 - t) / .03, 0, 1)
    x = .55 * buzz + .06 * air(s, band(600, 2500), 30) * (np.abs(t - .24) < .18)
    for at in (.03, .43):
        q = fade(ring(.05, [(1250, .5), (2300, .4), (560, .6)], .008), .0005, .02)
        a = int(at * RATE)
        x[a:a + len(q)] += .9 * q
    return fade(hall(x, .3, .2), .001, .08)


def bell():
    """A gentle two-note chime: somebody is about to come, nothing is wrong."""
    x = np.zeros(int(2.6 * RATE))
    for at, hz in ((0, 659.25), (.42, 523.25)):
        q = ring(2.1, [(hz, .6), (hz * 2, .18), (hz * 2.76, .08), (hz * 5.4, .02)], .55)
        q[:80] *= np.linspace(0, 1, 80)
        a = int(at * RATE)
        x[a:a + len(q)] += q
    return fade(hall(x, .8, .22), .001, .4)


def chime():
    """An answer is kept: one soft note and its fifth."""
    x = np.zeros(int(1.2 * RATE))
    for at, hz, g in ((0, 784, .6), (.09, 1174.7, .45)):
        q = g * ring(1.0, [(hz, .7), (hz * 2, .12), (hz * 3, .03)], .26)
        q[:60] *= np.linspace(0, 1, 60)
        a = int(at * RATE)
        x[a:a + len(q)] += q
    return fade(hall(x, .5, .15), .001, .2)


def step():
    """One soft footfall of a rubber sole on vinyl: heel, then ball."""
    x = np.zeros(int(.34 * RATE))
    for at, seed, hz, g in ((0, 31, 92, 1.0), (.085, 32, 140, .42)):
        q = fade(ring(.12, [(hz, 1), (hz * 1.9, .4)], .022) + .5 * air(.12, band(150, 1800, 1), seed) * np.exp(-clock(.12) / .014), .002, .03)
        a = int(at * RATE)
        x[a:a + len(q)] += g * q
    return fade(hall(x, .3, .22), .001, .06)


def footsteps():
    """Six steps of a calm walk (0.55 s each), a loop; no two alike."""
    s = 3.3
    x = np.zeros(int(s * RATE))
    r = np.random.default_rng(40)
    one = step()
    for k in range(6):
        q = np.interp(np.arange(0, len(one), r.uniform(.93, 1.08)), np.arange(len(one)), one) * r.uniform(.8, 1.0)
        a = int((k * .55 + r.uniform(0, .02)) * RATE)
        for i in range(len(q)):
            x[(a + i) % len(x)] += q[i]
    return x


def music():
    """Slow, plain chords on soft bells, as from a small loudspeaker in the ceiling; a loop of 24 s."""
    s = 24.0
    x = np.zeros(int(s * RATE))
    chords = [(196.0, 246.94, 293.66, 392.0), (174.61, 220.0, 261.63, 349.23), (164.81, 196.0, 246.94, 329.63), (146.83, 220.0, 293.66, 369.99)]
    r = np.random.default_rng(9)
    for bar, notes in enumerate(chords):
        for k in range(6):
            hz = notes[(0, 2, 1, 3, 2, 1)[k]] * (2 if k in (3,) else 1)
            q = ring(5.0, [(hz, .5), (hz * 2, .14), (hz * 3, .05), (hz * 4.1, .015)], 1.1) * r.uniform(.7, 1)
            q[:300] *= np.linspace(0, 1, 300)
            q = fade(q, .001, 1.0)
            a = int((bar * 6 + k * 1.0 + r.uniform(0, .03)) * RATE)
            idx = (a + np.arange(len(q))) % len(x)
            x[idx] += q
    return x


# name -> (maker, loudest sample in dBFS, rms ceiling in dBFS, loops)
SOUNDS = {
    'room-tone': (room_tone, -14, -30, True), 'corridor-tone': (corridor_tone, -14, -31, True), 'control-tone': (control_tone, -14, -31, True),
    'gantry': (gantry, -8, -22, True), 'gantry-start': (gantry_start, -8, -22, False), 'gantry-stop': (gantry_stop, -8, -22, False),
    'couch': (couch, -9, -24, True), 'imagers': (imagers, -10, -25, True), 'door': (door, -7, -22, False), 'clip': (clip, -7, -22, False),
    'intercom': (intercom, -10, -28, False), 'beam': (beam, -12, -25, True), 'layer': (layer, -12, -26, False), 'xray': (xray, -10, -25, False),
    'bell': (bell, -9, -24, False), 'chime': (chime, -11, -26, False), 'footsteps': (footsteps, -9, -26, True), 'music': (music, -10, -28, True),
}


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    report = {}
    for name, (make, peak, rms, loops) in SOUNDS.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        x = make()
        gain = min(10 ** (peak / 20) / np.abs(x).max(), 10 ** (rms / 20) / np.sqrt((x ** 2).mean()))
        x = x * gain
        if loops:
            jump, usual = abs(x[0] - x[-1]), np.abs(np.diff(x)).max()
            if jump > usual:
                raise SystemExit(f'{name}: its end does not meet its beginning ({jump:.4f} > {usual:.4f})')
        path = OUT / f'{name}.ogg'
        subprocess.run(['ffmpeg', '-v', 'error', '-y', '-f', 'f32le', '-ar', str(RATE), '-ac', '1', '-i', 'pipe:0', '-c:a', 'libvorbis', '-q:a', '2',
                        '-fflags', '+bitexact', '-flags:a', '+bitexact', '-serial_offset', '1', '-f', 'ogg', str(path)], input=x.astype('<f4').tobytes(), check=True)
        raw = subprocess.run(['ffmpeg', '-v', 'error', '-i', str(path), '-f', 'f32le', '-'], capture_output=True, check=True).stdout
        y = np.frombuffer(raw, np.float32)
        db = 20 * np.log10(np.abs(y).max())
        report[name] = {'seconds': round(len(y) / RATE, 3), 'peak_dbfs': round(float(db), 1), 'rms_dbfs': round(float(10 * np.log10((y ** 2).mean())), 1),
                        'loops': loops, 'bytes': path.stat().st_size}
        if db > -6:
            raise SystemExit(f'{name}: peak {db:.1f} dBFS')
        if loops and len(y) != len(x):
            raise SystemExit(f'{name}: the file has {len(y)} samples, the loop {len(x)}')
        print(name, report[name], flush=True)
    print(sum(r['bytes'] for r in report.values()), 'bytes')
    if not sys.argv[1:]:
        (OUT / 'sounds.json').write_text(json.dumps(report, indent=1) + '\n')


if __name__ == '__main__':
    main()
