"""The card that staff hold out when they ask how one feels: a scale from 0 to 10 from calm to very anxious, as wards have them.

    python tools/people/card.py OUT.png     (Pillow)
"""
import os
import sys

from PIL import Image, ImageDraw, ImageFont

W, H, OVER = 1024, 392, 3  # pixels; drawn larger, then made smaller
FONT = os.path.join(os.path.dirname(__file__), '../../assets/fonts/AtkinsonNext-700.ttf')
CALM, WARM = (86, 150, 128), (196, 104, 74)
PAPER, INK = (250, 248, 242), (32, 44, 50)


def face(d, x, y, r, mood):
    """A face: mood from 1 (well) to -1 (unwell)."""
    line = r // 7
    d.ellipse((x - r, y - r, x + r, y + r), outline=INK, width=line)
    for e in (-.36, .36):
        d.ellipse((x + e * r - line, y - .25 * r - line, x + e * r + line, y - .25 * r + line), fill=INK)
    m, up = .52 * r, .30 * r * mood
    points = [(x + m * (t / 12 - 1), y + .36 * r + up * (1 - (t / 12 - 1) ** 2) - .1 * r * mood) for t in range(25)]
    d.line(points, fill=INK, width=line, joint='curve')


def main(out):
    im = Image.new('RGB', (W * OVER, H * OVER), PAPER)
    d = ImageDraw.Draw(im)
    s = OVER
    d.rounded_rectangle((6 * s, 6 * s, (W - 6) * s, (H - 6) * s), 26 * s, outline=(200, 206, 202), width=4 * s)
    left, right, top, low = 60, W - 60, 196, 330
    step = (right - left) / 11
    font = ImageFont.truetype(FONT, 54 * s)
    for k in range(11):
        t = k / 10
        colour = tuple(round(a + (b - a) * t) for a, b in zip(CALM, WARM))
        x0 = left + k * step
        rise = 60 * t  # the cells grow, so that the scale is read without colour too
        d.rounded_rectangle(((x0 + 4) * s, (top + 40 - rise) * s, (x0 + step - 4) * s, low * s), 14 * s, fill=colour)
        d.text(((x0 + step / 2) * s, (low - 44) * s), str(k), font=font, fill=(255, 255, 255), anchor='mm')
    face(d, 118 * s, 110 * s, 62 * s, 1)
    face(d, (W - 118) * s, 72 * s, 50 * s, -1)
    im.resize((W, H), Image.LANCZOS).quantize(128).save(out, optimize=True)


if __name__ == '__main__':
    main(sys.argv[1])
